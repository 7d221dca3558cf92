/**
 * TCP: header checks, the walk through the table of states (tcp-states.ts) with the window (tcp-window.ts), what a
 * reset must look like, segments that are let through without being believed, and the timeouts. It is one file because these
 * are steps of one decision about a segment, whose order is the kernel's.
 *
 * Sources: RFC 9293; RFC 5961 (challenge ACKs, exact resets); Linux 6.x nf_conntrack_tcp by observation, and
 * Documentation/networking/nf_conntrack-sysctl.rst.
 */
import { fold, transportSum } from '../../wire/checksum.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { Hook } from '../hook.ts';
import { PROTO_OCTETS, PROTO_WORDS } from './record.ts';
import { CtStatus } from './ct-info.ts';
import {
  Segment,
  TCP_IGNORE,
  TCP_INVALID,
  TCP_STATE_NAMES,
  TCP_TIMEOUT_RETRANS,
  TCP_TIMEOUT_UNACK,
  TcpState,
  nextTcpState,
} from './tcp-states.ts';
import {
  END,
  FLAGS,
  LAST_ACK,
  LAST_DIRECTION,
  LAST_END,
  LAST_SEGMENT,
  LAST_SEQ,
  LAST_WIN,
  MAX_ACK,
  MAX_END,
  MAX_WIN,
  RETRANSMISSIONS,
  SCALE,
  STATE,
  TcpFlag,
  TcpWindow,
  Window,
  sequenceEnd,
} from './tcp-window.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';

/** Combinations of FIN, SYN, RST, ACK, URG that mean something; PSH, ECE and CWR go with any. */
const { FIN, SYN, RST, PSH, ACK, URG, ECE, CWR } = tcp;
const SENSIBLE = [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG];
const IS_SENSIBLE = new Uint8Array(64);
for (const flags of SENSIBLE) IS_SENSIBLE[flags] = 1;

/** nf_tcp_handle_invalid leaves entries alone that go within two minutes anyway. */
const SHORT_LIFE_US = 120_000_000;

/** One log line gives a timeout in jiffies; CONFIG_HZ is 250 in most distributions' kernels. */
const HZ = 250;

/** Bits of lastFlags within the word LAST_WIN. */
const LAST_CHALLENGE_ACK = TcpFlag.CHALLENGE_ACK << 24;
const LAST_SIMULTANEOUS_OPEN = TcpFlag.SIMULTANEOUS_OPEN << 24;

/** What the step between table and window says. */
const GO_ON = 2;
const SKIP_WINDOW = 3;

export class TcpTracker implements Tracker {
  private readonly parts: TrackerParts;
  readonly window: TcpWindow;
  /** The state to go to; the steps before the window may change what the table says. */
  private newState: number;
  private oldState: number;

  constructor(parts: TrackerParts) {
    this.parts = parts;
    this.window = new TcpWindow(parts);
    this.newState = 0;
    this.oldState = 0;
  }

  packet(entry: number, pkt: PacketBuffer, direction: number, hook: Hook): number {
    if (this.isMalformed(pkt, hook)) return Track.INVALID;
    const { connections } = this.parts;
    const segment = segmentOf(tcp.flags(pkt.bytes, pkt.l4));
    if ((connections.status[entry]! & CtStatus.CONFIRMED) === 0 && !this.begin(entry, pkt, segment, hook)) {
      return Track.INVALID;
    }
    const octets = connections.octets;
    const state = entry * PROTO_OCTETS;
    this.oldState = octets[state + STATE]!;
    this.newState = nextTcpState(direction, segment, this.oldState);

    let step = GO_ON;
    switch (this.newState) {
      case TcpState.SYN_SENT:
        if (this.oldState >= TcpState.TIME_WAIT) step = this.reopen(entry, pkt, direction, segment, hook);
        break;
      case TCP_IGNORE:
        step = this.ignore(entry, pkt, direction, segment, hook);
        break;
      case TCP_INVALID:
        if (this.isForProxy(entry, pkt, direction, segment)) return Track.ACCEPT;
        this.log(pkt, hook, segment, direction, 'invalid');
        return Track.INVALID;
      case TcpState.TIME_WAIT:
        if (this.isChallengeAck(entry, pkt, direction, segment, hook)) return Track.ACCEPT;
        break;
      case TcpState.SYN_SENT2:
        connections.proto[entry * PROTO_WORDS + LAST_WIN] =
          connections.proto[entry * PROTO_WORDS + LAST_WIN]! | LAST_SIMULTANEOUS_OPEN;
        break;
      case TcpState.SYN_RECV:
        if (
          direction === 1 &&
          segment === Segment.ACK &&
          connections.proto[entry * PROTO_WORDS + LAST_WIN]! & LAST_SIMULTANEOUS_OPEN
        ) {
          this.newState = TcpState.ESTABLISHED;
        }
        break;
      case TcpState.CLOSE:
        if (segment === Segment.RST) step = this.judgeReset(entry, pkt, direction, hook);
        break;
      default:
        break;
    }
    if (step !== GO_ON && step !== SKIP_WINDOW) return step;

    if (step === GO_ON) {
      const fits = this.window.judge(entry, pkt, direction, segment, hook);
      if (fits === Window.IGNORE) return Track.ACCEPT;
      if (fits === Window.INVALID) {
        this.shortenAfterInvalid(entry, pkt, direction, segment, hook);
        return Track.INVALID;
      }
    }
    return this.accept(entry, pkt, direction, segment);
  }

