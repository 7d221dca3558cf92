/**
 * UDP of one host (RFC 768, RFC 1122 4.1): sockets by port, which of them a datagram is for, sending with fragmentation,
 * errors that ICMP reports, groups and broadcasts.
 */
import type { Rng } from '../../base/rng.ts';
import { AddressType, type SocketFacts } from '../../netfilter/host-services.ts';
import type { Family } from '../../netfilter/hook.ts';
import { writeU16 } from '../../wire/bytes.ts';
import { checksum, pseudoOf } from '../../wire/checksum.ts';
import { dissectNetwork } from '../../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as udpHeader from '../../wire/udp.ts';
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import { sendLocal4, writeHeader4 } from '../ip4-send.ts';
import { ownFlowLabel, sendLocal6, writeHeader6 } from '../ip6-send.ts';
import { BOUND_SOCKET, WILDCARD_SOCKET } from '../socket-facts.ts';
import { NetError } from '../tcp/errors.ts';
import { endsOfSent, type Ends } from '../tcp/flow.ts';
import { attachUdp, type IcmpMeaning, type Transport } from '../transport.ts';
import { UdpSocket, type UdpOptions } from './socket.ts';

const MAX_PAYLOAD_4 = 65507;
const MAX_PAYLOAD_6 = 65527;
const ANY = new Int32Array(4);

export class Udp implements Transport {
  readonly host: Host;
  /** Asked for a socket where none wants a datagram that is for one host (a relay stands in for others). */
  claim: ((pkt: PacketBuffer) => UdpSocket | undefined) | null = null;
  private readonly rng: Rng;
  private readonly ports = new Map<number, UdpSocket[]>();
  private readonly told: UdpSocket[] = [];
  private isTelling = false;
  private ipId: number;

  constructor(host: Host) {
    this.host = host;
    this.rng = host.rng;
    this.ipId = host.rng.u32() & 0xffff;
    attachUdp(host, this);
  }

  /** net.core.rmem_default. */
  get defaultReceiveBuffer(): number {
    return this.host.sysctls.get('net.core.rmem_default');
  }

  // ── Sockets ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** A socket on a port; throws NetError EADDRINUSE. */
  open(options: UdpOptions): UdpSocket {
    const port = options.port ?? 0;
    const socket = new UdpSocket(this, options, port === 0 ? this.freePort(options) : port);
    const others = this.ports.get(socket.port) ?? [];
    if (others.some((other) => conflict(other, socket))) throw new NetError('EADDRINUSE');
    this.ports.set(socket.port, [...others, socket]);
    return socket;
  }

  private freePort(options: UdpOptions): number {
    const first = this.host.sysctls.get('net.ipv4.ip_local_port_range[0]');
    const count = this.host.sysctls.get('net.ipv4.ip_local_port_range[1]') - first + 1;
    const offset = this.rng.u32();
    for (let i = 0; i < count; i++) {
      const port = first + ((offset + i) % count);
      const others = this.ports.get(port) ?? [];
      if (!others.some((other) => other.family === options.family)) return port;
    }
    throw new NetError('EADDRINUSE');
  }

  close(socket: UdpSocket): void {
    if (socket.isClosed) return;
    socket.isClosed = true;
    for (const { address, device } of [...socket.groups]) this.leave(socket, address, device);
    const rest = (this.ports.get(socket.port) ?? []).filter((other) => other !== socket);
    if (rest.length > 0) this.ports.set(socket.port, rest);
    else this.ports.delete(socket.port);
  }

  join(socket: UdpSocket, group: Int32Array, device: number): void {
    const [w0, w1, w2, w3] = group;
    if (socket.isIn(w0!, w1!, w2!, w3!, device)) throw new NetError('EADDRINUSE');
    socket.groups.push({ address: group, device });
    this.host.enter();
    this.host.groups.join(this.host.devices.at(device)!, socket.family, group);
    this.host.leave();
  }

