/**
 * TCP window tracking: is the segment where the receiver can take it, and does it acknowledge what was sent? After
 * Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter" (2001), as Linux 6.x applies it: with SACK,
 * window scaling (RFC 7323), re-initialisation by a second SYN, and tolerance for senders that overshoot.
 *
 * Layout of an entry's words and octets (connections.ts); [d] are per direction, "last" is the last segment that
 * changed something, or was let through without being believed (tcp.ts):
 *
 *   words   0–3 [0]  end, maxEnd, maxWin, maxAck     4–7 [1] likewise
 *           8 lastSeq   9 lastAck   10 lastEnd   11 lastWin | lastScale << 16 | lastFlags << 24
 *   octets  0 state   1 lastSegment   2 lastDirection   3 retransmissions   4, 5 flags [d]   6, 7 scale [d]
 *
 * end      sequence number after the last byte that the sender sent
 * maxEnd   highest sequence number that the receiver's window allows the sender, plus one
 * maxWin   largest window that the sender ever offered, scaled, unsigned
 * maxAck   highest acknowledgement that the sender sent
 */
import * as options from '../../wire/options.ts';
import { readI32 } from '../../wire/bytes.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as tcpOptions from '../../wire/tcp-options.ts';
import type { Hook } from '../hook.ts';
import { OCTETS_LENGTH, PROTO_LENGTH, PROTO_OCTETS, PROTO_WORDS } from './record.ts';
import { CtStatus } from './ct-info.ts';
import { Segment, TcpState } from './tcp-states.ts';
import { Track, type TrackerParts } from './tracker.ts';

export const END = 0;
export const MAX_END = 1;
export const MAX_WIN = 2;
export const MAX_ACK = 3;
export const LAST_SEQ = 8;
export const LAST_ACK = 9;
export const LAST_END = 10;
export const LAST_WIN = 11;

export const STATE = 0;
export const LAST_SEGMENT = 1;
export const LAST_DIRECTION = 2;
export const RETRANSMISSIONS = 3;
export const FLAGS = 4;
export const SCALE = 6;

/** Bits of the flags of a direction, and of lastFlags. */
export const TcpFlag = {
  WINDOW_SCALE: 0x01,
  SACK_PERMITTED: 0x02,
  /** It sent the first FIN. */
  CLOSE_INIT: 0x04,
  /** Picked up in its middle: the window says nothing, since its scale is not known. */
  BE_LIBERAL: 0x08,
  DATA_UNACKNOWLEDGED: 0x10,
  MAX_ACK_SET: 0x20,
  /** In lastFlags: the answer to the SYN let through may be a challenge ACK (RFC 5961). */
  CHALLENGE_ACK: 0x40,
  /** In lastFlags. */
  SIMULTANEOUS_OPEN: 0x80,
} as const;

/** The window: fits, does not matter (let through without belief), or is no part of the connection. */
export const Window = { FITS: 1, IGNORE: 2, INVALID: Track.INVALID } as const;

/** An acknowledgement may lie so far back at least (MAXACKWINCONST). */
const MIN_ACK_WINDOW = 66000;

/** Sequence adjustment of connections whose payload NAT changed in length; see Conntrack.seqAdjust. */
export interface SeqAdjust {
  /** What the numbers of that direction were shifted by at `seq`. */
  offset(entry: number, direction: number, seq: number): number;
}

export function sequenceEnd(pkt: PacketBuffer): number {
  return (tcp.seq(pkt.bytes, pkt.l4) + tcp.sequenceLength(pkt.bytes, pkt.l4, pkt.l3End)) | 0;
}

export class TcpWindow {
  private readonly parts: TrackerParts;
  seqAdjust: SeqAdjust | null;
  /** What the options of a SYN say; filled by readOptions. */
  private optionFlags: number;
  private optionScale: number;

  constructor(parts: TrackerParts) {
    this.parts = parts;
    this.seqAdjust = null;
    this.optionFlags = 0;
    this.optionScale = 0;
  }

  /** The first segment of a new connection: a SYN, or with `isPickup` anything in its middle. */
  begin(entry: number, pkt: PacketBuffer, isPickup: boolean): void {
    const { proto, octets } = this.parts.connections;
    const words = entry * PROTO_WORDS;
    const state = entry * PROTO_OCTETS;
    proto.fill(0, words, words + PROTO_LENGTH);
    octets.fill(0, state, state + OCTETS_LENGTH);
    octets[state + LAST_SEGMENT] = Segment.NONE;
    const end = sequenceEnd(pkt);
    const win = tcp.window(pkt.bytes, pkt.l4) || 1;
    proto[words + END] = end;
    proto[words + MAX_WIN] = win;
    proto[words + MAX_END] = isPickup ? end + win : end;
    if (isPickup) {
      octets[state + FLAGS] = TcpFlag.SACK_PERMITTED | TcpFlag.BE_LIBERAL;
      octets[state + FLAGS + 1] = TcpFlag.SACK_PERMITTED | TcpFlag.BE_LIBERAL;
    } else {
      this.takeOptions(entry, 0, pkt);
    }
  }

