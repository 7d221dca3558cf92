/**
 * The payload of a TCP segment or UDP datagram, and the rewriting of a byte range in it: the datagram's lengths and
 * checksums follow. What a change of length means to TCP's numbers is the affair of src/netfilter/nat (seq-adjust.ts,
 * stream-edits.ts). Linux: __nf_nat_mangle_tcp_packet, nf_nat_mangle_udp_packet.
 */
import { writeU16 } from '../wire/bytes.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { moveWithTailroom } from '../wire/packet-room.ts';
import * as tcp from '../wire/tcp.ts';
import * as udp from '../wire/udp.ts';

const LARGEST_DATAGRAM = 65535;
const IPV6_HEADER = 40;
/** A computed checksum of zero is sent as its other form, by Linux for every protocol it fills in. */
const ZERO = 0xffff;

/** Where the payload begins: an offset into the packet's bytes, at most `l3End`; -1 where there is none to speak of. */
export function payloadStart(pkt: PacketBuffer): number {
  if (pkt.l4Ok === 0 || pkt.fragOffset !== 0) return -1;
  if (pkt.proto === IPPROTO_UDP) return pkt.l4 + udp.HEADER_LENGTH;
  if (pkt.proto !== IPPROTO_TCP) return -1;
  const start = pkt.l4 + tcp.headerLength(pkt.bytes, pkt.l4);
  return start < pkt.l4 + tcp.HEADER_LENGTH || start > pkt.l3End ? -1 : start;
}

/** How long `bytes[start, end)` of the payload may become. */
export function mostPayload({ l3, l3End }: PacketBuffer, start: number, end: number): number {
  return LARGEST_DATAGRAM - (l3End - l3) + (end - start);
}

/**
 * Puts `replacement` in the place of `length` bytes at `at` (an offset into the packet's bytes, inside the payload). The
 * packet may move to other memory. False, and nothing changed, when the datagram would become too long.
 */
export function replaceBytes(
  pkt: PacketBuffer,
  at: number,
  length: number,
  replacement: Uint8Array,
): boolean {
  const by = replacement.length - length;
  if (pkt.l3End - pkt.l3 + by > LARGEST_DATAGRAM) return false;
  const offset = at - pkt.l3;
  if (by > 0 && pkt.l3End + by > pkt.end) moveWithTailroom(pkt, by);
  const start = pkt.l3 + offset;
  const { bytes } = pkt;
  if (by !== 0) bytes.copyWithin(start + replacement.length, start + length, pkt.l3End);
  bytes.set(replacement, start);
  pkt.l3End += by;
  if (by !== 0) {
    if (pkt.end < pkt.l3End || by < 0) pkt.end = pkt.l3End;
    writeLengths(pkt);
  }
  fillTransportChecksum(pkt);
  return true;
}

function writeLengths(pkt: PacketBuffer): void {
  const { bytes, l3, l3End } = pkt;
  if (pkt.family === 4) {
    writeU16(bytes, l3 + 2, l3End - l3);
    ipv4.fillChecksum(bytes, l3);
  } else {
    writeU16(bytes, l3 + 4, l3End - l3 - IPV6_HEADER);
  }
  if (pkt.proto === IPPROTO_UDP) writeU16(bytes, pkt.l4 + 4, l3End - pkt.l4);
}

/** For whoever changed bytes in place. */
export function fillTransportChecksum(pkt: PacketBuffer): void {
  const { bytes, l4, l3End, proto } = pkt;
  if (proto === IPPROTO_UDP && udp.headerChecksum(bytes, l4) === udp.CHECKSUM_NONE) return;
  const at = l4 + (proto === IPPROTO_UDP ? udp.CHECKSUM_AT : tcp.CHECKSUM_AT);
  writeU16(bytes, at, 0);
  const sum = checksum(bytes, l4, l3End, pseudoOf(pkt, l3End - l4));
  writeU16(bytes, at, sum === 0 ? ZERO : sum);
}

/** Writes a payload of the same length back, where it is another one now. */
export function writeBack(pkt: PacketBuffer, start: number, payload: Uint8Array): void {
  const { bytes } = pkt;
  let at = 0;
  while (at < payload.length && bytes[start + at] === payload[at]) at++;
  if (at < payload.length) replaceBytes(pkt, start, payload.length, payload);
}
