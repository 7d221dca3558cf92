/**
 * The head of a SIP message taken apart as strictly as the strict helper wants it (RFC 3261 7, 25): a first line, headers, a
 * blank line. What is not well formed is refused with the reason, never guessed at. Each line is looked at once, by its
 * bytes; of the headers, those count that say which call the message is of, and how long it is.
 */
import { CR, LF, type EditedText } from '../edited-text.ts';
import {
  COLON,
  digitCount,
  isAt,
  isBlank,
  isDigit,
  isExactlyAt,
  numberAt,
  SPACE,
  TAB,
  ZERO,
} from '../text-search.ts';

/** Bytes of first line and headers, and of the whole message. */
export const MAX_HEAD = 16_384;
export const MAX_MESSAGE = 65_535;
const MAX_HEADERS = 256;
const MAX_HEADER_NAME = 64;
const MAX_CALL_ID = 256;
const MAX_URI = 1024;
const MAX_METHOD = 20;
const MIN_METHOD = 3;

/** Those that are read, each with its compact form; the first five once in a message. */
const HEADERS = [
  ['call-id', 'i'],
  ['cseq', ''],
  ['from', 'f'],
  ['to', 't'],
  ['content-length', 'l'],
  ['content-type', 'c'],
  ['via', 'v'],
] as const;
const [CALL_ID, CSEQ, FROM, TO, CONTENT_LENGTH, CONTENT_TYPE, VIA] = [0, 1, 2, 3, 4, 5, 6];

const METHODS = ['INVITE', 'ACK', 'BYE', 'CANCEL', 'REGISTER', 'OPTIONS', 'PRACK', 'UPDATE'];
const SCHEMES = ['sip:', 'sips:', 'tel:'];
const VERSION = 'SIP/2.0';

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface SipHead {
  /** Of a request its own, of a response that of the request it answers. */
  readonly method: string;
  /** 0 for a request. */
  readonly code: number;
  readonly callId: string;
  readonly cseq: number;
  readonly from: Range;
  readonly to: Range;
  /** The topmost. */
  readonly via: Range;
  readonly isSdp: boolean;
  /** First line, headers and the blank line. */
  readonly length: number;
  /** Of the body; -1 where nobody says. */
  readonly bodyLength: number;
}

