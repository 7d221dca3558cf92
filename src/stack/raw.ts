/**
 * Raw sockets (raw(7)): packets of one protocol that the caller makes himself, all but their IP header, and a look at every
 * packet of that protocol that is delivered to the host, whoever else it is for. Ping and traceroute stand on them.
 */
import type { Family } from '../netfilter/hook.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { writeU16 } from '../wire/bytes.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../wire/ether-type.ts';
import { IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { DropReason } from '../netfilter/drop-reason.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { sendLocal4, writeHeader4 } from './ip4-send.ts';
import { ownFlowLabel, sendLocal6, writeHeader6 } from './ip6-send.ts';

/** Sees a packet; its bytes are lent for the length of the call. */
export type RawListener = (pkt: PacketBuffer, device: Device) => void;

/** Why a packet was not sent, as errno has it. */
export type RawError = 'ENETUNREACH' | 'EHOSTUNREACH' | 'EACCES' | 'EINVAL' | 'EMSGSIZE' | 'EADDRNOTAVAIL';

/** IP_MTU_DISCOVER: `do` never cut, `want` not cut where it fits, `dont` let others cut. */
export type MtuDiscovery = 'do' | 'want' | 'dont';

export interface RawPacket {
  readonly family: Family;
  readonly protocol: number;
  readonly destination: Int32Array;
  /** Undefined: what routing says. */
  readonly source?: Int32Array | undefined;
  /** What follows the IP header. A checksum over it and the addresses is filled in where `checksumAt` says. */
  readonly payload: Uint8Array;
  readonly checksumAt?: number | undefined;
  /** 0: the host's. */
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
  readonly mark?: number | undefined;
  readonly discovery?: MtuDiscovery | undefined;
  readonly device?: Device | undefined;
}

const LARGEST = 65535;

export class RawSockets {
  private readonly host: Host;
  private readonly listeners: { family: Family; protocol: number; listener: RawListener }[] = [];
  private identifiers = 0;
  /** The MTU of the way, when a packet was too large for it. */
  mtu = 0;

  constructor(host: Host) {
    this.host = host;
  }

  /** For the queries of one program: no other on this host has it. */
  nextIdentifier(): number {
    this.identifiers = (this.identifiers + 1) & 0xffff;
    return this.identifiers;
  }

  /** Whoever calls what is returned hears no more. */
  listen(family: Family, protocol: number, listener: RawListener): () => void {
    const entry = { family, protocol, listener };
    this.listeners.push(entry);
    return () => {
      const at = this.listeners.indexOf(entry);
      if (at >= 0) this.listeners.splice(at, 1);
    };
  }

  isHeard(family: Family, protocol: number): boolean {
    return this.listeners.some((one) => one.family === family && one.protocol === protocol);
  }

  /** True when somebody saw it. */
  deliver(pkt: PacketBuffer, device: Device): boolean {
    if (this.listeners.length === 0) return false;
    let isSeen = false;
    for (const { family, protocol, listener } of [...this.listeners]) {
      if (family !== pkt.family || protocol !== pkt.proto) continue;
      listener(pkt, device);
      isSeen = true;
    }
    return isSeen;
  }

  /** The way there, for who asks before he sends: the source, or why there is none. */
  connect(packet: Omit<RawPacket, 'payload' | 'protocol'>): Int32Array | RawError {
    const pkt = this.host.pool.take(0);
    const found = this.route(pkt, packet);
    this.host.pool.give(pkt);
    return found;
  }

  /** Undefined when it was sent, or at least routed. */
  send(packet: RawPacket): RawError | undefined {
    const { host } = this;
    const { family, payload } = packet;
    const headerLength = family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
    if (headerLength + payload.length > LARGEST) return 'EMSGSIZE';
    const pkt = host.pool.take(headerLength + payload.length);
    const source = this.route(pkt, packet);
    if (typeof source === 'string') {
      host.pool.give(pkt);
      return source;
    }
    [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = source as unknown as [number, number, number, number];
    const fits = headerLength + payload.length <= pkt.routeMtu;
    const discovery = packet.discovery ?? 'want';
    if (!fits && discovery === 'do') {
      this.mtu = pkt.routeMtu;
      host.pool.give(pkt);
      return 'EMSGSIZE';
    }
    this.write(pkt, packet, headerLength, fits && discovery !== 'dont');
    host.enter();
    if (family === 4) sendLocal4(host, pkt);
    else sendLocal6(host, pkt);
    host.leave();
    host.pool.give(pkt);
    return undefined;
  }

  private write(pkt: PacketBuffer, packet: RawPacket, headerLength: number, dontFragment: boolean): void {
    const { host } = this;
    const { bytes, l3, l3End } = pkt;
    const l4 = l3 + headerLength;
    const tos = packet.tos ?? 0;
    pkt.mark = packet.mark ?? 0;
    bytes.set(packet.payload, l4);
    if (packet.family === 4) {
      const ttl = packet.ttl === undefined || packet.ttl === 0 ? host.defaultTtl : packet.ttl;
      const flags = dontFragment ? ipv4.FLAG_DF : 0;
      writeHeader4(pkt, headerLength, tos, host.rng.u32() & 0xffff, flags, ttl, packet.protocol);
      dissectNetwork(pkt, ETH_P_IP);
    } else {
      const own = host.settings.v6(host.devices.at(pkt.oif)!).hopLimit;
      const ttl = packet.ttl === undefined || packet.ttl === 0 ? own : packet.ttl;
      writeHeader6(pkt, tos, ownFlowLabel(host), packet.protocol, ttl);
      dissectNetwork(pkt, ETH_P_IPV6);
    }
    if (packet.checksumAt === undefined) return;
    const at = l4 + packet.checksumAt;
    writeU16(bytes, at, 0);
    const cover = hasPseudoHeader(packet.protocol) ? pseudoOf(pkt, l3End - l4) : 0;
    writeU16(bytes, at, checksum(bytes, l4, l3End, cover));
  }

  private route(pkt: PacketBuffer, packet: Omit<RawPacket, 'payload' | 'protocol'>): Int32Array | RawError {
    const { host } = this;
    [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = packet.destination as unknown as [
      number,
      number,
      number,
      number,
    ];
    pkt.mark = packet.mark ?? 0;
    const { source } = packet;
    if (source !== undefined)
      [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = source as unknown as [number, number, number, number];
    if (packet.family === 4) {
      if (!host.route4.output(pkt, packet.device)) return errorOf(host.route4.dropReason);
      return source ?? Int32Array.of(host.route4.source, 0, 0, 0);
    }
    if (!host.route6.output(pkt, packet.device)) return errorOf(host.route6.dropReason);
    return source ?? host.route6.source(pkt)?.slice() ?? 'EADDRNOTAVAIL';
  }
}

function hasPseudoHeader(protocol: number): boolean {
  return protocol === IPPROTO_UDP || protocol === IPPROTO_TCP || protocol === IPPROTO_ICMPV6;
}

function errorOf(reason: number): RawError {
  switch (reason) {
    case DropReason.ROUTE_UNREACHABLE:
      return 'EHOSTUNREACH';
    case DropReason.ROUTE_PROHIBIT:
      return 'EACCES';
    case DropReason.ROUTE_BLACKHOLE:
      return 'EINVAL';
    default:
      return 'ENETUNREACH';
  }
}

export const RAW_ERROR_TEXTS: Readonly<Record<RawError, string>> = {
  ENETUNREACH: 'Network is unreachable',
  EHOSTUNREACH: 'No route to host',
  EACCES: 'Permission denied',
  EINVAL: 'Invalid argument',
  EMSGSIZE: 'Message too long',
  EADDRNOTAVAIL: 'Cannot assign requested address',
};
