/**
 * Neighbour discovery (RFC 4861) of one host: asks for neighbours, answers for own addresses, learns from both, tells
 * senders of a better first hop (Linux: net/ipv6/ndisc.c). What routers say is router-discovery.ts, the question
 * whether an address is free duplicate-detection.ts; who wants to be a router here answers `onRouterSolicitation`.
 */
import { call } from '../base/call.ts';
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { readI32, writeU16 } from '../wire/bytes.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IPV6 } from '../wire/ether-type.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_ICMPV6 } from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as nd from '../wire/nd.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { WireStatus } from '../wire/wire-status.ts';
import { isLinkLocal6, Scope } from './addresses.ts';
import { LOOPBACK_INDEX, type Device } from './device.ts';
import type { Host } from './host.ts';
import { sendLocal6, writeHeader6 } from './ip6-send.ts';
import { NeighbourState, type Neighbour } from './neighbour.ts';
import { receiveRedirect6 } from './redirect-in.ts';

const ALL_NODES_0 = 0xff020000 | 0;
const ALL_ROUTERS_3 = 2;
const NOBODY = new Int32Array(4);
const SOLICITED_NODE_3 = 0xff000000 | 0;
/** ndisc's own limit on redirects, in milliseconds. */
const REDIRECT_INTERVAL_MS = 1000;
const OPTION_HEADER_LENGTH = 8;

export class NeighbourDiscovery {
  /** Whoever advertises the router on its links. */
  onRouterSolicitation: ((device: Device) => void) | null = null;
  /** False on links whose stations do not hear each other. */
  showsBetterWays = true;
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** Sends a router advertisement to all nodes of a link. */
  advertise(device: Device, message: Uint8Array): void {
    const source = this.linkLocalOf(device);
    if (source === undefined) return;
    const pkt = this.begin(message.length, device, source, 0);
    this.setDestination(pkt, ALL_NODES_0, 0, 0, 1);
    pkt.bytes.set(message, pkt.l3 + ipv6.HEADER_LENGTH);
    this.host.enter();
    this.finish(pkt);
    this.host.leave();
  }

  // ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────

  solicit(neighbour: Neighbour): void {
    const { device, w0, w1, w2, w3 } = neighbour;
    const source = this.solicitSource(neighbour);
    if (source === undefined) return;
    const pkt = this.begin(
      nd.NEIGHBOUR_WITH_ADDRESS_LENGTH,
      device,
      source,
      neighbour.queue.at(-1)?.cause ?? 0,
    );
    if (neighbour.state === NeighbourState.PROBE) this.setDestination(pkt, w0, w1, w2, w3);
    else this.setDestination(pkt, ALL_NODES_0, 0, 1, SOLICITED_NODE_3 | (w3 & 0xffffff));
    const at = pkt.l3 + ipv6.HEADER_LENGTH;
    const target = new Uint8Array(16);
    ipv6.writeAddress(target, 0, w0, w1, w2, w3);
    nd.writeNeighbour(pkt.bytes, at, icmpv6.NEIGHBOUR_SOLICITATION, 0, target, 0, device.mac, 0);
    this.finish(pkt);
  }

  /** The source of the last packet that waits, where it is an address of the link; else the link-local one. */
  private solicitSource(neighbour: Neighbour): Int32Array | undefined {
    const { addresses } = this.host;
    const waiting = neighbour.queue.at(-1);
    const own =
      waiting === undefined
        ? undefined
        : addresses.find(6, waiting.src0, waiting.src1, waiting.src2, waiting.src3, neighbour.device);
    return own?.words ?? this.linkLocalOf(neighbour.device);
  }

  private linkLocalOf(device: Device): Int32Array | undefined {
    return this.host.addresses.of(device, 6).find(({ scope }) => scope === Scope.LINK)?.words;
  }

