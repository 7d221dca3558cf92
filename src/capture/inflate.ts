/**
 * Inflate (RFC 1951), pulled: the caller asks for output and gets what fits, and the input is asked for when needed.
 *
 * Why one of our own: Node's zlib streams asynchronously only, and the packet loop is synchronous; decompressing a whole
 * file at once is out of the question for 10 GB. It also keeps captures readable in a browser, and it hands out every
 * byte in front of a cut or a damaged place. What it costs, on a capture of 318 MB: 340 MB/s with the reading of the
 * records, where zcat alone has 365 and Node's zlib 1,200.
 *
 *   output:  | history, 32 KiB | produced, not yet taken ... |  at most MATCH_MAX more |
 */
import { BitReader, type InflateInput, NO_MORE_INPUT, NO_SUCH_CODE } from './bit-reader.ts';
import { DISTANCE_BASE, DISTANCE_EXTRA, FAST_MASK, Huffman, LENGTH_BASE, LENGTH_EXTRA } from './huffman.ts';

export const InflateEnd = { No: 0, Finished: 1, Cut: 2, Damaged: 3 } as const;
export type InflateEnd = (typeof InflateEnd)[keyof typeof InflateEnd];

const HISTORY = 32 * 1024;
const OUTPUT = 128 * 1024;
const MATCH_MAX = 258;
const END_OF_BLOCK = 256;
const LITERAL_CODES = 288;
const DISTANCE_CODES = 30;
/** The most that decodeFast reads for one symbol: three times two bytes. */
const FAST_INPUT_BYTES = 6;

