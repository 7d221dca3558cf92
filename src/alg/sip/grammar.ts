/**
 * The head of a SIP message taken apart as strictly as the strict helper wants it (RFC 3261 7, 25): a first line, headers, a
 * blank line. What is not well formed is refused with the reason, never guessed at. Its bytes are looked at once and where
 * they are; of the headers, those count that say which call the message is of, and how long it is.
 */
import { bytesOfText, plainEnd, textOfBytes } from '../byte-text.ts';
import { CR, LF } from '../edited-text.ts';
import { TextPool } from '../text-pool.ts';
import { COLON, isBlank, isDigit, isExactWordAt, isWordAt, SPACE, TAB, ZERO } from '../text-search.ts';

/** Bytes of first line and headers, and of the whole message. */
export const MAX_HEAD = 16_384;
export const MAX_MESSAGE = 65_535;
const MAX_HEADERS = 256;
const MAX_HEADER_NAME = 64;
const MAX_CALL_ID = 256;
const MAX_URI = 1024;
const MIN_METHOD = 3;
const MAX_METHOD = 20;

/** Headers that are read, each with its compact form; the first five once in a message. */
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

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const GREATER = 0x3e;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_END = 'headers without an end';
const NO_MESSAGE = 'no SIP message';
const MALFORMED = 'a malformed header';
/** In the place of a line's end. */
const [MISSING, STRAY] = [-1, -2];

/** One head after the other; what is asked of it is of the one read last, as long as that is where it was. */
export class SipHead {
  /** Of a request its own, of a response that of the request it answers. */
  method = '';
  /** 0 for a request. */
  code = 0;
  callId = '';
  cseq = 0;
  isSdp = false;
  /** First line, headers and the blank line. */
  length = 0;
  /** Of the body; -1 where nobody says. */
  bodyLength = -1;
  private bytes = NO_BYTES;
  private start = 0;
  private lineEnd = 0;
  private isFolded = false;
  /** Of the values of HEADERS, of several the first; and how many there were. */
  private readonly starts = new Int32Array(HEADERS.length);
  private readonly ends = new Int32Array(HEADERS.length);
  private readonly counts = new Int32Array(HEADERS.length);
  /** Call-IDs and tags. */
  private readonly texts = new TextPool();

  /** Reads the head that `bytes[start, end)` begin with; null when it is one, else why not. */
  read(bytes: Uint8Array, start: number, end: number): string | null {
    const limit = Math.min(end, start + MAX_HEAD);
    const lineEnd = endOfLine(bytes, start, limit);
    if (lineEnd === MISSING) return NO_END;
    const methodLength = requestMethodLength(bytes, start, lineEnd);
    this.code = methodLength > 0 ? 0 : responseCode(bytes, start, lineEnd);
    if (methodLength === 0 && this.code === 0) return NO_MESSAGE;
    this.bytes = bytes;
    this.start = start;
    this.lineEnd = lineEnd;
    return this.readHeaders(lineEnd + 2, limit) ?? this.missing() ?? this.assemble(methodLength);
  }

  // ── What is read when somebody asks ───────────────────────────────────────────────────────────────────────────

  /** The first line. */
  get line(): string {
    return textOfBytes(this.bytes, this.start, this.lineEnd);
  }

  /** `user@host`, or what else identifies an end. */
  get from(): string {
    return this.party(FROM!);
  }

  get to(): string {
    return this.party(TO!);
  }

  /** The empty string for none. */
  get fromTag(): string {
    return this.tag(FROM!);
  }

  get toTag(): string {
    return this.tag(TO!);
  }

  /** Does the one who sent it want to be answered where he sends from (RFC 3581)? The topmost Via says so. */
  get asksForRport(): boolean {
    const { bytes } = this;
    const end = this.ends[VIA!]!;
    for (let at = this.starts[VIA!]!; at < end && bytes[at] !== COMMA; at++) {
      if (bytes[at] !== SEMICOLON) continue;
      const name = blanksEnd(bytes, at + 1);
      if (isWordAt(bytes, name, end, 'rport') && tokenEnd(bytes, name, end) === name + 'rport'.length)
        return true;
    }
    return false;
  }

  /** What stands behind `sip:` and the like, without parameters. */
  private party(kind: number): string {
    const { bytes } = this;
    const [start, end] = [this.starts[kind]!, this.ends[kind]!];
    for (let colon = start; colon < end; colon++) {
      if (bytes[colon] !== COLON || !isBehindScheme(bytes, start, colon)) continue;
      let at = colon + 1;
      while (at < end && bytes[at]! > SPACE && bytes[at] !== GREATER && bytes[at] !== SEMICOLON) at++;
      if (at > colon + 1) return this.texts.of(bytes, colon + 1, at);
    }
    return this.value(kind).slice(0, MAX_HEADER_NAME);
  }

