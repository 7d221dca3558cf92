/**
 * SYNPROXY towards the server (Linux: ipv4_synproxy_hook): looks at every packet of a proxied connection on its way out.
 *
 *     client                    here                      server
 *       │                        │── SYN seq=c ack=cookie ─►│   notes the cookie
 *       │                        │◄─ SYN,ACK seq=s ─────────│   kept back; s and the cookie differ by what is
 *       │                        │── ACK ──────────────────►│   from now on added to the server's numbers
 *       │◄─ ACK window open ─────│                          │
 *       │◄──────── data, numbers and timestamps shifted ───►│
 *
 * Timestamps are shifted likewise, since the client knows those of the cookie.
 */
import { readI32 } from '../../wire/bytes.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as tcpOptions from '../../wire/tcp-options.ts';
import { directionOf } from '../conntrack/ct-info.ts';
import { PROTO_OCTETS, PROTO_WORDS } from '../conntrack/record.ts';
import { TcpState } from '../conntrack/tcp-states.ts';
import { MAX_WIN } from '../conntrack/tcp-window.ts';
import { DropReason } from '../drop-reason.ts';
import { Verdict } from '../verdict.ts';
import { Offer } from './handshake-options.ts';
import { ProxySegment, type HandshakeServices } from './segment.ts';
import { openToServer } from './server-syn.ts';

/** Where window tracking keeps its words and states. */
export interface TrackedWindows {
  readonly proto: Int32Array;
  readonly octets: Uint8Array;
}

/** Sequence numbers of one direction are shifted by so much from the start (nf_ct_seqadj_init). */
export interface ShiftsFromStart {
  shiftAll(entry: number, direction: number, by: number): void;
}

/** What a connection's record has, in words. */
const RECORD = 3;
/** The cookie: initial sequence number that the client knows. */
const COOKIE = 0;
/** The timestamp that the client knows, when the server was asked. */
const TIMESTAMP = 1;
/** The server's timestamps are so much larger. */
const SHIFT = 2;

/** Linux's number of the loopback device, on which packets have been seen before. */
const LOOPBACK = 1;

export class ServerLeg {
  private readonly windows: TrackedWindows;
  private readonly sequences: ShiftsFromStart;
  private readonly host: HandshakeServices;
  private readonly template: number;
  private readonly segment = new ProxySegment();
  /** RECORD words an entry. */
  private records = new Int32Array(0);

  /** `template`: of PROXIED, for `PacketBuffer.ct`. */
  constructor(
    windows: TrackedWindows,
    sequences: ShiftsFromStart,
    host: HandshakeServices,
    template: number,
  ) {
    this.windows = windows;
    this.sequences = sequences;
    this.host = host;
    this.template = template;
  }

  /** A new connection of SYNPROXY's. */
  begin(entry: number): void {
    const at = entry * RECORD;
    if (at >= this.records.length) {
      const larger = new Int32Array(Math.max(2 * this.records.length, 2 * (at + RECORD)));
      larger.set(this.records);
      this.records = larger;
    }
    this.records.fill(0, at, at + RECORD);
  }

  pass(pkt: PacketBuffer, entry: number): number {
    if (pkt.iif === LOOPBACK || pkt.proto !== IPPROTO_TCP) return Verdict.ACCEPT;
    if (pkt.l4Ok === 0) return refuse(pkt, DropReason.TRANSPORT_HEADER);
    switch (this.windows.octets[entry * PROTO_OCTETS]) {
      case TcpState.CLOSE:
        this.seeClosed(pkt, entry);
        break;
      case TcpState.SYN_SENT:
        if (directionOf(pkt.ctInfo) === 0 && isFirst(pkt, tcp.ACK)) return this.askAgain(pkt);
        if (!this.noteCookie(pkt, entry)) return refuse(pkt, DropReason.TRANSPORT_HEADER);
        break;
      case TcpState.SYN_RECV:
        if (!isFirst(pkt, tcp.SYN | tcp.ACK)) break;
        if (!this.segment.options.read(pkt)) return refuse(pkt, DropReason.TRANSPORT_HEADER);
        this.join(pkt, entry);
        return refuse(pkt, DropReason.SYNPROXY);
    }
    this.shiftTimestamp(pkt, entry);
    return Verdict.ACCEPT;
  }

