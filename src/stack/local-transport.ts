/**
 * The end of local delivery, the same for IPv4 and IPv6: TCP, datagrams, and the checksums that decide whether they count.
 * What finds no socket is answered by the family's own way of saying so.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { fold, pseudoOf, sum, transportSum } from '../wire/checksum.ts';
import { IPPROTO_UDP } from '../wire/ip-protocol.ts';
import { isKnownRight, PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';
import * as udplite from '../wire/udplite.ts';
import { WireStatus } from '../wire/wire-status.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { resetTcp } from './tcp-reset.ts';

const SUM_OK = 0xffff;

/** True when the checksum over pseudo header and data is right, or known to be. */
export function transportChecksumOk(pkt: PacketBuffer): boolean {
  return isKnownRight(pkt) || fold(transportSum(pkt)) === SUM_OK;
}

/** The header's coverage is legal, and the checksum is there and right. */
export function udpLiteOk(pkt: PacketBuffer): boolean {
  const { bytes, l4, l3End } = pkt;
  if (udplite.check(bytes, l4, l3End) !== WireStatus.OK || udplite.headerChecksum(bytes, l4) === 0)
    return false;
  return fold(sum(bytes, l4, udplite.coveredEnd(bytes, l4, l3End), pseudoOf(pkt, l3End - l4))) === SUM_OK;
}

/** A datagram for a tunnel, for a socket of the host's own or of its owner's; false when it is nobody's. */
export function takeDatagram(host: Host, pkt: PacketBuffer, device: Device): boolean {
  if (
    pkt.proto === IPPROTO_UDP &&
    (host.tunnels.receive(pkt) || (host.udp !== null && host.udp.receive(pkt, device)))
  ) {
    host.countDelivered();
    return true;
  }
  if (!host.hasSocket(pkt, device)) return false;
  host.deliver(pkt);
  return true;
}

export function deliverTcp(host: Host, pkt: PacketBuffer, device: Device): void {
  if (pkt.packetType !== PacketType.HOST) return host.drop(pkt, DropReason.NO_SOCKET);
  if (tcp.check(pkt.bytes, pkt.l4, pkt.l3End) !== WireStatus.OK)
    return host.drop(pkt, DropReason.TRANSPORT_HEADER);
  if (!transportChecksumOk(pkt)) return host.drop(pkt, DropReason.TRANSPORT_CHECKSUM);
  if (host.tcp !== null && host.tcp.receive(pkt, device)) return host.countDelivered();
  if (host.hasSocket(pkt, device)) return host.deliver(pkt);
  resetTcp(host, pkt);
  return host.drop(pkt, DropReason.NO_SOCKET);
}
