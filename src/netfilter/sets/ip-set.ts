/**
 * What all sets have in common. Commands speak of elements as they are written (element.ts), packets are asked through a
 * SetQuery; a set is a bitmap, a hash or a list. Linux: struct ip_set_type_variant.
 */
import type { HookState } from '../hook-state.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { ElementSpec } from './element.ts';
import type { SetQuery } from './set-query.ts';
import type { SetType } from './set-types.ts';
import type { ElementExtras, SetSettings } from './settings.ts';

/** What asking for an element found; NOMATCH is an exception from a network that is in the set. */
export const Found = { NO: 0, YES: 1, NOMATCH: 2 } as const;
export type Found = (typeof Found)[keyof typeof Found];

/** One element as it is listed. */
export interface ListedElement {
  readonly spec: ElementSpec;
  readonly extras: ElementExtras;
}

export interface IpSet {
  readonly type: SetType;
  readonly settings: SetSettings;
  /** Buckets now, where the set has any. */
  readonly hashsize: number;

  // Commands; they throw SetError.

  /** `exist`: what is there already takes over the extras. */
  add(spec: ElementSpec, extras: ElementExtras, exist: boolean): void;
  /** `exist`: what is not there is passed over. */
  remove(spec: ElementSpec, exist: boolean): void;
  test(spec: ElementSpec): Found;
  flush(): void;
  /** Bytes that Linux would need for it. */
  memory(): number;
  elements(): Iterable<ListedElement>;

  // Packets.

  /** Asks for the packet's element, and lets what is found count it. */
  testPacket(pkt: PacketBuffer, at: HookState, query: SetQuery): Found;
  addPacket(pkt: PacketBuffer, at: HookState, query: SetQuery): boolean;
  removePacket(pkt: PacketBuffer, at: HookState, query: SetQuery): boolean;
}
