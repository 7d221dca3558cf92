/**
 * ICMPv6 for this host (Linux: icmpv6_rcv): echo requests are answered, neighbour discovery goes to its room, errors to the
 * transport that they are about.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import { fold, transportSum } from '../wire/checksum.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { isKnownRight, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as nd from '../wire/nd.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { receiveIcmpError6 } from './icmp-errors.ts';

/**
 * @param isSeen - a raw socket has seen it already, so that it is not ignored whatever it says
 * @param isInPieces - it came in fragments, or in one that was all of it
 */
export function receiveIcmp6(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  isSeen: boolean,
  isInPieces: boolean,
): void {
  const { bytes, l4, l3End } = pkt;
  if (!isKnownRight(pkt) && fold(transportSum(pkt)) !== 0xffff) {
    return host.drop(pkt, DropReason.ICMP_CHECKSUM);
  }
  if (l4 + icmpv6.HEADER_LENGTH > l3End) return host.drop(pkt, DropReason.TRANSPORT_HEADER);
  const type = icmpv6.type(bytes, l4);
  if (type === icmpv6.ECHO_REQUEST) return echo(host, pkt);
  if (nd.isNd(type)) {
    if (isInPieces && host.settings.v6(device).suppressFragmentedNd)
      return host.drop(pkt, DropReason.ICMP_IGNORED);
    return host.nd.receive(pkt, device);
  }
  if (icmpv6.isMld(type) && host.membership.receive6(pkt, device)) return host.deliver(pkt);
  if (icmpv6.isError(type) && receiveIcmpError6(host, pkt)) return host.countDelivered();
  return isSeen || host.hasSocket(pkt, device) ? host.deliver(pkt) : host.drop(pkt, DropReason.ICMP_IGNORED);
}

function echo(host: Host, pkt: PacketBuffer): void {
  const { dst0, dst1, dst2, dst3 } = pkt;
  const kind = host.addressType(6, dst0, dst1, dst2, dst3, 0);
  if (isIgnored(host, kind)) return host.drop(pkt, DropReason.ICMP_IGNORED);
  if (host.claimEcho?.(pkt) === true) return host.deliver(pkt);
  host.icmp6.echoReply(pkt, kind === AddressType.LOCAL);
  host.deliver(pkt);
}

function isIgnored(host: Host, kind: AddressType): boolean {
  const isOn = (name: string) => host.sysctls.get(`net.ipv6.icmp.${name}`) !== 0;
  if (isOn('echo_ignore_all')) return true;
  if (kind === AddressType.MULTICAST) return isOn('echo_ignore_multicast');
  return kind === AddressType.ANYCAST && isOn('echo_ignore_anycast');
}
