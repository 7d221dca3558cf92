/**
 * A host: devices, addresses, routes, neighbours, and the way of a packet through them. Frames come in by `receive`,
 * packets of the host's own by `send`; what leaves is handed to the FrameSink. It never waits: whatever a packet causes
 * at once has left when the call returns, the rest is done by timers of the Clock.
 *
 *     receive ─► Ethernet ─┬─► arp.ts
 *                          ├─► ip4-input.ts ─► route4.ts ─┬─► ip4-forward.ts ─► ip4-send.ts ─► neighbours.ts ─► Device
 *                          │                              └─► ip4-local.ts ─► icmp4-in.ts, tcp-reset.ts, sockets
 *                          └─► ip6-input.ts ─► … the same for IPv6
 *
 * By itself it has no sockets: TCP and UDP are put on it (tcp/, udp/) and then get their packets first; for the rest,
 * whether a socket exists is asked of `HostEnv.hasSocket`, and what is for it is given to `HostEnv.deliver`. This file holds
 * the parts together and implements what the packet filter asks of its host; it is long because that is one interface
 * (HostServices), whose answers are mostly a line each and stand in the rooms that they call.
 */
import type { ConntrackView } from '../netfilter/conntrack/view.ts';
import { SluiceError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import { Sysctls } from '../base/sysctl.ts';
import { DROP_REASON_COUNT, DropReason } from '../netfilter/drop-reason.ts';
import type { Family, Hook } from '../netfilter/hook.ts';
import { Hook as Hooks } from '../netfilter/hook.ts';
import type { AddressType, HostServices, NextHop, SocketFacts } from '../netfilter/host-services.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { dissectEthernet, dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../wire/ether-type.ts';
import * as ethernet from '../wire/ethernet.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import { PacketBuffer, PacketType } from '../wire/packet-buffer.ts';
import { WireStatus } from '../wire/wire-status.ts';
import { isLinkLocal6, type AddressTable, type OwnAddress } from './addresses.ts';
import { Arp } from './arp.ts';
import { parseHostConfig, type HostConfig } from './config.ts';
import { BridgePorts, FIRST_HELD } from './bridge-ports.ts';
import { DeviceTable, LOOPBACK_INDEX, type Device, type FrameSink } from './device.ts';
import { Tunnels } from './devices/tunnels.ts';
import { SettingsTable } from './device-settings.ts';
import { receiveEthernet, receivePacket } from './ethernet-input.ts';
import { DefragUser } from './fragment-queue.ts';
import { sendDuplicate } from './duplicate.ts';
import { Fragments } from './fragments.ts';
import { Groups } from './groups.ts';
import { HostAddressing } from './host-addressing.ts';
import { Icmp4Out } from './icmp4-out.ts';
import { Icmp6Out } from './icmp6-out.ts';
import { receive4 } from './ip4-input.ts';
import { Ip4Options } from './ip4-options.ts';
import { output4, sendLocal4 } from './ip4-send.ts';
import { receive6 } from './ip6-input.ts';
import { output6, sendLocal6 } from './ip6-send.ts';
import { NeighbourDiscovery } from './nd.ts';
import { Neighbours } from './neighbours.ts';
import { Neighbour } from './neighbour.ts';
import { copyPacket } from './copy-packet.ts';
import { HEAD_ROOM, PacketPool } from './packet-pool.ts';
import { PathMtus } from './path-mtu.ts';
import { PeerLimits } from './peer-limits.ts';
import { Proxies } from './proxies.ts';
import { RawSockets } from './raw.ts';
import { DuplicateDetection } from './duplicate-detection.ts';
import { Membership } from './membership.ts';
import { RouterDiscovery } from './router-discovery.ts';
import { rejectWithIcmp, rejectWithReset } from './reject.ts';
import { hasReversePath } from './reverse-path.ts';
import { Route4 } from './route4.ts';
import { Route6 } from './route6.ts';
import { Redirects } from './routing/redirects.ts';
import { RoutingTables } from './routing/tables.ts';
import { configureHost } from './configure.ts';
import { Rtnetlink } from './rtnetlink/index.ts';
import { leaveAtOnce, mayLeaveAtOnce } from './shortcut.ts';
import { STACK_SYSCTLS } from './sysctls.ts';
import { ProxiedHandshakes } from './proxied-handshakes.ts';
import type { Ends } from './tcp/flow.ts';
import { OWN_SOCKET } from './socket-facts.ts';
import type { Transport } from './transport.ts';

/** The packet filter, as the host calls it: netfilter's Netfilter, or nothing. */
export interface PacketFilter {
  /** Verdict.ACCEPT, DROP (with pkt.dropReason set) or STOLEN (somebody keeps it). */
  run(hook: Hook, pkt: PacketBuffer): number;
  /** The connection of a packet that does not go to this host alone is confirmed before INPUT; a verdict as above. */
  confirm(pkt: PacketBuffer): number;
  /** A packet leaves by a neighbour at once, on a route of that MTU. */
  leaves(pkt: PacketBuffer, hop: NextHop, mtu: number): void;
  /** An interface went down (`address` null), or lost that address. */
  interfaceLost(iface: number, address: OwnAddress | null): void;
}

export interface HostEnv {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly sink: FrameSink;
  /** Shared with the packet filter; made of the stack's own when absent. */
  readonly sysctls?: Sysctls;
  /** Does a packet for this host find a socket? No, when absent. */
  readonly hasSocket?: (pkt: PacketBuffer, device: Device) => boolean;
  /**
   * Another host's answers stand for this one's: local delivery ends after INPUT, and nobody answers. Rules still do
   * (REJECT).
   */
  readonly passive?: boolean;
  /** A packet reached its socket, or a protocol that took it. */
  readonly deliver?: (pkt: PacketBuffer) => void;
}

/**
 * Packets to many that come home on account of one: rules can send such a packet round and round. (Linux then does so for
 * ever.)
 */
const MOST_HOMECOMERS = 10_000;

export class Host implements HostServices {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly sysctls: Sysctls;
  readonly devices: DeviceTable;
  readonly addresses: AddressTable;
  readonly settings: SettingsTable;
  readonly pool = new PacketPool();
  readonly routes4: RoutingTables;
  readonly routes6: RoutingTables;
  readonly route4: Route4;
  readonly route6: Route6;
  readonly neighbours4: Neighbours;
  readonly neighbours6: Neighbours;
  readonly arp: Arp;
  readonly nd: NeighbourDiscovery;
  readonly fragments: Fragments;
  readonly options4: Ip4Options;
  readonly icmp4: Icmp4Out;
  readonly icmp6: Icmp6Out;
  readonly limits4: PeerLimits;
  readonly groups: Groups;
  readonly pathMtus: PathMtus;
  readonly bridgePorts = new BridgePorts();
  readonly redirects: Redirects;
  readonly proxies = new Proxies();
  readonly handshakes: ProxiedHandshakes;
  readonly tunnels = new Tunnels();
  readonly raw: RawSockets;
  readonly membership: Membership;
  readonly duplicates: DuplicateDetection;
  readonly routers: RouterDiscovery;
  /** Changes while the host lives. */
  readonly netlink: Rtnetlink;
  /** Changes of addresses and routes so far. */
  private wayChanges = 0;
  /** Of the choice among several next hops. */
  readonly multipathSecret: number;
  /** The transport protocols, once they are put on the host (transport.ts). */
  tcp: Transport | null = null;
  udp: Transport | null = null;
  /** Asked before an echo request is answered: true when somebody else sees to it (a relay stands in for others). */
  claimEcho: ((pkt: PacketBuffer) => boolean) | null = null;
  /** Packets that ended, by DropReason. */
  readonly dropCounts = new Float64Array(DROP_REASON_COUNT);
  delivered = 0;
  /** Set by whoever builds the packet filter, which in turn needs this host for its services. */
  filter: PacketFilter | null = null;
  readonly isPassive: boolean;

  private readonly env: HostEnv;
  private readonly addressing: HostAddressing;
  private readonly backlog: PacketBuffer[] = [];
  private homecomers = 0;
  /** Where the packet at hand may leave at once. */
  private exit: Neighbour | null = null;
  /** The packet whose frame a device is given. */
  private leaving: PacketBuffer | null = null;
  /** A packet is on its way; what it leaves on the loopback device, or what arrives because of it, waits for its end. */
  private isBusy = false;
  /** Calls of `enter` that are not left. */
  private depth = 0;
  private ttl = 0;
  private ttlGeneration = -1;
  /** A copy of TEE's is on its way. */
  private duplicating = false;
  /** A closed port's reset is on its way out: over IPv4 Linux sends it by a socket of its own, over IPv6 by none. */
  resettingBySocket = false;

  constructor(config: HostConfig, env: HostEnv) {
    this.env = env;
    this.isPassive = env.passive === true;
    this.clock = env.clock;
    this.rng = env.rng;
    this.sysctls = env.sysctls ?? new Sysctls(STACK_SYSCTLS);
    applySysctls(this.sysctls, config);
    this.settings = new SettingsTable(this.sysctls);
    this.devices = new DeviceTable({
      frame: (device, bytes, start, end, cause) => {
        if (device.isLoopback) this.loop(bytes, start, end, cause);
        else env.sink.frame(device, bytes, start, end, cause);
      },
    });
    this.addressing = new HostAddressing(this);
    this.addresses = this.addressing.addresses;
    this.groups = new Groups(this);
    const changed = () => void this.wayChanges++;
    this.routes4 = new RoutingTables(4, this.devices, this.addresses, changed);
    this.routes6 = new RoutingTables(6, this.devices, this.addresses, changed);
    this.redirects = new Redirects(this.clock, this.sysctls);
    this.netlink = new Rtnetlink(this);
    this.route4 = new Route4(this);
    this.route6 = new Route6(this);
    this.neighbours4 = new Neighbours(this, 4, config.assumeNeighbours);
    this.neighbours6 = new Neighbours(this, 6, config.assumeNeighbours);
    this.arp = new Arp(this);
    this.nd = new NeighbourDiscovery(this);
    this.fragments = new Fragments(this);
    this.options4 = new Ip4Options(this);
    this.limits4 = new PeerLimits(this.clock, this.rng, this.sysctls);
    this.pathMtus = new PathMtus(this.clock, this.sysctls);
    this.icmp4 = new Icmp4Out(this);
    this.icmp6 = new Icmp6Out(this);
    this.handshakes = new ProxiedHandshakes(this);
    this.raw = new RawSockets(this);
    this.membership = new Membership(this);
    this.duplicates = new DuplicateDetection(this);
    this.routers = new RouterDiscovery(this);
    this.multipathSecret = this.neighbours4.secret;
    configureHost(this, config);
  }

  /** A host out of a gateway file's object; throws SluiceError for what is wrong in it. */
  static fromObject(gateway: unknown, env: HostEnv): Host {
    return new Host(parseHostConfig(gateway), env);
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A frame arrived. `pkt` holds its window (and `cause`); its bytes may be rewritten. */
  receive(device: Device, pkt: PacketBuffer): void {
    pkt.iif = device.index;
    if (this.isBusy) return this.keepForLater(pkt);
    this.isBusy = true;
    this.take(device, pkt);
    this.isBusy = false;
    this.settle();
  }

  /** What arrived in another frame or packet: a tag or a tunnel's header was taken off, a bridge handed it up. */
  receiveWithin(device: Device, pkt: PacketBuffer): void {
    pkt.iif = device.index;
    this.take(device, pkt);
  }

  private take(device: Device, pkt: PacketBuffer): void {
    if (device.hasEthernet) receiveEthernet(this, device, pkt, dissectEthernet(pkt));
    else receivePacket(this, device, pkt);
  }

  /** What the host itself is one of those to whom it sends: it arrives after whatever is being done now. */
  comeHome(pkt: PacketBuffer): void {
    if (this.isBacklogFull || this.homecomers >= MOST_HOMECOMERS) {
      return this.drop(pkt, DropReason.HOME_QUEUE_FULL);
    }
    this.homecomers++;
    this.backlog.push(pkt);
    if (!this.isBusy) this.drain();
  }

  /** Of packets to itself. */
  private get isBacklogFull(): boolean {
    const { length } = this.backlog;
    return length > 0 && length >= this.sysctls.get('net.core.netdev_max_backlog');
  }

  /** A link without delay hands back the answer to what is just being sent: it has to wait its turn. */
  private keepForLater(pkt: PacketBuffer): void {
    if (this.isBacklogFull) return;
    const copy = new PacketBuffer(pkt.bytes.slice(pkt.start, pkt.end));
    copy.cause = pkt.cause;
    copy.iif = pkt.iif;
    this.backlog.push(copy);
  }

  /** Around what a socket does by itself: the packets that it causes are dealt with when it is over. */
  enter(): void {
    if (this.isBusy) this.depth++;
    else this.isBusy = true;
  }

  leave(): void {
    if (this.depth > 0) {
      this.depth--;
      return;
    }
    this.isBusy = false;
    this.settle();
  }

  private settle(): void {
    if (this.backlog.length > 0) this.drain();
    this.tcp?.tellApplications();
    this.udp?.tellApplications();
  }

  /** A packet arrived without Ethernet around it; HEAD_ROOM bytes before it should be free. */
  receiveIp(device: Device, pkt: PacketBuffer): void {
    pkt.iif = device.index;
    pkt.l3 = pkt.start;
    const status = dissectNetwork(pkt, 0);
    this.isBusy = true;
    if (pkt.etherType === ETH_P_IPV6) receive6(this, pkt, device, status);
    else receive4(this, pkt, device, status);
    this.isBusy = false;
    this.settle();
  }

  /**
   * A packet that this host itself sends (it was captured leaving it): routed, then OUTPUT, POSTROUTING, and out.
   * An Ethernet header in front of it is ignored. `pkt` has been given its window only.
   */
  send(pkt: PacketBuffer, hasEthernet: boolean): void {
    pkt.l3 = pkt.start;
    const status = hasEthernet ? dissectEthernet(pkt) : dissectNetwork(pkt, 0);
    pkt.iif = 0;
    pkt.packetType = PacketType.OUTGOING;
    if (pkt.family === 0) {
      this.drop(pkt, status === WireStatus.NOT_IP ? DropReason.UNKNOWN_ETHERTYPE : DropReason.IP_HEADER);
    } else if (status === WireStatus.CUT) {
      this.drop(pkt, DropReason.IP_TRUNCATED);
    } else {
      pkt.end = pkt.l3End;
      this.isBusy = true;
      if (pkt.family === 4) this.sendOwn4(pkt);
      else this.sendOwn6(pkt);
      this.isBusy = false;
    }
    if (this.backlog.length > 0) this.drain();
  }

  private sendOwn4(pkt: PacketBuffer): void {
    const own = this.addresses.find(4, pkt.src0, 0, 0, 0);
    if (this.route4.output(pkt, undefined) || this.route4.output(pkt, own?.device)) sendLocal4(this, pkt);
    else this.drop(pkt, this.route4.dropReason);
  }

  private sendOwn6(pkt: PacketBuffer): void {
    const own = this.addresses.find(6, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    if (this.route6.output(pkt, own?.device)) sendLocal6(this, pkt);
    else this.drop(pkt, this.route6.dropReason);
  }

  /** A frame left on the loopback device: it arrives there, after whatever is being done now. */
  private loop(bytes: Uint8Array, start: number, end: number, cause: number): void {
    if (this.isBacklogFull) return;
    const pkt = new PacketBuffer(bytes.slice(start, end));
    pkt.cause = cause;
    pkt.iif = LOOPBACK_INDEX;
    pkt.oif = LOOPBACK_INDEX;
    if (this.leaving !== null) keepState(pkt, this.leaving);
    this.backlog.push(pkt);
    if (!this.isBusy) this.drain();
  }

  private drain(): void {
    this.isBusy = true;
    for (let pkt = this.backlog.shift(); pkt !== undefined; pkt = this.backlog.shift()) {
      const device = this.devices.at(pkt.iif);
      if (device === undefined) continue;
      if (pkt.packetType !== PacketType.LOOPBACK) this.take(device, pkt);
      else if (pkt.family === 4) receive4(this, pkt, device, WireStatus.OK);
      else receive6(this, pkt, device, WireStatus.OK);
    }
    this.homecomers = 0;
    this.isBusy = false;
  }

  // ── Along the way ───────────────────────────────────────────────────────────────────────────────────────────

  /** Asks the packet filter. False when the packet goes no further: dropped, or kept by somebody. */
  hook(hook: Hook, pkt: PacketBuffer): boolean {
    const filter = this.filter;
    if (filter === null) return true;
    const verdict = filter.run(hook, pkt);
    if (verdict === Verdict.ACCEPT) return true;
    if (verdict === Verdict.DROP) this.drop(pkt, pkt.dropReason !== 0 ? pkt.dropReason : DropReason.RULE);
    return false;
  }

  /** The same in PREROUTING, behind which a packet may leave by the way of its flow; that, too, ends its way here. */
  hookFirst(pkt: PacketBuffer): boolean {
    // A bridge has passed it through already (ip_sabotage_in).
    if (pkt.physIn !== 0) return true;
    const isAccepted = this.hook(Hooks.PREROUTING, pkt);
    const { exit } = this;
    if (exit === null || !isAccepted) {
      this.exit = null;
      return isAccepted;
    }
    this.exit = null;
    leaveAtOnce(this, pkt, exit);
    return false;
  }

  /** The end of a packet, or of its way for now (it waits for fragments or a neighbour). */
  drop(pkt: PacketBuffer, reason: number): void {
    // Defragmentation for the packet filter has counted its drop already.
    if (
      pkt.dropReason === reason &&
      reason >= DropReason.FRAGMENT_BAD &&
      reason <= DropReason.FRAGMENT_QUEUED
    )
      return;
    pkt.dropReason = reason;
    this.countDrop(reason);
  }

  countDrop(reason: number): void {
    this.dropCounts[reason] = this.dropCounts[reason]! + 1;
  }

  hasSocket(pkt: PacketBuffer, device: Device): boolean {
    return this.env.hasSocket !== undefined && this.env.hasSocket(pkt, device);
  }

  countDelivered(): void {
    this.delivered++;
  }

  deliver(pkt: PacketBuffer): void {
    this.delivered++;
    this.env.deliver?.(pkt);
  }

  /** net.ipv4.ip_default_ttl. */
  get defaultTtl(): number {
    if (this.ttlGeneration !== this.sysctls.generation) {
      this.ttlGeneration = this.sysctls.generation;
      this.ttl = this.sysctls.get('net.ipv4.ip_default_ttl');
    }
    return this.ttl;
  }

  /** How own packets get to the other end: the MTU of the way and the source that they have on it. Undefined for no way. */
  wayTo(
    ends: Pick<Ends, 'family' | 'remote'> & Partial<Pick<Ends, 'local'>>,
    device: Device | undefined,
  ): { mtu: number; source: Int32Array | undefined } | undefined {
    const probe = this.pool.take(0);
    const [w0, w1, w2, w3] = ends.remote;
    probe.dst0 = w0!;
    probe.dst1 = w1!;
    probe.dst2 = w2!;
    probe.dst3 = w3!;
    if (ends.local !== undefined) setSource(probe, ends.local);
    const found = ends.family === 4 ? this.route4.output(probe, device) : this.route6.output(probe, device);
    const source4 = this.route4.source;
    const source =
      ends.family === 6
        ? this.route6.source(probe)
        : source4 === 0
          ? undefined
          : Int32Array.of(source4, 0, 0, 0);
    const way = { mtu: probe.routeMtu, source: source?.slice() };
    this.pool.give(probe);
    return found ? way : undefined;
  }

  output4(pkt: PacketBuffer, device: Device): void {
    output4(this, pkt, device);
  }

  output6(pkt: PacketBuffer, device: Device): void {
    output6(this, pkt, device);
  }

  /** Puts an Ethernet header before the packet and sends it. */
  sendFrame(pkt: PacketBuffer, device: Device, mac: Uint8Array): void {
    if (pkt.physOut >= FIRST_HELD) return this.bridgePorts.release(pkt, mac);
    let { bytes, l3 } = pkt;
    let end = pkt.l3End;
    if (!device.hasEthernet) return this.sendPacket(pkt, device);
    if (l3 < ethernet.HEADER_LENGTH) {
      const moved = copyPacket(pkt);
      bytes = moved.bytes;
      l3 = moved.l3;
      end = moved.l3End;
    }
    const l2 = l3 - ethernet.HEADER_LENGTH;
    const own = device.mac;
    for (let i = 0; i < 6; i++) {
      bytes[l2 + i] = mac[i]!;
      bytes[l2 + 6 + i] = own[i]!;
    }
    const type = pkt.family === 4 ? ETH_P_IP : ETH_P_IPV6;
    bytes[l2 + 12] = type >>> 8;
    bytes[l2 + 13] = type;
    this.leaving = pkt;
    device.transmit(bytes, l2, end, pkt.cause);
    this.leaving = null;
  }

  /** A device without Ethernet takes the packet as it is. */
  private sendPacket(pkt: PacketBuffer, device: Device): void {
    this.leaving = pkt;
    device.transmit(pkt.bytes, pkt.l3, pkt.l3End, pkt.cause);
    this.leaving = null;
  }

  /** The next hop of a packet that waited does not answer: its sender is told (dst_link_failure). */
  linkFailure(pkt: PacketBuffer): void {
    if (pkt.family === 4) this.icmp4.linkFailure(pkt);
    else this.icmp6.linkFailure(pkt);
  }

  isGroupMember(device: Device, family: Family, w0: number, w1: number, w2: number, w3: number): boolean {
    return this.groups.isMember(device, family, w0, w1, w2, w3);
  }

  specificDestination4(pkt: PacketBuffer): number {
    return this.addressing.specificDestination4(pkt);
  }

  outgoingAddress4(pkt: PacketBuffer): number {
    return this.addressing.outgoingAddress4(pkt);
  }

  // ── What the packet filter asks (HostServices) ──────────────────────────────────────────────────────────────────

  interfaceName(index: number): string {
    if (index < 0) return this.bridgePorts.nameOf(index);
    return this.devices.at(index)?.name ?? '';
  }

  interfaceIndex(name: string): number {
    return this.devices.named(name)?.index ?? 0;
  }

  get interfaceGeneration(): number {
    return this.devices.generation;
  }

  get wayGeneration(): number {
    return this.sysctls.generation + this.devices.generation + this.wayChanges + this.pathMtus.generation;
  }

  mayLeaveAtOnce(pkt: PacketBuffer, hop: NextHop, mtu: number): boolean {
    if (pkt.physIn !== 0 || !(hop instanceof Neighbour) || !mayLeaveAtOnce(this, pkt, hop, mtu)) return false;
    this.exit = hop;
    return true;
  }

  addressType(family: Family, w0: number, w1: number, w2: number, w3: number, iface: number): AddressType {
    return this.addressing.addressType(family, w0, w1, w2, w3, iface);
  }

  maskOfBroadcast(index: number, address: number): number {
    return this.addressing.maskOfBroadcast(index, address);
  }

  leaveBySameDevice(family: Family, a: Int32Array, b: Int32Array): boolean {
    return this.addressing.leaveBySameDevice(family, a, b);
  }

  haveSameNextHop(family: Family, a: Int32Array, b: Int32Array): boolean {
    return this.addressing.haveSameNextHop(family, a, b);
  }

  masqueradeAddress(pkt: PacketBuffer, oif: number, out: Int32Array): boolean {
    return this.addressing.masqueradeAddress(pkt, oif, out);
  }

  redirectAddress(pkt: PacketBuffer, out: Int32Array): boolean {
    return this.addressing.redirectAddress(pkt, out);
  }

  pathMtu(pkt: PacketBuffer, reverse: boolean): number {
    return this.addressing.pathMtu(pkt, reverse);
  }

  senderOf(pkt: PacketBuffer): SocketFacts | null {
    const isIcmp = pkt.proto === IPPROTO_ICMP || pkt.proto === IPPROTO_ICMPV6;
    const isReset = this.resettingBySocket && pkt.proto === IPPROTO_TCP;
    // Neighbour discovery passes POSTROUTING as if it had come in where it goes out, but came in no frame.
    const isOwn = pkt.iif === 0 || (pkt.iif === pkt.oif && pkt.l2 < 0);
    if (!isOwn) return null;
    return isIcmp || isReset ? OWN_SOCKET : (this.transportOf(pkt)?.senderOf(pkt) ?? null);
  }

  receiverOf(pkt: PacketBuffer, iif: number): SocketFacts | null {
    const device = this.devices.at(iif);
    return device === undefined ? null : (this.transportOf(pkt)?.receiverOf(pkt, device) ?? null);
  }

  /** Null where there is none, or nothing to ask it about: ports can't be told. */
  private transportOf({ proto, l4Ok }: PacketBuffer): Transport | null {
    if (l4Ok === 0) return null;
    return proto === IPPROTO_TCP ? this.tcp : proto === IPPROTO_UDP ? this.udp : null;
  }

  hasReversePath(pkt: PacketBuffer, iif: number, loose: boolean, acceptLocal: boolean): boolean {
    const device = this.devices.at(iif);
    return device === undefined || hasReversePath(this, pkt, device, loose, acceptLocal);
  }

  duplicate(pkt: PacketBuffer, gateway: Int32Array, oif: number, hook: Hook): void {
    if (this.duplicating) return;
    this.duplicating = true;
    sendDuplicate(this, pkt, gateway, oif, hook);
    this.duplicating = false;
  }

  reroute(pkt: PacketBuffer): boolean {
    if (pkt.family === 4) return this.route4.output(pkt, undefined);
    // Destinations that only a link gives a meaning to stay on theirs; the loopback device's own has none of them.
    const isLinkLocal = isLinkLocal6(pkt.dst0);
    if (isLinkLocal && pkt.oif === LOOPBACK_INDEX) return false;
    return this.route6.output(
      pkt,
      isLinkLocal || pkt.dst0 >>> 24 === 0xff ? this.devices.at(pkt.oif) : undefined,
    );
  }

  rejectWithIcmp(pkt: PacketBuffer, type: number, code: number, hook: Hook): void {
    rejectWithIcmp(this, pkt, type, code, hook);
  }

  rejectWithReset(pkt: PacketBuffer, hook: Hook, conntrack: Pick<ConntrackView, 'setClosing'>): void {
    rejectWithReset(this, pkt, hook, conntrack);
  }

  piecesOf(pkt: PacketBuffer): Int32Array | undefined {
    return this.fragments.sizesOf(pkt);
  }

  defragment(pkt: PacketBuffer, hook: Hook, zone: number): number {
    const user = hook === Hooks.OUTPUT ? DefragUser.CONNTRACK_OUT : DefragUser.CONNTRACK_IN;
    return pkt.family === 4
      ? this.fragments.collect4(pkt, user, zone)
      : this.fragments.collect6(pkt, user, zone);
  }
}

export { HEAD_ROOM };

function setSource(pkt: PacketBuffer, words: Int32Array): void {
  pkt.src0 = words[0]!;
  pkt.src1 = words[1]!;
  pkt.src2 = words[2]!;
  pkt.src3 = words[3]!;
}

/** A packet on the loopback device remains what it was to the packet filter: its connection, its mark, being traced. */
function keepState(pkt: PacketBuffer, from: PacketBuffer): void {
  pkt.ct = from.ct;
  pkt.ctInfo = from.ctInfo;
  pkt.mark = from.mark;
  pkt.traced = from.traced;
}

/** A gateway forwards unless its file says otherwise; Linux's own default is not to. */
const GATEWAY_DEFAULTS = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];

function applySysctls(sysctls: Sysctls, config: HostConfig): void {
  for (const name of GATEWAY_DEFAULTS) if (!sysctls.isSet(name)) sysctls.set(name, 1);
  for (const [name, value] of config.sysctl) {
    try {
      sysctls.set(name, value);
    } catch (error) {
      if (error instanceof SluiceError) throw new SluiceError(error.code, `sysctl.${name}: ${error.message}`);
      throw error;
    }
  }
}
