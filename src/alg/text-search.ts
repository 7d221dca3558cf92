/**
 * Reading in the bytes of a text: words without regard to capitals, numbers; and as Linux's helper of SIP does, headers over
 * folded lines, letters, addresses. Positions are offsets into the text. Source of the latter: nf_conntrack_sip (behaviour).
 */
import { parseIp6 } from '../wire/address.ts';
import type { Address } from './address.ts';
import { CR, LF, type EditedText } from './edited-text.ts';

export const SPACE = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;
export const ZERO = 0x30;
/** What a letter in small has besides. */
export const SMALL = 0x20;
const [NINE, DOT] = [0x39, 0x2e];
const [OPENING, CLOSING] = [0x5b, 0x5d];
/** An address is looked for in so many bytes. */
const LONGEST_ADDRESS = 64;

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

export function isLineEnd(code: number): boolean {
  return code === CR || code === LF;
}

export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

// ── Words ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Does `word`, in small letters, stand at `at` and end before `end`, in whatever letters? */
export function isWordAt(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) {
    const code = bytes[at + i]!;
    const small = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (small !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** The same letter by letter. */
export function isExactWordAt(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

export function isAt({ bytes, end }: EditedText, at: number, word: string): boolean {
  return isWordAt(bytes, at, end, word);
}

export function isExactlyAt({ bytes, end }: EditedText, at: number, word: string): boolean {
  return isExactWordAt(bytes, at, end, word);
}

/** What Linux takes for a letter: those of Latin-1 as well. */
const LETTERS = Uint8Array.from({ length: 256 }, (_, code) =>
  /[a-z\xc0-\xd6\xd8-\xf6\xf8-\xff]/i.test(String.fromCharCode(code)) ? 1 : 0,
);

export function isLetter(text: EditedText, at: number): boolean {
  return LETTERS[text.code(at)] === 1;
}

export function letterCount(text: EditedText, from: number): number {
  let at = from;
  while (isLetter(text, at)) at++;
  return at - from;
}

/** Linux goes on from a line behind its first character: the line behind an empty one that is LF alone is not seen. */
export function lineAfter(text: EditedText, i: number): number {
  const isEmpty = i + 1 < text.lineCount && text.lineStart(i + 1) === text.lineStart(i) + 1;
  return isEmpty ? i + 2 : i + 1;
}

// ── Headers over folded lines ───────────────────────────────────────────────────────────────────────────────────

/** Behind blanks, and behind a line's end where the next line goes on with this one; -1 where it does not. */
export function skipBlanks(text: EditedText, from: number): number {
  let at = from;
  while (isBlank(text.code(at))) at++;
  return isLineEnd(text.code(at)) ? continuation(text, at) : at;
}

function continuation(text: EditedText, lineEnd: number): number {
  let at = lineEnd + 1;
  if (text.code(lineEnd) === CR && text.code(at) === LF) at++;
  if (!isBlank(text.code(at))) return -1;
  while (isBlank(text.code(at))) at++;
  return at;
}

/** `needle` (in small letters) in this header, over its folded lines. */
export function search(text: EditedText, from: number, end: number, needle: string): number {
  const { bytes } = text;
  const first = needle.charCodeAt(0) | SMALL;
  for (let at = from; at < end - needle.length; at++) {
    const code = bytes[at]!;
    if (code <= CR && isLineEnd(code)) {
      at = continuation(text, at);
      if (at < 0) return -1;
    } else if ((code | SMALL) === first && isAt(text, at, needle)) {
      return at;
    }
  }
  return -1;
}

/** Several words (in small letters, of letters first) that are looked for in one go. */
export class WordSearch {
  readonly words: readonly string[];
  /** Where each of them stands first, as `search` finds it; -1 for nowhere. */
  readonly places: Int32Array;
  /** What they begin with; bit 1 is a or A, bit 26 z or Z. */
  private readonly initials: number;
  private readonly shortest: number;

  constructor(words: readonly string[]) {
    this.words = words;
    this.places = new Int32Array(words.length);
    this.initials = words.reduce((mask, word) => mask | (1 << word.charCodeAt(0)), 0);
    this.shortest = Math.min(...words.map(({ length }) => length));
  }

  find(text: EditedText, from: number, end: number): void {
    const { bytes } = text;
    const { initials } = this;
    const stop = end - this.shortest;
    this.places.fill(-1);
    for (let at = from; at < stop; at++) {
      const code = bytes[at]!;
      if (code <= CR && isLineEnd(code)) {
        at = continuation(text, at);
        if (at < 0) return;
      } else if (((initials >> code) & 1) === 1) {
        this.note(text, at, end);
      }
    }
  }

  private note(text: EditedText, at: number, end: number): void {
    for (let i = 0; i < this.words.length; i++) {
      const word = this.words[i]!;
      if (this.places[i] === -1 && at < end - word.length && isAt(text, at, word)) this.places[i] = at;
    }
  }
}

/** In this line, letter by letter. */
export function searchInLine(text: EditedText, from: number, needle: string): number {
  for (let at = from; at < text.end - needle.length; at++) {
    if (isLineEnd(text.bytes[at]!)) return -1;
    if (isExactlyAt(text, at, needle)) return at;
  }
  return -1;
}

// ── Numbers and addresses ───────────────────────────────────────────────────────────────────────────────────────

export function digitCount(text: EditedText, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(text.bytes[at]!)) at++;
  return at - from;
}

/** The number at a place, 0 where there is none; of more than 32 bits, the lower ones. */
export function numberAt(text: EditedText, at: number): number {
  const end = at + digitCount(text, at, text.end);
  let value = 0;
  for (let i = at; i < end; i++) value = (Math.imul(value, 10) + text.bytes[i]! - ZERO) >>> 0;
  return value;
}

/** Reads an address into `out` and returns what stands behind it; -1 for none. `delimited`: IPv6 in brackets. */
export function readAddress(
  text: EditedText,
  at: number,
  end: number,
  family: number,
  out: Address,
  delimited: boolean,
): number {
  return family === 4 ? readIp4(text, at, end, out) : readIp6(text, at, end, out, delimited);
}

/** Four numbers with any number of zeros in front, not followed by what could belong to them. */
function readIp4(text: EditedText, from: number, end: number, out: Address): number {
  const { bytes } = text;
  const stop = Math.min(end, from + LONGEST_ADDRESS);
  let word = 0;
  let at = from;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= stop || bytes[at++] !== DOT)) return -1;
    const begin = at;
    let value = 0;
    for (; at < stop && isDigit(bytes[at]!); at++) value = Math.min(256, value * 10 + bytes[at]! - ZERO);
    if (at === begin || value > 255) return -1;
    word = (word << 8) | value;
  }
  if (at < stop && isOfAddress(bytes[at]!)) return -1;
  out[0] = word;
  out[1] = out[2] = out[3] = 0;
  return at;
}

function readIp6(text: EditedText, from: number, end: number, out: Address, delimited: boolean): number {
  const isBracketed = text.code(from) === OPENING;
  if (delimited && !isBracketed) return -1;
  const at = isBracketed ? from + 1 : from;
  const stop = Math.min(end, at + LONGEST_ADDRESS);
  let past = at;
  while (past < stop && (isOfAddress(text.bytes[past]!) || text.bytes[past] === COLON)) past++;
  if (!parseIp6(text.slice(at, past), out)) return -1;
  if (past < end && text.bytes[past] === CLOSING) return past + 1;
  return isBracketed ? -1 : past;
}

/** A hexadecimal digit or a dot. */
function isOfAddress(code: number): boolean {
  return isDigit(code) || code === DOT || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}