  /** The client of SYNPROXY asks what became of its SYN, with a keep-alive: let through to where it is sent again. */
  private isForProxy(entry: number, pkt: PacketBuffer, direction: number, segment: number): boolean {
    const { status, octets, proto } = this.parts.connections;
    if ((status[entry]! & CtStatus.PROXIED) === 0 || this.oldState !== TcpState.SYN_SENT) return false;
    if (segment !== Segment.ACK || direction !== 0) return false;
    const lastDirection = octets[entry * PROTO_OCTETS + LAST_DIRECTION];
    const next = proto[entry * PROTO_WORDS + END]!;
    return lastDirection === 0 && ((next - 1) | 0) === tcp.seq(pkt.bytes, pkt.l4);
  }

  // ── The header ──────────────────────────────────────────────────────────────────────────────────────────────────

  private isMalformed(pkt: PacketBuffer, hook: Hook): boolean {
    const { bytes, l4 } = pkt;
    const header = tcp.headerLength(bytes, l4);
    if (header < tcp.HEADER_LENGTH || l4 + header > pkt.l3End) {
      return this.malformed(pkt, hook, 'truncated packet');
    }
    if (
      hook === Hook.PREROUTING &&
      pkt.checksumState !== ChecksumState.GOOD &&
      this.parts.settings.checksum
    ) {
      pkt.checksumState = fold(transportSum(pkt)) === 0xffff ? ChecksumState.GOOD : ChecksumState.WRONG;
      if (pkt.checksumState === ChecksumState.WRONG) return this.malformed(pkt, hook, 'bad checksum');
    }
    if (IS_SENSIBLE[tcp.flags(bytes, l4) & ~(PSH | ECE | CWR)] === 0) {
      return this.malformed(pkt, hook, 'invalid tcp flag combination');
    }
    return false;
  }

  private malformed(pkt: PacketBuffer, hook: Hook, message: string): true {
    const { invalid } = this.parts;
    if (invalid.wants(IPPROTO_TCP)) invalid.write(pkt, hook, IPPROTO_TCP, message);
    return true;
  }

  /** The first segment; false when no connection begins like that. */
  private begin(entry: number, pkt: PacketBuffer, segment: number, hook: Hook): boolean {
    const first = nextTcpState(0, segment, TcpState.NONE);
    if (first === TCP_INVALID) {
      this.malformed(pkt, hook, 'invalid new');
      return false;
    }
    const isPickup = first !== TcpState.SYN_SENT;
    if (isPickup && !this.parts.settings.tcpLoose) return false;
    this.window.begin(entry, pkt, isPickup);
    return true;
  }

  // ── Steps between table and window ──────────────────────────────────────────────────────────────────────────────

  /** A SYN on a connection past its end begins a new one, if it is past its end for both; else it is ignored. */
  private reopen(entry: number, pkt: PacketBuffer, direction: number, segment: number, hook: Hook): number {
    const { connections } = this.parts;
    const state = entry * PROTO_OCTETS;
    const flags = connections.octets[state + FLAGS]! | connections.octets[state + FLAGS + 1]!;
    const wasReset =
      connections.octets[state + LAST_DIRECTION] === direction &&
      connections.octets[state + LAST_SEGMENT] === Segment.RST;
    if (flags & TcpFlag.CLOSE_INIT || wasReset) return connections.kill(entry) ? Track.REPEAT : Track.DROP;
    return this.ignore(entry, pkt, direction, segment, hook);
  }

