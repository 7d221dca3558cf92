/**
 * Deflate's codes (RFC 1951, 3.2): canonical Huffman codes made ready to decode, and what length and distance codes mean.
 *
 * Codes of at most FAST_BITS bits, nearly all, are one table look-up; longer ones are decoded bit by bit from the
 * counts of codes per length, as canonical codes allow (src/capture/bit-reader.ts does both).
 */
export const MAX_BITS = 15;
export const FAST_BITS = 10;
export const FAST_MASK = (1 << FAST_BITS) - 1;

// RFC 1951, 3.2.5: base and extra bits of length codes 257-285 and of distance codes 0-29.
export const LENGTH_BASE = Uint16Array.of(
  ...[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
  ],
);
export const LENGTH_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
);
export const DISTANCE_BASE = Uint16Array.of(
  ...[1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073],
  ...[4097, 6145, 8193, 12289, 16385, 24577],
);
export const DISTANCE_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13],
);

/** A canonical Huffman code. */
export class Huffman {
  /** By the next FAST_BITS bits: symbol << 4 | length; 0 where the code is longer or does not exist. */
  readonly fast = new Uint16Array(1 << FAST_BITS);
  /** How many codes have each length. */
  readonly counts = new Uint16Array(MAX_BITS + 1);
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array;
  private readonly offsets = new Uint16Array(MAX_BITS + 2);

  constructor(maxSymbols: number) {
    this.symbols = new Uint16Array(maxSymbols);
  }

  /** Builds the code from the lengths; false when they make no prefix code that RFC 1951 (and zlib) allows. */
  build(lengths: Uint8Array, from: number, count: number): boolean {
    const { counts, offsets, symbols, fast } = this;
    counts.fill(0);
    for (let i = 0; i < count; i++) counts[lengths[from + i]!]!++;
    const coded = count - counts[0]!;
    counts[0] = 0;
    let left = 1;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      left = left * 2 - counts[bits]!;
      if (left < 0) return false;
    }
    // An incomplete code is allowed in one case only: a single code of one bit, or none at all.
    if (left > 0 && (coded > 1 || (coded === 1 && counts[1] !== 1))) return false;
    offsets[1] = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) offsets[bits + 1] = offsets[bits]! + counts[bits]!;
    for (let i = 0; i < count; i++) {
      const bits = lengths[from + i]!;
      if (bits !== 0) symbols[offsets[bits]!++] = i;
    }
    fast.fill(0);
    let code = 0;
    let index = 0;
    for (let bits = 1; bits <= FAST_BITS; bits++) {
      for (let i = 0; i < counts[bits]!; i++, code++, index++) {
        const entry = (symbols[index]! << 4) | bits;
        for (let at = reverse(code, bits); at < 1 << FAST_BITS; at += 1 << bits) fast[at] = entry;
      }
      code <<= 1;
    }
    return true;
  }
}

/** Huffman codes come highest bit first in a stream whose other fields come lowest bit first. */
function reverse(code: number, bits: number): number {
  let reversed = 0;
  for (let i = 0; i < bits; i++) reversed |= ((code >>> i) & 1) << (bits - 1 - i);
  return reversed;
}
