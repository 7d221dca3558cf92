/**
 * Reassembly of IPv6 (RFC 8200 4.5, RFC 5722, RFC 8021; Linux: nf_ct_frag6_gather for connection tracking, ipv6_frag_rcv for
 * local delivery). A datagram is known by source, destination and identification. The fragment header goes when it is
 * whole, that of an atomic fragment included.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { writeU16 } from '../wire/bytes.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IPV6 } from '../wire/ether-type.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPPROTO_ROUTING,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { isLinkLocal6 } from './addresses.ts';
import { DefragUser, Insert, joinEcn, type FragmentQueue, type Piece } from './fragment-queue.ts';
import type { Host } from './host.ts';
import { moveTo, readFrameHeader } from './reassembled.ts';
import { HEAD_ROOM } from './packet-pool.ts';

/** RFC 8200 4.5: the headers up to the transport's all stand in the first fragment. */
const HEADERS_INCOMPLETE = 3;

export function collect6(host: Host, pkt: PacketBuffer, user: DefragUser, zone: number): number {
  const { bytes, l3, l3End } = pkt;
  const isLocal = user === DefragUser.LOCAL_DELIVER;
  const nextAt = fieldNamingFragment(pkt);
  // Without a fragment header (or behind a jumbogram's) there is nothing to collect.
  if (nextAt < 0 || ipv6.payloadLength(bytes, l3) === 0) return Verdict.ACCEPT;
  const at = headerEnd(pkt, nextAt);
  if (at + ipv6ext.FRAGMENT_LENGTH > l3End) return refuse(host, pkt, DropReason.FRAGMENT_BAD);
  if (lacksTransport(pkt, at)) {
    // Connection tracking lets it pass alone: what it belongs to will never be whole, here or there.
    if (!isLocal) return Verdict.ACCEPT;
    host.icmp6.error(pkt, icmpv6.PARAMETER_PROBLEM, HEADERS_INCOMPLETE, 0);
    return refuse(host, pkt, DropReason.FRAGMENT_BAD);
  }
  const queue = find(host, pkt, at, user, zone);
  if (queue === undefined) return refuse(host, pkt, DropReason.FRAGMENT_MEMORY);
  return add(host, queue, pkt, nextAt, at, isLocal);
}

function find(
  host: Host,
  pkt: PacketBuffer,
  at: number,
  user: DefragUser,
  zone: number,
): FragmentQueue | undefined {
  const isLocal = user === DefragUser.LOCAL_DELIVER;
  const setting = (local: string, tracking: string) => host.sysctls.get(isLocal ? local : tracking);
  const limit = setting('net.ipv6.ip6frag_high_thresh', 'net.netfilter.nf_conntrack_frag6_high_thresh');
  const timeout = setting('net.ipv6.ip6frag_time', 'net.netfilter.nf_conntrack_frag6_timeout');
  // Such addresses mean somebody else on every link.
  const link = pkt.dst0 >>> 24 === 0xff || isLinkLocal6(pkt.dst0) ? pkt.iif : 0;
  const addresses = `${pkt.src0},${pkt.src1},${pkt.src2},${pkt.src3},${pkt.dst0},${pkt.dst1},${pkt.dst2},${pkt.dst3}`;
  const key = `${user},${zone},${link},${addresses},${ipv6ext.fragId(pkt.bytes, at)}`;
  return host.fragments.table6.find(key, limit, timeout);
}

/** Offset of the next-header field that names the fragment header, or -1. */
function fieldNamingFragment(pkt: PacketBuffer): number {
  const { bytes, l3, l3End } = pkt;
  let nextAt = l3 + 6;
  let at = l3 + ipv6.HEADER_LENGTH;
  while (bytes[nextAt] !== IPPROTO_FRAGMENT) {
    const kind = bytes[nextAt]!;
    if (!mayPrecede(kind) || at + ipv6ext.MIN_LENGTH > l3End) return -1;
    nextAt = at;
    at += ipv6ext.headerLength(bytes, at, kind);
  }
  return nextAt;
}

function mayPrecede(kind: number): boolean {
  return (
    kind === IPPROTO_HOPOPTS || kind === IPPROTO_ROUTING || kind === IPPROTO_DSTOPTS || kind === IPPROTO_AH
  );
}

/** Where the header ends that has its next-header field at `nextAt`. */
function headerEnd(pkt: PacketBuffer, nextAt: number): number {
  const { bytes, l3 } = pkt;
  let kind = bytes[l3 + 6]!;
  let at = l3 + ipv6.HEADER_LENGTH;
  while (at <= nextAt) {
    const next = bytes[at]!;
    at += ipv6ext.headerLength(bytes, at, kind);
    kind = next;
  }
  return at;
}

/** ipv6frag_thdr_truncated: a first fragment that ends before the transport header does. */
function lacksTransport(pkt: PacketBuffer, at: number): boolean {
  const { bytes, l3End } = pkt;
  if (ipv6ext.fragOffset(bytes, at) !== 0) return false;
  let kind = bytes[at]!;
  let header = at + ipv6ext.FRAGMENT_LENGTH;
  while (kind === IPPROTO_HOPOPTS || kind === IPPROTO_ROUTING || kind === IPPROTO_DSTOPTS) {
    if (header + 2 > l3End) return true;
    const length = ipv6ext.headerLength(bytes, header, kind);
    kind = bytes[header]!;
    header += length;
  }
  const need = kind === IPPROTO_TCP ? 20 : kind === IPPROTO_UDP ? 8 : kind === IPPROTO_ICMPV6 ? 8 : 1;
  return header + need > l3End;
}

