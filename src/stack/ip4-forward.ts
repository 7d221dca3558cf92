/**
 * Forwarding of IPv4 (RFC 1812 5.3; Linux: ip_forward): time to live, MTU, redirect, the FORWARD hook, options.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import * as icmp from '../wire/icmp.ts';
import * as ipv4 from '../wire/ipv4.ts';
import { lengthOnTheWay, PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';

export function forward4(host: Host, pkt: PacketBuffer, device: Device): void {
  if (pkt.packetType !== PacketType.HOST) return host.drop(pkt, DropReason.BROADCAST_FORWARD);
  const { bytes, l3 } = pkt;
  const ttl = ipv4.ttl(bytes, l3);
  if (ttl <= 1) {
    host.icmp4.error(pkt, icmp.TIME_EXCEEDED, icmp.TTL_EXCEEDED, 0);
    return host.drop(pkt, DropReason.TTL_EXCEEDED);
  }
  const hasOptions = pkt.l4 > l3 + ipv4.HEADER_LENGTH;
  if (
    hasOptions &&
    host.options4.sourceRoute !== 0 &&
    host.options4.isStrict &&
    host.route4.route!.hasGateway
  ) {
    host.icmp4.error(pkt, icmp.DEST_UNREACH, icmp.SR_FAILED, 0);
    return host.drop(pkt, DropReason.SOURCE_ROUTE);
  }
  host.pathMtus.bindForwarded4(pkt);
  const mtu = pkt.routeMtu;
  if (lengthOnTheWay(pkt) > mtu && ipv4.dontFragment(bytes, l3) && !host.fragments.mayFragment(pkt, mtu)) {
    host.icmp4.error(pkt, icmp.DEST_UNREACH, icmp.FRAG_NEEDED, mtu);
    return host.drop(pkt, DropReason.TOO_BIG);
  }
  decreaseTtl(bytes, l3, ttl);
  if (host.route4.redirect && !(hasOptions && host.options4.sourceRoute !== 0)) host.icmp4.redirect(pkt);
  if (!host.hook(Hook.FORWARD, pkt)) return;
  if (hasOptions) host.options4.forward(pkt);
  host.output4(pkt, host.devices.at(pkt.oif) ?? device);
}

/** ip_decrease_ttl: the checksum grows by 0x0100, and by the carry, as the time falls by one. */
export function decreaseTtl(bytes: Uint8Array, l3: number, ttl: number): void {
  let check = ipv4.headerChecksum(bytes, l3) + 0x0100;
  check += check >= 0xffff ? 1 : 0;
  bytes[l3 + 10] = check >>> 8;
  bytes[l3 + 11] = check;
  bytes[l3 + 8] = ttl - 1;
}
