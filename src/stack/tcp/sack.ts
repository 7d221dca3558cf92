/**
 * What SACK blocks say of the flight (RFC 2018, RFC 2883, RFC 6675): which segments the peer has, which duplicates it got.
 * Blocks that cannot be (outside of what was sent, reversed) are left out (Linux: tcp_is_sackblock_valid).
 */
import { readI32 } from '../../wire/bytes.ts';
import type { Acked } from './acked.ts';
import type { Connection } from './connection.ts';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED } from './flight.ts';
import { splitFlight } from './output.ts';
import { noteDelivered } from './rack.ts';
import type { Segment } from './segment.ts';

const BLOCK = 8;
const MAX_BLOCKS = 4;

export function takeSack(c: Connection, segment: Segment, acked: Acked): void {
  const { bytes, sackAt } = segment;
  const count = Math.min(MAX_BLOCKS, (bytes[sackAt + 1]! - 2) >> 3);
  const first = isDuplicateReport(c, segment, count) ? 1 : 0;
  if (first === 1) takeDuplicate(c, segment, acked);
  for (let block = first; block < count; block++) {
    const at = sackAt + 2 + BLOCK * block;
    const start = readI32(bytes, at);
    const end = readI32(bytes, at + 4);
    if (isPossible(c, start, end)) markRange(c, start, end, acked);
  }
  if (acked.lowestReordered !== null) checkReordering(c, acked.lowestReordered);
}

/** RFC 2883 section 4: a first block below the acknowledgement, or inside the second. */
function isDuplicateReport(c: Connection, { bytes, sackAt, ack }: Segment, count: number): boolean {
  const start = readI32(bytes, sackAt + 2);
  const end = readI32(bytes, sackAt + 6);
  if (((start - ack) | 0) < 0) return ((end - start) | 0) > 0;
  if (count < 2) return false;
  const outerStart = readI32(bytes, sackAt + 2 + BLOCK);
  const outerEnd = readI32(bytes, sackAt + 6 + BLOCK);
  return ((start - outerStart) | 0) >= 0 && ((end - outerEnd) | 0) <= 0 && ((end - c.sndNxt) | 0) <= 0;
}

function takeDuplicate(c: Connection, { bytes, sackAt, ack }: Segment, acked: Acked): void {
  const start = readI32(bytes, sackAt + 2);
  const end = readI32(bytes, sackAt + 6);
  // Only what was sent again can have come twice by our doing.
  const isOurs = ((end - c.sndNxt) | 0) <= 0 && ((start - (c.sndUna - c.maxWindow)) | 0) >= 0;
  if (!isOurs) return;
  acked.sawDuplicate = true;
  c.rackDsackSeen = true;
  if (c.hasProbe && !c.probeWasNew && end === c.probeEnd) acked.sawProbeTwice = true;
  if (c.canUndo && c.undoRetrans > 0 && ((end - ack) | 0) <= 0 && ((end - c.undoMarker) | 0) > 0) {
    c.undoRetrans = Math.max(0, c.undoRetrans - 1);
  }
}

function isPossible(c: Connection, start: number, end: number): boolean {
  return ((end - start) | 0) > 0 && ((end - c.sndNxt) | 0) <= 0 && ((start - c.sndUna) | 0) >= 0;
}

function markRange(c: Connection, start: number, end: number, acked: Acked): void {
  const { flight } = c;
  for (let index = flight.find(start); index < flight.count; index++) {
    const from = flight.start(index);
    if (((from - end) | 0) >= 0) return;
    // Only whole segments count, but for those that were cut since (a smaller MSS): at its size.
    if (((from - start) | 0) < 0) {
      if (((flight.end(index) - from) | 0) <= c.mss || (flight.flags(index) & SACKED) !== 0) continue;
      splitFlight(c, index, start);
      continue;
    }
    if (((flight.end(index) - end) | 0) > 0) {
      if (((flight.end(index) - from) | 0) <= c.mss || (flight.flags(index) & SACKED) !== 0) return;
      splitFlight(c, index, end);
    }
    markOne(c, index, acked);
  }
}

function markOne(c: Connection, index: number, acked: Acked): void {
  const { flight } = c;
  const flags = flight.flags(index);
  if ((flags & SACKED) !== 0) return;
  if ((flags & RETRANSMITTED) !== 0) {
    // Which transmission was it? Not known; as Linux, no longer lost, no longer under way again.
    c.retransOut--;
    flight.unmark(index, RETRANSMITTED);
  } else if ((flags & EVER_RETRANSMITTED) === 0) {
    const start = flight.start(index);
    if (acked.hadSacked && ((start - acked.priorHighest) | 0) < 0) acked.noteReordered(start);
    if (((flight.end(index) - c.highSeq) | 0) <= 0) acked.originalsSacked = true;
    acked.noteSackRtt(flight.sentAt(index));
  }
  if ((flags & LOST) !== 0) {
    c.lostOut--;
    flight.unmark(index, LOST);
  }
  flight.mark(index, SACKED);
  c.sackedOut++;
  c.delivered++;
  acked.newlySacked++;
  noteDelivered(c, flight.sentAt(index), flight.end(index), flags);
  const end = flight.end(index);
  if (c.sackedOut === 1 || ((end - c.highestSacked) | 0) > 0) c.highestSacked = end;
}

/** Something overtook something: that much reordering is to be expected (Linux: tcp_check_sack_reordering). */
export function checkReordering(c: Connection, lowest: number): void {
  const distance = (c.highestSacked - lowest) | 0;
  if (distance <= 0) return;
  if (distance > c.reordering * c.mss) {
    c.reordering = Math.min(Math.ceil(distance / c.mss), c.tcp.settings.maxReordering);
  }
  c.reorderingSeen = true;
}
