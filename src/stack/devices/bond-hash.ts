/**
 * Which member of a bond a frame leaves by (Linux: bond_xmit_hash): a hash of the addresses in the frame, of layer 2, of layers 2
 * and 3, or of 3 and 4. Words are read as a little-endian machine reads them, which is what decides among three.
 *
 * An ICMP error goes with the packet that it tells of. The frame's outer VLAN tag is not looked at: the kernel carries it beside
 * the frame. Fragments have no ports, and neither has what stands behind an extension header of IPv6.
 */
import { readU16 } from '../../wire/bytes.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import * as ethernet from '../../wire/ethernet.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import {
  IPPROTO_AH,
  IPPROTO_DCCP,
  IPPROTO_ESP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import * as vlan from '../../wire/vlan.ts';

export const HASH_POLICIES = ['layer2', 'layer3+4', 'layer2+3', 'vlan+srcmac'] as const;
export type HashPolicy = (typeof HASH_POLICIES)[number];

/** Of a fragment: what it carries is not looked at. */
const NO_PROTOCOL = -1;
const PORTS_LENGTH = 4;
/** Where an untagged frame's type stands. */
const TYPE_AT = 12;
/** Before an AH's SPI. */
const AH_HEAD = 4;

export function frameHash(bytes: Uint8Array, start: number, end: number, policy: HashPolicy): number {
  if (policy === 'vlan+srcmac') return sourceHash(bytes, start, end);
  const typeAt = typeOffset(bytes, start, end);
  const type = readU16(bytes, typeAt);
  const layer2 = bytes[start + 5]! ^ bytes[start + 11]! ^ type;
  if (policy === 'layer2') return layer2;
  const isV4 = type === ETH_P_IP;
  if (!isV4 && type !== ETH_P_IPV6) return layer2;
  const l3 = describingHeader(bytes, typeAt + 2, end, isV4);
  if (l3 < 0) return layer2;
  let hash = policy === 'layer2+3' ? layer2 : transportWord(bytes, typeAt + 2, l3, end, isV4);
  if (isV4) hash ^= wordAt(bytes, l3 + 16) ^ wordAt(bytes, l3 + 12);
  else hash ^= hash6(bytes, l3 + ipv6.DST_AT) ^ hash6(bytes, l3 + ipv6.SRC_AT);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  // The lowest bit of ports is often even.
  return policy === 'layer3+4' ? hash >>> 1 : hash >>> 0;
}

/** The VLAN and both halves of the source address. */
function sourceHash(bytes: Uint8Array, start: number, end: number): number {
  const half = (at: number) => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  const typeAt = typeOffset(bytes, start, end);
  const tci = typeAt === start + TYPE_AT ? 0 : vlan.tci(bytes, start + ethernet.HEADER_LENGTH);
  return tci ^ half(start + 6) ^ half(start + 9);
}

/** Where the type stands of what is behind the outer tag. */
export function typeOffset(bytes: Uint8Array, start: number, end: number): number {
  const isTagged =
    vlan.isTag(ethernet.type(bytes, start)) && start + ethernet.HEADER_LENGTH + vlan.TAG_LENGTH <= end;
  return start + TYPE_AT + (isTagged ? vlan.TAG_LENGTH : 0);
}

/** The IP header whose addresses count: the packet's own, or in an ICMP error that of the packet inside; -1 for one that is cut. */
function describingHeader(bytes: Uint8Array, l3: number, end: number, isV4: boolean): number {
  if (!isWhole(l3, end, isV4)) return -1;
  const protocol = protocolOf(bytes, l3, isV4);
  const l4 = payloadOf(bytes, l3, isV4);
  if (l4 + icmp.HEADER_LENGTH > end) return l3;
  const isError =
    (protocol === IPPROTO_ICMP && tellsOfPacket4(bytes[l4]!)) ||
    (protocol === IPPROTO_ICMPV6 && tellsOfPacket6(bytes[l4]!));
  if (!isError) return l3;
  const inner = l4 + icmp.HEADER_LENGTH;
  return isWhole(inner, end, isV4) ? inner : -1;
}

function isWhole(l3: number, end: number, isV4: boolean): boolean {
  return l3 + (isV4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH) <= end;
}

function protocolOf(bytes: Uint8Array, l3: number, isV4: boolean): number {
  if (!isV4) return ipv6.nextHeader(bytes, l3);
  const isFragment = (ipv4.fragWord(bytes, l3) & (ipv4.FLAG_MF | ipv4.FRAG_OFFSET_MASK)) !== 0;
  return isFragment ? NO_PROTOCOL : ipv4.protocol(bytes, l3);
}

function payloadOf(bytes: Uint8Array, l3: number, isV4: boolean): number {
  return l3 + (isV4 ? ipv4.headerLength(bytes, l3) : ipv6.HEADER_LENGTH);
}

function tellsOfPacket4(type: number): boolean {
  switch (type) {
    case icmp.DEST_UNREACH:
    case icmp.SOURCE_QUENCH:
    case icmp.REDIRECT:
    case icmp.TIME_EXCEEDED:
    case icmp.PARAMETER_PROBLEM:
      return true;
    default:
      return false;
  }
}

function tellsOfPacket6(type: number): boolean {
  return type >= icmpv6.DEST_UNREACH && type <= icmpv6.PARAMETER_PROBLEM;
}

/** Both ports; of a question by ICMP, and of its answer, type, code and identifier. 0 of others. */
function transportWord(bytes: Uint8Array, outer: number, l3: number, end: number, isV4: boolean): number {
  const protocol = protocolOf(bytes, l3, isV4);
  const l4 = payloadOf(bytes, l3, isV4);
  switch (protocol) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_DCCP:
    case IPPROTO_ESP:
    case IPPROTO_SCTP:
    case IPPROTO_UDPLITE:
      return l4 + PORTS_LENGTH > end ? 0 : wordAt(bytes, l4);
    case IPPROTO_AH:
      return l4 + AH_HEAD + PORTS_LENGTH > end ? 0 : wordAt(bytes, l4 + AH_HEAD);
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      // A message within an error is not looked into.
      return l3 === outer && l4 + icmp.HEADER_LENGTH <= end ? messageWord(bytes, l4) : 0;
    default:
      return 0;
  }
}

/** The kernel asks both families by one list. An identifier of 0 counts as 1. */
function messageWord(bytes: Uint8Array, l4: number): number {
  switch (bytes[l4]) {
    case icmp.ECHO_REPLY:
    case icmp.ECHO_REQUEST:
    case icmp.TIMESTAMP_REQUEST:
    case icmp.TIMESTAMP_REPLY:
    case icmpv6.ECHO_REQUEST:
    case icmpv6.ECHO_REPLY: {
      const id = bytes[l4 + 4]! | (bytes[l4 + 5]! << 8) || 1;
      return bytes[l4]! | (bytes[l4 + 1]! << 8) | (id << 16);
    }
    default:
      return 0;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** ipv6_addr_hash without its secret: the words in one (flow_get_u32_src). */
function hash6(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at) ^ wordAt(bytes, at + 4) ^ wordAt(bytes, at + 8) ^ wordAt(bytes, at + 12);
}
