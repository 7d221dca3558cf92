/**
 * The Internet checksum (RFC 1071), whole and by update (RFC 1624).
 *
 * A *sum* is an unfolded partial sum of 16-bit big-endian words, a small non-negative integer that can be carried
 * on; a *checksum* is the 16-bit value that stands in a header: the complement of the folded sum. Updates behave as
 * Linux's csum_replace2, csum_replace4 and inet_proto_csum_replace4 do, down to which of the two zeros (0x0000, 0xffff)
 * comes out. What a zero means is the affair of the protocol: see udp.ts.
 */
import type { PacketBuffer } from './packet-buffer.ts';

/** After so many bytes the sum is folded, so that it stays a small integer: 2^15 words of at most 0xffff. */
const CHUNK_BYTES = 0x8000;

/**
 * Adds the bytes from `start` to `end` (exclusive) to a partial sum; an odd last byte counts as the high half of a word
 * whose low half is zero, so only the last piece of a whole may have an odd length.
 */
export function sum(bytes: Uint8Array, start: number, end: number, initial: number): number {
  let total = initial;
  let at = start;
  while (end - at > CHUNK_BYTES) {
    total = foldOnce(sumChunk(bytes, at, at + CHUNK_BYTES, foldOnce(total)));
    at += CHUNK_BYTES;
  }
  return sumChunk(bytes, at, end, foldOnce(total));
}

function foldOnce(total: number): number {
  return (total & 0xffff) + (total >>> 16);
}

function sumChunk(bytes: Uint8Array, start: number, end: number, initial: number): number {
  let high = 0;
  let low = 0;
  let at = start;
  // High and low bytes are added apart: one shift for all instead of one a word. Eight words a turn.
  for (const last = end - 15; at < last; at += 16) {
    high =
      (high +
        bytes[at]! +
        bytes[at + 2]! +
        bytes[at + 4]! +
        bytes[at + 6]! +
        bytes[at + 8]! +
        bytes[at + 10]! +
        bytes[at + 12]! +
        bytes[at + 14]!) |
      0;
    low =
      (low +
        bytes[at + 1]! +
        bytes[at + 3]! +
        bytes[at + 5]! +
        bytes[at + 7]! +
        bytes[at + 9]! +
        bytes[at + 11]! +
        bytes[at + 13]! +
        bytes[at + 15]!) |
      0;
  }
  for (const last = end - 1; at < last; at += 2) {
    high = (high + bytes[at]!) | 0;
    low = (low + bytes[at + 1]!) | 0;
  }
  if (at < end) high = (high + bytes[at]!) | 0;
  return ((high << 8) + low + initial) | 0;
}

/** Folds a partial sum to 16 bits. */
export function fold(total: number): number {
  const once = (total & 0xffff) + (total >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The checksum that belongs into a header: of bytes whose own checksum field is zero, or 0 when it is in place and right. */
export function checksum(bytes: Uint8Array, start: number, end: number, initial: number): number {
  return ~fold(sum(bytes, start, end, initial)) & 0xffff;
}

// ── Pseudo headers ──────────────────────────────────────────────────────────────────────────────────────────────

/** Both halves of a 32-bit word. */
function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

/** The IPv4 pseudo header (RFC 9293 3.1, RFC 768); `length` in bytes of transport header and data. */
export function pseudo4(src: number, dst: number, protocol: number, length: number): number {
  return halves(src) + halves(dst) + protocol + halves(length);
}

/** The IPv6 pseudo header (RFC 8200 8.1); `protocol` is that of the transport, extension headers skipped. */
export function pseudo6(
  src0: number,
  src1: number,
  src2: number,
  src3: number,
  dst0: number,
  dst1: number,
  dst2: number,
  dst3: number,
  protocol: number,
  length: number,
): number {
  return (
    halves(src0) +
    halves(src1) +
    halves(src2) +
    halves(src3) +
    halves(dst0) +
    halves(dst1) +
    halves(dst2) +
    halves(dst3) +
    protocol +
    halves(length)
  );
}

/** The pseudo header of a dissected packet, by its family; `length` in bytes from l4 on. */
export function pseudoOf(pkt: PacketBuffer, length: number): number {
  return pkt.family === 6
    ? pseudo6(
        pkt.src0,
        pkt.src1,
        pkt.src2,
        pkt.src3,
        pkt.dst0,
        pkt.dst1,
        pkt.dst2,
        pkt.dst3,
        pkt.proto,
        length,
      )
    : pseudo4(pkt.src0, pkt.dst0, pkt.proto, length);
}

/** Sum over pseudo header, transport header and data of a whole (not fragmented) packet; folds to 0xffff when right. */
export function transportSum(pkt: PacketBuffer): number {
  return sum(pkt.bytes, pkt.l4, pkt.l3End, pseudoOf(pkt, pkt.l3End - pkt.l4));
}

// ── Updates (RFC 1624, equation 3: HC' = ~(~HC + ~m + m')) ──────────────────────────────────────────────────────────

/** The header checksum after one 16-bit word changed, as csum_replace2 computes it. */
export function updateWord16(check: number, oldWord: number, newWord: number): number {
  return ~fold((~check & 0xffff) + (~oldWord & 0xffff) + (newWord & 0xffff)) & 0xffff;
}

/**
 * The checksum after a 32-bit word (or a port, zero-extended: inet_proto_csum_replace2 comes here too) changed, as
 * csum_replace4 computes it. That one complements the checksum as 32 bits, so its high half adds 0xffff: a zero in
 * the sum of complements, but it decides that 0x0000 and never 0xffff comes out.
 */
export function updateWord32(check: number, oldWord: number, newWord: number): number {
  return ~fold(0xffff + (~check & 0xffff) + halves(~oldWord) + halves(newWord)) & 0xffff;
}

/** The checksum after a run of bytes at an even distance from the checksum's start was exchanged (both sums unfolded). */
export function updateSum(check: number, oldSum: number, newSum: number): number {
  return ~fold(0xffff + (~check & 0xffff) + (~fold(oldSum) & 0xffff) + fold(newSum)) & 0xffff;
}