/** Length of the head whose blank line is the first behind `from`; -1 where none is. */
export function headLength({ bytes, length }: EditedText, from: number): number {
  for (let at = bytes.indexOf(CR, from); at >= 0 && at + 4 <= length; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return -1;
}

/** Reads heads, one after the other, out of texts that are nothing but a head; the reason where it is none. */
export class HeadReader {
  /** Of the values of HEADERS; how often each was there. */
  private readonly starts = new Int32Array(HEADERS.length);
  private readonly ends = new Int32Array(HEADERS.length);
  private readonly counts = new Int32Array(HEADERS.length);

  read(text: EditedText): SipHead | string {
    if (text.length > MAX_HEAD) return 'headers too long';
    const lineEnd = (text.lineCount > 0 ? text.lineStart(0) : text.length) - 2;
    const methodLength = requestMethodLength(text, lineEnd);
    const code = methodLength > 0 ? 0 : responseCode(text, lineEnd);
    if (methodLength === 0 && code === 0) return 'no SIP message';
    const trouble = this.headers(text) ?? this.missing();
    return trouble ?? this.assemble(text, methodLength, code);
  }

  private headers(text: EditedText): string | null {
    const { starts, ends, counts } = this;
    counts.fill(0);
    // The last line is the blank one.
    const count = text.lineCount - 1;
    if (count > MAX_HEADERS) return 'too many headers';
    if (isStray(text, text.lineStart(0))) return 'a malformed header';
    let last = -1;
    for (let i = 0; i < count; i++) {
      const start = text.lineStart(i);
      const next = text.lineStart(i + 1);
      if (isStray(text, next)) return 'a malformed header';
      const end = trimmedEnd(text, start, next - 2);
      if (isBlank(text.code(start))) {
        if (i === 0) return 'a continuation of nothing';
        if (last >= 0) {
          if (starts[last] === ends[last]) starts[last] = blanksEnd(text, start);
          ends[last] = end;
        }
        continue;
      }
      let at = nameEnd(text, start);
      const kind = at < 0 ? -1 : kindOf(text, start, at);
      at = at < 0 ? -1 : blanksEnd(text, at);
      if (at < 0 || text.code(at) !== COLON) return 'a malformed header';
      // Of several, the first.
      last = kind >= 0 && counts[kind]!++ === 0 ? kind : -1;
      if (last < 0) continue;
      starts[last] = Math.min(blanksEnd(text, at + 1), end);
      ends[last] = end;
    }
    return text.bytes.subarray(0, text.length).includes(0) ? 'a malformed header' : null;
  }

  private missing(): string | null {
    const { counts } = this;
    for (let kind = CALL_ID; kind <= CONTENT_LENGTH; kind++) {
      const [name] = HEADERS[kind]!;
      if (counts[kind]! > 1) return `${name} twice`;
      if (counts[kind] === 0 && kind !== CONTENT_LENGTH) return `no ${name}`;
    }
    return counts[VIA] === 0 ? 'no via' : null;
  }

  private assemble(text: EditedText, methodLength: number, code: number): SipHead | string {
    const { starts, ends, counts } = this;
    const callId = unfolded(text.slice(starts[CALL_ID]!, ends[CALL_ID]!));
    if (callId === '' || callId.length > MAX_CALL_ID) return 'a call-id of no use';
    const cseqDigits = digitCount(text, starts[CSEQ]!, ends[CSEQ]!);
    const cseq = readNumber(text, starts[CSEQ]!, cseqDigits, 10);
    const method = this.cseqMethod(text, starts[CSEQ]! + cseqDigits);
    if (cseq < 0 || cseq > 0xffffffff || method === '') return 'a malformed cseq';
    if (methodLength > 0 && !(method.length === methodLength && isExactlyAt(text, 0, method))) {
      return 'a cseq of another method';
    }
    let bodyLength = -1;
    if (counts[CONTENT_LENGTH] === 1) {
      bodyLength = readNumber(
        text,
        starts[CONTENT_LENGTH]!,
        ends[CONTENT_LENGTH]! - starts[CONTENT_LENGTH]!,
        5,
      );
      if (bodyLength < 0) return 'a malformed content-length';
    }
    if (Math.max(bodyLength, 0) + text.length > MAX_MESSAGE) return 'too long';
    return {
      method,
      code,
      callId,
      cseq,
      from: { start: starts[FROM]!, end: ends[FROM]! },
      to: { start: starts[TO]!, end: ends[TO]! },
      via: { start: starts[VIA]!, end: ends[VIA]! },
      isSdp: counts[CONTENT_TYPE]! > 0 && isSdp(text, starts[CONTENT_TYPE]!, ends[CONTENT_TYPE]!),
      length: text.length,
      bodyLength,
    };
  }

  /** Behind the number and blanks, which may be folded, the rest of the header; the empty string for none. */
  private cseqMethod(text: EditedText, from: number): string {
    const end = this.ends[CSEQ]!;
    let at = from;
    while (at < end && isSpace(text.code(at))) at++;
    if (at === from || methodLengthAt(text, at) !== end - at) return '';
    return (
      METHODS.find((method) => method.length === end - at && isExactlyAt(text, at, method)) ??
      text.slice(at, end)
    );
  }
}

// ── The first line ──────────────────────────────────────────────────────────────────────────────────────────────

/** Length of the method when the line up to `end` is a request's; else 0. */
function requestMethodLength(text: EditedText, end: number): number {
  const length = methodLengthAt(text, 0);
  if (length === 0 || text.code(length) !== SPACE) return 0;
  const scheme = SCHEMES.find((one) => isExactlyAt(text, length + 1, one));
  const stop = end - VERSION.length - 1;
  if (scheme === undefined || text.code(stop) !== SPACE || !isExactlyAt(text, stop + 1, VERSION)) return 0;
  return isUri(text, length + 1 + scheme.length, stop) ? length : 0;
}

function methodLengthAt(text: EditedText, from: number): number {
  let at = from;
  while (text.code(at) >= 0x41 && text.code(at) <= 0x5a) at++;
  return at - from < MIN_METHOD || at - from > MAX_METHOD ? 0 : at - from;
}

const [OPENING, CLOSING] = [0x5b, 0x5d];

/** What can be seen; brackets belong around an IPv6 address, as a whole. */
function isUri(text: EditedText, start: number, end: number): boolean {
  if (start >= end || end - start > MAX_URI) return false;
  for (let at = start; at < end; at++) {
    const code = text.bytes[at]!;
    if (code <= SPACE || code > 0x7e || code === CLOSING) return false;
    if (code !== OPENING) continue;
    const close = text.bytes.indexOf(CLOSING, at);
    if (close < 0 || close >= end || !/^[\da-f:.]{2,45}$/i.test(text.slice(at + 1, close))) return false;
    at = close;
  }
  return true;
}

/** 0 where the line up to `end` is no response's. */
function responseCode(text: EditedText, end: number): number {
  const at = VERSION.length + 1;
  if (!isExactlyAt(text, 0, VERSION) || text.code(at - 1) !== SPACE) return 0;
  if (digitCount(text, at, end) !== 3 || text.code(at + 3) !== SPACE || at + 4 > end) return 0;
  for (let i = at; i < end; i++) {
    const code = text.bytes[i]!;
    if ((code < SPACE && code !== TAB) || code === 0x7f) return 0;
  }
  const code = numberAt(text, at);
  return code >= 100 && code <= 699 ? code : 0;
}

// ── Headers ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Letters, digits and -.!%*_+`'~ (RFC 3261 25.1, token). */
const TOKEN = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9\-.!%*_+`'~]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function nameEnd(text: EditedText, start: number): number {
  let at = start;
  while (TOKEN[text.code(at)] === 1) at++;
  return at === start || at - start > MAX_HEADER_NAME ? -1 : at;
}

/** Place in HEADERS, -1 for the others. */
function kindOf(text: EditedText, start: number, end: number): number {
  for (let kind = 0; kind < HEADERS.length; kind++) {
    const [name, compact] = HEADERS[kind]!;
    const word = end - start === 1 ? compact : name;
    if (word.length === end - start && isAt(text, start, word)) return kind;
  }
  return -1;
}

/** Did another thing than CR LF end the line in front of this one? */
function isStray({ bytes }: EditedText, start: number): boolean {
  return start > 1 && (bytes[start - 1] !== LF || bytes[start - 2] !== CR);
}

function blanksEnd(text: EditedText, from: number): number {
  let at = from;
  while (isBlank(text.code(at))) at++;
  return at;
}

function trimmedEnd({ bytes }: EditedText, start: number, from: number): number {
  let end = from;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  return end;
}

/** A blank, or a part of a folded line's end. */
function isSpace(code: number): boolean {
  return isBlank(code) || code === CR || code === LF;
}

/** Nothing but `length` digits, at most `most`; -1 for anything else. */
function readNumber(text: EditedText, start: number, length: number, most: number): number {
  if (length === 0 || length > most) return -1;
  let value = 0;
  for (let at = start; at < start + length; at++) {
    const code = text.bytes[at]!;
    if (!isDigit(code)) return -1;
    value = value * 10 + code - ZERO;
  }
  return value;
}

const SDP = 'application/sdp';
const SEMICOLON = 0x3b;

function isSdp(text: EditedText, start: number, end: number): boolean {
  if (!isAt(text, start, SDP)) return false;
  const at = blanksEnd(text, start + SDP.length);
  return at >= end || text.code(at) === SEMICOLON;
}

function unfolded(value: string): string {
  return value.includes('\r') ? value.replace(/\r\n[ \t]+/g, ' ') : value;
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** `user@host`, or what else identifies an end. */
export function party(text: EditedText, { start, end }: Range): string {
  const value = text.slice(start, end);
  return /(?:sips?|tel):([^>;\s]+)/i.exec(value)?.[1] ?? value.slice(0, MAX_HEADER_NAME);
}

/** Does the one who sent it want to be answered where he sends from (RFC 3581)? */
export function asksForRport(text: EditedText, { start, end }: Range): boolean {
  return /^[^,]*;[ \t]*rport\b/i.test(text.slice(start, end));
}
