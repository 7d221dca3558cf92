/**
 * ICMP messages of the host's own (RFC 792, RFC 1122 3.2.2, RFC 1812 4.3.2; Linux: icmp_send, icmp_reply): which packets
 * are never answered with an error, what is quoted, where the answer comes from, how many there may be.
 */
import { AddressType } from '../netfilter/host-services.ts';
import { checksum, fold, pseudoOf } from '../wire/checksum.ts';
import { writeU16, writeU32 } from '../wire/bytes.ts';
import * as icmp from '../wire/icmp.ts';
import { IPPROTO_ICMP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as tcp from '../wire/tcp.ts';
import { ChecksumState, PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IP } from '../wire/ether-type.ts';
import { Scope } from './addresses.ts';
import { attachTo } from './attach.ts';
import type { Host } from './host.ts';
import { OptionsEcho } from './ip4-options-echo.ts';
import { sendLocal4, writeHeader4 } from './ip4-send.ts';

/** RFC 1812 4.3.2.3: as much as fits into the datagram that everybody takes. */
const LONGEST_ERROR = 576;
/** Of the TOS field, what an answer repeats (IPTOS_TOS_MASK without its lowest bit), and the precedence of errors. */
const TOS_KEPT = 0x1e;
const PRECEDENCE_INTERNETWORK_CONTROL = 0xc0;
/** 192.0.0.8, for a host without an address (RFC 7600). */
const DUMMY_ADDRESS = 0xc0000008 | 0;

/** Types that report an error; all that are not known as queries and replies are taken for such. */
export function isIcmp4Error(type: number): boolean {
  switch (type) {
    case icmp.ECHO_REPLY:
    case icmp.ECHO_REQUEST:
    case icmp.TIMESTAMP_REQUEST:
    case icmp.TIMESTAMP_REPLY:
    case icmp.INFO_REQUEST:
    case icmp.INFO_REPLY:
    case icmp.ADDRESS_MASK_REQUEST:
    case icmp.ADDRESS_MASK_REPLY:
      return false;
    default:
      return true;
  }
}

export class Icmp4Out {
  private readonly host: Host;
  /** The options of a packet, for its answer; resets of closed ports use it too. */
  readonly echo: OptionsEcho;
  /** A message is on its way out. Whoever objects to it there gets no message (icmp_xmit_lock is taken). */
  private isSending: boolean;

  constructor(host: Host) {
    this.host = host;
    this.isSending = false;
    this.echo = new OptionsEcho(host);
  }

  /**
   * icmp_send: answers `pkt` with an error, or any other message that quotes it. `info` is the second word; options that
   * stand before `optionsEnd` are echoed.
   */
  error(pkt: PacketBuffer, type: number, code: number, info: number, optionsEnd: number = pkt.l4): void {
    if (!this.mayAnswer(pkt)) return;
    const host = this.host;
    const limited = this.isLimited(type, code);
    if (limited && !host.limits4.allowGlobal()) return;
    if (this.isSending) return;
    const { bytes, l3 } = pkt;
    if (this.echo.prepare(pkt, optionsEnd) < 0) return;
    const longest = this.route(this.errorSource(pkt), pkt.src0);
    if (longest < 0) return;
    if (limited && !this.allowPeer(pkt.src0)) return;
    const headers = ipv4.HEADER_LENGTH + this.echo.length + icmp.HEADER_LENGTH;
    const room = Math.min(longest, LONGEST_ERROR) - headers;
    if (room <= ipv4.HEADER_LENGTH) return;
    const quoted = Math.min(room, pkt.l3End - l3);
    const tos = (ipv4.tos(bytes, l3) & TOS_KEPT) | PRECEDENCE_INTERNETWORK_CONTROL;
    const message = this.begin(pkt, headers + quoted);
    attachTo(message, pkt);
    const at = message.l3 + headers;
    message.bytes.set(bytes.subarray(l3, l3 + quoted), at);
    if (pkt.checksumState === ChecksumState.PENDING) {
      tcp.setChecksum(message.bytes, at + pkt.l4 - l3, fold(pseudoOf(pkt, pkt.l3End - pkt.l4)));
    }
    this.finish(message, at - icmp.HEADER_LENGTH, type, code, info, tos);
  }

  /** The next hop of a packet that waited does not answer (ipv4_link_failure). */
  linkFailure(pkt: PacketBuffer): void {
    this.error(pkt, icmp.DEST_UNREACH, icmp.HOST_UNREACH, 0);
  }

  /** A better first hop for the packet's sender, not too often. */
  redirect(pkt: PacketBuffer): void {
    if (!this.host.limits4.allowRedirect(pkt.src0)) return;
    this.error(pkt, icmp.REDIRECT, icmp.REDIRECT_HOST, pkt.via0);
  }

  /**
   * icmp_reply: the answer to a query; what stands behind the type, code and checksum of the query comes back, up to
   * `length` bytes of ICMP.
   */
  reply(pkt: PacketBuffer, type: number, length: number): PacketBuffer | undefined {
    const { bytes, l3, l4 } = pkt;
    if (this.isSending || this.echo.prepare(pkt, pkt.l4) < 0) return undefined;
    if (this.route(this.host.specificDestination4(pkt), pkt.src0) < 0) return undefined;
    const headers = ipv4.HEADER_LENGTH + this.echo.length;
    const message = this.begin(pkt, headers + length);
    const at = message.l3 + headers;
    message.bytes.set(bytes.subarray(l4, l4 + length), at);
    message.bytes[at] = type;
    message.l4 = at;
    message.priority = ipv4.tos(bytes, l3);
    return message;
  }

  /** Sends what `reply` prepared. */
  sendReply(message: PacketBuffer): void {
    const { bytes, l4 } = message;
    this.finish(message, l4, bytes[l4]!, bytes[l4 + 1]!, undefined, message.priority);
  }

  private mayAnswer(pkt: PacketBuffer): boolean {
    // Nobody answers what was sent to many, at whatever layer; of fragments only the first is answered.
    if (pkt.packetType !== PacketType.HOST || pkt.fragOffset !== 0 || pkt.family !== 4) return false;
    const kind = this.host.addressType(4, pkt.dst0, 0, 0, 0, 0);
    if (kind === AddressType.BROADCAST || kind === AddressType.MULTICAST) return false;
    if (pkt.proto !== IPPROTO_ICMP) return true;
    return pkt.l4 < pkt.l3End && !isIcmp4Error(pkt.bytes[pkt.l4]!);
  }

  private isLimited(type: number, code: number): boolean {
    if (type === icmp.DEST_UNREACH && code === icmp.FRAG_NEEDED) return false;
    return ((1 << type) & this.host.sysctls.get('net.ipv4.icmp_ratemask')) !== 0;
  }

  private allowPeer(destination: number): boolean {
    return this.host.limits4.allowPeer(destination, this.host.sysctls.get('net.ipv4.icmp_ratelimit'));
  }

  /** The packet's own destination when that is us; else 0 for what the way back says. */
  private errorSource(pkt: PacketBuffer): number {
    const host = this.host;
    if (host.addressType(4, pkt.dst0, 0, 0, 0, 0) === AddressType.LOCAL) return pkt.dst0;
    const device = host.devices.at(pkt.iif);
    if (device === undefined || host.sysctls.get('net.ipv4.icmp_errors_use_inbound_ifaddr') === 0) return 0;
    return host.addresses.select4(device, pkt.src0, Scope.LINK);
  }

  private readonly way = { source: 0, destination: 0, oif: 0, via: 0, mtu: 0 };

  /** Finds the way back; returns its MTU, or -1 when there is none. */
  private route(source: number, destination: number): number {
    const way = this.way;
    const host = this.host;
    const probe = host.pool.take(0);
    probe.dst0 = destination;
    const found = host.route4.output(probe, undefined);
    way.source = source !== 0 ? source : host.route4.source !== 0 ? host.route4.source : DUMMY_ADDRESS;
    way.destination = destination;
    way.oif = probe.oif;
    way.via = probe.via0;
    way.mtu = probe.routeMtu;
    host.pool.give(probe);
    return found ? way.mtu : -1;
  }

  private begin(cause: PacketBuffer, length: number): PacketBuffer {
    const { way } = this;
    const message = this.host.pool.take(length);
    message.src0 = way.source;
    message.dst0 = way.destination;
    message.oif = way.oif;
    message.via0 = way.via;
    message.routeMtu = way.mtu;
    message.cause = cause.cause;
    return message;
  }

  private finish(
    message: PacketBuffer,
    at: number,
    type: number,
    code: number,
    info: number | undefined,
    tos: number,
  ): void {
    const { bytes, l3 } = message;
    const host = this.host;
    bytes[at] = type;
    bytes[at + 1] = code;
    writeU16(bytes, at + 2, 0);
    if (info !== undefined) writeU32(bytes, at + 4, info);
    writeU16(bytes, at + 2, checksum(bytes, at, message.l3End, 0));
    this.echo.write(bytes, l3 + ipv4.HEADER_LENGTH, message);
    const headerLength = ipv4.HEADER_LENGTH + this.echo.length;
    const ttl = host.sysctls.get('net.ipv4.ip_default_ttl');
    writeHeader4(message, headerLength, tos, host.rng.u32() & 0xffff, 0, ttl, IPPROTO_ICMP);
    dissectNetwork(message, ETH_P_IP);
    message.priority = 0;
    const isLong = message.l3End - l3 > message.routeMtu;
    if (isLong) host.fragments.cutOwn(message, message.l3End - at, message.routeMtu - headerLength);
    this.isSending = true;
    sendLocal4(host, message);
    this.isSending = false;
    if (isLong) host.fragments.forgetPieces(message);
    host.pool.give(message);
  }
}
