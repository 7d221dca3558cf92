/**
 * TCP numbers of connections whose payload changed in length on its way (a helper wrote another address into it): from
 * the place of the change on, what one end sends is counted differently by the other. Sequence numbers of that
 * direction are shifted, acknowledgements and SACK blocks of the other are shifted back.
 *
 *     sent      … │ 227 Entering (10,0,0,2,…)      │ next …      seq 5000 → 5040
 *     received  … │ 227 Entering (198,51,100,1,…)  │ next …      seq 5000 → 5045   (+5 after position 5000)
 *
 * A direction remembers its latest change only, as Linux's nf_conntrack_seqadj does: how far it is shifted before and
 * after that position. What is still on its way from before an earlier change has long been acknowledged.
 */
import { readI32 } from '../../wire/bytes.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as options from '../../wire/tcp-options.ts';
import type { SeqAdjuster } from '../conntrack/conntrack.ts';
import { CtStatus } from '../conntrack/ct-info.ts';

/** One direction's latest change. */
class Shift {
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
}

/** Where the SEQ_ADJUST bits are. */
export interface ConnectionStatus {
  readonly status: Int32Array;
}

export class SequenceAdjustment implements SeqAdjuster {
  private readonly conntrack: ConnectionStatus;
  /** By entry: original direction, reply direction. Left behind by a connection that went, until its number is used again. */
  private readonly shifts = new Map<number, readonly [Shift, Shift]>();

  constructor(conntrack: ConnectionStatus) {
    this.conntrack = conntrack;
  }

  /** The payload of the segment at `seq` (as its sender counts) grew by `delta` bytes, or shrank (nf_ct_seqadj_set). */
  resize(entry: number, direction: number, seq: number, delta: number): void {
    if (delta === 0) return;
    const { status } = this.conntrack;
    let shifts = this.shifts.get(entry);
    if (shifts === undefined || (status[entry]! & CtStatus.SEQ_ADJUST) === 0) {
      shifts = [new Shift(), new Shift()];
      this.shifts.set(entry, shifts);
      status[entry] = status[entry]! | CtStatus.SEQ_ADJUST;
    }
    const shift = shifts[direction]!;
    // The same segment sent again is changed again; it must not count twice.
    if (shift.before !== shift.after && !isAfter(seq, shift.position)) return;
    shift.position = seq | 0;
    shift.before = shift.after;
    shift.after = (shift.after + delta) | 0;
  }

  offset(entry: number, direction: number, seq: number): number {
    const shifts = this.of(entry);
    return shifts === undefined ? 0 : shifts[direction]!.at(seq);
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

  private of(entry: number): readonly [Shift, Shift] | undefined {
    if ((this.conntrack.status[entry]! & CtStatus.SEQ_ADJUST) === 0) return undefined;
    return this.shifts.get(entry);
  }
}

/** Acknowledgement and SACK blocks as the end that sent the data counts (nf_ct_sack_adjust). */
function unshiftAcknowledgement(pkt: PacketBuffer, shift: Shift): void {
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
