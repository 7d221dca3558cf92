/**
 * One parse of a frame into a PacketBuffer: every field of layers 2 to 4 that rules, tracking and routing ask for.
 *
 * It is total: any bytes of any length give a WireStatus, nothing is thrown or allocated, and afterwards no offset in
 * the packet points past `end`. It is no judge: what ip_rcv and ipv6_rcv refuse (checksum, addresses) is the stack's
 * affair. With a status of SHORT, BAD_VERSION, BAD_IHL or BAD_LENGTH the family is 0, since there is no header to go by;
 * with CUT and BAD_EXTENSION everything is filled as far as the bytes reach.
 *
 * IPv6 extension headers are skipped as Linux's ipv6_find_hdr does it for ip6tables: in a later fragment, `proto` is the
 * fragment header's next header and `l4` its data. Where the chain leaves the datagram, `proto` is the number of the
 * first header that could not be read, `l4Ok` is 0, and the status says BAD_EXTENSION. Of `protocolUnknown` packets
 * ip6tables knows no protocol at all, and drops them at the first rule that asks for one.
 */
import { ETH_P_IP, ETH_P_IPV6 } from './ether-type.ts';
import { readI32, readU16 } from './bytes.ts';
import * as ethernet from './ethernet.ts';
import {
  IPPROTO_AH,
  IPPROTO_DCCP,
  IPPROTO_ESP,
  IPPROTO_FRAGMENT,
  IPPROTO_GRE,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_NONE,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './ip-protocol.ts';
import * as ipv4 from './ipv4.ts';
import * as ipv6 from './ipv6.ts';
import * as ipv6ext from './ipv6-ext.ts';
import type { PacketBuffer } from './packet-buffer.ts';
import * as vlan from './vlan.ts';
import { WireStatus } from './wire-status.ts';

/** The frame at `pkt.start` is Ethernet. */
export function dissectEthernet(pkt: PacketBuffer): WireStatus {
  const bytes = pkt.bytes;
  const start = pkt.start;
  pkt.l2 = start;
  pkt.vlanTci = -1;
  if (start + ethernet.HEADER_LENGTH > pkt.end) {
    pkt.etherType = 0;
    pkt.l3 = pkt.end;
    return notIp(pkt, WireStatus.SHORT);
  }
  let type = readU16(bytes, start + 12);
  let l3 = start + ethernet.HEADER_LENGTH;
  if (vlan.isTag(type)) {
    for (let tags = 0; vlan.isTag(type); tags++) {
      if (tags === vlan.MAX_TAGS || l3 + vlan.TAG_LENGTH > pkt.end) {
        pkt.etherType = type;
        pkt.l3 = l3;
        return notIp(pkt, tags === vlan.MAX_TAGS ? WireStatus.TOO_MANY_TAGS : WireStatus.SHORT);
      }
      if (tags === 0) pkt.vlanTci = vlan.tci(bytes, l3);
      type = vlan.innerType(bytes, l3);
      l3 += vlan.TAG_LENGTH;
    }
  }
  pkt.l3 = l3;
  // In a frame it is a length (IEEE 802.3), which says nothing of IP.
  if (type === 0) {
    pkt.etherType = 0;
    return notIp(pkt, WireStatus.NOT_IP);
  }
  return dissectNetwork(pkt, type);
}

/** What stands at `pkt.l3` is of that EtherType; 0 means raw IP, whose first nibble tells the version. */
export function dissectNetwork(pkt: PacketBuffer, etherType: number): WireStatus {
  pkt.etherType = etherType;
  if (etherType === ETH_P_IP) return dissectIpv4(pkt);
  if (etherType === ETH_P_IPV6) return dissectIpv6(pkt);
  if (etherType !== 0) return notIp(pkt, WireStatus.NOT_IP);
  if (pkt.l3 >= pkt.end) return notIp(pkt, WireStatus.SHORT);
  switch (pkt.bytes[pkt.l3]! >>> 4) {
    case 4:
      pkt.etherType = ETH_P_IP;
      return dissectIpv4(pkt);
    case 6:
      pkt.etherType = ETH_P_IPV6;
      return dissectIpv6(pkt);
    default:
      return notIp(pkt, WireStatus.BAD_VERSION);
  }
}

/** Ports and `l4Ok` anew, after somebody changed the bytes at l4 or the end of the datagram. */
export function redissectTransport(pkt: PacketBuffer): void {
  const need = pkt.fragOffset === 0 ? fixedLength(pkt.proto, pkt.family) : NEVER;
  if (need >= 0 && pkt.l4 + need <= pkt.l3End) {
    pkt.l4Ok = 1;
    if (hasPorts(pkt.proto)) {
      pkt.sport = readU16(pkt.bytes, pkt.l4);
      pkt.dport = readU16(pkt.bytes, pkt.l4 + 2);
      return;
    }
  } else {
    pkt.l4Ok = 0;
  }
  pkt.sport = 0;
  pkt.dport = 0;
}

/**
 * True when the chain of IPv6 extension headers could not be followed to its end: it leaves the datagram, or goes on inside
 * a later fragment. Asked of Linux 6.18: `ip6tables -p` (any protocol, even inverted) then drops the packet.
 */
export function protocolUnknown(pkt: PacketBuffer): boolean {
  return pkt.family === 6 && pkt.proto !== IPPROTO_NONE && ipv6ext.isExtension(pkt.proto);
}

/** Protocols whose header begins with two ports. */
export function hasPorts(proto: number): boolean {
  return (
    proto === IPPROTO_TCP ||
    proto === IPPROTO_UDP ||
    proto === IPPROTO_UDPLITE ||
    proto === IPPROTO_SCTP ||
    proto === IPPROTO_DCCP
  );
}

/** For headers that are never whole: later fragments, "no next header", broken chains of extension headers. */
const NEVER = -1;

/** Bytes of the fixed part of a transport header, as Linux's matches ask for it; 0 for protocols without a room here. */
function fixedLength(proto: number, family: number): number {
  switch (proto) {
    case IPPROTO_TCP:
      return 20;
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
    case IPPROTO_ESP:
      return 8;
    case IPPROTO_SCTP:
    case IPPROTO_DCCP:
      return 12;
    case IPPROTO_GRE:
      return 4;
    default:
      if (family === 6 && ipv6ext.isExtension(proto)) return NEVER;
      return proto === IPPROTO_AH ? 12 : 0;
  }
}

function notIp(pkt: PacketBuffer, status: WireStatus): WireStatus {
  pkt.family = 0;
  pkt.l3End = pkt.end;
  pkt.proto = 0;
  pkt.l4 = pkt.l3;
  pkt.fragOffset = 0;
  pkt.moreFragments = 0;
  pkt.src0 = pkt.src1 = pkt.src2 = pkt.src3 = 0;
  pkt.dst0 = pkt.dst1 = pkt.dst2 = pkt.dst3 = 0;
  pkt.l4Ok = 0;
  pkt.sport = 0;
  pkt.dport = 0;
  return status;
}

function dissectIpv4(pkt: PacketBuffer): WireStatus {
  const bytes = pkt.bytes;
  const l3 = pkt.l3;
  const end = pkt.end;
  const status = ipv4.check(bytes, l3, end);
  if (status !== WireStatus.OK && status !== WireStatus.CUT) return notIp(pkt, status);
  const frag = ipv4.fragWord(bytes, l3);
  pkt.family = 4;
  pkt.l3End = status === WireStatus.OK ? l3 + ipv4.totalLength(bytes, l3) : end;
  pkt.proto = ipv4.protocol(bytes, l3);
  pkt.l4 = l3 + ipv4.headerLength(bytes, l3);
  pkt.fragOffset = (frag & ipv4.FRAG_OFFSET_MASK) << 3;
  pkt.moreFragments = (frag >>> 13) & 1;
  pkt.src0 = ipv4.src(bytes, l3);
  pkt.src1 = 0;
  pkt.src2 = 0;
  pkt.src3 = 0;
  pkt.dst0 = ipv4.dst(bytes, l3);
  pkt.dst1 = 0;
  pkt.dst2 = 0;
  pkt.dst3 = 0;
  redissectTransport(pkt);
  return status;
}

function dissectIpv6(pkt: PacketBuffer): WireStatus {
  const bytes = pkt.bytes;
  const l3 = pkt.l3;
  const status = ipv6.check(bytes, l3, pkt.end);
  if (status !== WireStatus.OK && status !== WireStatus.CUT) return notIp(pkt, status);
  pkt.family = 6;
  pkt.src0 = readI32(bytes, l3 + 8);
  pkt.src1 = readI32(bytes, l3 + 12);
  pkt.src2 = readI32(bytes, l3 + 16);
  pkt.src3 = readI32(bytes, l3 + 20);
  pkt.dst0 = readI32(bytes, l3 + 24);
  pkt.dst1 = readI32(bytes, l3 + 28);
  pkt.dst2 = readI32(bytes, l3 + 32);
  pkt.dst3 = readI32(bytes, l3 + 36);
  pkt.l3End = status === WireStatus.OK ? endOfIpv6(bytes, l3, pkt.end) : pkt.end;
  pkt.proto = ipv6.nextHeader(bytes, l3);
  pkt.l4 = l3 + ipv6.HEADER_LENGTH;
  pkt.fragOffset = 0;
  pkt.moreFragments = 0;
  const whole = skipExtensions(pkt);
  redissectTransport(pkt);
  if (whole) return status;
  pkt.l4Ok = 0;
  return WireStatus.BAD_EXTENSION;
}

/** A payload length of 0 before a hop-by-hop header announces a jumbogram (RFC 2675); else it means what it says. */
function endOfIpv6(bytes: Uint8Array, l3: number, end: number): number {
  const payload = ipv6.payloadLength(bytes, l3);
  const afterHeader = l3 + ipv6.HEADER_LENGTH;
  if (payload !== 0 || ipv6.nextHeader(bytes, l3) !== IPPROTO_HOPOPTS) return afterHeader + payload;
  const jumbo = ipv6ext.jumboLength(bytes, afterHeader, end);
  return jumbo === 0 ? end : Math.min(end, afterHeader + jumbo);
}

/** Moves `proto` and `l4` behind the extension headers. False where the chain leaves the datagram. */
function skipExtensions(pkt: PacketBuffer): boolean {
  const bytes = pkt.bytes;
  const end = pkt.l3End;
  while (ipv6ext.isExtension(pkt.proto) && pkt.proto !== IPPROTO_NONE) {
    const kind = pkt.proto;
    const at = pkt.l4;
    // Linux asks for the two bytes of next header and length, and for the offset of a fragment header, no more.
    if (at + (kind === IPPROTO_FRAGMENT ? 4 : 2) > end) return false;
    const next = at + ipv6ext.headerLength(bytes, at, kind);
    if (kind === IPPROTO_FRAGMENT) {
      pkt.fragOffset = ipv6ext.fragOffset(bytes, at);
      pkt.moreFragments = ipv6ext.moreFragments(bytes, at) ? 1 : 0;
    }
    pkt.proto = ipv6ext.nextHeader(bytes, at);
    pkt.l4 = Math.min(next, end);
    if (next > end) return false;
    if (pkt.fragOffset !== 0) return true;
  }
  return true;
}
