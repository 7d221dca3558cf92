/**
 * How bytes look: one room a protocol, the Internet checksum, the PacketBuffer and the one parse that fills it. No state,
 * no I/O. Hot code imports the rooms it needs (`import * as ipv4 from '../wire/ipv4.ts'`); this is the public face.
 */
export * as address from './address.ts';
export * as ah from './ah.ts';
export * as arp from './arp.ts';
export * as build from './build.ts';
export * as bytes from './bytes.ts';
export * as checksum from './checksum.ts';
export * as dccp from './dccp.ts';
export * as esp from './esp.ts';
export * as ethernet from './ethernet.ts';
export * as gre from './gre.ts';
export * as icmp from './icmp.ts';
export * as icmpv6 from './icmpv6.ts';
export * as ipv4 from './ipv4.ts';
export * as ipv6 from './ipv6.ts';
export * as ipv6ext from './ipv6-ext.ts';
export * as nd from './nd.ts';
export * as sctp from './sctp.ts';
export * as tcp from './tcp.ts';
export * as tcpOptions from './tcp-options.ts';
export * as udp from './udp.ts';
export * as udplite from './udplite.ts';
export * as vlan from './vlan.ts';
export { crc32c } from './crc32c.ts';
export {
  describe,
  describeFrame,
  describePacket,
  type DescribeOptions,
  type RelativeBase,
} from './describe.ts';
export { dissectEthernet, dissectNetwork, hasPorts, protocolUnknown, redissectTransport } from './dissect.ts';
export * from './ether-type.ts';
export * from './ip-protocol.ts';
export { ChecksumState, PacketBuffer, PacketType } from './packet-buffer.ts';
export { WireStatus } from './wire-status.ts';
