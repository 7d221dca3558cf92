/**
 * A word where it stands in the bytes of a message: compared with texts and looked up without a string being made of it. The
 * same object points to one word after the other.
 */
import { textOfBytes } from './byte-text.ts';

const NO_BYTES: Uint8Array = new Uint8Array(0);

export class ByteWord {
  private bytes = NO_BYTES;
  private start = 0;
  private end = 0;

  point(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = Math.max(start, end);
    return this;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** One byte a character. */
  is(text: string): boolean {
    const { bytes, start, length } = this;
    if (text.length !== length) return false;
    let same = 0;
    while (same < length && bytes[start + same] === text.charCodeAt(same)) same++;
    return same === length;
  }

  /** 32 bits (FNV-1). */
  get hash(): number {
    const { bytes, end } = this;
    let hash = 0x811c9dc5 | 0;
    for (let at = this.start; at < end; at++) hash = Math.imul(hash, 0x01000193) ^ bytes[at]!;
    return hash ^ (hash >>> 15);
  }

  get text(): string {
    return textOfBytes(this.bytes, this.start, this.end);
  }
}
