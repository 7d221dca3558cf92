/**
 * TCP numbers of connections whose payload changed in length on its way (a helper wrote another address into it): from
 * the place of the change on, what one end sends is counted differently by the other. Sequence numbers of that
 * direction are shifted, acknowledgements and SACK blocks of the other are shifted back.
 *
 *     sent      … │ 227 Entering (10,0,0,2,…)      │ next …      seq 5000 → 5040
 *     received  … │ 227 Entering (198,51,100,1,…)  │ next …      seq 5000 → 5045   (+5 after position 5000)
 *
 * A direction remembers its latest change only, as Linux's nf_conntrack_seqadj does: how far it is shifted before and
 * after that position. What is still on its way from before an earlier change has long been acknowledged. Helpers that
 * are stricter than Linux's edit the stream instead (stream-edits.ts), which holds for every segment sent again.
 */
import { readI32 } from '../../wire/bytes.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as options from '../../wire/tcp-options.ts';
import type { SeqAdjuster } from '../conntrack/conntrack.ts';
import { CtStatus } from '../conntrack/ct-info.ts';
import { StreamEdits } from './stream-edits.ts';

/** By how much a direction's numbers are moved, asked with the sender's number and with the receiver's. */
interface NumberShift {
  at(seq: number): number;
  atShifted(seq: number): number;
  /** Asked by window tracking, with the number of the last byte that the receiver acknowledges. */
  atAcknowledged(seq: number): number;
}

/** One direction's latest change. */
export class Shift implements NumberShift {
  /** Sequence number of the segment that was changed; what stands behind it counts as `after`. */
  position = 0;
  before = 0;
  after = 0;

  at(seq: number): number {
    return isAfter(seq, this.position) ? this.after : this.before;
  }

  /** What a number was shifted by, asked with the shifted number. */
  atShifted(seq: number): number {
    return this.at((seq - this.before) | 0);
  }

  /** As Linux has it: the receiver's number is taken for the sender's. */
  atAcknowledged(seq: number): number {
    return this.at(seq);
  }
}

/** Where the SEQ_ADJUST bits are. */
export interface ConnectionStatus {
  readonly status: Int32Array;
}

export class SequenceAdjustment implements SeqAdjuster {
  private readonly conntrack: ConnectionStatus;
  /** By entry: original direction, reply direction. Left behind by a connection that went, until its number is used again. */
  private readonly shifts = new Map<number, readonly [Shift, Shift]>();
  private readonly streams = new Map<number, readonly [StreamEdits, StreamEdits]>();

  constructor(conntrack: ConnectionStatus) {
    this.conntrack = conntrack;
  }

  /** The payload of the segment at `seq` (as its sender counts) grew by `delta` bytes, or shrank (nf_ct_seqadj_set). */
  resize(entry: number, direction: number, seq: number, delta: number): void {
    if (delta === 0) return;
    const shift = this.shiftsOf(entry)[direction]!;
    // The same segment sent again is changed again; it must not count twice.
    if (shift.before !== shift.after && !isAfter(seq, shift.position)) return;
    shift.position = seq | 0;
    shift.before = shift.after;
    shift.after = (shift.after + delta) | 0;
  }

  /** All numbers of that direction are moved by so much (nf_ct_seqadj_init); 0 changes nothing. */
  shiftAll(entry: number, direction: number, by: number): void {
    if (by === 0) return;
    const shift = this.shiftsOf(entry)[direction]!;
    shift.before = by;
    shift.after = by;
  }

  private shiftsOf(entry: number): readonly [Shift, Shift] {
    const { status } = this.conntrack;
    const known = this.shifts.get(entry);
    if (known !== undefined && (status[entry]! & CtStatus.SEQ_ADJUST) !== 0) return known;
    const shifts = [new Shift(), new Shift()] as const;
    this.shifts.set(entry, shifts);
    status[entry] = status[entry]! | CtStatus.SEQ_ADJUST;
    return shifts;
  }

