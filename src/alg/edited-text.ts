/**
 * A message that is read where it is, and rewritten piece by piece: what is to stand in the place of which bytes is noted,
 * and written in one pass when all is known. Until then every position is one of the message as it was read. One byte a
 * character; one object serves for one message after the other.
 */
import { formatIp } from '../wire/address.ts';
import type { Address } from './address.ts';
import { plainEnd, textOfBytes } from './byte-text.ts';

export const CR = 0x0d;
export const LF = 0x0a;
const USUAL_LENGTH = 2048;
const USUAL_LINES = 64;

export class EditedText {
  bytes: Uint8Array = new Uint8Array(USUAL_LENGTH);
  start = 0;
  end = 0;
  isChanged = false;
  /** What edited texts are written to; `bytes` may be it. */
  private own = this.bytes;
  private spare: Uint8Array = new Uint8Array(USUAL_LENGTH);
  private most = Infinity;
  private starts = new Int32Array(USUAL_LINES);
  /** -1: not looked for yet. */
  private startCount = -1;
  private letters = 0;
  /** What is noted, by place: where, how many bytes, and the words for them. */
  private editCount = 0;
  private readonly places: number[] = [];
  private readonly lengths: number[] = [];
  private readonly words: string[] = [];
  private growth = 0;

  constructor(text = '') {
    this.own = this.bytes = grown(this.bytes, text.length);
    for (let i = 0; i < text.length; i++) this.bytes[i] = text.charCodeAt(i);
    this.end = text.length;
  }

  /** Reads `bytes[start, end)`, which may become so long at most. */
  load(bytes: Uint8Array, start: number, end: number, most = Infinity): void {
    this.begin(bytes, start, end);
    this.isChanged = false;
    this.most = most;
  }

  private begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.startCount = -1;
    this.editCount = 0;
    this.growth = 0;
  }

  /** The whole, as edited. */
  get text(): string {
    this.apply();
    return this.slice(this.start, this.end);
  }

  /** Its bytes, until the next edit. */
  get edited(): Uint8Array {
    this.apply();
    return this.bytes.subarray(this.start, this.end);
  }

  slice(start: number, end: number): string {
    return textOfBytes(this.bytes, start, Math.min(end, this.end));
  }

  /** The byte at a place; 0 beyond the end. */
  code(at: number): number {
    return at < this.end ? this.bytes[at]! : 0;
  }

  /** Where a byte stands between two places; -1 for nowhere. */
  indexIn(code: number, start: number, end: number): number {
    for (let at = start; at < end; at++) if (this.bytes[at] === code) return at;
    return -1;
  }

  // ── Editing ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** `words` are to stand in the place of these bytes, instead of what was said of them before. False: no room. */
  replace(at: number, length: number, words: string): boolean {
    let i = this.editCount;
    while (i > 0 && this.places[i - 1]! >= at) i--;
    const isAgain = i < this.editCount && this.places[i] === at;
    const by = words.length - (isAgain ? this.words[i]!.length : length);
    if (this.editedLength + by > this.most) return false;
    if (!isAgain) this.makePlace(i);
    this.places[i] = at;
    this.lengths[i] = length;
    this.words[i] = words;
    this.growth += by;
    this.isChanged = true;
    return true;
  }

  private makePlace(at: number): void {
    for (let i = this.editCount++; i > at; i--) {
      this.places[i] = this.places[i - 1]!;
      this.lengths[i] = this.lengths[i - 1]!;
      this.words[i] = this.words[i - 1]!;
    }
  }

  get editedLength(): number {
    return this.end - this.start + this.growth;
  }

  /** Of what stands from `at` on. */
  editedLengthFrom(at: number): number {
    let length = this.end - at;
    for (let i = this.editCount - 1; i >= 0 && this.places[i]! >= at; i--) {
      length += this.words[i]!.length - this.lengths[i]!;
    }
    return length;
  }

  /** From now on this is the text as edited. */
  apply(): void {
    if (this.editCount === 0) return;
    const { own } = this;
    const out = (this.own = grown(this.spare, this.editedLength));
    this.spare = own;
    this.begin(out, 0, this.write(out, 0));
  }

  /** Writes the text as edited to `out` and returns where it ends there. */
  write(out: Uint8Array, at: number): number {
    const { bytes, places, lengths, end } = this;
    let to = at;
    let from = this.start;
    for (let i = 0; i < this.editCount; i++) {
      const place = places[i]!;
      while (from < place) out[to++] = bytes[from++]!;
      const words = this.words[i]!;
      for (let j = 0; j < words.length; j++) out[to++] = words.charCodeAt(j);
      from = place + lengths[i]!;
    }
    while (from < end) out[to++] = bytes[from++]!;
    return to;
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
    let end = i + 1 < this.lineCount ? this.lineStart(i + 1) : this.end;
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
    const { bytes, end } = this;
    this.startCount = 0;
    this.letters = 0;
    for (let at = plainEnd(bytes, this.start, end); at < end; at = plainEnd(bytes, at + 1, end)) {
      const code = bytes[at]!;
      if (code !== LF && code !== CR) continue;
      if (code === CR && at + 1 < end && bytes[at + 1] === LF) at++;
      if (at + 1 < end) this.addStart(at + 1);
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

/** The same memory where it is large enough. */
function grown(memory: Uint8Array, length: number): Uint8Array {
  return length <= memory.length ? memory : new Uint8Array(2 * length);
}

/** An address as it stands in URIs (IPv6 in brackets) or session descriptions. */
export function addressText(family: number, address: Address, delimited: boolean): string {
  const text = formatIp(family, address[0]!, address[1]!, address[2]!, address[3]!);
  return family === 6 && delimited ? `[${text}]` : text;
}
