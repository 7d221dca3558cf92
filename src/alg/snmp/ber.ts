/**
 * The Basic Encoding Rules as far as SNMP's messages need them (X.690 8.1): tags of one byte, definite lengths of at most
 * two bytes, which is what Linux's decoder takes for them.
 */
import { readU16 } from '../../wire/bytes.ts';

export class BerReader {
  private readonly bytes: Uint8Array;
  /** Where the next element begins. */
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  /** The tag of the next element, -1 where there is none. */
  get tag(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  /** Passes the next element and returns its contents; null unless it has this tag and ends in time. */
  take(tag: number): BerReader | null {
    if (this.tag !== tag || this.at + 2 > this.end) return null;
    const { bytes, end } = this;
    const first = bytes[this.at + 1]!;
    const extra = first < 0x80 ? 0 : first - 0x80;
    const start = this.at + 2 + extra;
    if (first === 0x80 || extra > 2 || start > end) return null;
    const length = extra === 0 ? first : extra === 1 ? bytes[start - 1]! : readU16(bytes, start - 2);
    if (start + length > end) return null;
    this.at = start + length;
    return new BerReader(bytes, start, start + length);
  }
}