  /** Is the address anybody's? (RFC 4862 5.4.2; the nonce tells the question from others': RFC 7527) */
  solicitUnused(device: Device, words: Int32Array, nonce: Uint8Array): void {
    const pkt = this.begin(nd.NEIGHBOUR_LENGTH + OPTION_HEADER_LENGTH, device, NOBODY, 0);
    this.setDestination(pkt, ALL_NODES_0, 0, 1, SOLICITED_NODE_3 | (words[3]! & 0xffffff));
    const { bytes } = pkt;
    const at = pkt.l3 + ipv6.HEADER_LENGTH;
    bytes.fill(0, at, at + nd.NEIGHBOUR_LENGTH);
    bytes[at] = icmpv6.NEIGHBOUR_SOLICITATION;
    ipv6.writeAddress(bytes, nd.targetAt(at), words[0]!, words[1]!, words[2]!, words[3]!);
    bytes[at + nd.NEIGHBOUR_LENGTH] = nd.OPTION_NONCE;
    bytes[at + nd.NEIGHBOUR_LENGTH + 1] = 1;
    bytes.set(nonce, at + nd.NEIGHBOUR_LENGTH + 2);
    this.finish(pkt);
  }

  /** Tells all nodes of the link where an address of ours is (RFC 4861 7.2.6; Linux: ndisc_send_unsol_na). */
  announce(device: Device, words: Int32Array): void {
    const pkt = this.begin(nd.NEIGHBOUR_WITH_ADDRESS_LENGTH, device, words, 0);
    this.setDestination(pkt, ALL_NODES_0, 0, 0, 1);
    const router = this.host.settings.v6(device).isRouter ? nd.NA_ROUTER : 0;
    const target = new Uint8Array(16);
    ipv6.writeAddress(target, 0, words[0]!, words[1]!, words[2]!, words[3]!);
    const at = pkt.l3 + ipv6.HEADER_LENGTH;
    const type = icmpv6.NEIGHBOUR_ADVERTISEMENT;
    nd.writeNeighbour(pkt.bytes, at, type, router | nd.NA_OVERRIDE, target, 0, device.mac, 0);
    this.host.enter();
    this.finish(pkt);
    this.host.leave();
  }

  /** Who routes here? */
  solicitRouters(device: Device): void {
    const source = this.linkLocalOf(device);
    const length = nd.ROUTER_SOLICITATION_LENGTH + (source === undefined ? 0 : OPTION_HEADER_LENGTH);
    const pkt = this.begin(length, device, source ?? NOBODY, 0);
    this.setDestination(pkt, ALL_NODES_0, 0, 0, ALL_ROUTERS_3);
    const { bytes } = pkt;
    const at = pkt.l3 + ipv6.HEADER_LENGTH;
    bytes.fill(0, at, at + length);
    bytes[at] = icmpv6.ROUTER_SOLICITATION;
    if (source !== undefined) {
      bytes[at + nd.ROUTER_SOLICITATION_LENGTH] = nd.OPTION_SOURCE_LINK_ADDRESS;
      bytes[at + nd.ROUTER_SOLICITATION_LENGTH + 1] = 1;
      bytes.set(device.mac, at + nd.ROUTER_SOLICITATION_LENGTH + 2);
    }
    this.finish(pkt);
  }

  // ── Messages ────────────────────────────────────────────────────────────────────────────────────────────────

  private begin(length: number, device: Device, source: Int32Array, cause: number): PacketBuffer {
    const pkt = this.host.pool.take(ipv6.HEADER_LENGTH + length);
    pkt.oif = device.index;
    pkt.routeMtu = device.mtu;
    pkt.src0 = source[0]!;
    pkt.src1 = source[1]!;
    pkt.src2 = source[2]!;
    pkt.src3 = source[3]!;
    pkt.cause = cause;
    return pkt;
  }

  private setDestination(pkt: PacketBuffer, w0: number, w1: number, w2: number, w3: number): void {
    pkt.dst0 = pkt.via0 = w0;
    pkt.dst1 = pkt.via1 = w1;
    pkt.dst2 = pkt.via2 = w2;
    pkt.dst3 = pkt.via3 = w3;
  }

  /** Headers, checksum, and out: by OUTPUT like any other packet. `link`: the device that it is about. */
  finish(pkt: PacketBuffer, link = pkt.oif): void {
    const { bytes, l3, l3End } = pkt;
    const at = l3 + ipv6.HEADER_LENGTH;
    writeHeader6(pkt, 0, 0, IPPROTO_ICMPV6, nd.HOP_LIMIT);
    dissectNetwork(pkt, ETH_P_IPV6);
    writeU16(bytes, at + 2, 0);
    writeU16(bytes, at + 2, checksum(bytes, at, l3End, pseudoOf(pkt, l3End - at)));
    sendLocal6(this.host, pkt, link, false);
    this.host.pool.give(pkt);
  }