  leave(socket: UdpSocket, group: Int32Array, device: number): void {
    const at = socket.groups.findIndex(
      (entry) => entry.device === device && entry.address.every((word, i) => word === group[i]),
    );
    if (at < 0) throw new NetError('EADDRNOTAVAIL');
    socket.groups.splice(at, 1);
    this.host.enter();
    this.host.groups.leave(this.host.devices.at(device)!, socket.family, group);
    this.host.leave();
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  receive(pkt: PacketBuffer, device: Device): boolean {
    const candidates = this.ports.get(pkt.dport) ?? [];
    if (candidates.length === 0 && this.claim === null) return false;
    const family: Family = pkt.family === 6 ? 6 : 4;
    const kind = this.host.addressType(family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, 0);
    if (kind === AddressType.MULTICAST || kind === AddressType.BROADCAST) {
      return this.deliverToAll(candidates, pkt, device, kind === AddressType.MULTICAST);
    }
    const socket = bestOf(candidates, pkt, device) ?? this.claim?.(pkt);
    if (socket === undefined) return false;
    this.deliver(socket, pkt, device);
    return true;
  }

  receiverOf(pkt: PacketBuffer, device: Device): SocketFacts | null {
    const socket = bestOf(this.ports.get(pkt.dport) ?? [], pkt, device);
    if (socket === undefined) return null;
    return socket.address === undefined && socket.remote === undefined ? WILDCARD_SOCKET : BOUND_SOCKET;
  }

  senderOf(pkt: PacketBuffer): SocketFacts | null {
    const ends = endsOfSent(pkt);
    return (this.ports.get(pkt.sport) ?? []).some((socket) => mayHaveSent(socket, ends))
      ? BOUND_SOCKET
      : null;
  }

  /** Groups (the host is in them, or the datagram would not have come so far) and broadcasts reach every socket that wants them. */
  private deliverToAll(
    candidates: readonly UdpSocket[],
    pkt: PacketBuffer,
    device: Device,
    isGroup: boolean,
  ): boolean {
    let isAny = false;
    for (const socket of candidates) {
      if (score(socket, pkt, device) < 0) continue;
      if (isGroup && !socket.wants(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, device.index)) continue;
      this.deliver(socket, pkt, device);
      isAny = true;
    }
    return isAny;
  }

  private deliver(socket: UdpSocket, pkt: PacketBuffer, device: Device): void {
    const { bytes, l3, l4, l3End } = pkt;
    const isAdded = socket.received.add({
      bytes: bytes.slice(l4 + udpHeader.HEADER_LENGTH, l3End),
      address: Int32Array.of(pkt.src0, pkt.src1, pkt.src2, pkt.src3),
      port: pkt.sport,
      to: Int32Array.of(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3),
      device: device.index,
      hopLimit: pkt.family === 4 ? ipv4.ttl(bytes, l3) : ipv6.hopLimit(bytes, l3),
    });
    if (isAdded) this.tell(socket);
  }

  icmpError(ends: Ends, _quoted: number, { code, isHard }: IcmpMeaning): void {
    if (!isHard) return;
    // RFC 1122 4.1.3.3; Linux tells connected sockets only.
    for (const socket of this.ports.get(ends.localPort) ?? []) {
      if (socket.remote === undefined || !mayHaveSent(socket, ends)) continue;
      socket.fail(code);
      this.tell(socket);
    }
  }

  hasSent(ends: Ends): boolean {
    return (this.ports.get(ends.localPort) ?? []).some((socket) => mayHaveSent(socket, ends));
  }

  packetTooBig(): void {
    // The host has taken note of the path MTU, and what is sent next is cut to it.
  }

  private tell(socket: UdpSocket): void {
    if (socket.isTold) return;
    socket.isTold = true;
    this.told.push(socket);
  }

  tellApplications(): void {
    if (this.isTelling || this.told.length === 0) return;
    this.isTelling = true;
    try {
      for (let i = 0; i < this.told.length; i++) {
        const socket = this.told[i]!;
        socket.isTold = false;
        const { error, listener } = socket;
        if (error !== null && listener?.onError !== undefined) {
          socket.error = null;
          listener.onError(socket, error);
        }
        if (socket.received.count > 0) listener?.onMessage?.(socket);
      }
      this.told.length = 0;
    } finally {
      this.isTelling = false;
    }
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  send(socket: UdpSocket, bytes: Uint8Array, to: Int32Array, port: number): void {
    const { host } = this;
    const { family } = socket;
    if (bytes.length > (family === 4 ? MAX_PAYLOAD_4 : MAX_PAYLOAD_6)) throw new NetError('EMSGSIZE');
    const [w0, w1, w2, w3] = to;
    const kind = host.addressType(family, w0!, w1!, w2!, w3!, 0);
    if (kind === AddressType.BROADCAST && !socket.mayBroadcast) throw new NetError('EACCES');
    host.enter();
    try {
      this.transmit(socket, bytes, to, port, kind === AddressType.MULTICAST);
    } finally {
      host.leave();
    }
  }

  private transmit(
    socket: UdpSocket,
    bytes: Uint8Array,
    to: Int32Array,
    port: number,
    isGroup: boolean,
  ): void {
    const { host } = this;
    const { family } = socket;
    const headers = (family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH) + udpHeader.HEADER_LENGTH;
    const pkt = host.pool.take(headers + bytes.length);
    const index = isGroup && socket.multicastDevice !== 0 ? socket.multicastDevice : socket.device;
    const device = index === 0 ? undefined : host.devices.at(index);
    pkt.dst0 = to[0]!;
    pkt.dst1 = to[1]!;
    pkt.dst2 = to[2]!;
    pkt.dst3 = to[3]!;
    const found = family === 4 ? host.route4.output(pkt, device) : host.route6.output(pkt, device);
    const source = found ? this.sourceOf(socket, pkt) : undefined;
    if (source === undefined) {
      host.pool.give(pkt);
      throw new NetError(found ? 'EADDRNOTAVAIL' : 'ENETUNREACH');
    }
    pkt.src0 = source[0]!;
    pkt.src1 = source[1]!;
    pkt.src2 = source[2]!;
    pkt.src3 = source[3]!;
    this.write(socket, pkt, bytes, port, isGroup);
    const comesHome = !isGroup || socket.multicastLoop;
    if (family === 4) sendLocal4(host, pkt, 0, comesHome);
    else sendLocal6(host, pkt, 0, comesHome);
    host.pool.give(pkt);
  }

  private sourceOf(socket: UdpSocket, pkt: PacketBuffer): Int32Array | undefined {
    if (socket.address !== undefined) return socket.address;
    if (socket.family === 6) return this.host.route6.source(pkt);
    const { source } = this.host.route4;
    return source === 0 && pkt.dst0 !== -1 ? undefined : Int32Array.of(source, 0, 0, 0);
  }

  private write(
    socket: UdpSocket,
    pkt: PacketBuffer,
    data: Uint8Array,
    port: number,
    isGroup: boolean,
  ): void {
    const { host } = this;
    const { bytes, l3, l3End } = pkt;
    const isV4 = socket.family === 4;
    const l4 = l3 + (isV4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH);
    writeU16(bytes, l4, socket.port);
    writeU16(bytes, l4 + 2, port);
    writeU16(bytes, l4 + 4, l3End - l4);
    writeU16(bytes, l4 + udpHeader.CHECKSUM_AT, 0);
    bytes.set(data, l4 + udpHeader.HEADER_LENGTH);
    const own = isGroup ? socket.multicastHopLimit : socket.hopLimit;
    if (isV4) {
      const fits = l3End - l3 <= pkt.routeMtu;
      const ttl = own !== 0 ? own : host.defaultTtl;
      // Linux lets routers cut what it sends only where it had to cut it itself.
      const flags = fits && !host.pathMtus.isLocked(pkt) ? ipv4.FLAG_DF : 0;
      writeHeader4(
        pkt,
        ipv4.HEADER_LENGTH,
        socket.typeOfService,
        this.ipId++ & 0xffff,
        flags,
        ttl,
        IPPROTO_UDP,
      );
      dissectNetwork(pkt, ETH_P_IP);
    } else {
      const hopLimit = own !== 0 ? own : host.settings.v6(host.devices.at(pkt.oif)!).hopLimit;
      writeHeader6(pkt, socket.typeOfService, ownFlowLabel(host), IPPROTO_UDP, hopLimit);
      dissectNetwork(pkt, ETH_P_IPV6);
    }
    const sum = udpHeader.mangleZero(checksum(bytes, l4, l3End, pseudoOf(pkt, l3End - l4)));
    udpHeader.setChecksum(bytes, l4, sum);
  }
}

/** The socket that says most about the datagram; of equals the newest. */
function bestOf(candidates: readonly UdpSocket[], pkt: PacketBuffer, device: Device): UdpSocket | undefined {
  let best: UdpSocket | undefined;
  let bestScore = -1;
  for (const socket of candidates) {
    const points = score(socket, pkt, device);
    if (points < 0 || points < bestScore) continue;
    best = socket;
    bestScore = points;
  }
  return best;
}

/** -1 when it does not match; more for each thing that it says (Linux: compute_score). */
function score(socket: UdpSocket, pkt: PacketBuffer, device: Device): number {
  if (socket.family !== (pkt.family === 6 ? 6 : 4)) return -1;
  let points = 0;
  if (socket.address !== undefined) {
    if (!isAddress(socket.address, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3)) return -1;
    points += 4;
  }
  if (socket.remote !== undefined) {
    if (socket.remotePort !== pkt.sport) return -1;
    if (!isAddress(socket.remote, pkt.src0, pkt.src1, pkt.src2, pkt.src3)) return -1;
    points += 8;
  }
  if (socket.device !== 0) {
    if (socket.device !== device.index) return -1;
    points += 4;
  }
  return points;
}

/** Could a packet between those ends have come from this socket? */
function mayHaveSent({ family, address, remote, remotePort }: UdpSocket, ends: Ends): boolean {
  if (family !== ends.family) return false;
  if (address?.some((word, i) => word !== ends.local[i]) === true) return false;
  if (remote === undefined) return true;
  return remotePort === ends.remotePort && remote.every((word, i) => word === ends.remote[i]);
}

function isAddress(words: Int32Array, w0: number, w1: number, w2: number, w3: number): boolean {
  return words[0] === w0 && words[1] === w1 && words[2] === w2 && words[3] === w3;
}

function conflict(a: UdpSocket, b: UdpSocket): boolean {
  if (a.family !== b.family || (a.reuseAddress && b.reuseAddress)) return false;
  if (a.device !== 0 && b.device !== 0 && a.device !== b.device) return false;
  const [x, y] = [a.address ?? ANY, b.address ?? ANY];
  if (a.address === undefined || b.address === undefined) return true;
  return x.every((word, i) => word === y[i]);
}