  /** Does a new connection's initiator begin beyond what that of an old one had sent? */
  isBeyond(beginning: number, old: number): boolean {
    const { proto } = this.parts.connections;
    return ((proto[beginning * PROTO_WORDS + END]! - proto[old * PROTO_WORDS + END]!) | 0) > 0;
  }

  /** Forgets all but a direction's liberality. */
  resetDirection(entry: number, direction: number): void {
    const { proto, octets } = this.parts.connections;
    const words = entry * PROTO_WORDS + direction * 4;
    proto.fill(0, words, words + 4);
    const state = entry * PROTO_OCTETS + direction;
    octets[state + SCALE] = 0;
    octets[state + FLAGS] = octets[state + FLAGS]! & TcpFlag.BE_LIBERAL;
  }

  /** Notes a SYN that was let through without belief, as far as its answer may show it to be right. */
  noteLastOptions(entry: number, pkt: PacketBuffer): void {
    const { proto } = this.parts.connections;
    this.optionFlags = 0;
    this.optionScale = 0;
    this.readOptions(pkt);
    const at = entry * PROTO_WORDS + LAST_WIN;
    proto[at] = (proto[at]! & 0xffff) | (this.optionScale << 16) | (this.optionFlags << 24);
  }

  /** Judges a segment and moves both directions. */
  judge(entry: number, pkt: PacketBuffer, direction: number, segment: number, hook: Hook): number {
    const { proto, octets } = this.parts.connections;
    const bytes = pkt.bytes;
    const l4 = pkt.l4;
    const flags = tcp.flags(bytes, l4);
    const opposite = direction ^ 1;
    const base = entry * PROTO_WORDS;
    const sender = base + direction * 4;
    const receiver = base + opposite * 4;
    const state = entry * PROTO_OCTETS;
    const senderScale = octets[state + SCALE + direction]!;

    let seq = tcp.seq(bytes, l4);
    let ack = tcp.ack(bytes, l4);
    let sack = ack;
    const rawWin = tcp.window(bytes, l4);
    let win = rawWin;
    let end = sequenceEnd(pkt);

    if (octets[state + FLAGS + opposite]! & TcpFlag.SACK_PERMITTED) sack = highestSack(pkt, sack);
    if (this.seqAdjust !== null && this.parts.connections.status[entry]! & CtStatus.SEQ_ADJUST) {
      const shift = this.seqAdjust.offset(entry, opposite, (ack - 1) | 0);
      ack = (ack - shift) | 0;
      sack = (sack - shift) | 0;
    }

    if (proto[sender + MAX_WIN] === 0) {
      if (flags & tcp.SYN) {
        this.initSender(entry, pkt, direction, end, win);
        if ((flags & tcp.ACK) === 0) return Window.FITS; // both open at once
      } else {
        // The middle of a connection: its history is lost, the segment is taken at its word.
        const scaled = win << senderScale;
        proto[sender + END] = end;
        proto[sender + MAX_WIN] = scaled === 0 ? 1 : scaled;
        proto[sender + MAX_END] = end + proto[sender + MAX_WIN]!;
        if (proto[receiver + MAX_WIN] === 0) {
          proto[receiver + END] = sack;
          proto[receiver + MAX_END] = sack;
        } else if (sack === ((proto[receiver + END]! + 1) | 0)) {
          proto[receiver + END] = proto[receiver + END]! + 1; // an answer to a keep-alive
        }
      }
    } else if (
      flags & tcp.SYN &&
      after(end, proto[sender + END]!) &&
      (octets[state + STATE] === TcpState.SYN_SENT || octets[state + STATE] === TcpState.SYN_RECV)
    ) {
      // RFC 9293: an end that starts anew uses higher numbers. Its options may differ as well.
      this.initSender(entry, pkt, direction, end, win);
      if (direction === 1 && (flags & tcp.ACK) === 0) return Window.FITS;
    }

    const receiverEnd = proto[receiver + END]!;
    const hasAck = (flags & tcp.ACK) !== 0;
    // Without ACK, or with a reset's ACK of 0 (broken stacks), the acknowledgement counts as right.
    if (!hasAck || (flags & tcp.RST && ack === 0)) ack = sack = receiverEnd;
    if (flags & tcp.RST && seq === 0 && octets[state + STATE] === TcpState.SYN_SENT) {
      seq = end = proto[sender + END]!; // a reset that answers a SYN
    }

    const senderEnd = proto[sender + END]!;
    const senderMaxEnd = proto[sender + MAX_END]!;
    const senderMaxWin = proto[sender + MAX_WIN]! >>> 0;
    const receiverMaxWin = proto[receiver + MAX_WIN]! >>> 0;
    const ackLimit = (receiverEnd - Math.max(senderMaxWin, MIN_ACK_WINDOW) - 1) | 0;

    if (!before(seq, (senderMaxEnd + 1) | 0)) {
      const overshot = (end - senderMaxEnd + 1) >>> 0;
      const inWindow = receiverMaxWin !== 0 && after(end, (senderEnd - receiverMaxWin - 1) | 0);
      if (
        inWindow &&
        after(sack, ackLimit) &&
        overshot <= receiverMaxWin &&
        before(sack, (receiverEnd + 1) | 0)
      ) {
        // More than the window allows, all else is right: if the receiver takes it, its ACK must not look wrong.
        proto[sender + END] = end;
        const at = state + FLAGS + direction;
        octets[at] = octets[at]! | TcpFlag.DATA_UNACKNOWLEDGED;
        return this.refuse(entry, pkt, direction, hook, Window.IGNORE, MESSAGE_OVERSHOT, overshot);
      }
      return this.refuse(
        entry,
        pkt,
        direction,
        hook,
        Window.INVALID,
        MESSAGE_SEQ_HIGH,
        (senderMaxEnd + 1) >>> 0,
      );
    }
    if (!before(sack, (receiverEnd + 1) | 0)) {
      return this.refuse(
        entry,
        pkt,
        direction,
        hook,
        Window.INVALID,
        MESSAGE_ACK_HIGH,
        (receiverEnd + 1) >>> 0,
      );
    }
    if (receiverMaxWin !== 0 && !after(end, (senderEnd - receiverMaxWin - 1) | 0)) {
      const bound = (senderEnd - receiverMaxWin - 1) >>> 0;
      return this.refuse(entry, pkt, direction, hook, Window.IGNORE, MESSAGE_SEQ_LOW, bound);
    }
    if (!after(sack, ackLimit)) {
      return this.refuse(entry, pkt, direction, hook, Window.IGNORE, MESSAGE_ACK_LOW, ackLimit >>> 0);
    }

    // It fits: move the sender, then the receiver.
    if ((flags & tcp.SYN) === 0) win <<= octets[state + SCALE + direction]!;
    const offered = (win + (sack - ack)) >>> 0;
    if (senderMaxWin < offered) proto[sender + MAX_WIN] = offered;
    if (after(end, senderEnd)) {
      proto[sender + END] = end;
      const at = state + FLAGS + direction;
      octets[at] = octets[at]! | TcpFlag.DATA_UNACKNOWLEDGED;
    }
    if (hasAck) {
      const at = state + FLAGS + direction;
      if ((octets[at]! & TcpFlag.MAX_ACK_SET) === 0) {
        proto[sender + MAX_ACK] = ack;
        octets[at] = octets[at]! | TcpFlag.MAX_ACK_SET;
      } else if (after(ack, proto[sender + MAX_ACK]!)) {
        proto[sender + MAX_ACK] = ack;
      }
    }
    if (receiverMaxWin !== 0 && after(end, senderMaxEnd)) {
      proto[receiver + MAX_WIN] = receiverMaxWin + ((end - senderMaxEnd) | 0);
    }
    const reach = (sack + win) | 0;
    if (after(reach, (proto[receiver + MAX_END]! - 1) | 0)) {
      proto[receiver + MAX_END] = win === 0 ? reach + 1 : reach;
    }
    if (ack === receiverEnd) {
      const at = state + FLAGS + opposite;
      octets[at] = octets[at]! & ~TcpFlag.DATA_UNACKNOWLEDGED;
    }
    if (segment === Segment.ACK) this.noteRetransmission(entry, direction, seq, ack, end, rawWin);
    return Window.FITS;
  }

