/**
 * Inflate (RFC 1951), pulled: the caller asks for output and gets what fits, and the input is asked for when needed.
 *
 * Why one of our own: Node's zlib streams asynchronously only, and the packet loop is synchronous; decompressing a whole
 * file at once is out of the question for 10 GB. It also keeps captures readable in a browser, and it hands out every
 * byte in front of a cut or a damaged place.
 * Measured on a capture of 318 MB: 250 MB/s, where gzip itself has 360.
 *
 *   output:  | history, 32 KiB | produced, not yet taken ... |  at most MATCH_MAX more |
 *
 * Bits are held in a signed 32-bit word, the next one lowest.
 */
import { FAST_MASK, Huffman, MAX_BITS } from './huffman.ts';

/** Asks for more input: how many bytes were put into `buffer`, 0 at the end. */
export interface InflateInput {
  readonly buffer: Uint8Array;
  refill(): number;
}

export const InflateEnd = { No: 0, Finished: 1, Cut: 2, Damaged: 3 } as const;
export type InflateEnd = (typeof InflateEnd)[keyof typeof InflateEnd];

const HISTORY = 32 * 1024;
const OUTPUT = 128 * 1024;
const MATCH_MAX = 258;
const END_OF_BLOCK = 256;
const LITERAL_CODES = 288;
const DISTANCE_CODES = 30;

