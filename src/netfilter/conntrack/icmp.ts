/**
 * ICMP queries (RFC 792, RFC 950): which types pair, and which may begin an entry. An entry outlives its first answer,
 * so that duplicates of it still belong somewhere. Errors are icmp-error.ts.
 */
import * as icmp from '../../wire/icmp.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Hook } from '../hook.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';

/** Highest type known (NR_ICMP_TYPES); anything above is INVALID. */
export const HIGHEST_ICMP_TYPE = 18;

/** The type that answers each, -1 for none. */
const ANSWERS = new Int8Array(256).fill(-1);
ANSWERS[icmp.ECHO_REQUEST] = icmp.ECHO_REPLY;
ANSWERS[icmp.ECHO_REPLY] = icmp.ECHO_REQUEST;
ANSWERS[icmp.TIMESTAMP_REQUEST] = icmp.TIMESTAMP_REPLY;
ANSWERS[icmp.TIMESTAMP_REPLY] = icmp.TIMESTAMP_REQUEST;
ANSWERS[icmp.INFO_REQUEST] = icmp.INFO_REPLY;
ANSWERS[icmp.INFO_REPLY] = icmp.INFO_REQUEST;
ANSWERS[icmp.ADDRESS_MASK_REQUEST] = icmp.ADDRESS_MASK_REPLY;
ANSWERS[icmp.ADDRESS_MASK_REPLY] = icmp.ADDRESS_MASK_REQUEST;

export function icmpAnswer(type: number): number {
  return ANSWERS[type]!;
}

function opens(type: number): boolean {
  return (
    type === icmp.ECHO_REQUEST ||
    type === icmp.TIMESTAMP_REQUEST ||
    type === icmp.INFO_REQUEST ||
    type === icmp.ADDRESS_MASK_REQUEST
  );
}

export class IcmpTracker implements Tracker {
  private readonly parts: TrackerParts;

  constructor(parts: TrackerParts) {
    this.parts = parts;
  }

  packet(entry: number, pkt: PacketBuffer, direction: number, _hook: Hook): number {
    if (pkt.family !== 4) return Track.INVALID;
    const { connections, settings } = this.parts;
    // Only a question begins an entry, so the original direction of one that stands is a question.
    if (direction === 0 && !opens(icmp.type(pkt.bytes, pkt.l4))) return Track.INVALID;
    connections.refresh(entry, direction, pkt.l3Length, connections.timeoutsOf(entry, settings.icmp)[0]!);
    return Track.ACCEPT;
  }
}