  /**
   * Segments that may be right while our entry is wrong (a SYN on what we think stands, its SYN/ACK, an ACK before the
   * SYN/ACK): they pass, and are noted, so that the other end's answer can tell.
   */
  private ignore(entry: number, pkt: PacketBuffer, direction: number, segment: number, hook: Hook): number {
    const { proto, octets } = this.parts.connections;
    const words = entry * PROTO_WORDS;
    const state = entry * PROTO_OCTETS;
    if (
      segment === Segment.SYNACK &&
      octets[state + LAST_SEGMENT] === Segment.SYN &&
      octets[state + LAST_DIRECTION] !== direction &&
      tcp.ack(pkt.bytes, pkt.l4) === proto[words + LAST_END]
    ) {
      this.resynchronise(entry, direction);
      return GO_ON;
    }
    octets[state + LAST_SEGMENT] = segment;
    octets[state + LAST_DIRECTION] = direction;
    proto[words + LAST_SEQ] = tcp.seq(pkt.bytes, pkt.l4);
    proto[words + LAST_END] = sequenceEnd(pkt);
    proto[words + LAST_WIN] = (proto[words + LAST_WIN]! & ~0xffff) | tcp.window(pkt.bytes, pkt.l4);
    if (segment === Segment.SYN && direction === 0) {
      this.window.noteLastOptions(entry, pkt);
      // RFC 5961: the answer may be a challenge ACK, which LAST_ACK must not take for the ACK of its FIN.
      if (this.oldState === TcpState.LAST_ACK) {
        proto[words + LAST_WIN] = proto[words + LAST_WIN]! | LAST_CHALLENGE_ACK;
      }
    }
    if (this.oldState === TcpState.SYN_SENT && segment === Segment.ACK && direction === 1) {
      proto[words + LAST_ACK] = tcp.ack(pkt.bytes, pkt.l4); // perhaps a challenge ACK to the SYN
    }
    this.log(pkt, hook, segment, direction, 'ignored');
    return Track.ACCEPT;
  }

  /** A SYN/ACK that answers the SYN we did not believe: both ends agree, so we follow them. */
  private resynchronise(entry: number, direction: number): void {
    const { proto, octets } = this.parts.connections;
    const words = entry * PROTO_WORDS;
    const state = entry * PROTO_OCTETS;
    const opener = octets[state + LAST_DIRECTION]!;
    const last = proto[words + LAST_WIN]! & ~LAST_CHALLENGE_ACK;
    const sender = words + opener * 4;
    this.oldState = TcpState.SYN_SENT;
    this.newState = TcpState.SYN_RECV;
    proto[words + LAST_WIN] = last;
    proto[sender + END] = proto[words + LAST_END]!;
    proto[sender + MAX_END] = proto[words + LAST_END]!;
    proto[sender + MAX_WIN] = last & 0xffff || 1;
    octets[state + SCALE + opener] = (last >>> 16) & 0xff;
    octets[state + FLAGS + opener] = last >>> 24;
    this.window.resetDirection(entry, direction);
  }

  private isChallengeAck(
    entry: number,
    pkt: PacketBuffer,
    direction: number,
    segment: number,
    hook: Hook,
  ): boolean {
    const { connections, invalid } = this.parts;
    const { proto, octets } = connections;
    const at = entry * PROTO_WORDS + LAST_WIN;
    const state = entry * PROTO_OCTETS;
    if (
      this.oldState !== TcpState.LAST_ACK ||
      segment !== Segment.ACK ||
      octets[state + LAST_DIRECTION] === direction ||
      octets[state + LAST_SEGMENT] !== Segment.SYN ||
      (proto[at]! & LAST_CHALLENGE_ACK) === 0
    ) {
      return false;
    }
    proto[at] = proto[at]! & ~LAST_CHALLENGE_ACK;
    if (invalid.wants(IPPROTO_TCP)) invalid.write(pkt, hook, IPPROTO_TCP, 'challenge-ack ignored');
    return true;
  }

