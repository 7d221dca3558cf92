/**
 * What becomes of an IPv4 packet by its addresses: Linux's ip_route_input (for what arrives) with its martian checks and
 * fib_validate_source, and ip_route_output (for what the host sends). The answer is written into the packet (`oif`,
 * `via0`, `routeMtu`) and into the fields of this object.
 * Source: RFC 1812 5.3.7 and 5.3.8, Documentation/networking/ip-sysctl.rst, and the kernel asked.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import { IPPROTO_IGMP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { LOOPBACK_INDEX, type Device } from './device.ts';
import type { DeviceSettings4 } from './device-settings.ts';
import type { Host } from './host.ts';
import { choosePath, multipathHash } from './routing/multipath.ts';
import type { Route } from './routing/route.ts';

/** Where an arriving packet goes. */
export const InputRoute = {
  /** Dropped; the reason is in `dropReason`. */
  REFUSED: 0,
  FORWARD: 1,
  LOCAL: 2,
  BROADCAST: 3,
  MULTICAST: 4,
  /** There is no way: dropped, and the sender told with `errorCode`. */
  UNREACHABLE: 5,
} as const;
export type InputRoute = (typeof InputRoute)[keyof typeof InputRoute];

export const LIMITED_BROADCAST = -1;
/** No ICMP error is sent. */
export const NO_ERROR_CODE = -1;
const NET_UNREACHABLE = 0;
const HOST_UNREACHABLE = 1;
const PACKET_FILTERED = 13;
const ALL_HOSTS = 0xe0000001 | 0;
/** A route shorter than this is not one of groups. */
const GROUP_PREFIX = 4;

export function isMulticast4(address: number): boolean {
  return address >>> 28 === 0xe;
}

export function isLoopback4(address: number): boolean {
  return address >>> 24 === 127;
}

/** 0.0.0.0: "this host", before it has an address. (The rest of 0/8 is unicast since Linux 5.3.) */
export function isUnspecified4(address: number): boolean {
  return address === 0;
}

/** 224.0.0.1: every host is a member. */
export function isAllHosts4(address: number): boolean {
  return address === ALL_HOSTS;
}

/** 224.0.0.0/24: never leaves its link. */
export function isLocalMulticast4(address: number): boolean {
  return address >>> 8 === 0xe00000;
}

export class Route4 {
  private readonly host: Host;
  /** The route that the last lookup found. */
  route: Route | undefined;
  dropReason: number;
  /** With UNREACHABLE: code of the ICMP message, or NO_ERROR_CODE. */
  errorCode: number;
  /** After `input`: the source is on the very link the packet came from, and should use a better first hop. */
  redirect: boolean;
  /** After `output`: the source address for a packet that has none. */
  source: number;

  constructor(host: Host) {
    this.host = host;
    this.route = undefined;
    this.dropReason = 0;
    this.errorCode = NO_ERROR_CODE;
    this.redirect = false;
    this.source = 0;
  }

  /** ip_route_input. */
  input(pkt: PacketBuffer, device: Device): InputRoute {
    const src = pkt.src0;
    const dst = pkt.dst0;
    const settings = this.host.settings.v4(device);
    this.redirect = false;
    if (isMulticast4(dst)) return this.multicast(pkt, device, settings);
    if (isMulticast4(src) || src === LIMITED_BROADCAST) return this.refuse(DropReason.MARTIAN_SOURCE);
    if (dst === LIMITED_BROADCAST || (src === 0 && dst === 0)) return this.broadcast(pkt, device, settings);
    if (isUnspecified4(src)) return this.refuse(DropReason.MARTIAN_SOURCE);
    if (isUnspecified4(dst)) return this.refuse(DropReason.MARTIAN_DESTINATION);
    if (!settings.routeLocalnet && !device.isLoopback) {
      if (isLoopback4(dst)) return this.refuse(DropReason.MARTIAN_DESTINATION);
      if (isLoopback4(src)) return this.refuse(DropReason.MARTIAN_SOURCE);
    }
    const route = this.host.routes4.lookupFor(pkt, device.index);
    this.route = route;
    if (route === undefined) return this.unreachable(NET_UNREACHABLE, DropReason.NO_ROUTE, settings);
    switch (route.type) {
      case AddressType.UNICAST:
        if (!settings.forwarding) return this.notForwarding();
        return this.forward(pkt, route, device, settings);
      case AddressType.LOCAL:
        if (!this.sourceIsValid(pkt, device, settings)) return InputRoute.REFUSED;
        pkt.oif = LOOPBACK_INDEX;
        return InputRoute.LOCAL;
      case AddressType.BROADCAST:
        if (settings.broadcastForwarding) return this.forward(pkt, route, device, settings);
        return this.broadcast(pkt, device, settings);
      case AddressType.BLACKHOLE:
        return this.unreachable(NO_ERROR_CODE, DropReason.ROUTE_BLACKHOLE, settings);
      case AddressType.UNREACHABLE:
        return this.unreachable(HOST_UNREACHABLE, DropReason.ROUTE_UNREACHABLE, settings);
      case AddressType.PROHIBIT:
        return this.unreachable(PACKET_FILTERED, DropReason.ROUTE_PROHIBIT, settings);
      case AddressType.THROW:
        return this.unreachable(NET_UNREACHABLE, DropReason.NO_ROUTE, settings);
      default:
        return this.refuse(DropReason.MARTIAN_DESTINATION);
    }
  }

