/**
 * Nodes that are not of this lab: it ends at their cables. They live in real time, so that only a lab that runs in it has them
 * (`sluice net up`), whoever makes it knows what they are.
 *
 *     web: { kind: vm, interfaces: { eth0: web.sock } }             # a virtual machine: where its VMM is, or
 *     db: { kind: vm, interfaces: { eth0: { socket: db.sock, mac: '52:54:00:00:00:02' } } }
 *     world: { kind: world, interfaces: { eth0: [100.64.0.2/30, 'fd53:6c75:6963:6500::2/64'] }, forwards: [8080=web:80] }
 */
import { fail, objectAt, onlyKeys, textAt, type PlainObject } from '../base/plain-object.ts';
import { parseMac } from '../wire/address.ts';
import type { RawNode } from './raw-topology.ts';
import type { OutsideNode } from './topology.ts';

const KEYS: Readonly<Record<OutsideNode['kind'], readonly string[]>> = {
  vm: ['interfaces'],
  world: ['interfaces', 'forwards'],
};

/** What is at the other end of their cables. */
export interface Outside {
  /** A frame came out of the lab. The bytes are lent for the call. */
  hear(port: string, bytes: Uint8Array, start: number, end: number): void;
}

/** @param say - puts a frame on the cable of a port; the bytes are lent for the call */
export type MakeOutside = (
  node: OutsideNode,
  say: (port: string, bytes: Uint8Array, start: number, end: number) => void,
) => Outside;

export function isOutside(kind: string): kind is OutsideNode['kind'] {
  return Object.hasOwn(KEYS, kind);
}

export function parseOutsideNode({ kind, name, settings, path, inside }: RawNode): OutsideNode {
  if (!isOutside(kind)) throw new Error(`${kind} is no kind of a node outside`);
  onlyKeys(settings, path, KEYS[kind]);
  const interfaces = objectAt(settings['interfaces'] ?? {}, `${path}.interfaces`);
  if (Object.keys(interfaces).length === 0) fail(`${path}.interfaces`, 'has to have one at least');
  return { kind, name, path, settings, interfaces, inside };
}

/** The hardware address of a NIC outside, where the file says it. */
export function macOfOutside({ settings, path }: RawNode, port: string): Uint8Array | undefined {
  const where = `${path}.interfaces.${port}`;
  const interfaces = objectAt(settings['interfaces'] ?? {}, `${path}.interfaces`);
  const nic = interfaces[port];
  const text = typeof nic === 'object' && nic !== null ? (nic as PlainObject)['mac'] : undefined;
  if (text === undefined) return undefined;
  return (
    parseMac(textAt(text, `${where}.mac`)) ?? fail(`${where}.mac`, `not a MAC address: "${String(text)}"`)
  );
}