  // ── Receiving ───────────────────────────────────────────────────────────────────────────────────────────────

  receive(pkt: PacketBuffer, device: Device): void {
    const { bytes, l3, l4 } = pkt;
    const isValid =
      ipv6.hopLimit(bytes, l3) === nd.HOP_LIMIT &&
      icmpv6.code(bytes, l4) === 0 &&
      nd.check(bytes, l4, pkt.l3End) === WireStatus.OK;
    const taken = isValid && this.take(pkt, device, icmpv6.type(bytes, l4));
    if (taken) this.host.deliver(pkt);
    else this.host.drop(pkt, DropReason.ND_IGNORED);
  }

  private take(pkt: PacketBuffer, device: Device, type: number): boolean {
    switch (type) {
      case icmpv6.NEIGHBOUR_SOLICITATION:
        return this.takeSolicitation(pkt, device);
      case icmpv6.NEIGHBOUR_ADVERTISEMENT:
        return this.takeAdvertisement(pkt, device);
      case icmpv6.REDIRECT:
        return receiveRedirect6(this.host, pkt, device);
      case icmpv6.ROUTER_SOLICITATION:
        return this.takeRouterSolicitation(pkt, device);
      case icmpv6.ROUTER_ADVERTISEMENT:
        return this.host.routers.receive(pkt, device);
      default:
        return false;
    }
  }

  /** RFC 4861 6.1.1: who has no address yet has none that it could be answered at. */
  private takeRouterSolicitation(pkt: PacketBuffer, device: Device): boolean {
    const isNobody = (pkt.src0 | pkt.src1 | pkt.src2 | pkt.src3) === 0;
    const linkAddress = nd.linkAddressAt(pkt.bytes, pkt.l4, pkt.l3End, nd.OPTION_SOURCE_LINK_ADDRESS);
    if (this.onRouterSolicitation === null || (isNobody && linkAddress >= 0)) return false;
    if (!isNobody) this.learn(pkt, device, linkAddress, linkAddress >= 0);
    this.onRouterSolicitation(device);
    return true;
  }