  /** Counts identical ACK segments in a row. */
  private noteRetransmission(
    entry: number,
    direction: number,
    seq: number,
    ack: number,
    end: number,
    win: number,
  ): void {
    const { proto, octets } = this.parts.connections;
    const words = entry * PROTO_WORDS;
    const state = entry * PROTO_OCTETS;
    if (
      octets[state + LAST_DIRECTION] === direction &&
      proto[words + LAST_SEQ] === seq &&
      proto[words + LAST_ACK] === ack &&
      proto[words + LAST_END] === end &&
      (proto[words + LAST_WIN]! & 0xffff) === win
    ) {
      octets[state + RETRANSMISSIONS] = octets[state + RETRANSMISSIONS]! + 1;
      return;
    }
    octets[state + LAST_DIRECTION] = direction;
    proto[words + LAST_SEQ] = seq;
    proto[words + LAST_ACK] = ack;
    proto[words + LAST_END] = end;
    proto[words + LAST_WIN] = (proto[words + LAST_WIN]! & ~0xffff) | win;
    octets[state + RETRANSMISSIONS] = 0;
  }

  /** A SYN or SYN/ACK (re)starts its sender; scaling holds only when both ends announce it (RFC 7323 2.2). */
  private initSender(entry: number, pkt: PacketBuffer, direction: number, end: number, win: number): void {
    const { proto, octets } = this.parts.connections;
    const sender = entry * PROTO_WORDS + direction * 4;
    proto[sender + END] = end;
    proto[sender + MAX_END] = end;
    proto[sender + MAX_WIN] = win === 0 ? 1 : win;
    this.takeOptions(entry, direction, pkt);
    const flags = entry * PROTO_OCTETS + FLAGS;
    if (direction === 1 && (octets[flags]! & octets[flags + 1]! & TcpFlag.WINDOW_SCALE) === 0) {
      octets[entry * PROTO_OCTETS + SCALE] = 0;
      octets[entry * PROTO_OCTETS + SCALE + 1] = 0;
    }
  }

