/**
 * The short way of a packet whose flow is known to the packet filter (netfilter/flow-table.ts): from behind connection
 * tracking straight to the neighbour where its flow leaves. Of all that routing, forwarding and output do to a packet,
 * one that needs nothing special only has its time to live lowered. Which ones need more is said here.
 */
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import type { Host } from './host.ts';
import { decreaseTtl } from './ip4-forward.ts';
import type { Neighbour } from './neighbour.ts';

/** May the packet go without an ICMP error, options to look at, or being cut? And is the neighbour there? */
export function mayLeaveAtOnce(host: Host, pkt: PacketBuffer, neighbour: Neighbour, mtu: number): boolean {
  if (pkt.packetType !== PacketType.HOST || pkt.l3End - pkt.l3 > mtu) return false;
  if (pkt.fragMaxSize !== 0 || pkt.gsoSize !== 0) return false;
  const { bytes, l3 } = pkt;
  if (pkt.family === 4) {
    if (pkt.l4 !== l3 + ipv4.HEADER_LENGTH || ipv4.ttl(bytes, l3) <= 1) return false;
    return host.neighbours4.isReachable(neighbour);
  }
  if (pkt.l4 !== l3 + ipv6.HEADER_LENGTH || ipv6.hopLimit(bytes, l3) <= 1) return false;
  return host.neighbours6.isReachable(neighbour);
}

export function leaveAtOnce(host: Host, pkt: PacketBuffer, neighbour: Neighbour): void {
  const { bytes, l3 } = pkt;
  if (pkt.family === 4) decreaseTtl(bytes, l3, ipv4.ttl(bytes, l3));
  else ipv6.setHopLimit(bytes, l3, ipv6.hopLimit(bytes, l3) - 1);
  host.sendFrame(pkt, neighbour.device, neighbour.mac);
}

/**
 * A packet is about to leave by that neighbour on the long way. If nothing on it was due to this packet alone, the filter
 * is told, so that the flow's next ones take the short way.
 */
export function noteWay(host: Host, pkt: PacketBuffer, neighbour: Neighbour): void {
  const { device } = neighbour;
  // A packet that goes back where it came from may be worth a redirect.
  if (pkt.iif === device.index || device.isLoopback) return;
  // Nor is the way of one packet that of its connection when rules look at the packet.
  if (host.routes4.rulesLookAtPackets || host.routes6.rulesLookAtPackets) return;
  host.filter?.leaves(pkt, neighbour, pkt.routeMtu);
}
