/**
 * Fragmentation of IPv6 (RFC 8200 4.5; Linux: ip6_fragment). A router never fragments; what is cut here was put together
 * for connection tracking, and leaves in the sizes it came in, under a new identification (drawn, as Linux does), or
 * is the host's own.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { writeU16 } from '../wire/bytes.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_DSTOPTS, IPPROTO_FRAGMENT, IPPROTO_HOPOPTS, IPPROTO_ROUTING } from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Device } from './device.ts';
import type { FragmentTaker } from './fragment-out4.ts';
import type { Host } from './host.ts';

export function fragment6(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  taker: FragmentTaker = host.neighbours6,
): void {
  const { fragMaxSize, routeMtu } = pkt;
  const isForwarded = pkt.iif !== 0;
  if ((isForwarded && fragMaxSize === 0) || fragMaxSize > routeMtu) {
    host.icmp6.error(pkt, icmpv6.PACKET_TOO_BIG, 0, routeMtu);
    return host.drop(pkt, DropReason.TOO_BIG);
  }
  const mtu = fragMaxSize === 0 ? routeMtu : Math.max(fragMaxSize, ipv6.MIN_MTU);
  const nextAt = unfragmentablePart(pkt);
  const partEnd = Math.min(endOfHeaderNamedAt(pkt, nextAt), pkt.l3End);
  const headers = partEnd - pkt.l3;
  const room = mtu - headers - ipv6ext.FRAGMENT_LENGTH;
  if (room < 8) return host.drop(pkt, DropReason.TOO_BIG);
  const id = drawId(host);
  const payload = pkt.l3End - partEnd;
  const pieces = host.fragments.piecesOf(pkt, payload);
  const last = (pieces?.length ?? 0) - 1;
  if (pieces?.every((size, i) => size <= room && (i === last || (size & 7) === 0)) === true) {
    for (let i = 0, offset = 0; i <= last; offset += pieces[i++]!) {
      sendFragment(host, pkt, device, taker, nextAt, headers, offset, pieces[i]!, payload, id);
    }
    return;
  }
  for (let offset = 0; offset < payload;) {
    const left = payload - offset;
    const size = left > room ? room & ~7 : left;
    sendFragment(host, pkt, device, taker, nextAt, headers, offset, size, payload, id);
    offset += size;
  }
}

/** Never 0, which some take for "none". */
function drawId(host: Host): number {
  const id = host.rng.u32() | 0;
  return id === 0 ? 1 : id;
}

/** One past the header that holds this next-header field: the fixed one, or an extension header. */
function endOfHeaderNamedAt(pkt: PacketBuffer, nextAt: number): number {
  const { bytes, l3 } = pkt;
  if (nextAt < l3 + ipv6.HEADER_LENGTH) return l3 + ipv6.HEADER_LENGTH;
  return nextAt + ipv6ext.headerLength(bytes, nextAt, IPPROTO_HOPOPTS);
}

/** ip6_find_1stfragopt: the offset of the next-header field that will name the fragment header. */
function unfragmentablePart(pkt: PacketBuffer): number {
  const { bytes, l3, l3End } = pkt;
  let nextAt = l3 + 6;
  let at = l3 + ipv6.HEADER_LENGTH;
  let hadRouting = false;
  while (at + ipv6ext.MIN_LENGTH <= l3End) {
    const kind = bytes[nextAt]!;
    if (kind === IPPROTO_ROUTING) hadRouting = true;
    else if (kind === IPPROTO_DSTOPTS && hadRouting) break;
    else if (kind !== IPPROTO_HOPOPTS && kind !== IPPROTO_DSTOPTS) break;
    nextAt = at;
    at += ipv6ext.headerLength(bytes, at, kind);
  }
  return nextAt;
}

function sendFragment(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  taker: FragmentTaker,
  nextAt: number,
  headers: number,
  offset: number,
  size: number,
  payload: number,
  id: number,
): void {
  const fragment = host.pool.take(headers + ipv6ext.FRAGMENT_LENGTH + size);
  const { bytes, l3 } = fragment;
  bytes.set(pkt.bytes.subarray(pkt.l3, pkt.l3 + headers), l3);
  const more = offset + size < payload ? 1 : 0;
  ipv6ext.writeFragment(bytes, l3 + headers, pkt.bytes[nextAt]!, offset, more, id);
  bytes[l3 + nextAt - pkt.l3] = IPPROTO_FRAGMENT;
  const from = pkt.l3 + headers + offset;
  bytes.set(pkt.bytes.subarray(from, from + size), l3 + headers + ipv6ext.FRAGMENT_LENGTH);
  writeU16(bytes, l3 + 4, fragment.l3End - l3 - ipv6.HEADER_LENGTH);
  fragment.family = 6;
  fragment.iif = pkt.iif;
  fragment.oif = pkt.oif;
  fragment.src0 = pkt.src0;
  fragment.src1 = pkt.src1;
  fragment.src2 = pkt.src2;
  fragment.src3 = pkt.src3;
  fragment.dst0 = pkt.dst0;
  fragment.dst1 = pkt.dst1;
  fragment.dst2 = pkt.dst2;
  fragment.dst3 = pkt.dst3;
  fragment.via0 = pkt.via0;
  fragment.via1 = pkt.via1;
  fragment.via2 = pkt.via2;
  fragment.via3 = pkt.via3;
  fragment.routeMtu = pkt.routeMtu;
  fragment.mark = pkt.mark;
  fragment.packetType = pkt.packetType;
  fragment.cause = pkt.cause;
  taker.output(fragment, device);
  host.pool.give(fragment);
}
