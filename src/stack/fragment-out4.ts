/**
 * Fragmentation of IPv4 (RFC 791 3.2, RFC 1812 5.3.6; Linux: ip_fragment). A datagram that came in fragments leaves in
 * the same ones where they fit; any other is cut as large as the way allows, but never larger than it came.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { writeU16 } from '../wire/bytes.ts';
import * as icmp from '../wire/icmp.ts';
import * as ipv4 from '../wire/ipv4.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';

/** Takes the pieces: the neighbours, or the bridge that the packet crosses. */
export interface FragmentTaker {
  output(fragment: PacketBuffer, device: Device): void;
}

export function fragment4(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  taker: FragmentTaker = host.neighbours4,
): void {
  const { bytes, l3, fragMaxSize } = pkt;
  const headerLength = pkt.l4 - l3;
  const hasDf = ipv4.dontFragment(bytes, l3);
  if (hasDf && !host.fragments.mayFragment(pkt, pkt.routeMtu)) {
    host.icmp4.error(pkt, icmp.DEST_UNREACH, icmp.FRAG_NEEDED, pkt.routeMtu);
    return host.drop(pkt, DropReason.TOO_BIG);
  }
  const mtu = fragMaxSize !== 0 && fragMaxSize < pkt.routeMtu ? fragMaxSize : pkt.routeMtu;
  const room = mtu - headerLength;
  const payload = pkt.l3End - pkt.l4;
  if (room < 8) return host.drop(pkt, DropReason.TOO_BIG);
  const pieces = host.fragments.piecesOf(pkt, payload);
  if (pieces !== undefined && fit(pieces, room)) return sendPieces(host, pkt, device, taker, pieces);
  sendCut(host, pkt, device, taker, room, hasDf && host.fragments.keepsDf(pkt));
}

function fit(pieces: Int32Array, room: number): boolean {
  const last = pieces.length - 1;
  return last > 0 && pieces.every((size, i) => size <= room && (i === last || (size & 7) === 0));
}

/** As it came. DF is not put back: Linux loses it here. */
function sendPieces(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  taker: FragmentTaker,
  pieces: Int32Array,
): void {
  let offset = 0;
  const payload = pkt.l3End - pkt.l4;
  for (const size of pieces) {
    const flags = offset + size < payload ? ipv4.FLAG_MF : 0;
    sendFragment(host, pkt, device, taker, offset, size, flags);
    offset += size;
  }
}

function sendCut(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  taker: FragmentTaker,
  room: number,
  keepDf: boolean,
): void {
  const payload = pkt.l3End - pkt.l4;
  const wasFragment = pkt.moreFragments !== 0;
  for (let offset = 0; offset < payload;) {
    const left = payload - offset;
    const size = left > room ? room & ~7 : left;
    const more = size < left || wasFragment ? ipv4.FLAG_MF : 0;
    sendFragment(host, pkt, device, taker, offset, size, more | (keepDf ? ipv4.FLAG_DF : 0));
    offset += size;
  }
}

/** `offset` is counted from the payload of `pkt`, which may be a fragment itself. */
function sendFragment(
  host: Host,
  pkt: PacketBuffer,
  device: Device,
  taker: FragmentTaker,
  offset: number,
  size: number,
  flags: number,
): void {
  const headerLength = pkt.l4 - pkt.l3;
  const fragment = host.pool.take(headerLength + size);
  const { bytes, l3 } = fragment;
  bytes.set(pkt.bytes.subarray(pkt.l3, pkt.l4), l3);
  bytes.set(pkt.bytes.subarray(pkt.l4 + offset, pkt.l4 + offset + size), l3 + headerLength);
  if (offset !== 0) blankUncopied(bytes, l3);
  writeU16(bytes, l3 + 2, headerLength + size);
  writeU16(bytes, l3 + 6, flags | ((pkt.fragOffset + offset) >>> 3));
  ipv4.fillChecksum(bytes, l3);
  fragment.family = 4;
  fragment.l4 = l3 + headerLength;
  fragment.src0 = pkt.src0;
  fragment.dst0 = pkt.dst0;
  fragment.proto = pkt.proto;
  fragment.fragOffset = pkt.fragOffset + offset;
  fragment.moreFragments = (flags & ipv4.FLAG_MF) !== 0 ? 1 : 0;
  fragment.iif = pkt.iif;
  fragment.oif = pkt.oif;
  fragment.via0 = pkt.via0;
  fragment.routeMtu = pkt.routeMtu;
  fragment.mark = pkt.mark;
  fragment.priority = pkt.priority;
  fragment.packetType = pkt.packetType;
  fragment.cause = pkt.cause;
  taker.output(fragment, device);
  host.pool.give(fragment);
}

/** Options that belong to the first fragment only become "no operation" in the others (ip_options_fragment). */
function blankUncopied(bytes: Uint8Array, l3: number): void {
  const end = l3 + ipv4.headerLength(bytes, l3);
  for (let at = l3 + ipv4.HEADER_LENGTH, n = 0; (n = ipv4.optionLength(bytes, at, end)) > 0; at += n) {
    if (n > 1 && (bytes[at]! & ipv4.OPTION_COPIED) === 0) bytes.fill(1, at, at + n);
  }
}
