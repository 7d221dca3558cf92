/**
 * Segments to packets: options, header, data, checksum, the IP header, and out through the host (Linux: tcp_transmit_skb).
 * What is to be sent, and whether, is output.ts; the SYN,ACKs of listeners and answers without a connection are
 * handshakes.ts and answers.ts, which use `writeTcp`.
 */
import { writeU16, writeU32 } from '../../wire/bytes.ts';
import { checksum, pseudoOf } from '../../wire/checksum.ts';
import { dissectNetwork } from '../../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as tcpOptions from '../../wire/tcp-options.ts';
import type { Host } from '../host.ts';
import { sendLocal4, writeHeader4 } from '../ip4-send.ts';
import { sendLocal6, writeHeader6 } from '../ip6-send.ts';
import type { Connection } from './connection.ts';
import { Ecn } from './terms.ts';
import type { Flow } from './flow.ts';
import { TcpState } from './states.ts';
import { selectWindow } from './window.ts';

const ECT_0 = 2;
/** NOP, NOP in front of an option of 4n+2 bytes. */
const TWO_NOPS = 0x0101;
/** Timestamps with two NOPs in front. */
export const TIMESTAMPS_SPACE = 12;
const SACK_BASE = 4;
const SACK_BLOCK = 8;

export function ipHeaderLength(family: number): number {
  return family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
}

/** Blocks that the next segment reports: duplicates first (RFC 2883), then what came out of order. */
export function sackBlockCount(c: Connection): number {
  if (!c.hasSack) return 0;
  const most = c.hasTimestamps ? 3 : 4;
  return Math.min(most, c.received.sackBlocks + (c.dsackPending ? 1 : 0));
}

/** Bytes of options that every segment after the handshake carries now. */
export function sackSpace(c: Connection): number {
  const blocks = sackBlockCount(c);
  return blocks === 0 ? 0 : SACK_BASE + blocks * SACK_BLOCK;
}

// ── Whole segments of a connection ──────────────────────────────────────────────────────────────────────────────

/** Sends sequence numbers [seq, seq+length) out of the send queue; flags other than ACK's are the caller's affair. */
export function sendData(c: Connection, seq: number, length: number, flags: number): boolean {
  const headerLength = tcp.HEADER_LENGTH + (c.hasTimestamps ? TIMESTAMPS_SPACE : 0) + sackSpace(c);
  const pkt = begin(c.tcp.host, c, headerLength + length, c.device);
  if (pkt === null) return false;
  const { bytes, l4 } = pkt;
  if (length > 0) c.sending.read(seq, length, bytes, l4 + headerLength);
  let { typeOfService } = c;
  let allFlags = flags;
  if ((c.ecn & Ecn.OK) !== 0) {
    // RFC 3168 6.1: only new data is marked as able, and says that the window was reduced.
    if (length > 0 && seq === c.sndNxt) {
      typeOfService |= ECT_0;
      if ((c.ecn & Ecn.QUEUE_CWR) !== 0) {
        c.ecn &= ~Ecn.QUEUE_CWR;
        allFlags |= tcp.CWR;
      }
    }
    if ((c.ecn & Ecn.DEMAND_CWR) !== 0) allFlags |= tcp.ECE;
  }
  let urgent = 0;
  if (c.urgentOut !== 0 && ((c.urgentOut - seq) | 0) > 0) {
    const distance = (c.urgentOut - seq) | 0;
    if (distance <= 0xffff) {
      urgent = distance;
      allFlags |= tcp.URG;
    }
  }
  const window = (allFlags & tcp.RST) !== 0 ? 0 : selectWindow(c);
  writeTcp(
    bytes,
    l4,
    c.localPort,
    c.remotePort,
    seq,
    c.received.next,
    allFlags,
    window,
    headerLength,
    urgent,
  );
  let at = l4 + tcp.HEADER_LENGTH;
  if (c.hasTimestamps) at = writeTimestamps(bytes, at, c.tcp.timestamp(c), c.tsRecent);
  if (at < l4 + headerLength) writeSack(c, bytes, at, headerLength - (at - l4));
  finish(c.tcp.host, pkt, c, typeOfService);
  if ((allFlags & tcp.ACK) !== 0) noteAckSent(c);
  return true;
}