  /** Behind the address, which may be in angle brackets. */
  private tag(kind: number): string {
    const { bytes } = this;
    const [start, end] = [this.starts[kind]!, this.ends[kind]!];
    let at = end - 1;
    while (at > start && bytes[at] !== GREATER) at--;
    for (; at < end; at++) {
      if (bytes[at] !== SEMICOLON) continue;
      const name = blanksEnd(bytes, at + 1);
      if (!isWordAt(bytes, name, end, 'tag=')) continue;
      const value = name + 'tag='.length;
      return this.texts.of(bytes, value, tokenEnd(bytes, value, end));
    }
    return '';
  }

  private value(kind: number): string {
    return textOfBytes(this.bytes, this.starts[kind]!, this.ends[kind]!);
  }

  // ── Headers ───────────────────────────────────────────────────────────────────────────────────────────────────

  private readHeaders(from: number, limit: number): string | null {
    const { bytes, starts, ends, counts } = this;
    for (let kind = 0; kind < counts.length; kind++) counts[kind] = 0;
    this.isFolded = false;
    let last = -1;
    let at = from;
    for (let i = 0; i <= MAX_HEADERS; i++) {
      if (bytes[at] === CR && at + 1 < limit && bytes[at + 1] === LF) {
        this.length = at + 2 - this.start;
        return null;
      }
      const isContinuation = at < limit && isBlank(bytes[at]!);
      if (isContinuation && i === 0) return 'a continuation of nothing';
      const colon = isContinuation ? at : colonBehindName(bytes, at, limit);
      const lineEnd = colon < 0 ? colon : endOfLine(bytes, colon, limit);
      if (lineEnd < 0) return lineEnd === MISSING ? NO_END : MALFORMED;
      if (isContinuation) {
        this.isFolded = true;
      } else {
        const kind = kindOf(bytes, at, colon);
        last = kind >= 0 && counts[kind]!++ === 0 ? kind : -1;
        if (last >= 0) starts[last] = ends[last] = colon + 1;
      }
      if (last >= 0) {
        if (starts[last] === ends[last]) starts[last] = blanksEnd(bytes, isContinuation ? at : colon + 1);
        ends[last] = Math.max(starts[last]!, trimmedEnd(bytes, at, lineEnd));
      }
      at = lineEnd + 2;
    }
    return 'too many headers';
  }

  private missing(): string | null {
    const { counts } = this;
    for (let kind = 0; kind <= CONTENT_LENGTH!; kind++) {
      if (counts[kind]! > 1) return `${HEADERS[kind]![0]} twice`;
      if (counts[kind] === 0 && kind !== CONTENT_LENGTH) return `no ${HEADERS[kind]![0]}`;
    }
    return counts[VIA!] === 0 ? 'no via' : null;
  }

  private assemble(methodLength: number): string | null {
    const { bytes, start, starts, ends, counts } = this;
    this.callId = this.texts.of(bytes, starts[CALL_ID!]!, ends[CALL_ID!]!);
    if (this.isFolded) this.callId = unfolded(this.callId);
    if (this.callId === '' || this.callId.length > MAX_CALL_ID) return 'a call-id of no use';
    const digitsEnd = digitEnd(bytes, starts[CSEQ!]!, ends[CSEQ!]!);
    this.cseq = readNumber(bytes, starts[CSEQ!]!, digitsEnd, 10);
    this.method = methodOf(bytes, digitsEnd, ends[CSEQ!]!);
    if (this.cseq < 0 || this.cseq > 0xffffffff || this.method === '') return 'a malformed cseq';
    if (methodLength > 0 && !isExactWordAt(bytes, start, start + methodLength, this.method)) {
      return 'a cseq of another method';
    }
    const isCounted = counts[CONTENT_LENGTH!] === 1;
    this.bodyLength = isCounted ? readNumber(bytes, starts[CONTENT_LENGTH!]!, ends[CONTENT_LENGTH!]!, 5) : -1;
    if (isCounted && this.bodyLength < 0) return 'a malformed content-length';
    if (Math.max(this.bodyLength, 0) + this.length > MAX_MESSAGE) return 'too long';
    this.isSdp = counts[CONTENT_TYPE!]! > 0 && isSdp(bytes, starts[CONTENT_TYPE!]!, ends[CONTENT_TYPE!]!);
    return null;
  }
}

