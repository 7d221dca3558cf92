/** Which header field a byte of a frame belongs to, for people who compare two frames. It is not a dissector. */
import { dissectEthernet } from '../../wire/dissect.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';

/** Name and first byte of each field, in the order of the header. */
type Fields = readonly (readonly [from: number, name: string])[];

const ETHERNET: Fields = [
  [0, 'destination MAC'],
  [6, 'source MAC'],
  [12, 'EtherType'],
];
const IPV4: Fields = [
  [0, 'IP version and header length'],
  [1, 'TOS'],
  [2, 'IP length'],
  [4, 'IP identification'],
  [6, 'fragment flags and offset'],
  [8, 'TTL'],
  [9, 'protocol'],
  [10, 'IP checksum'],
  [12, 'source address'],
  [16, 'destination address'],
  [20, 'IP options'],
];
const IPV6: Fields = [
  [0, 'version, traffic class and flow label'],
  [4, 'payload length'],
  [6, 'next header'],
  [7, 'hop limit'],
  [8, 'source address'],
  [24, 'destination address'],
  [40, 'extension headers'],
];
const TCP: Fields = [
  [0, 'source port'],
  [2, 'destination port'],
  [4, 'sequence number'],
  [8, 'acknowledgement'],
  [12, 'TCP header length and flags'],
  [14, 'window'],
  [16, 'TCP checksum'],
  [18, 'urgent pointer'],
  [20, 'TCP options or payload'],
];
const UDP: Fields = [
  [0, 'source port'],
  [2, 'destination port'],
  [4, 'UDP length'],
  [6, 'UDP checksum'],
  [8, 'payload'],
];
const ICMP: Fields = [
  [0, 'ICMP type'],
  [1, 'ICMP code'],
  [2, 'ICMP checksum'],
  [4, 'ICMP message'],
];
const TRANSPORTS = new Map([
  [IPPROTO_TCP as number, TCP],
  [IPPROTO_UDP, UDP],
  [IPPROTO_ICMP, ICMP],
  [IPPROTO_ICMPV6, ICMP],
]);

/** The empty string where nothing is known. */
export function fieldAt(frame: Uint8Array, offset: number): string {
  const pkt = new PacketBuffer(frame);
  dissectEthernet(pkt);
  if (offset < pkt.l3 || pkt.family === 0) return offset < 14 ? fieldOf(ETHERNET, offset) : '';
  if (offset >= pkt.l3End) return 'padding';
  if (offset < pkt.l4) return fieldOf(pkt.family === 6 ? IPV6 : IPV4, offset - pkt.l3);
  const transport = TRANSPORTS.get(pkt.proto);
  return transport === undefined || pkt.l4Ok === 0 ? 'payload' : fieldOf(transport, offset - pkt.l4);
}

function fieldOf(fields: Fields, offset: number): string {
  return fields.findLast(([from]) => from <= offset)?.[1] ?? '';
}