  private forward(pkt: PacketBuffer, route: Route, device: Device, settings: DeviceSettings4): InputRoute {
    const way = route.paths === null ? route : this.choose(pkt, route.paths);
    this.route = way;
    const looksBack = way.device === device && settings.sendRedirects;
    if (!this.sourceIsValid(pkt, device, settings, looksBack)) return InputRoute.REFUSED;
    this.follow(pkt, way);
    if (looksBack) this.redirect = this.wantsRedirect(pkt, way, device, settings);
    return InputRoute.FORWARD;
  }

  /** The link is the same, the source is a neighbour on it, and so is (or may be) the better first hop. */
  private wantsRedirect(pkt: PacketBuffer, route: Route, device: Device, settings: DeviceSettings4): boolean {
    const back = this.host.routes4.lookupBack(pkt, device.index);
    if (back === undefined || back.type !== AddressType.UNICAST || back.hasGateway) return false;
    if (back.device !== route.device) return false;
    if (settings.sharedMedia) return true;
    const gateway = route.gateway[0]!;
    return this.host.addresses
      .of(route.device, 4)
      .some((own) => own.contains(pkt.src0, 0, 0, 0) && (gateway === 0 || own.contains(gateway, 0, 0, 0)));
  }

  /**
   * fib_validate_source, with dropReason when false. Without a reverse path filter the way back is still looked up when a
   * redirect may be due (`looksBack`); then the source must not be a broadcast address.
   */
  private sourceIsValid(
    pkt: PacketBuffer,
    device: Device,
    settings: DeviceSettings4,
    looksBack = false,
  ): boolean {
    const src = pkt.src0;
    const mayBeOwn = settings.acceptLocal || device.isLoopback;
    if (settings.rpFilter === 0 && !looksBack) {
      return mayBeOwn || !this.host.addresses.isOwn4(src) || this.rejectSource(DropReason.MARTIAN_SOURCE);
    }
    const back = this.host.routes4.lookupBack(pkt, device.index);
    const type = back?.type;
    if (type === AddressType.LOCAL && !mayBeOwn) return this.rejectSource(DropReason.MARTIAN_SOURCE);
    if (settings.rpFilter === 0)
      return type !== AddressType.BROADCAST || this.rejectSource(DropReason.MARTIAN_SOURCE);
    if (back === undefined) return this.rejectSource(DropReason.REVERSE_PATH);
    if (type !== AddressType.UNICAST && type !== AddressType.LOCAL)
      return this.rejectSource(DropReason.MARTIAN_SOURCE);
    const strict = settings.rpFilter === 1;
    const matches = back.leadsBy(device) || (type === AddressType.LOCAL && device.isLoopback);
    // An interface without addresses has no reverse path that could be checked, and a check was asked for.
    const loose = !strict && this.host.addresses.of(device, 4).length > 0;
    return matches || loose || this.rejectSource(DropReason.REVERSE_PATH);
  }

  private rejectSource(reason: number): false {
    this.dropReason = reason;
    return false;
  }

  private broadcast(pkt: PacketBuffer, device: Device, settings: DeviceSettings4): InputRoute {
    if (!isUnspecified4(pkt.src0) && !this.sourceIsValid(pkt, device, settings)) return InputRoute.REFUSED;
    pkt.oif = LOOPBACK_INDEX;
    return InputRoute.BROADCAST;
  }

