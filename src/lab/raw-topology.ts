/** A lab file while it is read: hypervisors unfolded, switches still without the ports that links give them. */
import type { PlainObject } from '../base/plain-object.ts';
import type { Netem } from '../stack/link/index.ts';
import type { Endpoint, LabNode } from './topology.ts';

/** A node as it is while the file is read: switches get their ports from the links. */
export interface RawNode {
  readonly name: string;
  readonly kind: LabNode['kind'];
  readonly settings: PlainObject;
  readonly path: string;
  readonly inside: string;
}

export interface RawLink {
  readonly ends: readonly [Endpoint, Endpoint];
  readonly netem: Netem;
  readonly up: boolean;
  readonly path: string;
}

/** Everything that nodes and links of a file add up to, hypervisors unfolded. */
export interface RawTopology {
  readonly nodes: RawNode[];
  readonly links: RawLink[];
}

/** `02:00:00:00:01:00` */
export function macText(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