  private takeSolicitation(pkt: PacketBuffer, device: Device): boolean {
    const { bytes, l4, l3End } = pkt;
    const host = this.host;
    const target = nd.targetAt(l4);
    const [t0, t1, t2, t3] = [0, 1, 2, 3].map((i) => readI32(bytes, target + 4 * i)) as [
      number,
      number,
      number,
      number,
    ];
    if (t0 >>> 24 === 0xff) return false;
    const isDad = (pkt.src0 | pkt.src1 | pkt.src2 | pkt.src3) === 0;
    const toMany = pkt.dst0 >>> 24 === 0xff;
    const linkAddress = nd.linkAddressAt(bytes, l4, l3End, nd.OPTION_SOURCE_LINK_ADDRESS);
    // Who only asks whether an address is taken has none to be answered at, and asks the group of the address.
    const toSolicitedNode =
      pkt.dst0 === ALL_NODES_0 && pkt.dst1 === 0 && pkt.dst2 === 1 && pkt.dst3 >>> 24 === 0xff;
    if (isDad && (!toSolicitedNode || linkAddress >= 0)) return false;
    if (host.duplicates.isWaiting && isDad) {
      const at = nd.findOption(bytes, l4, l3End, nd.OPTION_NONCE);
      const nonce = at < 0 ? undefined : bytes.slice(at + 2, at + OPTION_HEADER_LENGTH);
      if (host.duplicates.heard(device, Int32Array.of(t0, t1, t2, t3), nonce)) return true;
    }
    const own = host.addresses.find(6, t0, t1, t2, t3, device);
    const isAnycast = own === undefined && this.isAnycast(device, t0, t1, t2, t3);
    if (own === undefined && !isAnycast) return false;
    if (!isDad) {
      const known = this.learn(pkt, device, linkAddress, !toMany || linkAddress >= 0);
      if (!known) return true;
    }
    const asker = Int32Array.of(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const source = own?.words ?? host.addresses.select6(device, asker);
    if (source === undefined) return true;
    const answer = this.advertisement(pkt, device, source, target, isDad, own !== undefined, toMany);
    // One of many that have the address: not all answer at once.
    if (isAnycast && toMany) host.neighbours6.afterProxyDelay(call(this, 'finish', answer, answer.oif));
    else this.finish(answer);
    return true;
  }

  private isAnycast(device: Device, w0: number, w1: number, w2: number, w3: number): boolean {
    const route = this.host.routes6.lookupLocal(w0, w1, w2, w3);
    return route !== undefined && route.type === AddressType.ANYCAST && route.device === device;
  }

  /** Remembers who asks. False when he is not known and cannot be. */
  private learn(pkt: PacketBuffer, device: Device, linkAddress: number, create: boolean): boolean {
    const { neighbours6 } = this.host;
    const { src0, src1, src2, src3 } = pkt;
    let neighbour = neighbours6.find(device, src0, src1, src2, src3);
    if (neighbour === undefined && create) neighbour = neighbours6.learn(device, src0, src1, src2, src3);
    if (neighbour === undefined) return false;
    if (linkAddress >= 0) neighbours6.update(neighbour, pkt.bytes, linkAddress, false, true);
    return true;
  }

  private advertisement(
    pkt: PacketBuffer,
    device: Device,
    source: Int32Array,
    target: number,
    isDad: boolean,
    isOwn: boolean,
    toMany: boolean,
  ): PacketBuffer {
    const withAddress = isDad || toMany;
    const length = withAddress ? nd.NEIGHBOUR_WITH_ADDRESS_LENGTH : nd.NEIGHBOUR_LENGTH;
    const answer = this.begin(nd.NEIGHBOUR_WITH_ADDRESS_LENGTH, device, source, pkt.cause);
    answer.end = answer.l3End = answer.l3 + ipv6.HEADER_LENGTH + length;
    if (isDad) this.setDestination(answer, ALL_NODES_0, 0, 0, 1);
    else this.setDestination(answer, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const router = this.host.settings.v6(device).isRouter ? nd.NA_ROUTER : 0;
    const override = isOwn && (isDad || toMany) ? nd.NA_OVERRIDE : 0;
    const flags = router | override | (isDad ? 0 : nd.NA_SOLICITED);
    const at = answer.l3 + ipv6.HEADER_LENGTH;
    nd.writeNeighbour(
      answer.bytes,
      at,
      icmpv6.NEIGHBOUR_ADVERTISEMENT,
      flags,
      pkt.bytes,
      target,
      device.mac,
      0,
    );
    return answer;
  }

  private takeAdvertisement(pkt: PacketBuffer, device: Device): boolean {
    const { bytes, l4, l3End } = pkt;
    const { neighbours6, settings } = this.host;
    const word = (i: number) => nd.targetWord(bytes, l4, i);
    const flags = nd.naFlags(bytes, l4);
    const isSolicited = (flags & nd.NA_SOLICITED) !== 0;
    if (word(0) >>> 24 === 0xff || (pkt.dst0 >>> 24 === 0xff && isSolicited)) return false;
    if (!isSolicited && settings.v6(device).dropUnsolicitedNa) return false;
    const { duplicates } = this.host;
    if (duplicates.isWaiting && duplicates.heard(device, Int32Array.from([0, 1, 2, 3], word), undefined))
      return true;
    const neighbour = neighbours6.find(device, word(0), word(1), word(2), word(3));
    if (neighbour === undefined || neighbour.state === NeighbourState.FAILED) return false;
    neighbour.isRouter = (flags & nd.NA_ROUTER) !== 0;
    const linkAddress = nd.linkAddressAt(bytes, l4, l3End, nd.OPTION_TARGET_LINK_ADDRESS);
    if (linkAddress < 0 && neighbour.state === NeighbourState.INCOMPLETE) return false;
    const override = (flags & nd.NA_OVERRIDE) !== 0;
    if (linkAddress >= 0) neighbours6.update(neighbour, bytes, linkAddress, isSolicited, override);
    else neighbours6.update(neighbour, neighbour.mac, 0, isSolicited, override);
    return true;
  }

  // ── Redirects ───────────────────────────────────────────────────────────────────────────────────────────────

  /** The packet goes back to the link that it came from: its sender could do better (RFC 4861 8.2). */
  redirect(pkt: PacketBuffer, device: Device): void {
    if (!this.showsBetterWays) return;
    const host = this.host;
    const source = this.linkLocalOf(device);
    const isOnLink =
      pkt.via0 === pkt.dst0 && pkt.via1 === pkt.dst1 && pkt.via2 === pkt.dst2 && pkt.via3 === pkt.dst3;
    if (source === undefined || (!isOnLink && !isLinkLocal6(pkt.via0))) return;
    if (!this.mayRedirect(pkt, device)) return;
    const neighbour = host.neighbours6.find(device, pkt.via0, pkt.via1, pkt.via2, pkt.via3);
    const isKnown =
      neighbour !== undefined &&
      neighbour.state !== NeighbourState.INCOMPLETE &&
      neighbour.state !== NeighbourState.FAILED;
    const addressOption = isKnown ? OPTION_HEADER_LENGTH : 0;
    const most = ipv6.MIN_MTU - ipv6.HEADER_LENGTH - nd.REDIRECT_LENGTH - addressOption;
    const quoted = (Math.min(most, pkt.l3End - pkt.l3 + OPTION_HEADER_LENGTH) & ~7) - OPTION_HEADER_LENGTH;
    const message = this.begin(
      nd.REDIRECT_LENGTH + addressOption + OPTION_HEADER_LENGTH + quoted,
      device,
      source,
      pkt.cause,
    );
    this.setDestination(message, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    if (host.addressType(6, pkt.src0, pkt.src1, pkt.src2, pkt.src3, 0) === AddressType.LOCAL) {
      // Somebody sends in our name, and we are told.
      message.oif = LOOPBACK_INDEX;
    }
    this.writeRedirect(message, pkt, isKnown ? neighbour.mac : undefined, quoted);
    this.finish(message, device.index);
  }

  /** Not too often to one destination, nor to one source; and only to a neighbour. */
  private mayRedirect(pkt: PacketBuffer, device: Device): boolean {
    const { limits4, routes6 } = this.host;
    const key = (w0: number, w1: number, w2: number, w3: number) => `${w0},${w1},${w2},${w3}`;
    if (!limits4.allowPeer(key(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3), REDIRECT_INTERVAL_MS)) return false;
    if (!isLinkLocal6(pkt.src0)) {
      const back = routes6.lookup(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
      if (back === undefined || back.hasGateway || back.device !== device) return false;
    }
    return limits4.allowPeer(key(pkt.src0, pkt.src1, pkt.src2, pkt.src3), REDIRECT_INTERVAL_MS);
  }

  private writeRedirect(
    message: PacketBuffer,
    pkt: PacketBuffer,
    mac: Uint8Array | undefined,
    quoted: number,
  ): void {
    const { bytes } = message;
    const at = message.l3 + ipv6.HEADER_LENGTH;
    bytes.fill(0, at, at + nd.REDIRECT_LENGTH);
    bytes[at] = icmpv6.REDIRECT;
    ipv6.writeAddress(bytes, at + 8, pkt.via0, pkt.via1, pkt.via2, pkt.via3);
    ipv6.writeAddress(bytes, at + 24, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    let option = at + nd.REDIRECT_LENGTH;
    if (mac !== undefined) {
      bytes[option] = nd.OPTION_TARGET_LINK_ADDRESS;
      bytes[option + 1] = 1;
      bytes.set(mac, option + 2);
      option += OPTION_HEADER_LENGTH;
    }
    bytes.fill(0, option, option + OPTION_HEADER_LENGTH);
    bytes[option] = nd.OPTION_REDIRECTED_HEADER;
    bytes[option + 1] = (OPTION_HEADER_LENGTH + quoted) >>> 3;
    bytes.set(pkt.bytes.subarray(pkt.l3, pkt.l3 + quoted), option + OPTION_HEADER_LENGTH);
  }
}
