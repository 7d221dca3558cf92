/**
 * ICMPv6 messages of the host's own (RFC 4443; Linux: icmpv6_send, icmpv6_echo_reply): which packets are never answered
 * (section 2.4 e), what is quoted, where the answer comes from, how many there may be.
 */
import { AddressType } from '../netfilter/host-services.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { writeU16, writeU32 } from '../wire/bytes.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IPV6 } from '../wire/ether-type.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_ICMPV6 } from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import * as nd from '../wire/nd.ts';
import { PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { isLinkLocal6 } from './addresses.ts';
import { attachTo } from './attach.ts';
import { LOOPBACK_INDEX, type Device } from './device.ts';
import type { Host } from './host.ts';
import { ownFlowLabel, sendLocal6, writeHeader6 } from './ip6-send.ts';

/** An error is never longer than the smallest MTU (RFC 4443 3.1). */
const MOST_QUOTED = ipv6.MIN_MTU - ipv6.HEADER_LENGTH - icmpv6.HEADER_LENGTH;
/** Informational messages have this bit in their type. */
const INFORMATIONAL = 0x80;

export class Icmp6Out {
  private readonly host: Host;
  /** A message is on its way out. Whoever objects to it there gets no message (icmpv6_xmit_lock is taken). */
  private isSending: boolean;

  constructor(host: Host) {
    this.host = host;
    this.isSending = false;
  }

  /** Answers with an error that quotes the packet. `info` is the second word. */
  error(pkt: PacketBuffer, type: number, code: number, info: number): void {
    if (this.isSending || !this.mayAnswer(pkt, type, code)) return;
    const host = this.host;
    // net.ipv6.icmp.ratemask, which we do not let anybody change: all errors but this one.
    const limited = type !== icmpv6.PACKET_TOO_BIG;
    if (limited && !host.limits4.allowGlobal()) return;
    const quoted = Math.min(MOST_QUOTED, pkt.l3End - pkt.l3);
    const message = this.begin(pkt, icmpv6.HEADER_LENGTH + quoted);
    attachTo(message, pkt);
    if (this.findWay(message, pkt) && (!limited || this.allowPeer(message))) {
      const at = message.l3 + ipv6.HEADER_LENGTH;
      message.bytes.set(pkt.bytes.subarray(pkt.l3, pkt.l3 + quoted), at + icmpv6.HEADER_LENGTH);
      writeU32(message.bytes, at + 4, info);
      this.finish(message, type, code, 0);
    }
    host.pool.give(message);
  }

  /** Answers an echo request: what it brought goes back, and so does its traffic class. */
  echoReply(pkt: PacketBuffer, isUnicast: boolean): void {
    if (this.isSending) return;
    const length = pkt.l3End - pkt.l4;
    const message = this.begin(pkt, length);
    if (this.findEchoWay(message, pkt, isUnicast)) {
      const at = message.l3 + ipv6.HEADER_LENGTH;
      message.bytes.set(pkt.bytes.subarray(pkt.l4, pkt.l3End), at);
      this.finish(message, icmpv6.ECHO_REPLY, message.bytes[at + 1]!, ipv6.trafficClass(pkt.bytes, pkt.l3));
    }
    this.host.pool.give(message);
  }

  private mayAnswer(pkt: PacketBuffer, type: number, code: number): boolean {
    if (pkt.family !== 6) return false;
    if (pkt.packetType !== PacketType.HOST || pkt.dst0 >>> 24 === 0xff) {
      // Sent to many: only what concerns the path, or an option that insists on an answer.
      const insists = type === icmpv6.PARAMETER_PROBLEM && code === icmpv6.UNKNOWN_OPTION && this.insists;
      if (type !== icmpv6.PACKET_TOO_BIG && !insists) return false;
    }
    if (pkt.src0 >>> 24 === 0xff || (pkt.src0 | pkt.src1 | pkt.src2 | pkt.src3) === 0) return false;
    // Errors about errors, and about what cannot be told from one.
    if (pkt.proto !== IPPROTO_ICMPV6) return true;
    if (pkt.fragOffset !== 0) return true;
    return pkt.l4 < pkt.l3End && (pkt.bytes[pkt.l4]! & INFORMATIONAL) !== 0;
  }

  /** The unknown option being reported has both its highest bits set (RFC 8200 4.2: 10 insists on an answer to all). */
  insists = false;

  private allowPeer(message: PacketBuffer): boolean {
    const host = this.host;
    // Wider routes get more: half for each 32 bits that the prefix is shorter.
    const length = host.route6.route?.length ?? 128;
    const timeout = host.sysctls.get('net.ipv6.icmp.ratelimit') >> ((128 - length) >> 5);
    return host.limits4.allowPeer(this.peerKey(message), timeout);
  }

  private peerKey(message: PacketBuffer): string {
    return `${message.dst0},${message.dst1},${message.dst2},${message.dst3}`;
  }

  private begin(cause: PacketBuffer, length: number): PacketBuffer {
    const message = this.host.pool.take(ipv6.HEADER_LENGTH + length);
    message.cause = cause.cause;
    message.dst0 = cause.src0;
    message.dst1 = cause.src1;
    message.dst2 = cause.src2;
    message.dst3 = cause.src3;
    return message;
  }

  /** The way back, and the source: the packet's own destination when that is us, else one of the interface it came on. */
  private findWay(message: PacketBuffer, pkt: PacketBuffer): boolean {
    const host = this.host;
    const arrival = host.devices.at(isOwnNd(pkt) ? pkt.oif : pkt.iif);
    if (!host.route6.output(message, isLinkLocal6(message.dst0) ? arrival : undefined)) return false;
    if (this.isOwn(pkt)) {
      this.setSource(message, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
      return true;
    }
    return this.setSourceFrom(message, this.source(message, arrival));
  }

  private isOwn(pkt: PacketBuffer): boolean {
    if (pkt.packetType !== PacketType.HOST) return false;
    const { dst0, dst1, dst2, dst3 } = pkt;
    // An address of another link is not ours on this one.
    const link = isLinkLocal6(dst0) ? pkt.iif : 0;
    const kind = this.host.addressType(6, dst0, dst1, dst2, dst3, link);
    return kind === AddressType.LOCAL || kind === AddressType.ANYCAST;
  }

  private source(message: PacketBuffer, device: Device | undefined): Int32Array | undefined {
    const { route6 } = this.host;
    const preferred = route6.route?.preferredSource;
    const hasPreferred = preferred !== undefined && preferred.some((word) => word !== 0);
    if (hasPreferred || device === undefined || device.isLoopback) return route6.source(message);
    return route6.sourceOn(message, device) ?? route6.source(message);
  }

  private findEchoWay(message: PacketBuffer, pkt: PacketBuffer, isUnicast: boolean): boolean {
    const { route6, devices } = this.host;
    const arrival = devices.at(pkt.iif);
    if (!route6.output(message, arrival)) return false;
    if (isUnicast) {
      this.setSource(message, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
      return true;
    }
    // Without a source of its own the answer leaves by the device that it was asked on, or not at all.
    if (message.oif !== pkt.iif && message.oif !== LOOPBACK_INDEX) return false;
    return this.setSourceFrom(message, route6.source(message));
  }

  private setSourceFrom(message: PacketBuffer, words: Int32Array | undefined): boolean {
    if (words === undefined) return false;
    this.setSource(message, words[0]!, words[1]!, words[2]!, words[3]!);
    return true;
  }

  private setSource(message: PacketBuffer, w0: number, w1: number, w2: number, w3: number): void {
    message.src0 = w0;
    message.src1 = w1;
    message.src2 = w2;
    message.src3 = w3;
  }

  private finish(message: PacketBuffer, type: number, code: number, trafficClass: number): void {
    const { bytes, l3, l3End } = message;
    const host = this.host;
    const at = l3 + ipv6.HEADER_LENGTH;
    bytes[at] = type;
    bytes[at + 1] = code;
    const hopLimit = host.settings.v6(host.devices.at(message.oif)!).hopLimit;
    writeHeader6(message, trafficClass, ownFlowLabel(host), IPPROTO_ICMPV6, hopLimit);
    dissectNetwork(message, ETH_P_IPV6);
    writeU16(bytes, at + 2, 0);
    writeU16(bytes, at + 2, checksum(bytes, at, l3End, pseudoOf(message, l3End - at)));
    const isLong = l3End - l3 > message.routeMtu;
    if (isLong) {
      const headers = ipv6.HEADER_LENGTH + ipv6ext.FRAGMENT_LENGTH;
      host.fragments.cutOwn(message, l3End - at, message.routeMtu - headers);
    }
    this.isSending = true;
    sendLocal6(host, message);
    this.isSending = false;
    if (isLong) host.fragments.forgetPieces(message);
  }

  /** The next hop of a packet that waited does not answer. */
  linkFailure(pkt: PacketBuffer): void {
    this.error(pkt, icmpv6.DEST_UNREACH, icmpv6.ADDR_UNREACH, 0);
  }
}

/** A message of the host's own neighbour discovery, rejected by OUTPUT: it belongs to a link from the beginning. */
function isOwnNd(pkt: PacketBuffer): boolean {
  return pkt.iif === 0 && pkt.proto === IPPROTO_ICMPV6 && nd.isNd(icmpv6.type(pkt.bytes, pkt.l4));
}
