/**
 * TCP resets: for segments to ports without a socket (RFC 9293 3.10.7.1; Linux: tcp_v4_send_reset), and those of the
 * REJECT target (nf_send_reset), which differ in type of service and in being part of the connection they end.
 */
import type { ConntrackView } from '../netfilter/conntrack/view.ts';
import { AddressType } from '../netfilter/host-services.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { writeU16, writeU32 } from '../wire/bytes.ts';
import { dissectNetwork, redissectTransport } from '../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../wire/ether-type.ts';
import { IPPROTO_TCP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { ChecksumState, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';
import { MD5, OPTION_END, OPTION_NOP } from '../wire/tcp-options.ts';
import { attachTo } from './attach.ts';
import type { Host } from './host.ts';
import { sendLocal4, writeHeader4 } from './ip4-send.ts';
import { ownFlowLabel, sendLocal6, writeHeader6 } from './ip6-send.ts';

const ECN_MASK = 3;
const MD5_LENGTH = 18;

/** No socket: the answer has the type of service of the segment, without its ECN bits. */
export function resetTcp(host: Host, pkt: PacketBuffer): void {
  if ((tcp.flags(pkt.bytes, pkt.l4) & tcp.RST) !== 0 || mayBeSigned(pkt)) return;
  if (
    host.addressType(pkt.family === 4 ? 4 : 6, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, 0) !==
    AddressType.LOCAL
  ) {
    return;
  }
  if (pkt.family === 4) {
    host.resettingBySocket = true;
    sendReset4(host, pkt, ipv4.tos(pkt.bytes, pkt.l3) & ~ECN_MASK, null);
    host.resettingBySocket = false;
  } else {
    const trafficClass = ipv6.trafficClass(pkt.bytes, pkt.l3) & ~ECN_MASK;
    sendReset6(host, pkt, trafficClass, ownFlowLabel(host), null);
  }
}

/**
 * An MD5 signature (RFC 2385) is answered by nobody who lacks the key, nor are options in front of where one could still
 * stand that can't be followed.
 */
function mayBeSigned({ bytes, l4 }: PacketBuffer): boolean {
  const end = l4 + tcp.headerLength(bytes, l4);
  for (let at = l4 + tcp.HEADER_LENGTH; at + MD5_LENGTH <= end;) {
    const kind = bytes[at]!;
    if (kind === OPTION_END) return false;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = bytes[at + 1]!;
    if (kind === MD5 || length < 2 || at + length > end) return true;
    at += length;
  }
  return false;
}

/** Who is told that a connection is closing, before the reset leaves. */
export type Closing = Pick<ConntrackView, 'setClosing'>;

/** REJECT --reject-with tcp-reset: whoever calls has checked the segment (reject.ts). */
export function rejectTcp(host: Host, pkt: PacketBuffer, conntrack: Closing): void {
  if (pkt.family === 4) sendReset4(host, pkt, 0, conntrack);
  else sendReset6(host, pkt, 0, 0, conntrack);
}

/** The reset is part of the connection that it ends. */
function attachReset(reset: PacketBuffer, pkt: PacketBuffer, conntrack: Closing): void {
  attachTo(reset, pkt);
  conntrack.setClosing(pkt.ct);
}

function sendReset4(host: Host, pkt: PacketBuffer, tos: number, conntrack: Closing | null): void {
  // REJECT leaves the segment's options out, closed ports send them back (ip_send_unicast_reply).
  const echo = conntrack === null ? host.icmp4.echo : null;
  if (echo !== null && echo.prepare(pkt, pkt.l4) < 0) return;
  const headerLength = ipv4.HEADER_LENGTH + (echo?.length ?? 0);
  const reset = host.pool.take(headerLength + tcp.HEADER_LENGTH);
  reset.src0 = pkt.dst0;
  reset.dst0 = pkt.src0;
  reset.cause = pkt.cause;
  const found = host.route4.output(reset, undefined);
  if (found) {
    const ttl = host.sysctls.get('net.ipv4.ip_default_ttl');
    echo?.write(reset.bytes, reset.l3 + ipv4.HEADER_LENGTH, reset);
    writeHeader4(reset, headerLength, tos, 0, ipv4.FLAG_DF, ttl, IPPROTO_TCP);
    dissectNetwork(reset, ETH_P_IP);
    writeSegment(reset, pkt);
    redissectTransport(reset);
    if (conntrack !== null) {
      attachReset(reset, pkt, conntrack);
      reset.checksumState = ChecksumState.PENDING;
    }
    if (conntrack === null || !host.bridgePorts.answer(pkt, reset)) sendLocal4(host, reset);
  }
  host.pool.give(reset);
}

function sendReset6(
  host: Host,
  pkt: PacketBuffer,
  trafficClass: number,
  label: number,
  conntrack: Closing | null,
): void {
  const reset = host.pool.take(ipv6.HEADER_LENGTH + tcp.HEADER_LENGTH);
  reset.src0 = pkt.dst0;
  reset.src1 = pkt.dst1;
  reset.src2 = pkt.dst2;
  reset.src3 = pkt.dst3;
  reset.dst0 = pkt.src0;
  reset.dst1 = pkt.src1;
  reset.dst2 = pkt.src2;
  reset.dst3 = pkt.src3;
  reset.cause = pkt.cause;
  const found = host.route6.output(reset, host.devices.at(pkt.iif));
  if (found) {
    const hopLimit = host.settings.v6(host.devices.at(reset.oif)!).hopLimit;
    writeHeader6(reset, trafficClass, label, IPPROTO_TCP, hopLimit);
    dissectNetwork(reset, ETH_P_IPV6);
    writeSegment(reset, pkt);
    redissectTransport(reset);
    if (conntrack !== null) attachReset(reset, pkt, conntrack);
    if (conntrack === null || !host.bridgePorts.answer(pkt, reset)) sendLocal6(host, reset);
  }
  host.pool.give(reset);
}

/** Sequence and acknowledgement as RFC 9293 3.5.2 has them, for any state. */
function writeSegment(reset: PacketBuffer, pkt: PacketBuffer): void {
  const { bytes, l4 } = reset;
  const old = pkt.bytes;
  const flags = tcp.flags(old, pkt.l4);
  const acknowledges = (flags & tcp.ACK) !== 0;
  writeU16(bytes, l4, tcp.dstPort(old, pkt.l4));
  writeU16(bytes, l4 + 2, tcp.srcPort(old, pkt.l4));
  writeU32(bytes, l4 + 4, acknowledges ? tcp.ack(old, pkt.l4) : 0);
  writeU32(bytes, l4 + 8, acknowledges ? 0 : tcp.seq(old, pkt.l4) + segmentLength(pkt, flags));
  bytes[l4 + 12] = (tcp.HEADER_LENGTH >>> 2) << 4;
  bytes[l4 + 13] = acknowledges ? tcp.RST : tcp.RST | tcp.ACK;
  bytes.fill(0, l4 + 14, l4 + tcp.HEADER_LENGTH);
  const sum = checksum(bytes, l4, reset.l3End, pseudoOf(reset, tcp.HEADER_LENGTH));
  tcp.setChecksum(bytes, l4, sum);
}

function segmentLength(pkt: PacketBuffer, flags: number): number {
  const counted = ((flags & tcp.SYN) !== 0 ? 1 : 0) + ((flags & tcp.FIN) !== 0 ? 1 : 0);
  return counted + pkt.l3End - pkt.l4 - tcp.headerLength(pkt.bytes, pkt.l4);
}
