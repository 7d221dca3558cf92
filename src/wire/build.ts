/**
 * Frames made of layers, for tests, tools and generated packets:
 *
 *     frame(ethernet({ dst: '02:00:00:00:00:02' }), ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }), tcp({ dstPort: 80, flags: SYN }))
 *
 * Types, protocols, lengths and checksums are filled in from what follows, unless given: a nonsense value that is given is
 * written as it is. This is the cold way; it allocates, reads addresses from text and throws a RangeError when they are
 * none. Code on the path of a packet writes its headers in place.
 */
export { icmp, icmpv6, neighbour } from './build/control.ts';
export { ip4Word, ip6Bytes, macBytes } from './build/input.ts';
export type { Ip4Input, Ip6Input, MacInput } from './build/input.ts';
export { data, frame, padded, type Layer } from './build/layer.ts';
export { arp, ethernet, gre, vlan } from './build/link.ts';
export { extension, fragment, ipv4, ipv6, type Ipv4Input, type Ipv6Input } from './build/network.ts';
export { sctp, tcp, udp, udplite } from './build/transport.ts';
