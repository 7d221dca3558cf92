/**
 * Questions about addresses that packet filter, options and ICMP ask of the host: what kind one is, which own one is used
 * where.
 */
import { AddressType } from '../netfilter/host-services.ts';
import type { Family } from '../netfilter/hook.ts';
import { maskWord } from '../wire/address.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { IpPrefix } from './address.ts';
import { AddressTable, isLinkLocal6, Scope, type OwnAddress } from './addresses.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { isMulticast4, isUnspecified4, LIMITED_BROADCAST } from './route4.ts';

/** A network of two stations has no broadcast address (RFC 3021). */
const LONGEST_WITH_BROADCAST = 30;
/** Scopes of groups (RFC 4291 2.7). */
const GROUP_OF_NODE = 1;
const GROUP_OF_LINK = 2;
const GROUP_OF_SITE = 5;
const MULTICAST_6 = 0xff;
/** First word of fe80::. */
const LINK_LOCAL_0 = 0xfe800000 | 0;

export class HostAddressing {
  private readonly host: Host;
  readonly addresses = new AddressTable();
  private readonly scratch = new Int32Array(4);

  constructor(host: Host) {
    this.host = host;
  }

  addressType(family: Family, w0: number, w1: number, w2: number, w3: number, iface: number): AddressType {
    return family === 4 ? this.addressType4(w0, iface) : this.addressType6(w0, w1, w2, w3, iface);
  }

  /** The network mask of the device's address whose network this is the broadcast address of; 0 where there is none. */
  maskOfBroadcast(index: number, address: number): number {
    for (const own of this.addresses.all) {
      if (own.family !== 4 || own.device.index !== index || own.length > LONGEST_WITH_BROADCAST) continue;
      const mask = maskWord(own.length, 0);
      if ((own.words[0]! | ~mask) === address) return mask;
    }
    return 0;
  }

  leaveBySameDevice(family: Family, a: Int32Array, b: Int32Array): boolean {
    const routes = family === 4 ? this.host.routes4 : this.host.routes6;
    const toA = routes.lookup(a[0]!, a[1]!, a[2]!, a[3]!);
    const toB = routes.lookup(b[0]!, b[1]!, b[2]!, b[3]!);
    return toA !== undefined && toB !== undefined && toA.device === toB.device;
  }

  haveSameNextHop(family: Family, a: Int32Array, b: Int32Array): boolean {
    const routes = family === 4 ? this.host.routes4 : this.host.routes6;
    const toA = routes.lookup(a[0]!, a[1]!, a[2]!, a[3]!);
    const toB = routes.lookup(b[0]!, b[1]!, b[2]!, b[3]!);
    if (toA === undefined || toB === undefined || toA.device !== toB.device) return false;
    const hopA = toA.hasGateway ? toA.gateway : a;
    const hopB = toB.hasGateway ? toB.gateway : b;
    return hopA.every((word, i) => word === hopB[i]);
  }

  /** inet_addr_type: by the local table only, so that a blackhole route does not show. */
  private addressType4(address: number, iface: number): AddressType {
    if (isUnspecified4(address) || address === LIMITED_BROADCAST) return AddressType.BROADCAST;
    if (isMulticast4(address)) return AddressType.MULTICAST;
    const route = this.host.routes4.lookupLocal(address, 0, 0, 0);
    if (route === undefined || (iface !== 0 && route.device.index !== iface)) return AddressType.UNICAST;
    return route.type;
  }

  private addressType6(w0: number, w1: number, w2: number, w3: number, iface: number): AddressType {
    if (w0 >>> 24 === MULTICAST_6) return AddressType.MULTICAST;
    if ((w0 | w1 | w2 | w3) === 0) return AddressType.UNSPEC;
    const device = iface === 0 ? undefined : this.host.devices.at(iface);
    if (this.addresses.find(6, w0, w1, w2, w3, device) !== undefined) return AddressType.LOCAL;
    if (isLinkLocal6(w0)) {
      const isSubnetRouter = w0 === LINK_LOCAL_0 && (w1 | w2 | w3) === 0 && this.host.settings.isRouter6;
      return isSubnetRouter ? AddressType.ANYCAST : AddressType.UNICAST;
    }
    const { routes6 } = this.host;
    const route =
      device === undefined
        ? routes6.lookup(w0, w1, w2, w3)
        : routes6.lookupThrough(device, Int32Array.of(w0, w1, w2, w3));
    if (route === undefined) return AddressType.UNREACHABLE;
    switch (route.type) {
      case AddressType.BLACKHOLE:
      case AddressType.UNREACHABLE:
      case AddressType.PROHIBIT:
      case AddressType.THROW:
        return AddressType.UNREACHABLE;
      case AddressType.LOCAL:
        // Ours, but not on the interface asked about.
        return device === undefined ? AddressType.LOCAL : AddressType.UNICAST;
      default:
        return route.type;
    }
  }

