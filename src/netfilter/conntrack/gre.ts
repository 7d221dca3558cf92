/**
 * GRE. Version 0 is told apart by addresses only. Version 1 (PPTP, RFC 2637) carries the receiver's call id; the sender's is
 * known from the control connection alone, so a helper that reads that one writes it into the key map here.
 */
import { readU16 } from '../../wire/bytes.ts';
import * as gre from '../../wire/gre.ts';
import { IPPROTO_GRE } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Hook } from '../hook.ts';
import { NAT_CLASH } from './connections.ts';
import { PROTO_WORDS } from './record.ts';
import { CtStatus } from './ct-info.ts';
import { REPLIED, UNREPLIED } from './settings.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';
import type { Tuple } from './tuple.ts';

/** Bytes of a version 1 header up to the call id's end. */
const PPTP_FIXED_LENGTH = 8;
const SECOND_US = 1_000_000;

/** Source call ids by the rest of the tuple, kept by a helper for its control connection (its master). */
export class GreKeymap {
  private readonly entries: { readonly tuple: Tuple; readonly master: number }[] = [];

  add(tuple: Tuple, master: number): void {
    this.entries.push({ tuple, master });
  }

  remove(tuple: Tuple): void {
    const at = this.entries.findIndex((entry) => entry.tuple === tuple);
    if (at >= 0) this.entries.splice(at, 1);
  }

  removeOf(master: number): void {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      if (this.entries[i]!.master === master) this.entries.splice(i, 1);
    }
  }

  /** The source call id of a tuple that is whole but for it; 0 when nobody announced one. */
  sourceKey(tuple: Tuple): number {
    for (const { tuple: known } of this.entries) {
      if (
        known.family === tuple.family &&
        known.dstId === tuple.dstId &&
        known.src0 === tuple.src0 &&
        known.dst0 === tuple.dst0 &&
        known.src1 === tuple.src1 &&
        known.dst1 === tuple.dst1 &&
        known.src2 === tuple.src2 &&
        known.dst2 === tuple.dst2 &&
        known.src3 === tuple.src3 &&
        known.dst3 === tuple.dst3
      ) {
        return known.srcId;
      }
    }
    return 0;
  }

  get size(): number {
    return this.entries.length;
  }
}

/** Fills in the keys of a tuple whose addresses are set. False for a version 1 header that carries no PPP. */
export function readGreKeys(
  bytes: Uint8Array,
  at: number,
  end: number,
  keymap: GreKeymap,
  out: Tuple,
): boolean {
  out.proto = IPPROTO_GRE;
  out.srcId = 0;
  out.dstId = 0;
  if (at + gre.HEADER_LENGTH > end || gre.version(bytes, at) !== 1) return true;
  if (at + PPTP_FIXED_LENGTH > end) return true;
  if (gre.protocol(bytes, at) !== gre.PROTOCOL_PPP) return false;
  out.dstId = readU16(bytes, at + 6);
  out.srcId = keymap.sourceKey(out);
  return true;
}

export class GreTracker implements Tracker {
  private readonly parts: TrackerParts;

  constructor(parts: TrackerParts) {
    this.parts = parts;
  }

  /** An entry keeps the timeouts that it began with, in seconds; PPTP's helper may raise them. */
  packet(entry: number, pkt: PacketBuffer, direction: number, _hook: Hook): number {
    const { connections, settings } = this.parts;
    const { proto } = connections;
    const words = entry * PROTO_WORDS;
    const status = connections.status[entry]!;
    if ((status & CtStatus.CONFIRMED) === 0) {
      const timeouts = connections.timeoutsOf(entry, settings.gre);
      proto[words + UNREPLIED] = timeouts[UNREPLIED]! / SECOND_US;
      proto[words + REPLIED] = timeouts[REPLIED]! / SECOND_US;
    }
    const isAnswered = (status & CtStatus.SEEN_REPLY) !== 0;
    const seconds = proto[words + (isAnswered ? REPLIED : UNREPLIED)]!;
    connections.refresh(entry, direction, pkt.l3Length, seconds * SECOND_US);
    if (isAnswered && (status & NAT_CLASH) === 0) connections.status[entry] = status | CtStatus.ASSURED;
    return Track.ACCEPT;
  }
}
