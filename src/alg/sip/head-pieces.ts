/**
 * The pieces that a SIP head is made of, found in its bytes (RFC 3261 25.1): lines, tokens, names of headers, numbers. What
 * is returned is the place where a piece ends, or why there is none.
 */
import { plainEnd } from '../byte-text.ts';
import { CR, LF } from '../edited-text.ts';
import { COLON, isBlank, isDigit, SPACE, TAB, ZERO } from '../text-search.ts';

const MIN_METHOD = 3;
const MAX_METHOD = 20;
export const MAX_HEADER_NAME = 64;

/** In the place of a line's end, or a colon's: it has not come; something stands there that must not. */
export const [MISSING, STRAY] = [-1, -2];

/** Where the line ends: with CR LF. STRAY for one that has CR, LF or zero in it, MISSING when its end has not come. */
export function endOfLine(bytes: Uint8Array, from: number, limit: number): number {
  for (let at = from; at < limit; at++) {
    at = plainEnd(bytes, at, limit);
    const code = at < limit ? bytes[at]! : CR;
    if (code === CR) {
      if (at + 1 >= limit) return MISSING;
      return bytes[at + 1] === LF ? at : STRAY;
    }
    if (code === LF || code === 0) return STRAY;
  }
  return MISSING;
}

/** Letters, digits and -.!%*_+`'~ (RFC 3261 25.1, token). */
const TOKEN = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9\-.!%*_+`'~]/.test(String.fromCharCode(code)) ? 1 : 0,
);

export function tokenEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && TOKEN[bytes[at]!] === 1) at++;
  return at;
}

/** STRAY where no name and colon stand. */
export function colonBehindName(bytes: Uint8Array, start: number, limit: number): number {
  let at = tokenEnd(bytes, start, limit);
  if (at === limit) return MISSING;
  if (at === start || at - start > MAX_HEADER_NAME) return STRAY;
  at = blanksEnd(bytes, at);
  if (at >= limit) return MISSING;
  return bytes[at] === COLON ? at : STRAY;
}

export function blanksEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === SPACE || bytes[at] === TAB) at++;
  return at;
}

export function trimmedEnd(bytes: Uint8Array, start: number, from: number): number {
  let end = from;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  return end;
}

export function methodLengthAt(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at]! >= 0x41 && bytes[at]! <= 0x5a) at++;
  return at - from < MIN_METHOD || at - from > MAX_METHOD ? 0 : at - from;
}

export function digitEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at]!)) at++;
  return at;
}

/** Nothing but digits, at most `most`; -1 for anything else. */
export function readNumber(bytes: Uint8Array, start: number, end: number, most: number): number {
  if (start === end || end - start > most) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at]!)) return -1;
    value = value * 10 + bytes[at]! - ZERO;
  }
  return value;
}
