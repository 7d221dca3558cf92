/**
 * A message that is read and rewritten piece by piece, one byte a character, in memory of its own that is used for one
 * message after the other. Where its lines begin is found once, and kept true over changes. Addresses as texts have them.
 */
import { formatIp } from '../wire/address.ts';
import type { Address } from './address.ts';
import { plainEnd, textOfBytes } from './byte-text.ts';

export const CR = 0x0d;
export const LF = 0x0a;
const USUAL_LENGTH = 2048;
const USUAL_LINES = 64;

export class EditedText {
  bytes = new Uint8Array(USUAL_LENGTH);
  length = 0;
  isChanged = false;
  private starts = new Int32Array(USUAL_LINES);
  /** -1: not looked for yet. */
  private startCount = -1;
  private letters = 0;

  constructor(text = '') {
    this.loadText(text);
  }

  load(from: Uint8Array, start: number, end: number): void {
    this.begin(end - start);
    this.bytes.set(from.subarray(start, end));
  }

  loadText(text: string): void {
    this.begin(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[i] = text.charCodeAt(i);
  }

  private begin(length: number): void {
    this.grow(length, 0);
    this.length = length;
    this.isChanged = false;
    this.startCount = -1;
  }

  private grow(length: number, kept: number): void {
    if (length <= this.bytes.length) return;
    const bytes = new Uint8Array(2 * length);
    bytes.set(this.bytes.subarray(0, kept));
    this.bytes = bytes;
  }

  append({ bytes, length }: EditedText): void {
    this.grow(this.length + length, this.length);
    this.bytes.set(bytes.subarray(0, length), this.length);
    this.length += length;
    this.startCount = -1;
  }

  get text(): string {
    return this.slice(0, this.length);
  }

  slice(start: number, end: number): string {
    return textOfBytes(this.bytes, start, Math.min(end, this.length));
  }

  /** The byte at a place; 0 beyond the end. */
  code(at: number): number {
    return at < this.length ? this.bytes[at]! : 0;
  }

  /** Where a byte stands between two places; -1 for nowhere. */
  indexIn(code: number, start: number, end: number): number {
    for (let at = start; at < end; at++) if (this.bytes[at] === code) return at;
    return -1;
  }

  /** Puts `words` in the place of a part within a line, not at its beginning. False, and nothing changed, when there is no room. */
  replace(at: number, length: number, words: string): boolean {
    const by = words.length - length;
    this.grow(this.length + by, this.length);
    const { bytes, starts } = this;
    if (by !== 0) bytes.copyWithin(at + words.length, at + length, this.length);
    for (let i = 0; i < words.length; i++) bytes[at + i] = words.charCodeAt(i);
    this.length += by;
    for (let i = 0; i < this.startCount; i++) if (starts[i]! > at) starts[i]! += by;
    this.isChanged = true;
    return true;
  }

  // ── Lines ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Lines but the first. */
  get lineCount(): number {
    if (this.startCount < 0) this.findLines();
    return this.startCount;
  }

  /** The letters that lines begin with, but the first: bit 1 is a or A, bit 26 z or Z; others stand for other bytes. */
  get initials(): number {
    if (this.startCount < 0) this.findLines();
    return this.letters;
  }

  /** Where one of them begins: behind CR LF, CR or LF; counted from 0. */
  lineStart(i: number): number {
    return this.starts[i]!;
  }

  /** What ends it is not of it. */
  lineEnd(i: number): number {
    const start = this.lineStart(i);
    let end = i + 1 < this.lineCount ? this.lineStart(i + 1) : this.length;
    while (end > start && (this.bytes[end - 1] === LF || this.bytes[end - 1] === CR)) end--;
    return end;
  }

  /** The first that begins behind `at`; `lineCount` for none. */
  lineBehind(at: number): number {
    const count = this.lineCount;
    let i = 0;
    while (i < count && this.starts[i]! <= at) i++;
    return i;
  }

  private findLines(): void {
    const { bytes, length } = this;
    this.startCount = 0;
    this.letters = 0;
    for (let at = plainEnd(bytes, 0, length); at < length; at = plainEnd(bytes, at + 1, length)) {
      const code = bytes[at]!;
      if (code !== LF && code !== CR) continue;
      if (code === CR && at + 1 < length && bytes[at + 1] === LF) at++;
      if (at + 1 < length) this.addStart(at + 1);
    }
  }

  private addStart(at: number): void {
    if (this.startCount === this.starts.length) {
      const starts = new Int32Array(2 * this.starts.length);
      starts.set(this.starts);
      this.starts = starts;
    }
    this.starts[this.startCount++] = at;
    this.letters |= 1 << this.bytes[at]!;
  }
}

/** An address as it stands in URIs (IPv6 in brackets) or session descriptions. */
export function addressText(family: number, address: Address, delimited: boolean): string {
  const text = formatIp(family, address[0]!, address[1]!, address[2]!, address[3]!);
  return family === 6 && delimited ? `[${text}]` : text;
}