  /** A server that refuses answers the SYN that we sent; a client that begins again is asked to prove itself again. */
  private seeClosed(pkt: PacketBuffer, entry: number): void {
    const direction = directionOf(pkt.ctInfo);
    const at = entry * RECORD;
    if ((tcp.flags(pkt.bytes, pkt.l4) & tcp.RST) !== 0 && direction === 1) {
      const by = (this.records[at + COOKIE]! - tcp.seq(pkt.bytes, pkt.l4) + 1) | 0;
      this.sequences.shiftAll(entry, direction, by);
    } else if (isFirst(pkt, tcp.SYN) && direction === 0) {
      this.records[at + SHIFT] = 0;
      this.noteCookie(pkt, entry);
    }
  }

  /** The SYN to the server or its answer was lost, and the client asks with a keep-alive, one number before its next. */
  private askAgain(pkt: PacketBuffer): number {
    const { segment } = this;
    if (!segment.options.read(pkt)) return refuse(pkt, DropReason.TRANSPORT_HEADER);
    const seq = (tcp.seq(pkt.bytes, pkt.l4) + 1) | 0;
    const isAsked = openToServer(this.host, pkt, segment, seq, this.template);
    return refuse(pkt, isAsked ? DropReason.SYNPROXY : DropReason.SYNPROXY_COOKIE);
  }

  /** The SYN to the server carries the cookie. */
  private noteCookie(pkt: PacketBuffer, entry: number): boolean {
    const { options } = this.segment;
    if (!options.read(pkt)) return false;
    const at = entry * RECORD;
    this.records[at + COOKIE] = tcp.ack(pkt.bytes, pkt.l4);
    if (options.has & Offer.TIMESTAMP) this.records[at + TIMESTAMP] = options.tsecr;
    return true;
  }

  /** The server accepted: it gets its ACK, the client learns that it may send. `segment` has the options of the SYN,ACK. */
  private join(pkt: PacketBuffer, entry: number): void {
    const { segment, records } = this;
    const { options } = segment;
    const { bytes, l4 } = pkt;
    const at = entry * RECORD;
    if (options.has & Offer.TIMESTAMP) records[at + SHIFT] = (options.tsval - records[at + TIMESTAMP]!) | 0;
    options.has &= Offer.TIMESTAMP;
    options.swapTimestamps();
    segment.isAnswer = true;
    segment.seq = tcp.ack(bytes, l4);
    segment.ack = (tcp.seq(bytes, l4) + 1) | 0;
    segment.flags = tcp.ACK;
    segment.window = this.windows.proto[entry * PROTO_WORDS + MAX_WIN]! & 0xffff;
    segment.ct = 0;
    this.host.send(pkt, segment);

    this.sequences.shiftAll(entry, directionOf(pkt.ctInfo), (records[at + COOKIE]! - tcp.seq(bytes, l4)) | 0);
    options.swapTimestamps();
    segment.isAnswer = false;
    segment.seq = (tcp.seq(bytes, l4) + 1) | 0;
    segment.ack = tcp.ack(bytes, l4);
    segment.window = tcp.window(bytes, l4) >> options.windowScale;
    segment.ct = pkt.ct;
    this.host.send(pkt, segment);
  }

  private shiftTimestamp(pkt: PacketBuffer, entry: number): void {
    const by = this.records[entry * RECORD + SHIFT]!;
    if (by === 0) return;
    const { bytes, l4 } = pkt;
    const found = tcpOptions.timestampsAt(bytes, l4, pkt.l3End);
    if (found < 0) return;
    const isReply = directionOf(pkt.ctInfo) === 1;
    const word = isReply ? found + 2 : found + 6;
    tcp.replaceU32(bytes, l4, word, (readI32(bytes, word) + (isReply ? -by : by)) | 0);
  }
}

function isFirst(pkt: PacketBuffer, flags: number): boolean {
  return (tcp.flags(pkt.bytes, pkt.l4) & (tcp.SYN | tcp.ACK)) === flags;
}

function refuse(pkt: PacketBuffer, reason: number): number {
  pkt.dropReason = reason;
  return Verdict.DROP;
}