  /** The edits of one direction, from now on what its numbers are moved by. */
  edits(entry: number, direction: number): StreamEdits {
    const { status } = this.conntrack;
    let streams = this.streams.get(entry);
    if (streams === undefined || (status[entry]! & CtStatus.SEQ_ADJUST) === 0) {
      streams = [new StreamEdits(), new StreamEdits()];
      this.streams.set(entry, streams);
      status[entry] = status[entry]! | CtStatus.SEQ_ADJUST;
    }
    return streams[direction]!;
  }

  /** The same where there are any. */
  editsOf(entry: number, direction: number): StreamEdits | null {
    if ((this.conntrack.status[entry]! & CtStatus.SEQ_ADJUST) === 0) return null;
    return this.streams.get(entry)?.[direction] ?? null;
  }

  offset(entry: number, direction: number, seq: number): number {
    const shifts = this.of(entry);
    return shifts === undefined ? 0 : shifts[direction]!.atAcknowledged(seq);
  }

  adjust(pkt: PacketBuffer, entry: number, direction: number): boolean {
    const shifts = this.of(entry);
    if (shifts === undefined || !isSegment(pkt)) return true;
    const { bytes, l4 } = pkt;
    const seq = tcp.seq(bytes, l4);
    const own = shifts[direction]!.at(seq);
    if (own !== 0) tcp.setSeq(bytes, l4, (seq + own) | 0);
    if ((tcp.flags(bytes, l4) & tcp.ACK) !== 0) unshiftAcknowledgement(pkt, shifts[direction ^ 1]!);
    return true;
  }

  /**
   * The other way round, for segments that were captured where nothing was changed: they acknowledge what the other end
   * sent, and here must acknowledge what arrived of it.
   */
  shiftAcknowledgement(pkt: PacketBuffer, entry: number, direction: number): void {
    const shifts = this.of(entry);
    if (shifts === undefined || !isSegment(pkt)) return;
    const { bytes, l4 } = pkt;
    if ((tcp.flags(bytes, l4) & tcp.ACK) === 0) return;
    const other = shifts[direction ^ 1]!;
    const ack = tcp.ack(bytes, l4);
    const by = other.at(ack);
    if (by !== 0) tcp.setAck(bytes, l4, (ack + by) | 0);
    const end = options.end(bytes, l4, pkt.l3End);
    for (let at = options.start(l4), n = 0; (n = options.optionLength(bytes, at, end)) > 0; at += n) {
      if (!isSack(bytes, at, n)) continue;
      for (let edge = at + 2; edge < at + n; edge += 4) {
        const value = readI32(bytes, edge);
        tcp.replaceU32(bytes, l4, edge, (value + other.at(value)) | 0);
      }
    }
  }

  private of(entry: number): readonly [NumberShift, NumberShift] | undefined {
    if ((this.conntrack.status[entry]! & CtStatus.SEQ_ADJUST) === 0) return undefined;
    return this.streams.get(entry) ?? this.shifts.get(entry);
  }
}

/** Acknowledgement and SACK blocks as the end that sent the data counts (nf_ct_sack_adjust). */
function unshiftAcknowledgement(pkt: PacketBuffer, shift: NumberShift): void {
  const { bytes, l4 } = pkt;
  const ack = tcp.ack(bytes, l4);
  const by = shift.atShifted(ack);
  if (by !== 0) tcp.setAck(bytes, l4, (ack - by) | 0);
  const end = options.end(bytes, l4, pkt.l3End);
  for (let at = options.start(l4), n = 0; (n = options.optionLength(bytes, at, end)) > 0; at += n) {
    if (!isSack(bytes, at, n)) continue;
    for (let edge = at + 2; edge < at + n; edge += 4) {
      const value = readI32(bytes, edge);
      tcp.replaceU32(bytes, l4, edge, (value - shift.atShifted(value)) | 0);
    }
  }
}

function isSegment(pkt: PacketBuffer): boolean {
  return pkt.proto === IPPROTO_TCP && pkt.l4Ok !== 0 && pkt.fragOffset === 0;
}

/** A SACK option of whole blocks; others are left alone. */
function isSack(bytes: Uint8Array, at: number, length: number): boolean {
  return bytes[at] === options.SACK && length >= 10 && (length - 2) % 8 === 0;
}

function isAfter(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}
