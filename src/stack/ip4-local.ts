/**
 * Local delivery of IPv4 (Linux: ip_local_deliver): fragments are put together, INPUT, and then the protocol. What finds
 * no socket, neither of the host's own nor of its owner's, is answered as Linux answers it.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { fold, pseudoOf, sum, transportSum } from '../wire/checksum.ts';
import * as icmp from '../wire/icmp.ts';
import {
  IPPROTO_ICMP,
  IPPROTO_IGMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../wire/ip-protocol.ts';
import { isKnownRight, PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';
import * as udp from '../wire/udp.ts';
import * as udplite from '../wire/udplite.ts';
import { WireStatus } from '../wire/wire-status.ts';
import type { Device } from './device.ts';
import { DefragUser } from './fragment-queue.ts';
import type { Host } from './host.ts';
import { receiveIcmp4 } from './icmp4-in.ts';
import { resetTcp } from './tcp-reset.ts';

const SUM_OK = 0xffff;

export function deliver4(host: Host, pkt: PacketBuffer, device: Device): void {
  if (pkt.fragOffset !== 0 || pkt.moreFragments !== 0) {
    if (host.fragments.collect4(pkt, DefragUser.LOCAL_DELIVER, 0) !== Verdict.ACCEPT) return;
  }
  if (!host.hook(Hook.INPUT, pkt)) return;
  if (host.isPassive) return host.deliver(pkt);
  const isSeen = host.raw.deliver(pkt, device);
  switch (pkt.proto) {
    case IPPROTO_ICMP:
      return receiveIcmp4(host, pkt, device, isSeen);
    case IPPROTO_UDP:
      return deliverUdp(host, pkt, device);
    case IPPROTO_UDPLITE:
      if (!udpLiteOk(pkt)) return host.drop(pkt, DropReason.TRANSPORT_CHECKSUM);
      return deliverDatagram(host, pkt, device);
    case IPPROTO_TCP:
      return deliverTcp(host, pkt, device);
    case IPPROTO_IGMP:
      host.membership.receive4(pkt, device);
      return host.deliver(pkt);
    default:
      if (host.tunnels.receive(pkt)) return host.countDelivered();
      if (isSeen || host.hasSocket(pkt, device)) return host.deliver(pkt);
      host.icmp4.error(pkt, icmp.DEST_UNREACH, icmp.PROT_UNREACH, 0);
      return host.drop(pkt, DropReason.NO_PROTOCOL);
  }
}

/** True when the checksum over pseudo header and data is right, or known to be. */
export function transportChecksumOk(pkt: PacketBuffer): boolean {
  return isKnownRight(pkt) || fold(transportSum(pkt)) === SUM_OK;
}

function deliverUdp(host: Host, pkt: PacketBuffer, device: Device): void {
  const { bytes, l4 } = pkt;
  if (udp.check(bytes, l4, pkt.l3End) !== WireStatus.OK) return host.drop(pkt, DropReason.TRANSPORT_HEADER);
  // What follows the length that the header states is cut off, and not quoted in errors either.
  pkt.l3End = l4 + udp.length(bytes, l4);
  if (udp.headerChecksum(bytes, l4) !== udp.CHECKSUM_NONE && !transportChecksumOk(pkt)) {
    return host.drop(pkt, DropReason.TRANSPORT_CHECKSUM);
  }
  return deliverDatagram(host, pkt, device);
}

/** The header's coverage is legal, and the checksum is there and right. */
export function udpLiteOk(pkt: PacketBuffer): boolean {
  const { bytes, l4, l3End } = pkt;
  if (udplite.check(bytes, l4, l3End) !== WireStatus.OK || udplite.headerChecksum(bytes, l4) === 0)
    return false;
  return fold(sum(bytes, l4, udplite.coveredEnd(bytes, l4, l3End), pseudoOf(pkt, l3End - l4))) === SUM_OK;
}

function deliverDatagram(host: Host, pkt: PacketBuffer, device: Device): void {
  if (pkt.proto === IPPROTO_UDP && host.tunnels.receive(pkt)) return host.countDelivered();
  if (pkt.proto === IPPROTO_UDP && host.udp !== null && host.udp.receive(pkt, device))
    return host.countDelivered();
  if (host.hasSocket(pkt, device)) return host.deliver(pkt);
  // UDP lets go of the connection first (nf_reset_ct), so that the answer is tracked by itself.
  const { ct } = pkt;
  pkt.ct = 0;
  // The ICMP room knows that broadcasts and multicasts are never answered.
  host.icmp4.error(pkt, icmp.DEST_UNREACH, icmp.PORT_UNREACH, 0);
  pkt.ct = ct;
  return host.drop(pkt, DropReason.NO_SOCKET);
}

function deliverTcp(host: Host, pkt: PacketBuffer, device: Device): void {
  if (pkt.packetType !== PacketType.HOST) return host.drop(pkt, DropReason.NO_SOCKET);
  if (tcp.check(pkt.bytes, pkt.l4, pkt.l3End) !== WireStatus.OK)
    return host.drop(pkt, DropReason.TRANSPORT_HEADER);
  if (!transportChecksumOk(pkt)) return host.drop(pkt, DropReason.TRANSPORT_CHECKSUM);
  if (host.tcp !== null && host.tcp.receive(pkt, device)) return host.countDelivered();
  if (host.hasSocket(pkt, device)) return host.deliver(pkt);
  resetTcp(host, pkt);
  return host.drop(pkt, DropReason.NO_SOCKET);
}
