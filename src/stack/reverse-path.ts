/**
 * What `-m rpfilter` asks of the host (Linux: ipt_rpfilter, ip6t_rpfilter): whether the way back to a packet's source leaves
 * by the interface that the packet came in on. Not the reverse path filter of IP input: that one is a sysctl and has
 * exceptions of its own (route4.ts).
 */
import { AddressType } from '../netfilter/host-services.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { isLinkLocal6 } from './addresses.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { isLocalMulticast4, isUnspecified4, LIMITED_BROADCAST } from './route4.ts';
import type { Route } from './routing/route.ts';

export function hasReversePath(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  loose: boolean,
  acceptLocal: boolean,
): boolean {
  if (device.isLoopback) return true;
  return pkt.family === 4
    ? hasReversePath4(host, pkt, device, loose, acceptLocal)
    : hasReversePath6(host, pkt, device, loose, acceptLocal);
}

function hasReversePath4(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  loose: boolean,
  acceptLocal: boolean,
): boolean {
  const { src0, dst0 } = pkt;
  // Who has no address yet asks for one (DHCP, BOOTP).
  if (isUnspecified4(src0) && (dst0 === LIMITED_BROADCAST || isLocalMulticast4(dst0))) return true;
  const route = host.routes4.lookupBack(pkt, device.index);
  if (route === undefined) return false;
  if (route.type !== AddressType.UNICAST && !(route.type === AddressType.LOCAL && acceptLocal)) return false;
  return loose || route.leadsBy(device);
}

function hasReversePath6(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  loose: boolean,
  acceptLocal: boolean,
): boolean {
  const { src0, src1, src2, src3 } = pkt;
  if ((src0 | src1 | src2 | src3) === 0) return true;
  if (host.addresses.find(6, src0, src1, src2, src3, loose ? undefined : device) !== undefined)
    return acceptLocal;
  // Every link has a route to its link-local addresses.
  if (isLinkLocal6(src0)) return true;
  const route = loose
    ? host.routes6.lookup(src0, src1, src2, src3)
    : host.routes6.lookupThrough(device, Int32Array.of(src0, src1, src2, src3));
  return route !== undefined && isUsable6(route, acceptLocal);
}

function isUsable6(route: Route, acceptLocal: boolean): boolean {
  return route.type === AddressType.LOCAL ? acceptLocal : route.type === AddressType.UNICAST;
}
