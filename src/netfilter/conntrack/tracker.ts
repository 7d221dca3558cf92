/**
 * What a protocol's tracker says of a packet, and what trackers share: the connections, the sysctls and the log of
 * invalid packets. The sign is the kernel's: positive, the packet belongs to its connection; else it does not, and is
 * INVALID, dropped, or looked up once more.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Hook } from '../hook.ts';
import type { Connections } from './connections.ts';
import type { InvalidLog } from './invalid-log.ts';
import type { Settings } from './settings.ts';

export const Track = {
  ACCEPT: 1,
  DROP: 0,
  INVALID: -1,
  /** The entry was past its end and is gone: the packet begins a new connection. */
  REPEAT: -4,
} as const;
export type Track = (typeof Track)[keyof typeof Track];

export interface TrackerParts {
  readonly connections: Connections;
  readonly settings: Settings;
  readonly invalid: InvalidLog;
}

export interface Tracker {
  /** Judges a packet of `entry` going in `direction`, moves the entry's state and refreshes its timeout. */
  packet(entry: number, pkt: PacketBuffer, direction: number, hook: Hook): number;
}