  private takeOptions(entry: number, direction: number, pkt: PacketBuffer): void {
    if (tcp.headerLength(pkt.bytes, pkt.l4) === tcp.HEADER_LENGTH) return; // as in Linux: nothing changes
    const { octets } = this.parts.connections;
    const at = entry * PROTO_OCTETS + direction;
    this.optionFlags = octets[at + FLAGS]! & TcpFlag.BE_LIBERAL;
    this.optionScale = 0;
    this.readOptions(pkt);
    octets[at + FLAGS] = this.optionFlags;
    octets[at + SCALE] = this.optionScale;
  }

  private readOptions(pkt: PacketBuffer): void {
    const bytes = pkt.bytes;
    const last = pkt.l4 + tcp.headerLength(bytes, pkt.l4);
    for (let at = tcpOptions.start(pkt.l4), n = 0; (n = options.optionLength(bytes, at, last)) > 0; at += n) {
      const kind = bytes[at]!;
      if (kind === tcpOptions.SACK_PERMITTED && n === tcpOptions.SACK_PERMITTED_LENGTH) {
        this.optionFlags |= TcpFlag.SACK_PERMITTED;
      } else if (kind === tcpOptions.WINDOW_SCALE && n === tcpOptions.WINDOW_SCALE_LENGTH) {
        this.optionFlags |= TcpFlag.WINDOW_SCALE;
        this.optionScale = Math.min(bytes[at + 2]!, tcpOptions.MAX_WINDOW_SCALE);
      }
    }
  }

  private refuse(
    entry: number,
    pkt: PacketBuffer,
    direction: number,
    hook: Hook,
    result: number,
    message: number,
    value: number,
  ): number {
    const { connections, settings, invalid } = this.parts;
    const flags = connections.octets[entry * PROTO_OCTETS + FLAGS + direction]!;
    if (settings.tcpBeLiberal || flags & TcpFlag.BE_LIBERAL) return Window.FITS;
    if (invalid.wants(IPPROTO_TCP)) {
      invalid.write(pkt, hook, IPPROTO_TCP, MESSAGES[message]!.replace('%u', String(value)));
    }
    return result;
  }
}

const MESSAGE_OVERSHOT = 0;
const MESSAGE_SEQ_HIGH = 1;
const MESSAGE_ACK_HIGH = 2;
const MESSAGE_SEQ_LOW = 3;
const MESSAGE_ACK_LOW = 4;
const MESSAGES = [
  '%u bytes more than expected',
  'SEQ is over upper bound %u (over the window of the receiver)',
  'ACK is over upper bound %u (ACKed data not seen yet)',
  'SEQ is under lower bound %u (already ACKed data retransmitted)',
  'ignored ACK under lower bound %u (possible overly delayed)',
];

function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

/** The highest right edge of the first well-formed SACK option (RFC 2018), if that is past `ack`. */
function highestSack(pkt: PacketBuffer, ack: number): number {
  const bytes = pkt.bytes;
  const last = pkt.l4 + tcp.headerLength(bytes, pkt.l4);
  let highest = ack;
  for (let at = tcpOptions.start(pkt.l4), n = 0; (n = options.optionLength(bytes, at, last)) > 0; at += n) {
    if (bytes[at] !== tcpOptions.SACK || n < 10 || (n - 2) % 8 !== 0) continue;
    for (let edge = at + 6; edge < at + n; edge += 8) {
      const right = readI32(bytes, edge);
      if (after(right, highest)) highest = right;
    }
    return highest;
  }
  return highest;
}