/** Where the line ends: with CR LF. STRAY for one that has CR, LF or zero in it, MISSING when its end has not come. */
function endOfLine(bytes: Uint8Array, from: number, limit: number): number {
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

// ── The first line ──────────────────────────────────────────────────────────────────────────────────────────────

/** Length of the method when the line is a request's; else 0. */
function requestMethodLength(bytes: Uint8Array, start: number, end: number): number {
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

function methodLengthAt(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at]! >= 0x41 && bytes[at]! <= 0x5a) at++;
  return at - from < MIN_METHOD || at - from > MAX_METHOD ? 0 : at - from;
}

const [OPENING, CLOSING] = [0x5b, 0x5d];

/** What can be seen; brackets belong around an IPv6 address, as a whole. */
function isUri(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end || end - start > MAX_URI) return false;
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code <= SPACE || code > 0x7e || code === CLOSING) return false;
    if (code !== OPENING) continue;
    const close = bytes.indexOf(CLOSING, at);
    if (close < 0 || close >= end) return false;
    if (!/^[\da-f:.]{2,45}$/i.test(textOfBytes(bytes, at + 1, close))) return false;
    at = close;
  }
  return true;
}

/** 0 where the line is no response's. */
function responseCode(bytes: Uint8Array, start: number, end: number): number {
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

// ── Headers ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Letters, digits and -.!%*_+`'~ (RFC 3261 25.1, token). */
const TOKEN = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9\-.!%*_+`'~]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function tokenEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && TOKEN[bytes[at]!] === 1) at++;
  return at;
}

/** STRAY where no name and colon stand. */
function colonBehindName(bytes: Uint8Array, start: number, limit: number): number {
  let at = tokenEnd(bytes, start, limit);
  if (at === limit) return MISSING;
  if (at === start || at - start > MAX_HEADER_NAME) return STRAY;
  at = blanksEnd(bytes, at);
  if (at >= limit) return MISSING;
  return bytes[at] === COLON ? at : STRAY;
}

/** Names in small letters, each with its place in HEADERS, by their length: most headers are told apart by that. */
const NAMES: readonly (readonly { readonly kind: number; readonly name: Uint8Array }[])[] = Array.from(
  { length: MAX_HEADER_NAME + 1 },
  (_, length) =>
    HEADERS.flatMap((names, kind) =>
      names
        .filter((name) => name !== '' && name.length === length)
        .map((name) => ({ kind, name: bytesOfText(name) })),
    ),
);
/** What a letter in small has besides. */
const SMALL = 0x20;

/** Place in HEADERS of the name in front of the colon, which is a token; -1 for the others. */
function kindOf(bytes: Uint8Array, start: number, colon: number): number {
  const length = trimmedEnd(bytes, start, colon) - start;
  const names = NAMES[length]!;
  for (let i = 0; i < names.length; i++) {
    const { kind, name } = names[i]!;
    let same = 0;
    while (same < length && (bytes[start + same]! | SMALL) === name[same]) same++;
    if (same === length) return kind;
  }
  return -1;
}

function blanksEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === SPACE || bytes[at] === TAB) at++;
  return at;
}

function trimmedEnd(bytes: Uint8Array, start: number, from: number): number {
  let end = from;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  return end;
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

function digitEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at]!)) at++;
  return at;
}

/** Nothing but digits, at most `most`; -1 for anything else. */
function readNumber(bytes: Uint8Array, start: number, end: number, most: number): number {
  if (start === end || end - start > most) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at]!)) return -1;
    value = value * 10 + bytes[at]! - ZERO;
  }
  return value;
}

/** CSeq's method, behind blanks, which may be folded; the empty string for none. */
function methodOf(bytes: Uint8Array, from: number, end: number): string {
  let at = from;
  while (at < end && (isBlank(bytes[at]!) || bytes[at] === CR || bytes[at] === LF)) at++;
  if (at === from || methodLengthAt(bytes, at, end) !== end - at) return '';
  for (const method of METHODS) {
    if (method.length === end - at && isExactWordAt(bytes, at, end, method)) return method;
  }
  return textOfBytes(bytes, at, end);
}

const SDP = 'application/sdp';

function isSdp(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isWordAt(bytes, start, end, SDP)) return false;
  const at = blanksEnd(bytes, start + SDP.length);
  return at >= end || bytes[at] === SEMICOLON;
}

function unfolded(value: string): string {
  return value.replace(/\r\n[ \t]+/g, ' ');
}

function isBehindScheme(bytes: Uint8Array, start: number, colon: number): boolean {
  for (const scheme of SCHEMES) {
    const at = colon + 1 - scheme.length;
    if (at >= start && isWordAt(bytes, at, colon + 1, scheme)) return true;
  }
  return false;
}
