/**
 * A message that is read where it is, and rewritten piece by piece: what is to stand in the place of which bytes is noted,
 * and written in one pass when all is known. Until then every position is one of the message as it was read. One byte a
 * character; one object serves for one message after the other.
 */
import { formatIp } from '../wire/address.ts';
import type { Address } from './address.ts';
import { plainEnd, textOfBytes } from './byte-text.ts';
import { LineStarts } from './line-starts.ts';

export const CR = 0x0d;
export const LF = 0x0a;
const USUAL_LENGTH = 2048;

export class EditedText {
  bytes: Uint8Array = new Uint8Array(USUAL_LENGTH);
  start = 0;
  end = 0;
  isChanged = false;
  /** What edited texts are written to; `bytes` may be it. */
  private own = this.bytes;
  private spare: Uint8Array = new Uint8Array(USUAL_LENGTH);
  private most = Infinity;
  private readonly ownLines = new LineStarts();
  private lines = this.ownLines;
  /** Not before somebody asks. */
  private hasLines = false;
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

  /** Reads `bytes[start, end)`, which may become so long at most; `lines`: where that is known already. */
  load(
    bytes: Uint8Array,
    start: number,
    end: number,
    most = Infinity,
    lines: LineStarts | null = null,
  ): void {
    this.begin(bytes, start, end);
    this.hasLines = lines !== null;
    this.lines = lines ?? this.ownLines;
    this.isChanged = false;
    this.most = most;
  }

  private begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.hasLines = false;
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
      length += this.growthOf(i);
    }
    return length;
  }

  /** From now on this is the text as edited. */
  apply(): void {
    if (this.editCount === 0) return;
    const { own } = this;
    const out = (this.own = grown(this.spare, this.room));
    this.spare = own;
    this.begin(out, 0, this.write(out, 0));
  }

  /** Room that `write` needs. */
  get room(): number {
    return Math.max(this.end - this.start, this.editedLength);
  }

  /**
   * Writes the text as edited to `out` and returns where it ends there. The whole is copied at once; what stands behind an
   * edit then moves by the growth so far: first what moves to the left, from the left, then what moves to the right, from
   * the right, so that nothing is overwritten that has yet to move. Byte by byte it took three times as long.
   */
  write(out: Uint8Array, at: number): number {
    const by = at - this.start;
    out.set(this.bytes.subarray(this.start, this.end), at);
    let shift = by;
    for (let i = 0; i < this.editCount; i++) {
      shift += this.growthOf(i);
      if (shift < by) this.move(out, i, by, shift);
    }
    for (let i = this.editCount - 1; i >= 0; i--) {
      if (shift > by) this.move(out, i, by, shift);
      shift -= this.growthOf(i);
    }
    for (let i = 0; i < this.editCount; i++) {
      const words = this.words[i]!;
      const place = this.places[i]! + shift;
      for (let j = 0; j < words.length; j++) out[place + j] = words.charCodeAt(j);
      shift += this.growthOf(i);
    }
    return this.end + shift;
  }

  /** What stands between an edit and the next one. */
  private move(out: Uint8Array, i: number, by: number, shift: number): void {
    const from = this.places[i]! + this.lengths[i]!;
    const end = i + 1 < this.editCount ? this.places[i + 1]! : this.end;
    out.copyWithin(from + shift, from + by, end + by);
  }

  private growthOf(i: number): number {
    return this.words[i]!.length - this.lengths[i]!;
  }

  // ── Lines ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Lines but the first. */
  get lineCount(): number {
    if (!this.hasLines) this.findLines();
    return this.lines.count;
  }

  /** The letters that lines begin with, but the first (LineStarts.initials). */
  get initials(): number {
    if (!this.hasLines) this.findLines();
    return this.lines.initials;
  }

  /** Where one of them begins: behind CR LF, CR or LF; counted from 0. */
  lineStart(i: number): number {
    return this.lines.start(i);
  }

  /** The letter that it begins with, as in `initials`. */
  lineInitial(i: number): number {
    return this.lines.initial(i);
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
    while (i < count && this.lines.start(i) <= at) i++;
    return i;
  }

  private findLines(): void {
    const { bytes, end } = this;
    this.hasLines = true;
    const lines = (this.lines = this.ownLines);
    lines.clear();
    for (let at = plainEnd(bytes, this.start, end); at < end; at = plainEnd(bytes, at + 1, end)) {
      const code = bytes[at]!;
      if (code !== LF && code !== CR) continue;
      if (code === CR && at + 1 < end && bytes[at + 1] === LF) at++;
      if (at + 1 < end) lines.add(bytes, at + 1);
    }
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