function add(
  host: Host,
  queue: FragmentQueue,
  pkt: PacketBuffer,
  nextAt: number,
  at: number,
  isLocal: boolean,
): number {
  const { bytes, l3 } = pkt;
  const dataAt = at + ipv6ext.FRAGMENT_LENGTH;
  const offset = ipv6ext.fragOffset(bytes, at);
  const end = offset + pkt.l3End - dataAt;
  const isLast = !ipv6ext.moreFragments(bytes, at);
  if (end > ipv6.MAX_PAYLOAD_LENGTH) {
    if (isLocal) headerProblem(host, pkt, at + 2 - l3);
    return refuse(host, pkt, DropReason.FRAGMENT_BAD);
  }
  if (!isLast && (end & 7) !== 0) {
    if (isLocal) {
      headerProblem(host, pkt, 4);
      return refuse(host, pkt, DropReason.FRAGMENT_BAD);
    }
    // Connection tracking washes its hands of it and lets it pass as it is.
    host.fragments.table6.remove(queue);
    return Verdict.ACCEPT;
  }
  if (queue.contradicts(end, isLast) || end === offset) {
    if (isLocal) host.fragments.table6.remove(queue);
    return refuse(host, pkt, DropReason.FRAGMENT_BAD);
  }
  const piece: Piece = {
    offset,
    end,
    bytes: bytes.slice(l3, dataAt + end - offset),
    dataAt: dataAt - l3,
    packetType: pkt.packetType,
  };
  switch (queue.insert(piece)) {
    case Insert.DUPLICATE:
      host.drop(pkt, DropReason.FRAGMENT_BAD);
      return Verdict.STOLEN;
    case Insert.OVERLAP:
      host.fragments.table6.remove(queue);
      return refuse(host, pkt, DropReason.FRAGMENT_OVERLAP);
    default:
  }
  host.fragments.table6.charge(queue, piece);
  queue.maxSize = Math.max(queue.maxSize, pkt.l3End - l3);
  queue.ecn |= 1 << ipv6.ecn(bytes, l3);
  queue.iif = pkt.iif;
  queue.cause = pkt.cause;
  if (offset === 0) {
    queue.firstNextAt = nextAt - l3;
    queue.frameHeader = readFrameHeader(pkt);
  }
  if (queue.isWhole) return assemble(host, queue, pkt, isLocal);
  host.drop(pkt, DropReason.FRAGMENT_QUEUED);
  return Verdict.STOLEN;
}

function headerProblem(host: Host, pkt: PacketBuffer, pointer: number): void {
  host.icmp6.error(pkt, icmpv6.PARAMETER_PROBLEM, icmpv6.ERRONEOUS_HEADER, pointer);
}

function assemble(host: Host, queue: FragmentQueue, pkt: PacketBuffer, isLocal: boolean): number {
  const first = queue.first!;
  const headers = first.dataAt - ipv6ext.FRAGMENT_LENGTH;
  const payload = headers - ipv6.HEADER_LENGTH + queue.length;
  const ecn = joinEcn(queue.ecn);
  host.fragments.table6.remove(queue);
  if (ecn < 0 || payload > ipv6.MAX_PAYLOAD_LENGTH) return refuse(host, pkt, DropReason.FRAGMENT_BAD);
  const bytes = new Uint8Array(HEAD_ROOM + ipv6.HEADER_LENGTH + payload);
  bytes.set(first.bytes.subarray(0, headers), HEAD_ROOM);
  for (const piece of queue.pieces) {
    bytes.set(piece.bytes.subarray(piece.dataAt), HEAD_ROOM + headers + piece.offset);
  }
  // The header before the fragment header names what the fragment header named.
  bytes[HEAD_ROOM + queue.firstNextAt] = first.bytes[headers]!;
  writeU16(bytes, HEAD_ROOM + 4, payload);
  ipv6.setTrafficClass(bytes, HEAD_ROOM, ipv6.trafficClass(bytes, HEAD_ROOM) | ecn);
  host.fragments.rememberPieces(
    bytes,
    Int32Array.from(queue.pieces, (piece) => piece.end - piece.offset),
  );
  moveTo(pkt, bytes, ETH_P_IPV6, queue.frameHeader);
  pkt.packetType = first.packetType;
  if (!isLocal) pkt.fragMaxSize = queue.maxSize;
  return Verdict.ACCEPT;
}

function refuse(host: Host, pkt: PacketBuffer, reason: number): number {
  host.drop(pkt, reason);
  return Verdict.DROP;
}

/** The sender is told when the first fragment came. */
export function expire6(host: Host, queue: FragmentQueue): void {
  host.countDrop(DropReason.FRAGMENT_TIMEOUT);
  const first = queue.first;
  const device = host.devices.at(queue.iif);
  if (first === undefined || device === undefined || host.isPassive) return;
  const pkt = new PacketBuffer(first.bytes, 0, first.bytes.length);
  dissectNetwork(pkt, ETH_P_IPV6);
  pkt.iif = queue.iif;
  pkt.cause = queue.cause;
  pkt.packetType = first.packetType;
  host.icmp6.error(pkt, icmpv6.TIME_EXCEEDED, icmpv6.FRAG_TIME_EXCEEDED, 0);
}