// RFC 1951, 3.2.5: base and extra bits of length codes 257-285 and of distance codes 0-29.
const LENGTH_BASE = Uint16Array.of(
  ...[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
  ],
);
const LENGTH_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
);
const DISTANCE_BASE = Uint16Array.of(
  ...[1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073],
  ...[4097, 6145, 8193, 12289, 16385, 24577],
);
const DISTANCE_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13],
);
/** The order in which the lengths of the code length code come (3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const Mode = { BlockHeader: 0, Stored: 1, Codes: 2, Ended: 3 } as const;
type Mode = (typeof Mode)[keyof typeof Mode];

export class Inflate {
  /** How the stream ended, once everything produced has been taken. */
  end: InflateEnd = InflateEnd.No;
  /** What is wrong when it is Damaged. */
  problem = '';
  /** Produced bytes stand at [outputStart, outputEnd). */
  readonly output = new Uint8Array(HISTORY + OUTPUT + MATCH_MAX);
  outputStart = 0;
  outputEnd = 0;
  private readonly input: InflateInput;
  private inputAt = 0;
  private inputEnd = 0;
  private hold = 0;
  private bits = 0;
  private mode: Mode = Mode.BlockHeader;
  private lastBlock = false;
  private storedLeft = 0;
  private literals: Huffman;
  private distances: Huffman;
  private readonly dynamicLiterals = new Huffman(LITERAL_CODES);
  private readonly dynamicDistances = new Huffman(32);
  private readonly codeLengths = new Huffman(CODE_LENGTH_ORDER.length);
  private readonly fixedLiterals = new Huffman(LITERAL_CODES);
  private readonly fixedDistances = new Huffman(32);
  private readonly lengths = new Uint8Array(LITERAL_CODES + 32);

  constructor(input: InflateInput) {
    this.input = input;
    this.lengths.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288).fill(5, 288, 320);
    this.fixedLiterals.build(this.lengths, 0, 288);
    this.fixedDistances.build(this.lengths, 288, 32);
    this.literals = this.fixedLiterals;
    this.distances = this.fixedDistances;
  }

  /** Begins a new stream at the next byte of the input. */
  restart(): void {
    this.mode = Mode.BlockHeader;
    this.end = InflateEnd.No;
    this.lastBlock = false;
    this.outputStart = 0;
    this.outputEnd = 0;
    this.hold = 0;
    this.bits = 0;
  }

  /** The next byte of the input after a stream's end, for what stands around deflate data; -1 at the input's end. */
  nextByte(): number {
    if (this.bits >= 8) {
      const byte = this.hold & 0xff;
      this.hold = (this.hold >>> 8) | 0;
      this.bits -= 8;
      return byte;
    }
    if (this.inputAt === this.inputEnd && !this.refill()) return -1;
    return this.input.buffer[this.inputAt++]!;
  }

  /** Produces more output (all that was produced before must have been taken) until there is some or the stream ends. */
  produce(): void {
    if (this.outputEnd > HISTORY) {
      this.output.copyWithin(0, this.outputEnd - HISTORY, this.outputEnd);
      this.outputEnd = HISTORY;
    }
    this.outputStart = this.outputEnd;
    const limit = HISTORY + OUTPUT;
    while (this.end === InflateEnd.No && this.outputEnd < limit) {
      if (this.mode === Mode.Codes) this.decodeCodes(limit);
      else if (this.mode === Mode.Stored) this.copyStored(limit);
      else if (this.lastBlock) this.finish();
      else this.blockHeader();
    }
  }

  private finish(): void {
    this.end = InflateEnd.Finished;
    // The rest of the last byte is padding.
    const padding = this.bits & 7;
    this.hold = (this.hold >>> padding) | 0;
    this.bits -= padding;
  }

  private blockHeader(): void {
    if (!this.need(3)) return;
    this.lastBlock = this.take(1) === 1;
    switch (this.take(2)) {
      case 0:
        this.storedHeader();
        break;
      case 1:
        this.literals = this.fixedLiterals;
        this.distances = this.fixedDistances;
        this.mode = Mode.Codes;
        break;
      case 2:
        this.dynamicHeader();
        break;
      default:
        this.damaged('invalid block type');
    }
  }

  private storedHeader(): void {
    this.take(this.bits & 7);
    if (!this.need(16)) return;
    const length = this.take(16);
    if (!this.need(16)) return;
    if (this.take(16) !== (~length & 0xffff)) {
      this.damaged('invalid stored block length');
      return;
    }
    this.storedLeft = length;
    this.mode = Mode.Stored;
  }

  private copyStored(limit: number): void {
    while (this.storedLeft > 0 && this.outputEnd < limit) {
      // Whole bytes may still be held from the header.
      if (this.bits > 0 || this.inputAt === this.inputEnd) {
        const byte = this.nextByte();
        if (byte < 0) {
          this.end = InflateEnd.Cut;
          return;
        }
        this.output[this.outputEnd++] = byte;
        this.storedLeft--;
        continue;
      }
      const count = Math.min(this.storedLeft, this.inputEnd - this.inputAt, limit - this.outputEnd);
      this.output.set(this.input.buffer.subarray(this.inputAt, this.inputAt + count), this.outputEnd);
      this.inputAt += count;
      this.outputEnd += count;
      this.storedLeft -= count;
    }
    if (this.storedLeft === 0) this.mode = Mode.BlockHeader;
  }

  private dynamicHeader(): void {
    if (!this.need(14)) return;
    const literalCount = this.take(5) + 257;
    const distanceCount = this.take(5) + 1;
    const codeLengthCount = this.take(4) + 4;
    if (literalCount > 286 || distanceCount > DISTANCE_CODES) {
      this.damaged('too many length or distance symbols');
      return;
    }
    const lengths = this.lengths;
    lengths.fill(0, 0, CODE_LENGTH_ORDER.length);
    for (let i = 0; i < codeLengthCount; i++) {
      if (!this.need(3)) return;
      lengths[CODE_LENGTH_ORDER[i]!] = this.take(3);
    }
    if (!this.codeLengths.build(lengths, 0, CODE_LENGTH_ORDER.length)) {
      this.damaged('invalid code lengths set');
      return;
    }
    if (!this.readLengths(literalCount + distanceCount)) return;
    if (lengths[END_OF_BLOCK] === 0) this.damaged('missing end-of-block code');
    else if (!this.dynamicLiterals.build(lengths, 0, literalCount))
      this.damaged('invalid literal/length code');
    else if (!this.dynamicDistances.build(lengths, literalCount, distanceCount))
      this.damaged('invalid distance code');
    this.literals = this.dynamicLiterals;
    this.distances = this.dynamicDistances;
    this.mode = Mode.Codes;
  }

  /** The run-length coded lengths of a dynamic block's two codes (3.2.7). */
  private readLengths(total: number): boolean {
    const lengths = this.lengths;
    let count = 0;
    while (count < total) {
      this.top();
      const symbol = this.decode(this.codeLengths);
      if (symbol < 0) return false;
      if (symbol < 16) {
        lengths[count++] = symbol;
        continue;
      }
      const extra = symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      if (!this.need(extra)) return false;
      const repeat = this.take(extra) + (symbol === 18 ? 11 : 3);
      if ((symbol === 16 && count === 0) || count + repeat > total) {
        this.damaged('invalid bit length repeat');
        return false;
      }
      const value = symbol === 16 ? lengths[count - 1]! : 0;
      for (let i = 0; i < repeat; i++) lengths[count++] = value;
    }
    return true;
  }

  private decodeCodes(limit: number): void {
    const output = this.output;
    const fast = this.literals.fast;
    while (this.outputEnd < limit) {
      if (this.bits < MAX_BITS) this.top();
      // The common case, spelled out: a short code of a literal.
      const entry = fast[this.hold & FAST_MASK]!;
      const length = entry & 15;
      let symbol = entry >>> 4;
      if (entry !== 0 && length <= this.bits) {
        this.hold = (this.hold >>> length) | 0;
        this.bits -= length;
      } else {
        symbol = this.decode(this.literals);
        if (symbol < 0) return;
      }
      if (symbol < END_OF_BLOCK) {
        output[this.outputEnd++] = symbol;
      } else if (symbol === END_OF_BLOCK) {
        this.mode = Mode.BlockHeader;
        return;
      } else if (!this.copyMatch(symbol - 257)) {
        return;
      }
    }
  }

  private copyMatch(lengthCode: number): boolean {
    if (lengthCode >= LENGTH_BASE.length) return this.damaged('invalid literal/length code');
    const lengthExtra = LENGTH_EXTRA[lengthCode]!;
    if (!this.need(lengthExtra)) return false;
    const length = LENGTH_BASE[lengthCode]! + this.take(lengthExtra);
    if (this.bits < MAX_BITS) this.top();
    const distanceCode = this.decode(this.distances);
    if (distanceCode < 0) return false;
    if (distanceCode >= DISTANCE_CODES) return this.damaged('invalid distance code');
    const distanceExtra = DISTANCE_EXTRA[distanceCode]!;
    if (!this.need(distanceExtra)) return false;
    const distance = DISTANCE_BASE[distanceCode]! + this.take(distanceExtra);
    const end = this.outputEnd;
    if (distance > end) return this.damaged('invalid distance too far back');
    const output = this.output;
    // Byte by byte: source and destination overlap where a match repeats itself.
    for (let i = 0; i < length; i++) output[end + i] = output[end + i - distance]!;
    this.outputEnd = end + length;
    return true;
  }

  /** The next symbol, or -1 with `end` set. At the end of the input the held bits may be fewer than the code. */
  private decode(code: Huffman): number {
    const entry = code.fast[this.hold & FAST_MASK]!;
    let length = entry & 15;
    if (entry !== 0 && length <= this.bits) {
      this.hold = (this.hold >>> length) | 0;
      this.bits -= length;
      return entry >>> 4;
    }
    let value = 0;
    let first = 0;
    let index = 0;
    for (length = 1; length <= MAX_BITS; length++) {
      if (length > this.bits) {
        this.end = InflateEnd.Cut;
        return -1;
      }
      value |= (this.hold >>> (length - 1)) & 1;
      const count = code.counts[length]!;
      if (value - first < count) {
        this.hold = (this.hold >>> length) | 0;
        this.bits -= length;
        return code.symbols[index + value - first]!;
      }
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    this.damaged('invalid code');
    return -1;
  }

  /** Holds at least 25 bits, or all that are left. */
  private top(): void {
    while (this.bits <= 24) {
      if (this.inputAt === this.inputEnd && !this.refill()) return;
      this.hold |= this.input.buffer[this.inputAt++]! << this.bits;
      this.bits += 8;
    }
  }

  /** Holds at least `count` (at most 25) bits; false with `end` set when the input has no more. */
  private need(count: number): boolean {
    if (this.bits >= count) return true;
    this.top();
    if (this.bits >= count) return true;
    this.end = InflateEnd.Cut;
    return false;
  }

  private take(count: number): number {
    const value = this.hold & ((1 << count) - 1);
    this.hold = (this.hold >>> count) | 0;
    this.bits -= count;
    return value;
  }

  private refill(): boolean {
    this.inputAt = 0;
    this.inputEnd = this.input.refill();
    return this.inputEnd > 0;
  }

  private damaged(problem: string): false {
    this.end = InflateEnd.Damaged;
    this.problem = problem;
    return false;
  }
}
