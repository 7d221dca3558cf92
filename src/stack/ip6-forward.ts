/**
 * Forwarding of IPv6 (RFC 8200 section 3 and 5; Linux: ip6_forward): hop limit, redirect, source address, MTU, FORWARD.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { lengthOnTheWay, PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { isLinkLocal6 } from './addresses.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';

export function forward6(host: Host, pkt: PacketBuffer, device: Device): void {
  if (!host.settings.isRouter6) return host.drop(pkt, DropReason.FORWARDING_OFF);
  if (pkt.packetType !== PacketType.HOST) return host.drop(pkt, DropReason.BROADCAST_FORWARD);
  const { bytes, l3 } = pkt;
  const hopLimit = ipv6.hopLimit(bytes, l3);
  if (hopLimit <= 1) {
    host.icmp6.error(pkt, icmpv6.TIME_EXCEEDED, icmpv6.HOP_LIMIT_EXCEEDED, 0);
    return host.drop(pkt, DropReason.TTL_EXCEEDED);
  }
  if (pkt.oif === pkt.iif) {
    host.nd.redirect(pkt, device);
  } else if (!sourceMayLeaveLink(host, pkt)) {
    return host.drop(pkt, DropReason.MARTIAN_SOURCE);
  }
  const mtu = pkt.routeMtu;
  if (lengthOnTheWay(pkt) > mtu && (pkt.fragMaxSize === 0 || pkt.fragMaxSize > mtu)) {
    host.icmp6.error(pkt, icmpv6.PACKET_TOO_BIG, 0, mtu);
    return host.drop(pkt, DropReason.TOO_BIG);
  }
  ipv6.setHopLimit(bytes, l3, hopLimit - 1);
  if (!host.hook(Hook.FORWARD, pkt)) return;
  host.output6(pkt, host.devices.at(pkt.oif) ?? device);
}

/** "This check is security critical": no way out for sources that mean something here only. */
function sourceMayLeaveLink(host: Host, pkt: PacketBuffer): boolean {
  const { src0, src1, src2, src3 } = pkt;
  const isLoopbackOrNone = src0 === 0 && src1 === 0 && src2 === 0 && (src3 === 0 || src3 === 1);
  if (isLoopbackOrNone || src0 >>> 24 === 0xff) return false;
  if (!isLinkLocal6(src0)) return true;
  host.icmp6.error(pkt, icmpv6.DEST_UNREACH, icmpv6.NOT_NEIGHBOUR, 0);
  return false;
}