  /** RFC 5961: only a reset at exactly the acknowledged byte closes; one before it is INVALID, one behind keeps the state. */
  private judgeReset(entry: number, pkt: PacketBuffer, direction: number, hook: Hook): number {
    const { connections, settings, invalid } = this.parts;
    const { proto, octets } = connections;
    const words = entry * PROTO_WORDS;
    const state = entry * PROTO_OCTETS;
    // A closing entry may belong to a tuple that is in use again: nothing noted in it says anything about this reset.
    if (isClosingTcp(this.oldState)) return SKIP_WINDOW;

    const seq = tcp.seq(pkt.bytes, pkt.l4);
    const status = connections.status[entry]!;
    const lastSegment = octets[state + LAST_SEGMENT]!;
    const opposite = direction ^ 1;
    // After a SYN was let through, the acknowledgement noted may be out of date.
    if (octets[state + FLAGS + opposite]! & TcpFlag.MAX_ACK_SET && lastSegment !== Segment.SYN) {
      const maxAck = proto[words + opposite * 4 + MAX_ACK]!;
      const isEstablished = this.oldState === TcpState.ESTABLISHED && (status & CtStatus.ASSURED) !== 0;
      if (seq === 0 && !isEstablished) return GO_ON; // most likely an answer to a SYN let through above
      if (tcp.seqBefore(seq, maxAck) && !settings.tcpIgnoreInvalidRst) {
        if (invalid.wants(IPPROTO_TCP)) invalid.write(pkt, hook, IPPROTO_TCP, 'invalid rst');
        return Track.INVALID;
      }
      if (!isEstablished || seq === maxAck) return GO_ON;
      // The end of a train of segments: the reset follows its own data.
      if (
        lastSegment === Segment.ACK &&
        octets[state + LAST_DIRECTION] === direction &&
        seq === proto[words + LAST_END]
      ) {
        return GO_ON;
      }
      this.newState = this.oldState; // the receiver answers with a challenge ACK; the connection stands
    }
    // It answers a SYN or an ACK that was let through without belief.
    const mayAnswer =
      (status & CtStatus.SEEN_REPLY &&
        lastSegment === Segment.SYN &&
        octets[state + LAST_DIRECTION] === opposite) ||
      ((status & CtStatus.ASSURED) === 0 && lastSegment === Segment.ACK);
    if (mayAnswer && tcp.ack(pkt.bytes, pkt.l4) === proto[words + LAST_END]) return SKIP_WINDOW;
    // A reset that answers a challenge ACK which we let through.
    if (
      this.oldState === TcpState.SYN_SENT &&
      lastSegment === Segment.ACK &&
      octets[state + LAST_DIRECTION] === 1 &&
      seq === proto[words + LAST_ACK]
    ) {
      return SKIP_WINDOW;
    }
    return GO_ON;
  }

  /** A reset of our own (REJECT) ends the connection: it is closed, and soon forgotten (nf_conntrack_tcp_set_closing). */
  setClosing(entry: number): void {
    const { connections, settings } = this.parts;
    const state = entry * PROTO_OCTETS;
    const before = connections.octets[state + STATE]!;
    connections.octets[state + STATE] = TcpState.CLOSE;
    if (before === TcpState.CLOSE) return;
    connections.setTimeout(entry, connections.timeoutsOf(entry, settings.tcp)[TcpState.CLOSE]!);
  }

  // ── After the window ────────────────────────────────────────────────────────────────────────────────────────────

  private accept(entry: number, pkt: PacketBuffer, direction: number, segment: number): number {
    const { connections } = this.parts;
    const { octets } = connections;
    const state = entry * PROTO_OCTETS;
    const { oldState, newState } = this;
    octets[state + LAST_SEGMENT] = segment;
    octets[state + LAST_DIRECTION] = direction;
    octets[state + STATE] = newState;
    if (oldState !== newState && newState === TcpState.FIN_WAIT) {
      octets[state + FLAGS + direction] = octets[state + FLAGS + direction]! | TcpFlag.CLOSE_INIT;
    }
    const timeouts = connections.timeoutsOf(entry, this.parts.settings.tcp);
    let timeout = this.timeoutFor(entry, segment, newState, timeouts);
    const status = connections.status[entry]!;
    if ((status & CtStatus.SEEN_REPLY) === 0) {
      if (segment === Segment.RST) {
        // Nobody but a reset ever answered: there is no connection.
        connections.countPacket(entry, direction, pkt.l3Length);
        connections.kill(entry);
        return Track.ACCEPT;
      }
      // A retransmitted SYN renews nothing, or a port used again would keep the entry for ever.
      if (segment === Segment.SYN && oldState === TcpState.SYN_SENT) return Track.ACCEPT;
      // Picked up in its middle, and no answer yet.
      if (newState === TcpState.ESTABLISHED && timeout > timeouts[TCP_TIMEOUT_UNACK]!) {
        timeout = timeouts[TCP_TIMEOUT_UNACK]!;
      }
    } else if (
      (status & CtStatus.ASSURED) === 0 &&
      newState === TcpState.ESTABLISHED &&
      (oldState === TcpState.SYN_RECV || oldState === TcpState.ESTABLISHED)
    ) {
      connections.status[entry] = status | CtStatus.ASSURED;
    }
    connections.refresh(entry, direction, pkt.l3Length, timeout);
    return Track.ACCEPT;
  }

