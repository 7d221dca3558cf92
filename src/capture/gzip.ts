/**
 * A source of bytes that decompresses another one: gzip (RFC 1952), of one member or several in a row, as `cat a.gz
 * b.gz` and parallel compressors write them. Zero bytes after the last member are padding; anything else is an error.
 *
 * Every byte in front of a cut or damaged place is handed out. Check sum and length of each member are verified.
 */
import { CaptureError } from './errors.ts';
import { Crc32 } from './crc32.ts';
import type { InflateInput } from './bit-reader.ts';
import { Inflate, InflateEnd } from './inflate.ts';
import type { ByteSource } from './source.ts';

const INPUT_BYTES = 64 * 1024;
const CUT = 'the gzip data are cut short';
const METHOD_DEFLATE = 8;
const FLAG_HEADER_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
const FLAGS_RESERVED = 0xe0;
/** Between the flags and the optional fields: time, extra flags, operating system. */
const FIXED_REST = 6;

export class GunzipSource implements ByteSource, InflateInput {
  readonly name: string;
  readonly size: number;
  readonly buffer = new Uint8Array(INPUT_BYTES);
  cut: string | null = null;
  private readonly source: ByteSource;
  private readonly inflate = new Inflate(this);
  private readonly crc = new Crc32();
  private preloaded: number;
  private produced = 0;
  private memberBytes = 0;
  private inMember = false;
  private ended = false;
  private failure: CaptureError | null = null;

  /** `head` are the source's first bytes, already read from it. */
  constructor(source: ByteSource, head: Uint8Array) {
    this.source = source;
    this.name = source.name;
    this.size = source.size;
    this.buffer.set(head);
    this.preloaded = head.length;
  }

  get consumed(): number {
    return this.source.consumed;
  }

  /** Inflate's input. */
  refill(): number {
    const preloaded = this.preloaded;
    this.preloaded = 0;
    return preloaded > 0 ? preloaded : this.source.read(this.buffer, 0, INPUT_BYTES);
  }

  read(into: Uint8Array, at: number, length: number): number {
    const inflate = this.inflate;
    while (inflate.outputStart === inflate.outputEnd) {
      if (this.failure !== null) throw this.failure;
      if (this.ended) return 0;
      if (!this.inMember) this.memberHeader();
      else if (inflate.end !== InflateEnd.No) this.memberEnd();
      else this.produce();
    }
    const count = Math.min(length, inflate.outputEnd - inflate.outputStart);
    into.set(inflate.output.subarray(inflate.outputStart, inflate.outputStart + count), at);
    inflate.outputStart += count;
    return count;
  }

  close(): void {
    this.source.close();
  }

  private produce(): void {
    const inflate = this.inflate;
    inflate.produce();
    const count = inflate.outputEnd - inflate.outputStart;
    this.crc.update(inflate.output, inflate.outputStart, inflate.outputEnd);
    this.produced += count;
    this.memberBytes += count;
  }

  private memberHeader(): void {
    let byte = this.inflate.reader.nextByte();
    // Padding behind a member; the first one begins at once, or we would not be here.
    while (byte === 0) byte = this.inflate.reader.nextByte();
    if (byte < 0) {
      this.ended = true;
      return;
    }
    if (byte !== 0x1f || this.inflate.reader.nextByte() !== 0x8b) {
      this.fail('bytes that are not gzip follow the compressed data');
      return;
    }
    const method = this.inflate.reader.nextByte();
    const flags = this.inflate.reader.nextByte();
    if (flags < 0) return this.endCut();
    if (method !== METHOD_DEFLATE || (flags & FLAGS_RESERVED) !== 0) {
      this.fail(`unknown gzip compression method ${method} or flags ${flags}`);
      return;
    }
    if (!this.skipOptional(flags)) return this.endCut();
    this.inflate.restart();
    this.crc.reset();
    this.memberBytes = 0;
    this.inMember = true;
  }

  private skipOptional(flags: number): boolean {
    if (!this.skip(FIXED_REST)) return false;
    if ((flags & FLAG_EXTRA) !== 0) {
      const low = this.inflate.reader.nextByte();
      const high = this.inflate.reader.nextByte();
      if (high < 0 || !this.skip((high << 8) | low)) return false;
    }
    if ((flags & FLAG_NAME) !== 0 && !this.skipText()) return false;
    if ((flags & FLAG_COMMENT) !== 0 && !this.skipText()) return false;
    return (flags & FLAG_HEADER_CRC) === 0 || this.skip(2);
  }

  private skip(count: number): boolean {
    for (let i = 0; i < count; i++) if (this.inflate.reader.nextByte() < 0) return false;
    return true;
  }

  private skipText(): boolean {
    let byte = this.inflate.reader.nextByte();
    while (byte > 0) byte = this.inflate.reader.nextByte();
    return byte === 0;
  }

  private memberEnd(): void {
    if (this.inflate.end === InflateEnd.Cut) return this.endCut();
    if (this.inflate.end === InflateEnd.Damaged) return this.fail(this.inflate.problem);
    const crc = this.littleEndian32();
    const length = this.littleEndian32();
    if (crc === null || length === null) return this.endCut();
    if (crc !== this.crc.value) return this.fail('the check sum does not match');
    if (length !== this.memberBytes % 0x1_0000_0000) return this.fail('the length does not match');
    this.inMember = false;
  }

  private littleEndian32(): number | null {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) {
      const byte = this.inflate.reader.nextByte();
      if (byte < 0) return null;
      value |= byte << shift;
    }
    return value >>> 0;
  }

  private endCut(): void {
    this.cut = CUT;
    this.ended = true;
  }

  private fail(problem: string): void {
    const message = `the gzip data are damaged: ${problem}`;
    this.failure = new CaptureError('CAPTURE_GZIP', message, this.name, this.produced);
  }
}
