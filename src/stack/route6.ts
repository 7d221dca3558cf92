/**
 * What becomes of an IPv6 packet by its addresses (Linux: ip6_route_input, ip6_route_output). Link-local and multicast
 * destinations are looked up on the packet's own link; everything else in the routing table. The answer is written into the
 * packet (`oif`, `via0`–`via3`, `routeMtu`).
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import * as ipv6 from '../wire/ipv6.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { isLinkLocal6 } from './addresses.ts';
import { LOOPBACK_INDEX, type Device } from './device.ts';
import type { Host } from './host.ts';
import { InputRoute, NO_ERROR_CODE } from './route4.ts';
import { choosePath, multipathHash } from './routing/multipath.ts';
import type { Route } from './routing/route.ts';

/** First word of fe80::/64. */
const LINK_LOCAL_0 = 0xfe800000 | 0;
const NO_ROUTE_TO_DESTINATION = 0;
const ADMINISTRATIVELY_PROHIBITED = 1;

export class Route6 {
  private readonly host: Host;
  route: Route | undefined;
  dropReason: number;
  /** With UNREACHABLE: code of the ICMPv6 message, or NO_ERROR_CODE. */
  errorCode: number;
  private readonly scratch = new Int32Array(4);

  constructor(host: Host) {
    this.host = host;
    this.route = undefined;
    this.dropReason = 0;
    this.errorCode = NO_ERROR_CODE;
  }

  input(pkt: PacketBuffer, device: Device): InputRoute {
    const { dst0, dst1, dst2, dst3 } = pkt;
    this.route = undefined;
    if (dst0 >>> 24 === 0xff) {
      pkt.oif = LOOPBACK_INDEX;
      if (this.host.isGroupMember(device, 6, dst0, dst1, dst2, dst3)) return InputRoute.MULTICAST;
      this.dropReason = DropReason.NOT_MEMBER;
      return InputRoute.REFUSED;
    }
    if (isLinkLocal6(dst0)) return this.linkLocal(pkt, device);
    const route = this.wayOf(pkt, this.host.routes6.lookupFor(pkt, device.index));
    if (route === undefined) return this.unreachable(NO_ROUTE_TO_DESTINATION, DropReason.NO_ROUTE);
    this.route = route;
    switch (route.type) {
      case AddressType.LOCAL:
      case AddressType.ANYCAST:
        pkt.oif = LOOPBACK_INDEX;
        return InputRoute.LOCAL;
      case AddressType.BLACKHOLE:
        return this.unreachable(NO_ERROR_CODE, DropReason.ROUTE_BLACKHOLE);
      case AddressType.PROHIBIT:
        return this.unreachable(ADMINISTRATIVELY_PROHIBITED, DropReason.ROUTE_PROHIBIT);
      case AddressType.UNREACHABLE:
        return this.unreachable(NO_ROUTE_TO_DESTINATION, DropReason.ROUTE_UNREACHABLE);
      case AddressType.THROW:
        return this.unreachable(NO_ROUTE_TO_DESTINATION, DropReason.NO_ROUTE);
      default:
        this.follow(pkt, route);
        return InputRoute.FORWARD;
    }
  }

  private linkLocal(pkt: PacketBuffer, device: Device): InputRoute {
    const { dst0, dst1, dst2, dst3 } = pkt;
    const isOwn = this.host.addresses.find(6, dst0, dst1, dst2, dst3, device) !== undefined;
    const isSubnet = dst0 === LINK_LOCAL_0 && dst1 === 0;
    const isAnycast = isSubnet && dst2 === 0 && dst3 === 0 && this.host.settings.v6(device).isRouter;
    if (isOwn || isAnycast) {
      pkt.oif = LOOPBACK_INDEX;
      return InputRoute.LOCAL;
    }
    // Every link has a route to fe80::/64; the rest of fe80::/10 goes where a route through this device says.
    if (isSubnet) {
      this.onLink(pkt, device);
      return InputRoute.FORWARD;
    }
    const route = this.host.routes6.lookupThrough(device, Int32Array.of(dst0, dst1, dst2, dst3));
    if (route === undefined) return this.unreachable(NO_ROUTE_TO_DESTINATION, DropReason.NO_ROUTE);
    this.route = route;
    this.follow(pkt, route);
    return InputRoute.FORWARD;
  }

  private onLink(pkt: PacketBuffer, device: Device): void {
    pkt.oif = device.index;
    pkt.via0 = pkt.dst0;
    pkt.via1 = pkt.dst1;
    pkt.via2 = pkt.dst2;
    pkt.via3 = pkt.dst3;
    pkt.routeMtu = device.mtu;
  }