  private timeoutFor(entry: number, segment: number, newState: number, timeouts: Float64Array): number {
    const { octets, proto } = this.parts.connections;
    const state = entry * PROTO_OCTETS;
    const own = timeouts[newState]!;
    const retrans = timeouts[TCP_TIMEOUT_RETRANS]!;
    const unacknowledged = timeouts[TCP_TIMEOUT_UNACK]!;
    if (octets[state + RETRANSMISSIONS]! >= this.parts.settings.tcpMaxRetrans && own > retrans)
      return retrans;
    if (segment === Segment.RST) return timeouts[TcpState.CLOSE]!;
    const flags = octets[state + FLAGS]! | octets[state + FLAGS + 1]!;
    if (flags & TcpFlag.DATA_UNACKNOWLEDGED && own > unacknowledged) return unacknowledged;
    if ((proto[entry * PROTO_WORDS + LAST_WIN]! & 0xffff) === 0 && own > retrans) return retrans;
    return own;
  }

  /**
   * A FIN or RST out of the window from both sides: the ends are likely done while we hold the connection for established.
   * The second one shortens its life (nf_tcp_handle_invalid).
   */
  private shortenAfterInvalid(
    entry: number,
    pkt: PacketBuffer,
    direction: number,
    segment: number,
    hook: Hook,
  ): void {
    const { connections, settings, invalid } = this.parts;
    const status = connections.status[entry]!;
    if ((status & CtStatus.ASSURED) === 0 || status & CtStatus.FIXED_TIMEOUT) return;
    if (segment !== Segment.RST && segment !== Segment.FIN) return;
    const { octets } = connections;
    const state = entry * PROTO_OCTETS;
    const last = octets[state + LAST_SEGMENT]!;
    if (octets[state + LAST_DIRECTION] === direction || (last !== Segment.FIN && last !== Segment.RST)) {
      octets[state + LAST_SEGMENT] = segment;
      octets[state + LAST_DIRECTION] = direction;
      return;
    }
    const left = connections.deadlineOf(entry) - connections.now;
    const timeout = connections.timeoutsOf(entry, settings.tcp)[TCP_TIMEOUT_UNACK]!;
    if (left < SHORT_LIFE_US || left <= timeout) return;
    if (invalid.wants(IPPROTO_TCP)) {
      const what = `packet (index ${segment}, dir ${direction}) response for index ${last}`;
      invalid.write(pkt, hook, IPPROTO_TCP, `${what} lower timeout to ${(timeout / 1_000_000) * HZ}`);
    }
    connections.setDeadline(entry, connections.now + timeout);
  }

  private log(pkt: PacketBuffer, hook: Hook, segment: number, direction: number, what: string): void {
    const { invalid } = this.parts;
    if (!invalid.wants(IPPROTO_TCP)) return;
    const state = TCP_STATE_NAMES[this.oldState]!;
    invalid.write(
      pkt,
      hook,
      IPPROTO_TCP,
      `packet (index ${segment}) in dir ${direction} ${what}, state ${state}`,
    );
  }
}

function segmentOf(flags: number): number {
  if (flags & RST) return Segment.RST;
  if (flags & SYN) return flags & ACK ? Segment.SYNACK : Segment.SYN;
  if (flags & FIN) return Segment.FIN;
  return flags & ACK ? Segment.ACK : Segment.NONE;
}

/** States in which an assured entry may be taken when the table is full. */
export function isClosingTcp(state: number): boolean {
  return state >= TcpState.FIN_WAIT && state <= TcpState.CLOSE;
}
