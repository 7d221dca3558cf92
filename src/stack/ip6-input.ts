/**
 * IPv6 packets that arrive: ipv6_rcv's checks, hop-by-hop options, PREROUTING, the routing decision, and off to local
 * delivery or forwarding. Source: RFC 8200, RFC 4291 2.5 and 2.7.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_HOPOPTS } from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { WireStatus } from '../wire/wire-status.ts';
import { LOOPBACK_INDEX, type Device } from './device.ts';
import type { Host } from './host.ts';
import { forward6 } from './ip6-forward.ts';
import { deliver6 } from './ip6-local.ts';
import { optionsPass } from './ip6-options.ts';
import { InputRoute, NO_ERROR_CODE } from './route4.ts';

const MULTICAST = 0xff;
const INTERFACE_LOCAL = 1;

/** @param status - what the dissection of the packet gave; a broken chain of extension headers is no fault here */
export function receive6(host: Host, pkt: PacketBuffer, device: Device, status: WireStatus): void {
  if (pkt.packetType === PacketType.OTHERHOST) return host.drop(pkt, DropReason.OTHER_HOST);
  if (host.settings.v6(device).disabled) return host.drop(pkt, DropReason.IPV6_DISABLED);
  if (pkt.family !== 6) return host.drop(pkt, DropReason.IP_HEADER);
  const fault = addressFault(host, pkt, device);
  if (fault !== 0) return host.drop(pkt, fault);
  const { bytes, l3 } = pkt;
  if (status === WireStatus.CUT || isCut(pkt)) return host.drop(pkt, DropReason.IP_TRUNCATED);
  pkt.end = pkt.l3End;
  if (ipv6.nextHeader(bytes, l3) === IPPROTO_HOPOPTS) {
    if (!optionsPass(host, pkt, l3 + ipv6.HEADER_LENGTH, IPPROTO_HOPOPTS)) return;
  }
  if (!host.hookFirst(pkt)) return;
  // What the host sent to itself was routed on the way out, and is not again unless it was translated.
  if (pkt.oif === LOOPBACK_INDEX) return deliver6(host, pkt, device);
  switch (host.route6.input(pkt, device)) {
    case InputRoute.FORWARD:
      return forward6(host, pkt, device);
    case InputRoute.LOCAL:
    case InputRoute.MULTICAST:
      return deliver6(host, pkt, device);
    case InputRoute.UNREACHABLE:
      return unreachable(host, pkt);
    default:
      return host.drop(pkt, host.route6.dropReason);
  }
}

/** The dissection says CUT or BAD_EXTENSION, not both. */
function isCut(pkt: PacketBuffer): boolean {
  return pkt.l3 + ipv6.HEADER_LENGTH + ipv6.payloadLength(pkt.bytes, pkt.l3) > pkt.end;
}

/** Addresses that nothing on a wire may carry; the drop reason, or 0. */
function addressFault(host: Host, pkt: PacketBuffer, device: Device): number {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = pkt;
  if (!device.isLoopback) {
    if (src3 === 1 && (src0 | src1 | src2) === 0) return DropReason.MARTIAN_SOURCE;
    if (dst3 === 1 && (dst0 | dst1 | dst2) === 0) return DropReason.MARTIAN_DESTINATION;
  }
  if (dst0 >>> 24 === MULTICAST) {
    const scope = (dst0 >>> 16) & 15;
    if (scope === 0 || (scope === INTERFACE_LOCAL && !device.isLoopback))
      return DropReason.MARTIAN_DESTINATION;
  } else if (pkt.packetType === PacketType.BROADCAST || pkt.packetType === PacketType.MULTICAST) {
    if (host.settings.v6(device).dropUnicastInMulticast) return DropReason.OTHER_HOST;
  }
  return src0 >>> 24 === MULTICAST ? DropReason.MARTIAN_SOURCE : 0;
}

/** ip6_pkt_discard, ip6_pkt_prohibit. */
function unreachable(host: Host, pkt: PacketBuffer): void {
  const { errorCode, dropReason } = host.route6;
  if (errorCode !== NO_ERROR_CODE) host.icmp6.error(pkt, icmpv6.DEST_UNREACH, errorCode, 0);
  host.drop(pkt, dropReason);
}
