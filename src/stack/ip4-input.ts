/**
 * IPv4 packets that arrive: ip_rcv's checks, PREROUTING, the routing decision, and off to local delivery or forwarding.
 * Source: RFC 1812 5.2; drops carry the reason that reports show.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import * as icmp from '../wire/icmp.ts';
import * as ipv4 from '../wire/ipv4.ts';
import { PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { WireStatus } from '../wire/wire-status.ts';
import { LOOPBACK_INDEX, type Device } from './device.ts';
import type { Host } from './host.ts';
import { forward4 } from './ip4-forward.ts';
import { deliver4 } from './ip4-local.ts';
import { InputRoute, NO_ERROR_CODE } from './route4.ts';

/** @param status - what the dissection of the packet gave */
export function receive4(host: Host, pkt: PacketBuffer, device: Device, status: WireStatus): void {
  if (pkt.packetType === PacketType.OTHERHOST) return host.drop(pkt, DropReason.OTHER_HOST);
  if (pkt.family !== 4) {
    return host.drop(pkt, status === WireStatus.BAD_LENGTH ? DropReason.IP_TRUNCATED : DropReason.IP_HEADER);
  }
  if (!ipv4.checksumOk(pkt.bytes, pkt.l3)) return host.drop(pkt, DropReason.IP_CHECKSUM);
  if (status === WireStatus.CUT) return host.drop(pkt, DropReason.IP_TRUNCATED);
  // Padding ends here: from now on the packet is as long as it says.
  pkt.end = pkt.l3End;
  if (!host.hookFirst(pkt)) return;
  route4(host, pkt, device);
}

/** ip_rcv_finish. */
function route4(host: Host, pkt: PacketBuffer, device: Device): void {
  const route = host.route4;
  // A copy of what the host sent to many was routed on the way out, and is not again unless it was translated.
  const isHome = pkt.packetType === PacketType.LOOPBACK && pkt.oif === LOOPBACK_INDEX;
  let kind = isHome ? InputRoute.MULTICAST : route.input(pkt, device);
  if (kind === InputRoute.REFUSED) return host.drop(pkt, route.dropReason);
  if (pkt.l4 > pkt.l3 + ipv4.HEADER_LENGTH) {
    kind = receiveOptions(host, pkt, device, kind);
    if (kind === InputRoute.REFUSED) return;
  }
  switch (kind) {
    case InputRoute.FORWARD:
      return forward4(host, pkt, device);
    case InputRoute.UNREACHABLE:
      return unreachable(host, pkt);
    default:
      if (kind === InputRoute.LOCAL && isUnicastInMulticastFrame(host, pkt, device)) {
        return host.drop(pkt, DropReason.OTHER_HOST);
      }
      return deliver4(host, pkt, device);
  }
}

function isUnicastInMulticastFrame(host: Host, pkt: PacketBuffer, device: Device): boolean {
  if (pkt.packetType !== PacketType.BROADCAST && pkt.packetType !== PacketType.MULTICAST) return false;
  return host.settings.v4(device).dropUnicastInMulticast;
}

/** ip_rcv_options: the kind of route it has now; REFUSED when it was dropped. */
function receiveOptions(host: Host, pkt: PacketBuffer, device: Device, kind: InputRoute): InputRoute {
  const options = host.options4;
  const fault = options.receive(pkt);
  if (fault !== 0) {
    host.icmp4.error(pkt, icmp.PARAMETER_PROBLEM, 0, fault << 24, options.faultAt);
    host.drop(pkt, DropReason.IP_OPTIONS);
    return InputRoute.REFUSED;
  }
  if (options.sourceRoute === 0) return kind;
  if (!host.settings.v4(device).acceptSourceRoute) {
    host.drop(pkt, DropReason.SOURCE_ROUTE);
    return InputRoute.REFUSED;
  }
  return followSourceRoute(host, pkt, device, kind);
}

/** ip_options_rcv_srr. */
function followSourceRoute(host: Host, pkt: PacketBuffer, device: Device, kind: InputRoute): InputRoute {
  const options = host.options4;
  if (pkt.packetType !== PacketType.HOST || (kind === InputRoute.FORWARD && options.isStrict)) {
    if (pkt.packetType === PacketType.HOST) {
      host.icmp4.error(pkt, icmp.PARAMETER_PROBLEM, 0, 16 << 24);
    }
    host.drop(pkt, DropReason.SOURCE_ROUTE);
    return InputRoute.REFUSED;
  }
  if (kind !== InputRoute.LOCAL) return kind;
  const stop = options.followSourceRoute(pkt);
  if (stop === 0) return kind;
  if (stop < 0) {
    host.icmp4.error(pkt, icmp.PARAMETER_PROBLEM, 0, (options.sourceRoute - pkt.l3 + 2) << 24);
    host.drop(pkt, DropReason.IP_OPTIONS);
    return InputRoute.REFUSED;
  }
  const onward = host.route4.input(pkt, device);
  if (onward === InputRoute.FORWARD || onward === InputRoute.LOCAL) return onward;
  host.drop(pkt, DropReason.SOURCE_ROUTE);
  return InputRoute.REFUSED;
}

/** ip_error: no way to the destination, or one that leads nowhere. */
function unreachable(host: Host, pkt: PacketBuffer): void {
  const { errorCode, dropReason } = host.route4;
  if (errorCode !== NO_ERROR_CODE && host.limits4.allowRouteError(pkt.src0)) {
    host.icmp4.error(pkt, icmp.DEST_UNREACH, errorCode, 0);
  }
  host.drop(pkt, dropReason);
}
