/**
 * The bits of deflate data (RFC 1951, 3.1.1): lowest bit of each byte first, held in a signed 32-bit word, the next one
 * lowest. Input is asked for when it is needed. The fields are open for decodeFast of src/capture/inflate.ts, which
 * works on copies of them.
 */
import { FAST_MASK, type Huffman, MAX_BITS } from './huffman.ts';

/** Asks for more input: how many bytes were put into `buffer`, 0 at the end. */
export interface InflateInput {
  readonly buffer: Uint8Array;
  refill(): number;
}

/** What `decode` gives in place of a symbol. */
export const NO_MORE_INPUT = -1;
export const NO_SUCH_CODE = -2;

export class BitReader {
  readonly input: InflateInput;
  /** The part of the input's buffer that is not yet held. */
  at = 0;
  end = 0;
  hold = 0;
  bits = 0;

  constructor(input: InflateInput) {
    this.input = input;
  }

  /** Forgets the bits up to the next whole byte. */
  alignToByte(): void {
    this.take(this.bits & 7);
  }

  /** The next byte, of an aligned reader; -1 at the end. */
  nextByte(): number {
    if (this.bits >= 8) return this.take(8);
    if (this.at === this.end && !this.refill()) return -1;
    return this.input.buffer[this.at++]!;
  }

  /** Holds at least 25 bits, or all that are left. */
  top(): void {
    while (this.bits <= 24) {
      if (this.at === this.end && !this.refill()) return;
      this.hold |= this.input.buffer[this.at++]! << this.bits;
      this.bits += 8;
    }
  }

  /** Holds at least `count` (at most 25) bits; false when there are no more. */
  need(count: number): boolean {
    if (this.bits < count) this.top();
    return this.bits >= count;
  }

  /** The next `count` held bits. */
  take(count: number): number {
    const value = this.hold & ((1 << count) - 1);
    this.hold = (this.hold >>> count) | 0;
    this.bits -= count;
    return value;
  }

  /** The next symbol, NO_MORE_INPUT or NO_SUCH_CODE. */
  decode(code: Huffman): number {
    if (this.bits < MAX_BITS) this.top();
    const entry = code.fast[this.hold & FAST_MASK]!;
    if (entry !== 0 && (entry & 15) <= this.bits) {
      this.take(entry & 15);
      return entry >>> 4;
    }
    return this.decodeBitByBit(code);
  }

  /** For codes longer than FAST_BITS, and at the end of the input, where fewer bits may be held than a code has. */
  private decodeBitByBit(code: Huffman): number {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      if (length > this.bits) return NO_MORE_INPUT;
      value |= (this.hold >>> (length - 1)) & 1;
      const count = code.counts[length]!;
      if (value - first < count) {
        this.take(length);
        return code.symbols[index + value - first]!;
      }
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    return NO_SUCH_CODE;
  }

  private refill(): boolean {
    this.at = 0;
    this.end = this.input.refill();
    return this.end > 0;
  }
}
