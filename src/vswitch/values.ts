/** Values that the configuration of every kind of switch has: ports, addresses, VLANs. */
import { didYouMean } from '../base/did-you-mean.ts';
import {
  booleanAt,
  fail,
  integerAt,
  objectAt,
  onlyKeys,
  textAt,
  type PlainObject,
} from '../base/plain-object.ts';
import { parseMac } from '../wire/address.ts';
import type { PortSettings } from './port.ts';

const MAX_VID = 4094;
const MIN_MTU = 68;
const MAX_MTU = 65535;
const DEFAULT_MTU = 1500;
/** The table keeps port numbers in 16 bits; a Linux bridge has 1023 ports. */
const MOST_PORTS = 1023;

export const PORT_KEYS = ['mac', 'mtu', 'up'];

/** The ports of a switch: a mapping of names, or a list of names where nothing is said of them. */
export function portsAt<T>(
  value: unknown,
  path: string,
  read: (name: string, settings: unknown, path: string) => T,
): T[] {
  const named = Array.isArray(value)
    ? value.map((name, i) => [textAt(name, `${path}[${i}]`), {}] as const)
    : Object.entries(objectAt(value ?? {}, path));
  if (named.length === 0) fail(path, 'a switch needs ports');
  if (named.length > MOST_PORTS) fail(path, `at most ${MOST_PORTS} ports`);
  const names = new Set<string>();
  return named.map(([name, settings]) => {
    if (names.has(name)) fail(path, `port "${name}" is named twice`);
    names.add(name);
    return read(name, settings ?? {}, `${path}.${name}`);
  });
}

/** The settings of every port; `own` are the keys that the model has besides. */
export function portAt(name: string, value: unknown, path: string, own: readonly string[]): PortSettings {
  const port = objectAt(value, path);
  onlyKeys(port, path, [...PORT_KEYS, ...own]);
  return {
    name,
    mac: port['mac'] === undefined ? null : stationAt(port['mac'], `${path}.mac`),
    mtu: integerAt(port['mtu'] ?? DEFAULT_MTU, `${path}.mtu`, MIN_MTU, MAX_MTU),
    up: booleanAt(port['up'] ?? true, `${path}.up`),
  };
}

export function macAt(value: unknown, path: string): Uint8Array {
  return parseMac(textAt(value, path)) ?? fail(path, `not a MAC address: "${String(value)}"`);
}

/** An address that a station can have: no group, not zero. */
export function stationAt(value: unknown, path: string): Uint8Array {
  const mac = macAt(value, path);
  if ((mac[0]! & 1) !== 0) fail(path, `a group address is nobody's own: "${String(value)}"`);
  if (mac.every((byte) => byte === 0)) fail(path, 'the address of all zeroes is nobody’s');
  return mac;
}

export function vidAt(value: unknown, path: string, min = 1): number {
  return integerAt(value, path, min, MAX_VID);
}

/** `10`, `"10-20"`, or a list of such; with `min` 0 frames without a tag may be named, too. */
export function vidsAt(value: unknown, path: string, min = 1): number[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => vidsAt(item, `${path}[${i}]`, min));
  if (typeof value === 'number') return [vidAt(value, path, min)];
  const range = /^(\d+)(?:-(\d+))?$/.exec(textAt(value, path));
  if (range === null) fail(path, `not a VLAN id or a range of them: "${String(value)}"`);
  const first = vidAt(Number(range[1]), path, min);
  const last = vidAt(Number(range[2] ?? range[1]), path, min);
  if (last < first) fail(path, `the range ends before it begins: "${String(value)}"`);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export function portNameAt(
  value: unknown,
  path: string,
  ports: readonly { readonly name: string }[],
): string {
  const name = textAt(value, path);
  const known = ports.map((port) => port.name);
  if (known.includes(name)) return name;
  return fail(path, `no port "${name}"${didYouMean(name, known)}; there are ${known.join(', ')}`);
}

export function flagAt(object: PlainObject, path: string, key: string, byDefault: boolean): boolean {
  return booleanAt(object[key] ?? byDefault, `${path}.${key}`);
}

/** Values that defaults for all ports may be overridden by: own keys win. */
export function merged(...layers: readonly (PlainObject | undefined)[]): PlainObject {
  return Object.assign({}, ...layers.map((layer) => layer ?? {})) as PlainObject;
}
