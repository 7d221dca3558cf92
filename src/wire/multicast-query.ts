/**
 * Questions about multicast groups, as a switch asks them: IGMP of versions 2 and 3 (RFC 2236, RFC 3376), MLD of versions 1
 * and 2 (RFC 2710, RFC 3810), in Ethernet frames, with the router alert that they bear. After the kernel's bridge, byte for byte.
 */
import { checksum, pseudo6 } from './checksum.ts';
import { readI32, writeU16, writeU32 } from './bytes.ts';
import { ETH_P_IP, ETH_P_IPV6 } from './ether-type.ts';
import * as ethernet from './ethernet.ts';
import { MLD_QUERY } from './icmpv6.ts';
import { QUERY } from './igmp.ts';
import { IPPROTO_HOPOPTS, IPPROTO_ICMPV6, IPPROTO_IGMP } from './ip-protocol.ts';
import * as ipv4 from './ipv4.ts';
import * as ipv6 from './ipv6.ts';

export interface MulticastQuery {
  /** The switch's own address. */
  readonly mac: Uint8Array;
  /** Group that is asked for, four words; all 0 asks for every group. IPv4 addresses stand in the first. */
  readonly group: readonly [number, number, number, number];
  /** Of that group only these; none: whatever the source. Only the later version of each protocol has them. */
  readonly sources: readonly (readonly [number, number, number, number])[];
  /** The later version of the protocol: IGMPv3, MLDv2. */
  readonly isLater: boolean;
  /** Routers need not take notice of it (the S flag). */
  readonly suppress: boolean;
  /** Time for the answers, and between general queries, in microseconds. */
  readonly responseUs: number;
  readonly intervalUs: number;
}

/** Bytes behind the addresses of IGMPv3's header and MLDv2's: flags, interval, number of sources. */
const LATER_EXTRA = 4;
const IGMP_LENGTH = 8;
const MLD_LENGTH = 24;
const IP4_HEADER = 24;
const ROUTER_ALERT = 0x94040000;
const ALL_HOSTS = 0xe0000001 | 0;
const CS6 = 0xc0;
const DONT_FRAGMENT = 0x4000;
const HOP_BY_HOP = 8;
const ALL_NODES = [0xff020000 | 0, 0, 0, 1] as const;
const ROBUSTNESS = 2;
const SUPPRESS = 8;
const US_PER_TENTH = 100_000;
const US_PER_MS = 1000;
const US_PER_SECOND = 1_000_000;

export function igmpQuery(query: MulticastQuery): Uint8Array {
  const { group, sources, isLater, responseUs } = query;
  const length = IGMP_LENGTH + (isLater ? LATER_EXTRA + 4 * sources.length : 0);
  const frame = new Uint8Array(ethernet.HEADER_LENGTH + IP4_HEADER + length);
  const to = group[0] === 0 ? ALL_HOSTS : group[0];
  const l3 = ethernet.HEADER_LENGTH;
  frame.set([0x01, 0x00, 0x5e, (to >>> 16) & 0x7f, to >>> 8, to], 0);
  ethernet.setSrc(frame, 0, query.mac, 0);
  ethernet.setType(frame, 0, ETH_P_IP);
  frame[l3] = 0x46;
  frame[l3 + 1] = CS6;
  writeU16(frame, l3 + 2, frame.length - l3);
  writeU16(frame, l3 + 6, DONT_FRAGMENT);
  frame[l3 + 8] = 1;
  frame[l3 + 9] = IPPROTO_IGMP;
  writeU32(frame, l3 + 16, to);
  writeU32(frame, l3 + 20, ROUTER_ALERT);
  ipv4.fillChecksum(frame, l3);
  const l4 = l3 + IP4_HEADER;
  frame[l4] = QUERY;
  frame[l4 + 1] = responseUs / US_PER_TENTH;
  writeU32(frame, l4 + 4, group[0]);
  if (isLater) writeLater(frame, l4 + IGMP_LENGTH, query);
  sources.forEach(([word], i) => writeU32(frame, l4 + IGMP_LENGTH + LATER_EXTRA + 4 * i, word));
  writeU16(frame, l4 + 2, checksum(frame, l4, frame.length, 0));
  return frame;
}

export function mldQuery(query: MulticastQuery): Uint8Array {
  const { mac, group, sources, isLater, responseUs } = query;
  const length = MLD_LENGTH + (isLater ? LATER_EXTRA + 16 * sources.length : 0);
  const frame = new Uint8Array(ethernet.HEADER_LENGTH + ipv6.HEADER_LENGTH + HOP_BY_HOP + length);
  const to = group.every((word) => word === 0) ? ALL_NODES : group;
  const l3 = ethernet.HEADER_LENGTH;
  frame.set([0x33, 0x33], 0);
  writeU32(frame, 2, to[3]);
  ethernet.setSrc(frame, 0, mac, 0);
  ethernet.setType(frame, 0, ETH_P_IPV6);
  frame[l3] = 0x60;
  writeU16(frame, l3 + 4, HOP_BY_HOP + length);
  frame[l3 + 6] = IPPROTO_HOPOPTS;
  frame[l3 + 7] = 1;
  frame.set(linkLocalOf(mac), l3 + ipv6.SRC_AT);
  ipv6.writeAddress(frame, l3 + ipv6.DST_AT, to[0], to[1], to[2], to[3]);
  const options = l3 + ipv6.HEADER_LENGTH;
  frame.set([IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 0, 0], options);
  const l4 = options + HOP_BY_HOP;
  frame[l4] = MLD_QUERY;
  writeU16(frame, l4 + 4, responseUs / US_PER_MS);
  ipv6.writeAddress(frame, l4 + 8, group[0], group[1], group[2], group[3]);
  if (isLater) writeLater(frame, l4 + MLD_LENGTH, query);
  sources.forEach((words, i) =>
    ipv6.writeAddress(frame, l4 + MLD_LENGTH + LATER_EXTRA + 16 * i, words[0], words[1], words[2], words[3]),
  );
  writeU16(frame, l4 + 2, checksum(frame, l4, frame.length, pseudoSum(frame, l3, length)));
  return frame;
}

function writeLater(frame: Uint8Array, at: number, { suppress, intervalUs, sources }: MulticastQuery): void {
  frame[at] = ROBUSTNESS | (suppress ? SUPPRESS : 0);
  frame[at + 1] = intervalUs / US_PER_SECOND;
  writeU16(frame, at + 2, sources.length);
}

function pseudoSum(frame: Uint8Array, l3: number, length: number): number {
  const word = (at: number) => readI32(frame, l3 + at);
  const { SRC_AT: src, DST_AT: dst } = ipv6;
  return pseudo6(
    ...([word(src), word(src + 4), word(src + 8), word(src + 12)] as const),
    ...([word(dst), word(dst + 4), word(dst + 8), word(dst + 12)] as const),
    IPPROTO_ICMPV6,
    length,
  );
}

/** fe80::/64 and the interface identifier that the address gives (RFC 4291, appendix A). */
export function linkLocalOf(mac: Uint8Array): Uint8Array {
  const [a, b, c, d, e, f] = mac as unknown as [number, number, number, number, number, number];
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f);
}