  private multicast(pkt: PacketBuffer, device: Device, settings: DeviceSettings4): InputRoute {
    const src = pkt.src0;
    if (!this.isMember(device, pkt.dst0) && pkt.proto !== IPPROTO_IGMP)
      return this.refuse(DropReason.NOT_MEMBER);
    if (isMulticast4(src) || src === LIMITED_BROADCAST) return this.refuse(DropReason.MARTIAN_SOURCE);
    if (isLoopback4(src) && !settings.routeLocalnet) return this.refuse(DropReason.MARTIAN_SOURCE);
    if (isUnspecified4(src)) {
      if (!isLocalMulticast4(pkt.dst0) && pkt.proto !== IPPROTO_IGMP)
        return this.refuse(DropReason.MARTIAN_SOURCE);
    } else if (!this.sourceIsValid(pkt, device, settings)) {
      return InputRoute.REFUSED;
    }
    pkt.oif = LOOPBACK_INDEX;
    return InputRoute.MULTICAST;
  }

  private isMember(device: Device, group: number): boolean {
    return isAllHosts4(group) || this.host.isGroupMember(device, 4, group, 0, 0, 0);
  }

  /** Without forwarding on this interface the sender hears nothing, whatever the way would have been (ip_error). */
  private notForwarding(): InputRoute {
    this.errorCode = NO_ERROR_CODE;
    this.dropReason = DropReason.FORWARDING_OFF;
    return InputRoute.UNREACHABLE;
  }

  private unreachable(code: number, reason: number, settings: DeviceSettings4): InputRoute {
    this.errorCode = settings.forwarding ? code : NO_ERROR_CODE;
    this.dropReason = reason;
    return InputRoute.UNREACHABLE;
  }

  private refuse(reason: number): InputRoute {
    this.dropReason = reason;
    return InputRoute.REFUSED;
  }

  /** Writes the way into the packet. */
  private follow(pkt: PacketBuffer, route: Route): void {
    pkt.oif = route.device.index;
    pkt.via0 = route.hasGateway ? route.gateway[0]! : pkt.dst0;
    pkt.routeMtu = route.effectiveMtu;
  }

  /**
   * ip_route_output for a packet of the host's own: `pkt.dst0` says where to; the source it should have is left in
   * `source`. `device` limits the ways to one device. False when there is no way (reason in `dropReason`).
   */
  output(pkt: PacketBuffer, device: Device | undefined): boolean {
    const dst = pkt.dst0;
    const onLink = dst === LIMITED_BROADCAST || isMulticast4(dst);
    const { routes4, redirects } = this.host;
    const found =
      device === undefined
        ? routes4.lookupFor(pkt, 0)
        : routes4.lookupThrough(device, Int32Array.of(dst, 0, 0, 0), pkt);
    const route = found === undefined || found.paths === null ? found : this.choose(pkt, found.paths);
    this.route = route;
    if (onLink && device !== undefined) return this.outputOnLink(pkt, device);
    if (route === undefined || route.type === AddressType.THROW) return this.noWay(DropReason.NO_ROUTE);
    switch (route.type) {
      case AddressType.LOCAL:
        pkt.oif = LOOPBACK_INDEX;
        pkt.via0 = dst;
        pkt.routeMtu = this.host.devices.at(LOOPBACK_INDEX)!.mtu;
        this.source = isLoopback4(dst) || this.host.addresses.isOwn4(dst) ? dst : route.source4;
        return true;
      case AddressType.BLACKHOLE:
        return this.noWay(DropReason.ROUTE_BLACKHOLE);
      case AddressType.UNREACHABLE:
        return this.noWay(DropReason.ROUTE_UNREACHABLE);
      case AddressType.PROHIBIT:
        return this.noWay(DropReason.ROUTE_PROHIBIT);
      default:
        this.follow(pkt, route);
        // What is for everybody here, or for a group that no route of its own leads to, goes to no gateway.
        if (onLink && route.length < GROUP_PREFIX) pkt.via0 = dst;
        if (!redirects.isEmpty && route.hasGateway) this.followRedirect(pkt, route);
        this.host.pathMtus.bind(pkt, 4);
        this.source = route.source4;
        return true;
    }
  }

  /** One of several next hops, the same for all packets of a flow. */
  private choose(pkt: PacketBuffer, paths: readonly Route[]): Route {
    const policy = this.host.sysctls.get('net.ipv4.fib_multipath_hash_policy');
    return choosePath(paths, multipathHash(pkt, policy, this.host.multipathSecret));
  }

  private followRedirect(pkt: PacketBuffer, route: Route): void {
    const better = this.host.redirects.find(pkt.dst0, 0, 0, 0, route.device);
    if (better !== undefined) pkt.via0 = better.gateway[0]!;
  }

  private outputOnLink(pkt: PacketBuffer, device: Device): boolean {
    pkt.oif = device.index;
    pkt.via0 = pkt.dst0;
    pkt.routeMtu = device.mtu;
    this.source = this.host.addresses.select4(device, 0, 253);
    return true;
  }

  private noWay(reason: number): boolean {
    this.dropReason = reason;
    return false;
  }
}