  /** As IPv4's MASQUERADE selects by next hop, IPv6's by destination. */
  masqueradeAddress(pkt: PacketBuffer, oif: number, out: Int32Array): boolean {
    const device = this.host.devices.at(oif);
    if (device === undefined) return false;
    if (pkt.family === 4) {
      const address = this.addresses.select4(device, pkt.via0, Scope.UNIVERSE);
      out.fill(0);
      out[0] = address;
      return address !== 0;
    }
    const address = this.addresses.select6(device, this.destinationWords(pkt));
    if (address === undefined) return false;
    out.set(address);
    return true;
  }

  private destinationWords(pkt: PacketBuffer): Int32Array {
    const words = this.scratch;
    words[0] = pkt.dst0;
    words[1] = pkt.dst1;
    words[2] = pkt.dst2;
    words[3] = pkt.dst3;
    return words;
  }

  /** The first address of the interface; for IPv6 in the kernel's order: the widest scope, of these the newest. */
  redirectAddress(pkt: PacketBuffer, out: Int32Array): boolean {
    const device = this.host.devices.at(pkt.iif);
    if (device === undefined) return false;
    const own = this.addresses.of(device, pkt.family === 4 ? 4 : 6);
    const chosen = pkt.family === 4 ? own[0] : redirectTarget6(own, pkt.dst0);
    if (chosen === undefined) return false;
    out.set(chosen.words);
    return true;
  }

  pathMtu(pkt: PacketBuffer, reverse: boolean): number {
    const mtu = reverse ? this.wayBackMtu(pkt) : pkt.routeMtu;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = pkt;
    const end = reverse ? Int32Array.of(src0, src1, src2, src3) : Int32Array.of(dst0, dst1, dst2, dst3);
    return Math.min(mtu, this.host.pathMtus.of(pkt.family === 6 ? 6 : 4, end)?.mtu ?? mtu);
  }

  private wayBackMtu(pkt: PacketBuffer): number {
    const { routes4, routes6 } = this.host;
    if (pkt.family === 6 && isLinkLocal6(pkt.src0)) return this.host.devices.at(pkt.iif)?.mtu ?? 0;
    const route =
      pkt.family === 4
        ? routes4.lookup(pkt.src0, 0, 0, 0)
        : routes6.lookup(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    return route?.effectiveMtu ?? 0;
  }

  /** fib_compute_spec_dst: what this host is to the sender: the destination if it is ours, else an address towards him. */
  specificDestination4(pkt: PacketBuffer): number {
    if (this.addressType4(pkt.dst0, 0) === AddressType.LOCAL) return pkt.dst0;
    const device = this.host.devices.at(pkt.iif);
    if (device === undefined) return 0;
    const scope = isUnspecified4(pkt.src0) ? Scope.UNIVERSE : Scope.LINK;
    if (isUnspecified4(pkt.src0)) return this.addresses.select4(device, 0, scope);
    const back = this.host.routes4.lookupBack(pkt, pkt.iif);
    if (back !== undefined && back.type === AddressType.UNICAST) return back.source4;
    return this.addresses.select4(device, 0, Scope.UNIVERSE);
  }

  /** ip_rt_get_source: the source that a packet of our own would have on the way that this one takes. */
  outgoingAddress4(pkt: PacketBuffer): number {
    if (pkt.iif === 0) return pkt.src0;
    const route = this.host.routes4.lookup(pkt.dst0, 0, 0, 0);
    if (route !== undefined && route.source4 !== 0) return route.source4;
    const device: Device | undefined = this.host.devices.at(pkt.oif);
    return device === undefined ? 0 : this.addresses.select4(device, pkt.via0, Scope.UNIVERSE);
  }
}

/** An address of the destination's scope, where that is the link; none where it is the node or the site. */
function redirectTarget6(own: readonly OwnAddress[], dst0: number): OwnAddress | undefined {
  const group = dst0 >>> 24 === MULTICAST_6 ? (dst0 >>> 16) & 15 : 0;
  if (group === GROUP_OF_LINK || isLinkLocal6(dst0)) return own.find(({ scope }) => scope === Scope.LINK);
  if (group === GROUP_OF_NODE || group === GROUP_OF_SITE || isSiteLocal6(dst0)) return undefined;
  return own.findLast(({ scope }) => scope !== Scope.LINK) ?? own[0];
}

/** fec0::/10, deprecated (RFC 3879). */
function isSiteLocal6(w0: number): boolean {
  return (w0 & 0xffc00000) === (0xfec00000 | 0);
}

/** fe80::/64 with the interface identifier made from the MAC address (RFC 4291 appendix A; addr_gen_mode 0). */
export function linkLocalOf(device: Device): IpPrefix {
  const mac = device.mac;
  return {
    family: 6,
    words: Int32Array.of(
      0xfe800000,
      0,
      ((mac[0]! ^ 2) << 24) | (mac[1]! << 16) | (mac[2]! << 8) | 0xff,
      (0xfe << 24) | (mac[3]! << 16) | (mac[4]! << 8) | mac[5]!,
    ),
    length: 64,
  };
}
