/** Transport addresses of H.225.0 and H.245 in a message: read, and written where they stand. */
import { readI32, writeU16, writeU32 } from '../../wire/bytes.ts';
import type { Address } from '../address.ts';
import { Octets, type PerValue } from './per.ts';

export interface NamedTransport {
  readonly address: Address;
  readonly port: number;
  /** Of the address; the port stands behind it. */
  readonly octets: Octets;
}

/** What stands at the end of a path of names; undefined where it leads nowhere. */
export function valueAt(
  value: PerValue | undefined,
  ...path: readonly (string | number)[]
): PerValue | undefined {
  let found = value;
  for (const name of path) {
    if (Array.isArray(found)) found = found[name as number];
    else if (found !== null && typeof found === 'object' && !(found instanceof Octets)) {
      found = Object.hasOwn(found, name) ? found[name] : undefined;
    } else return undefined;
  }
  return found;
}

export function itemsAt(value: PerValue | undefined, ...path: readonly string[]): readonly PerValue[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** An address of this family; null for anything else. */
export function readTransport(
  value: PerValue | undefined,
  bytes: Uint8Array,
  family: number,
): NamedTransport | null {
  const h225 = valueAt(value, family === 4 ? 'ipAddress' : 'ip6Address');
  const h245 = valueAt(value, 'unicastAddress', family === 4 ? 'iPAddress' : 'iP6Address');
  const octets = valueAt(h225, 'ip') ?? valueAt(h245, 'network');
  const port = valueAt(h225, 'port') ?? valueAt(h245, 'tsapIdentifier');
  if (!(octets instanceof Octets) || typeof port !== 'number') return null;
  const address = new Int32Array(4);
  for (let i = 0; i * 4 < octets.length; i++) address[i] = readI32(bytes, octets.at + 4 * i);
  return { address, port, octets };
}

export function writeTransport(
  bytes: Uint8Array,
  { octets }: NamedTransport,
  address: Address,
  port: number,
): void {
  for (let i = 0; i * 4 < octets.length; i++) writeU32(bytes, octets.at + 4 * i, address[i]!);
  writeU16(bytes, octets.at + octets.length, port);
}
