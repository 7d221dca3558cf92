/** What rules may know of a packet whose IPv6 extension headers could not be walked to their end. */
import { IPPROTO_NONE } from '../wire/ip-protocol.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';

/** The chain of extension headers leaves the datagram: the kernel drops the packet at a rule that says `-p`. */
export function isProtocolUnknown(pkt: PacketBuffer): boolean {
  return ipv6ext.isExtension(pkt.proto) && pkt.proto !== IPPROTO_NONE;
}

/** There is no transport header to find: the chain ends in "no next header", or leaves the datagram (ipv6_skip_exthdr). */
export function lacksTransport(pkt: PacketBuffer): boolean {
  return pkt.family === 6 && ipv6ext.isExtension(pkt.proto);
}
