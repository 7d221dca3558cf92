/**
 * Local delivery of IPv6 (Linux: ip6_input, ip6_protocol_deliver_rcu): INPUT first, then one extension header after the
 * other, fragments put together on the way, and the transport at the end. Sockets as for IPv4.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import {
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import { ChecksumState, PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as udp from '../wire/udp.ts';
import { WireStatus } from '../wire/wire-status.ts';
import type { Device } from './device.ts';
import { DefragUser } from './fragment-queue.ts';
import type { Host } from './host.ts';
import { receiveIcmp6 } from './icmp6-in.ts';
import { optionsPass } from './ip6-options.ts';
import { deliverTcp, takeDatagram, transportChecksumOk, udpLiteOk } from './local-transport.ts';

const ROUTING_SEGMENT_ROUTING = 4;
/** Datagrams up to this length are summed again whatever is known of them; of longer ones a sum that does not fit is enough. */
const CHECKSUM_AT_ONCE = 76;

export function deliver6(host: Host, pkt: PacketBuffer, device: Device): void {
  if (!host.hook(Hook.INPUT, pkt)) return;
  if (host.isPassive) return host.deliver(pkt);
  walk(host, pkt, device, pkt.fragMaxSize !== 0);
}

function walk(host: Host, pkt: PacketBuffer, device: Device, isInPieces: boolean): void {
  const { bytes, l3 } = pkt;
  let pieces = isInPieces;
  let nextAt = l3 + 6;
  let at = l3 + ipv6.HEADER_LENGTH;
  if (bytes[nextAt] === IPPROTO_HOPOPTS) {
    // Looked at on arrival.
    nextAt = at;
    at += ipv6ext.headerLength(bytes, at, IPPROTO_HOPOPTS);
  }
  for (;;) {
    const kind = bytes[nextAt]!;
    switch (kind) {
      case IPPROTO_DSTOPTS:
        if (!optionsPass(host, pkt, at, kind)) return;
        break;
      case IPPROTO_ROUTING:
        if (!routingPasses(host, pkt, at)) return;
        break;
      case IPPROTO_FRAGMENT:
        if (at + ipv6ext.FRAGMENT_LENGTH > pkt.l3End) return host.drop(pkt, DropReason.IPV6_EXTENSION);
        if (ipv6ext.fragOffset(bytes, at) !== 0 || ipv6ext.moreFragments(bytes, at)) {
          if (host.fragments.collect6(pkt, DefragUser.LOCAL_DELIVER, 0) !== Verdict.ACCEPT) return;
          return walk(host, pkt, device, true);
        }
        // A fragment that is all of it (RFC 6946).
        pieces = true;
        break;
      default:
        return transport(host, pkt, device, kind, nextAt, pieces);
    }
    nextAt = at;
    at += ipv6ext.headerLength(bytes, at, kind);
  }
}

/** Only a routing header that has been used up may pass; type 0 never did any good (RFC 5095). */
function routingPasses(host: Host, pkt: PacketBuffer, at: number): boolean {
  const { bytes, l3End } = pkt;
  if (at + ipv6ext.MIN_LENGTH > l3End || at + ipv6ext.headerLength(bytes, at, IPPROTO_ROUTING) > l3End) {
    host.drop(pkt, DropReason.IPV6_EXTENSION);
    return false;
  }
  const type = ipv6ext.routingType(bytes, at);
  const isForUs = pkt.packetType === PacketType.HOST && pkt.dst0 >>> 24 !== 0xff;
  if (isForUs && type !== ROUTING_SEGMENT_ROUTING && ipv6ext.segmentsLeft(bytes, at) === 0) return true;
  if (isForUs && type !== ROUTING_SEGMENT_ROUTING) {
    host.icmp6.error(pkt, icmpv6.PARAMETER_PROBLEM, icmpv6.ERRONEOUS_HEADER, at + 2 - pkt.l3);
  }
  host.drop(pkt, DropReason.SOURCE_ROUTE);
  return false;
}

function transport(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  kind: number,
  nextAt: number,
  isInPieces: boolean,
): void {
  const isSeen = host.raw.deliver(pkt, device);
  switch (kind) {
    case IPPROTO_ICMPV6:
      return receiveIcmp6(host, pkt, device, isSeen, isInPieces);
    case IPPROTO_UDP:
      return deliverUdp(host, pkt, device);
    case IPPROTO_UDPLITE:
      if (!udpLiteOk(pkt)) return host.drop(pkt, DropReason.TRANSPORT_CHECKSUM);
      return deliverDatagram(host, pkt, device);
    case IPPROTO_TCP:
      return deliverTcp(host, pkt, device);
    case IPPROTO_NONE:
      return host.drop(pkt, DropReason.NO_PROTOCOL);
    default:
      if (host.tunnels.receive(pkt)) return host.countDelivered();
      if (isSeen || host.hasSocket(pkt, device)) return host.deliver(pkt);
      host.icmp6.error(pkt, icmpv6.PARAMETER_PROBLEM, icmpv6.UNKNOWN_NEXT_HEADER, nextAt - pkt.l3);
      return host.drop(pkt, DropReason.NO_PROTOCOL);
  }
}

function deliverUdp(host: Host, pkt: PacketBuffer, device: Device): void {
  const { bytes, l4 } = pkt;
  if (l4 + udp.HEADER_LENGTH > pkt.l3End) return host.drop(pkt, DropReason.TRANSPORT_HEADER);
  // A length of 0 is a jumbogram's; any other is checked, and what follows it cut off.
  const length = udp.length(bytes, l4);
  if (length !== 0) {
    if (udp.check(bytes, l4, pkt.l3End) !== WireStatus.OK) return host.drop(pkt, DropReason.TRANSPORT_HEADER);
    pkt.l3End = l4 + length;
  }
  const hasSum = udp.headerChecksum(bytes, l4) !== udp.CHECKSUM_NONE;
  const isBelievedWrong = pkt.checksumState === ChecksumState.OUTDATED && pkt.l3End - l4 > CHECKSUM_AT_ONCE;
  if (!hasSum || isBelievedWrong || !transportChecksumOk(pkt))
    return host.drop(pkt, DropReason.TRANSPORT_CHECKSUM);
  return deliverDatagram(host, pkt, device);
}

function deliverDatagram(host: Host, pkt: PacketBuffer, device: Device): void {
  if (takeDatagram(host, pkt, device)) return;
  const { ct } = pkt;
  // As in IPv4, the answer does not go with the connection but is tracked by itself.
  pkt.ct = 0;
  if (pkt.dst0 >>> 24 !== 0xff) host.icmp6.error(pkt, icmpv6.DEST_UNREACH, icmpv6.PORT_UNREACH, 0);
  pkt.ct = ct;
  return host.drop(pkt, DropReason.NO_SOCKET);
}