  private follow(pkt: PacketBuffer, route: Route): void {
    if (!route.hasGateway) {
      this.onLink(pkt, route.device);
    } else {
      pkt.oif = route.device.index;
      pkt.via0 = route.gateway[0]!;
      pkt.via1 = route.gateway[1]!;
      pkt.via2 = route.gateway[2]!;
      pkt.via3 = route.gateway[3]!;
    }
    // No link of IPv6 is narrower than this, whatever a route says.
    pkt.routeMtu = Math.max(route.effectiveMtu, ipv6.MIN_MTU);
  }

  private unreachable(code: number, reason: number): InputRoute {
    this.errorCode = code;
    this.dropReason = reason;
    return InputRoute.UNREACHABLE;
  }

  /** Of the links, all of which have link-local and multicast destinations, the one whose routes come first. */
  private firstLink(): Device | undefined {
    const { devices, settings } = this.host;
    return devices.all().find((device) => device.up && !device.isLoopback && !settings.v6(device).disabled);
  }

  /** For a packet of the host's own; `device` is the link that link-local and multicast destinations are on. */
  output(pkt: PacketBuffer, device: Device | undefined): boolean {
    const { dst0, dst1, dst2, dst3 } = pkt;
    this.route = undefined;
    if (dst0 >>> 24 === 0xff || isLinkLocal6(dst0)) {
      const link = device ?? this.firstLink();
      if (link === undefined) return this.noWay(DropReason.NO_ROUTE);
      const isOwn = this.host.addresses.find(6, dst0, dst1, dst2, dst3, link) !== undefined;
      this.onLink(pkt, isOwn ? this.host.devices.at(LOOPBACK_INDEX)! : link);
      return true;
    }
    const { routes6, redirects, pathMtus } = this.host;
    const route = this.wayOf(pkt, routes6.lookupFor(pkt, 0));
    if (route === undefined || route.type === AddressType.THROW) return this.noWay(DropReason.NO_ROUTE);
    this.route = route;
    switch (route.type) {
      case AddressType.LOCAL:
      case AddressType.ANYCAST:
        this.onLink(pkt, this.host.devices.at(LOOPBACK_INDEX)!);
        return true;
      case AddressType.BLACKHOLE:
        return this.noWay(DropReason.ROUTE_BLACKHOLE);
      case AddressType.UNREACHABLE:
        return this.noWay(DropReason.ROUTE_UNREACHABLE);
      case AddressType.PROHIBIT:
        return this.noWay(DropReason.ROUTE_PROHIBIT);
      default:
        this.follow(pkt, route);
        if (!redirects.isEmpty) this.followRedirect(pkt, route);
        pathMtus.bind(pkt, 6);
        return true;
    }
  }

  /** One of several next hops, the same for all packets of a flow. */
  private wayOf(pkt: PacketBuffer, route: Route | undefined): Route | undefined {
    if (route === undefined || route.paths === null) return route;
    const policy = this.host.sysctls.get('net.ipv6.fib_multipath_hash_policy');
    return choosePath(route.paths, multipathHash(pkt, policy, this.host.multipathSecret));
  }

  private followRedirect(pkt: PacketBuffer, route: Route): void {
    const better = this.host.redirects.find(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, route.device);
    if (better === undefined) return;
    pkt.via0 = better.gateway[0]!;
    pkt.via1 = better.gateway[1]!;
    pkt.via2 = better.gateway[2]!;
    pkt.via3 = better.gateway[3]!;
  }

  private noWay(reason: number): boolean {
    this.dropReason = reason;
    return false;
  }

  /**
   * The source of an own packet whose way `output` found: what the route prefers, else RFC 6724. The words are valid
   * until the next call; undefined when the host has no address that would do.
   */
  source(pkt: PacketBuffer): Int32Array | undefined {
    const preferred = this.route?.preferredSource;
    if (preferred !== undefined && (preferred[0]! | preferred[1]! | preferred[2]! | preferred[3]!) !== 0) {
      return preferred;
    }
    return this.sourceOn(pkt, this.host.devices.at(pkt.oif)!);
  }

  sourceOn(pkt: PacketBuffer, device: Device): Int32Array | undefined {
    const words = this.scratch;
    words[0] = pkt.dst0;
    words[1] = pkt.dst1;
    words[2] = pkt.dst2;
    words[3] = pkt.dst3;
    return this.host.addresses.select6(device, words);
  }
}