/** The order in which the lengths of the code length code come (3.2.7). */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const Mode = { BlockHeader: 0, Stored: 1, Codes: 2 } as const;
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
  /** The compressed data; what stands around them (gzip's header and trailer) is read from it as well. */
  readonly reader: BitReader;
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
    this.reader = new BitReader(input);
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
    this.reader.alignToByte();
  }

  private blockHeader(): void {
    if (!this.need(3)) return;
    this.lastBlock = this.reader.take(1) === 1;
    switch (this.reader.take(2)) {
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
    this.reader.alignToByte();
    if (!this.need(16)) return;
    const length = this.reader.take(16);
    if (!this.need(16)) return;
    if (this.reader.take(16) !== (~length & 0xffff)) {
      this.damaged('invalid stored block length');
      return;
    }
    this.storedLeft = length;
    this.mode = Mode.Stored;
  }

  private copyStored(limit: number): void {
    const reader = this.reader;
    while (this.storedLeft > 0 && this.outputEnd < limit) {
      // Whole bytes may still be held from the header.
      if (reader.bits > 0 || reader.at === reader.end) {
        const byte = reader.nextByte();
        if (byte < 0) {
          this.end = InflateEnd.Cut;
          return;
        }
        this.output[this.outputEnd++] = byte;
        this.storedLeft--;
        continue;
      }
      const count = Math.min(this.storedLeft, reader.end - reader.at, limit - this.outputEnd);
      this.output.set(reader.input.buffer.subarray(reader.at, reader.at + count), this.outputEnd);
      reader.at += count;
      this.outputEnd += count;
      this.storedLeft -= count;
    }
    if (this.storedLeft === 0) this.mode = Mode.BlockHeader;
  }

  private dynamicHeader(): void {
    if (!this.need(14)) return;
    const literalCount = this.reader.take(5) + 257;
    const distanceCount = this.reader.take(5) + 1;
    const codeLengthCount = this.reader.take(4) + 4;
    if (literalCount > 286 || distanceCount > DISTANCE_CODES) {
      this.damaged('too many length or distance symbols');
      return;
    }
    const lengths = this.lengths;
    lengths.fill(0, 0, CODE_LENGTH_ORDER.length);
    for (let i = 0; i < codeLengthCount; i++) {
      if (!this.need(3)) return;
      lengths[CODE_LENGTH_ORDER[i]!] = this.reader.take(3);
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
      const symbol = this.decode(this.codeLengths);
      if (symbol < 0) return false;
      if (symbol < 16) {
        lengths[count++] = symbol;
        continue;
      }
      const extra = symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      if (!this.need(extra)) return false;
      const repeat = this.reader.take(extra) + (symbol === 18 ? 11 : 3);
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
    while (this.outputEnd < limit) {
      this.decodeFast(limit);
      if (this.outputEnd >= limit || !this.decodeOne()) return;
    }
  }

  /**
   * The same as decodeOne again and again while nothing is out of the ordinary: short codes, input at hand, no end of
   * block, no error. It stops in front of anything else. With its state in local variables it is twice as fast.
   */
  private decodeFast(limit: number): void {
    const output = this.output;
    const reader = this.reader;
    const input = reader.input.buffer;
    const literals = this.literals.fast;
    const distances = this.distances.fast;
    const inputSafe = reader.end - FAST_INPUT_BYTES;
    let inputAt = reader.at;
    let hold = reader.hold;
    let bits = reader.bits;
    let end = this.outputEnd;
    while (end < limit && inputAt <= inputSafe) {
      const symbolHold = hold;
      const symbolBits = bits;
      const symbolAt = inputAt;
      if (bits < 16) {
        hold |= (input[inputAt]! | (input[inputAt + 1]! << 8)) << bits;
        inputAt += 2;
        bits += 16;
      }
      const entry = literals[hold & FAST_MASK]!;
      const symbol = entry >>> 4;
      hold = (hold >>> (entry & 15)) | 0;
      bits -= entry & 15;
      if (entry !== 0 && symbol < END_OF_BLOCK) {
        output[end++] = symbol;
        continue;
      }
      const lengthCode = symbol - 257;
      let distance = 0;
      let length = 0;
      if (entry !== 0 && lengthCode >= 0 && lengthCode < LENGTH_BASE.length) {
        const lengthExtra = LENGTH_EXTRA[lengthCode]!;
        length = LENGTH_BASE[lengthCode]! + (hold & ((1 << lengthExtra) - 1));
        hold = (hold >>> lengthExtra) | 0;
        bits -= lengthExtra;
        if (bits < 16) {
          hold |= (input[inputAt]! | (input[inputAt + 1]! << 8)) << bits;
          inputAt += 2;
          bits += 16;
        }
        const distanceEntry = distances[hold & FAST_MASK]!;
        const distanceCode = distanceEntry >>> 4;
        hold = (hold >>> (distanceEntry & 15)) | 0;
        bits -= distanceEntry & 15;
        if (bits < 16) {
          hold |= (input[inputAt]! | (input[inputAt + 1]! << 8)) << bits;
          inputAt += 2;
          bits += 16;
        }
        if (distanceEntry !== 0 && distanceCode < DISTANCE_CODES) {
          const distanceExtra = DISTANCE_EXTRA[distanceCode]!;
          distance = DISTANCE_BASE[distanceCode]! + (hold & ((1 << distanceExtra) - 1));
          hold = (hold >>> distanceExtra) | 0;
          bits -= distanceExtra;
        }
      }
      if (distance === 0 || distance > end) {
        hold = symbolHold;
        bits = symbolBits;
        inputAt = symbolAt;
        break;
      }
      copyWithin(output, end, distance, length);
      end += length;
    }
    reader.at = inputAt;
    reader.hold = hold;
    reader.bits = bits;
    this.outputEnd = end;
  }

  /** Decodes one symbol with its match; false when the block or the stream ends with it. */
  private decodeOne(): boolean {
    const symbol = this.decode(this.literals);
    if (symbol < 0) return false;
    if (symbol === END_OF_BLOCK) {
      this.mode = Mode.BlockHeader;
      return false;
    }
    if (symbol > END_OF_BLOCK) return this.copyMatch(symbol - 257);
    this.output[this.outputEnd++] = symbol;
    return true;
  }

  private copyMatch(lengthCode: number): boolean {
    if (lengthCode >= LENGTH_BASE.length) return this.damaged('invalid literal/length code');
    const lengthExtra = LENGTH_EXTRA[lengthCode]!;
    if (!this.need(lengthExtra)) return false;
    const length = LENGTH_BASE[lengthCode]! + this.reader.take(lengthExtra);
    const distanceCode = this.decode(this.distances);
    if (distanceCode < 0) return false;
    if (distanceCode >= DISTANCE_CODES) return this.damaged('invalid distance code');
    const distanceExtra = DISTANCE_EXTRA[distanceCode]!;
    if (!this.need(distanceExtra)) return false;
    const distance = DISTANCE_BASE[distanceCode]! + this.reader.take(distanceExtra);
    const end = this.outputEnd;
    if (distance > end) return this.damaged('invalid distance too far back');
    copyWithin(this.output, end, distance, length);
    this.outputEnd = end + length;
    return true;
  }

  /** The next symbol, or -1 with `end` set. */
  private decode(code: Huffman): number {
    const symbol = this.reader.decode(code);
    if (symbol === NO_MORE_INPUT) this.end = InflateEnd.Cut;
    else if (symbol === NO_SUCH_CODE) this.damaged('invalid code');
    return symbol < 0 ? -1 : symbol;
  }

  /** Holds at least `count` bits; false with `end` set when the input has no more. */
  private need(count: number): boolean {
    if (this.reader.need(count)) return true;
    this.end = InflateEnd.Cut;
    return false;
  }

  private damaged(problem: string): false {
    this.end = InflateEnd.Damaged;
    this.problem = problem;
    return false;
  }
}

/** Below this a loop is faster than the call. */
const LOOP_COPY = 32;

function copyWithin(bytes: Uint8Array, at: number, distance: number, length: number): void {
  if (length >= LOOP_COPY && distance >= length) {
    bytes.copyWithin(at, at - distance, at - distance + length);
    return;
  }
  // Byte by byte: source and destination overlap where a match repeats itself.
  const end = at + length;
  for (let to = at; to < end; to++) bytes[to] = bytes[to - distance]!;
}
