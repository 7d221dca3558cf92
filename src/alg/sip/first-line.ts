/** The first line of a SIP message (RFC 3261 7.1, 7.2). */
import { textOfBytes } from '../byte-text.ts';
import { isExactWordAt, isWordAt, SPACE, TAB } from '../text-search.ts';
import { methodLengthAt, readNumber } from './head-pieces.ts';

const MAX_URI = 1024;
const SCHEMES = ['sip:', 'sips:', 'tel:'];
const VERSION = 'SIP/2.0';

/** Length of the method when the line is a request's; else 0. */
export function requestMethodLength(bytes: Uint8Array, start: number, end: number): number {
  const length = methodLengthAt(bytes, start, end);
  const at = start + length + 1;
  if (length === 0 || bytes[at - 1] !== SPACE) return 0;
  const stop = end - VERSION.length - 1;
  if (stop < at || bytes[stop] !== SPACE || !isExactWordAt(bytes, stop + 1, end, VERSION)) return 0;
  for (const scheme of SCHEMES) {
    if (isExactWordAt(bytes, at, stop, scheme)) return isUri(bytes, at + scheme.length, stop) ? length : 0;
  }
  return 0;
}

const [OPENING, CLOSING] = [0x5b, 0x5d];

/** What can be seen; brackets belong around an IPv6 address, as a whole. */
function isUri(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end || end - start > MAX_URI) return false;
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code <= SPACE || code > 0x7e || code === CLOSING) return false;
    if (code !== OPENING) continue;
    let close = at;
    while (close < end && bytes[close] !== CLOSING) close++;
    if (close === end) return false;
    if (!/^[\da-f:.]{2,45}$/i.test(textOfBytes(bytes, at + 1, close))) return false;
    at = close;
  }
  return true;
}

/** 0 where the line is no response's. */
export function responseCode(bytes: Uint8Array, start: number, end: number): number {
  const at = start + VERSION.length + 1;
  if (!isExactWordAt(bytes, start, end, VERSION) || at + 4 > end) return 0;
  if (bytes[at - 1] !== SPACE || bytes[at + 3] !== SPACE) return 0;
  const code = readNumber(bytes, at, at + 3, 3);
  for (let i = at + 4; i < end; i++) {
    const other = bytes[i]!;
    if ((other < SPACE && other !== TAB) || other === 0x7f) return 0;
  }
  return code >= 100 && code <= 699 ? code : 0;
}

/** In whatever letters. */
export function isBehindScheme(bytes: Uint8Array, start: number, colon: number): boolean {
  for (const scheme of SCHEMES) {
    const at = colon + 1 - scheme.length;
    if (at >= start && isWordAt(bytes, at, colon + 1, scheme)) return true;
  }
  return false;
}
