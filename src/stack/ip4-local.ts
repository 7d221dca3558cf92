/**
 * Local delivery of IPv4 (Linux: ip_local_deliver): fragments are put together, INPUT, and then the protocol. What finds
 * no socket, neither of the host's own nor of its owner's, is answered as Linux answers it.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import * as icmp from '../wire/icmp.ts';
import {
  IPPROTO_ICMP,
  IPPROTO_IGMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import * as udp from '../wire/udp.ts';
import { WireStatus } from '../wire/wire-status.ts';
import type { Device } from './device.ts';
import { DefragUser } from './fragment-queue.ts';
import type { Host } from './host.ts';
import { receiveIcmp4 } from './icmp4-in.ts';
import { deliverTcp, takeDatagram, transportChecksumOk, udpLiteOk } from './local-transport.ts';

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

function deliverDatagram(host: Host, pkt: PacketBuffer, device: Device): void {
  if (takeDatagram(host, pkt, device)) return;
  // UDP lets go of the connection first (nf_reset_ct), so that the answer is tracked by itself.
  const { ct } = pkt;
  pkt.ct = 0;
  // The ICMP room knows that broadcasts and multicasts are never answered.
  host.icmp4.error(pkt, icmp.DEST_UNREACH, icmp.PORT_UNREACH, 0);
  pkt.ct = ct;
  return host.drop(pkt, DropReason.NO_SOCKET);
}