/** A SYN or, after a simultaneous open, a SYN,ACK. */
export function sendSyn(c: Connection): boolean {
  const { tcp: owner } = c;
  const { settings } = owner;
  const isAnswer = c.state === TcpState.SYN_RECV;
  const offers: SynOptions = {
    mss: c.advMss,
    windowScale: (isAnswer ? c.hasScaling : settings.windowScaling) ? c.rcvScale : -1,
    sackPermitted: isAnswer ? c.hasSack : settings.sack,
    hasTimestamps: isAnswer ? c.hasTimestamps : settings.timestamps,
    tsValue: owner.timestamp(c),
    // Of an opener: from the connection that had these ends before, if there was one.
    tsEcho: c.tsRecent,
  };
  const headerLength = tcp.HEADER_LENGTH + synOptionsLength(offers);
  const pkt = begin(owner.host, c, headerLength, c.device);
  if (pkt === null) return false;
  const { bytes, l4 } = pkt;
  const asksEcn = !isAnswer && settings.ecn === 1 && (c.retransmits === 0 || !settings.ecnFallback);
  if (asksEcn) c.ecn = Ecn.OK;
  else if (!isAnswer) c.ecn = 0;
  let flags = isAnswer ? tcp.SYN | tcp.ACK : tcp.SYN;
  if (asksEcn) flags |= tcp.ECE | tcp.CWR;
  else if (isAnswer && (c.ecn & Ecn.OK) !== 0) flags |= tcp.ECE;
  // The window of a SYN is never scaled (RFC 7323 2.2).
  const window = Math.min(c.rcvWnd, 0xffff);
  writeTcp(
    bytes,
    l4,
    c.localPort,
    c.remotePort,
    c.iss,
    isAnswer ? c.received.next : 0,
    flags,
    window,
    headerLength,
    0,
  );
  writeSynOptions(bytes, l4 + tcp.HEADER_LENGTH, offers);
  finish(owner.host, pkt, c, c.typeOfService);
  return true;
}

export function sendAck(c: Connection): void {
  sendData(c, c.sndNxt, 0, tcp.ACK);
}

/** An acknowledgement left: nothing is owed to the peer any more. */
function noteAckSent(c: Connection): void {
  if (c.quickAcks > 0) c.quickAcks--;
  c.ackPending = false;
  c.ackNow = false;
  c.dsackPending = false;
  c.ackDue = Infinity;
}

// ── Options ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SynOptions {
  readonly mss: number;
  /** -1 for none. */
  readonly windowScale: number;
  readonly sackPermitted: boolean;
  readonly hasTimestamps: boolean;
  readonly tsValue: number;
  readonly tsEcho: number;
}

export function synOptionsLength(options: SynOptions): number {
  return (
    tcpOptions.MSS_LENGTH +
    (options.hasTimestamps ? TIMESTAMPS_SPACE : options.sackPermitted ? 4 : 0) +
    (options.windowScale >= 0 ? 4 : 0)
  );
}

/** In Linux's order: MSS, SACK permitted (in place of the NOPs before the timestamps), timestamps, NOP, window scale. */
export function writeSynOptions(bytes: Uint8Array, offset: number, options: SynOptions): void {
  let at = offset;
  bytes[at] = tcpOptions.MSS;
  bytes[at + 1] = tcpOptions.MSS_LENGTH;
  writeU16(bytes, at + 2, options.mss);
  at += tcpOptions.MSS_LENGTH;
  const sack = (tcpOptions.SACK_PERMITTED << 8) | tcpOptions.SACK_PERMITTED_LENGTH;
  if (options.hasTimestamps) {
    at = writeTimestamps(bytes, at, options.tsValue, options.tsEcho);
    if (options.sackPermitted) writeU16(bytes, at - TIMESTAMPS_SPACE, sack);
  } else if (options.sackPermitted) {
    writeU16(bytes, at, TWO_NOPS);
    writeU16(bytes, at + 2, sack);
    at += 4;
  }
  if (options.windowScale >= 0) {
    bytes[at] = tcpOptions.OPTION_NOP;
    bytes[at + 1] = tcpOptions.WINDOW_SCALE;
    bytes[at + 2] = tcpOptions.WINDOW_SCALE_LENGTH;
    bytes[at + 3] = options.windowScale;
  }
}

export function writeTimestamps(bytes: Uint8Array, at: number, value: number, echo: number): number {
  writeU16(bytes, at, TWO_NOPS);
  bytes[at + 2] = tcpOptions.TIMESTAMPS;
  bytes[at + 3] = tcpOptions.TIMESTAMPS_LENGTH;
  writeU32(bytes, at + 4, value);
  writeU32(bytes, at + 8, echo);
  return at + TIMESTAMPS_SPACE;
}

function writeSack(c: Connection, bytes: Uint8Array, offset: number, length: number): void {
  const { received } = c;
  writeU16(bytes, offset, TWO_NOPS);
  bytes[offset + 2] = tcpOptions.SACK;
  bytes[offset + 3] = length - 2;
  let at = offset + SACK_BASE;
  if (c.dsackPending) {
    writeU32(bytes, at, c.dsackStart);
    writeU32(bytes, at + 4, c.dsackEnd);
    at += SACK_BLOCK;
  }
  for (let block = 0; at < offset + length; block++, at += SACK_BLOCK) {
    writeU32(bytes, at, received.sackStart(block));
    writeU32(bytes, at + 4, received.sackEnd(block));
  }
}

// ── Packets ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The header without its checksum; options follow behind it. */
export function writeTcp(
  bytes: Uint8Array,
  at: number,
  srcPort: number,
  dstPort: number,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  headerLength: number,
  urgent: number,
): void {
  writeU16(bytes, at, srcPort);
  writeU16(bytes, at + 2, dstPort);
  writeU32(bytes, at + 4, seq);
  writeU32(bytes, at + 8, (flags & tcp.ACK) !== 0 ? ack : 0);
  bytes[at + 12] = (headerLength >>> 2) << 4;
  bytes[at + 13] = flags;
  writeU16(bytes, at + 14, window);
  writeU32(bytes, at + 16, urgent);
}

/** A packet between two ends with `length` bytes of TCP, its way found; null when there is none. */
export function begin(host: Host, flow: Flow, length: number, device: number): PacketBuffer | null {
  const pkt = host.pool.take(ipHeaderLength(flow.family) + length);
  const bound = device === 0 ? undefined : host.devices.at(device);
  pkt.src0 = flow.local0;
  pkt.dst0 = flow.remote0;
  if (flow.family === 4) {
    pkt.l4 = pkt.l3 + ipv4.HEADER_LENGTH;
    if (host.route4.output(pkt, bound)) return pkt;
  } else {
    pkt.src1 = flow.local1;
    pkt.src2 = flow.local2;
    pkt.src3 = flow.local3;
    pkt.dst1 = flow.remote1;
    pkt.dst2 = flow.remote2;
    pkt.dst3 = flow.remote3;
    pkt.l4 = pkt.l3 + ipv6.HEADER_LENGTH;
    if (host.route6.output(pkt, bound)) return pkt;
  }
  host.pool.give(pkt);
  return null;
}

/** How the IP header of a flow's packets is filled. */
export interface IpFields {
  readonly family: number;
  ipId: number;
  readonly hopLimit: number;
  readonly flowLabel: number;
}

/** Checksum and IP header, and out. */
export function finish(host: Host, pkt: PacketBuffer, fields: IpFields, typeOfService: number): void {
  const { bytes, l4, l3End } = pkt;
  if (fields.family === 4) {
    const ttl = fields.hopLimit !== 0 ? fields.hopLimit : host.defaultTtl;
    const id = fields.ipId++ & 0xffff;
    const flags = host.pathMtus.isLocked(pkt) ? 0 : ipv4.FLAG_DF;
    writeHeader4(pkt, ipv4.HEADER_LENGTH, typeOfService, id, flags, ttl, IPPROTO_TCP);
    dissectNetwork(pkt, ETH_P_IP);
  } else {
    const hopLimit =
      fields.hopLimit !== 0 ? fields.hopLimit : host.settings.v6(host.devices.at(pkt.oif)!).hopLimit;
    writeHeader6(pkt, typeOfService, fields.flowLabel, IPPROTO_TCP, hopLimit);
    dissectNetwork(pkt, ETH_P_IPV6);
  }
  tcp.setChecksum(bytes, l4, checksum(bytes, l4, l3End, pseudoOf(pkt, l3End - l4)));
  if (fields.family === 4) sendLocal4(host, pkt);
  else sendLocal6(host, pkt);
  host.pool.give(pkt);
}
