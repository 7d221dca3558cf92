/**
 * The head of a SIP message taken apart as strictly as the strict helper wants it (RFC 3261 7, 25): a first line, headers, a
 * blank line. What is not well formed is refused with the reason, never guessed at. Its bytes are looked at once and where
 * they are; of the headers, those count that say which call the message is of, and how long it is.
 */
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import { ByteWord } from '../byte-word.ts';
import { CR, LF } from '../edited-text.ts';
import { LineStarts } from '../line-starts.ts';
import { COLON, isBlank, isExactWordAt, isWordAt, SMALL, SPACE } from '../text-search.ts';
import { isBehindScheme, requestMethodLength, responseCode } from './first-line.ts';
import {
  blanksEnd,
  colonBehindName,
  digitEnd,
  endOfLine,
  MAX_HEADER_NAME,
  methodLengthAt,
  MISSING,
  readNumber,
  tokenEnd,
  trimmedEnd,
} from './head-pieces.ts';

/** Bytes of first line and headers, and of the whole message. */
export const MAX_HEAD = 16_384;
export const MAX_MESSAGE = 65_535;
const MAX_HEADERS = 256;
const MAX_CALL_ID = 256;

/** Headers that are read, each with its compact form; the first five once in a message. */
const HEADERS = [
  ['call-id', 'i'],
  ['cseq', ''],
  ['from', 'f'],
  ['to', 't'],
  ['content-length', 'l'],
  ['content-type', 'c'],
  ['via', 'v'],
  ['refer-to', 'r'],
] as const;
const [CALL_ID, CSEQ, FROM, TO, CONTENT_LENGTH, CONTENT_TYPE, VIA, REFER_TO] = [0, 1, 2, 3, 4, 5, 6, 7];

const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'REGISTER',
  'OPTIONS',
  'PRACK',
  'UPDATE',
  'REFER',
  'NOTIFY',
];

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const GREATER = 0x3e;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_END = 'headers without an end';
const NO_MESSAGE = 'no SIP message';
const MALFORMED = 'a malformed header';

/** One head after the other; what is asked of it is of the one read last, as long as that is where it was. */
export class SipHead {
  /** Of a request its own, of a response that of the request it answers. */
  method = '';
  /** 0 for a request. */
  code = 0;
  readonly callId = new ByteWord();
  cseq = 0;
  isSdp = false;
  /** First line, headers and the blank line. */
  length = 0;
  /** Of the body; -1 where nobody says. */
  bodyLength = -1;
  /** Headers, with their continuations, and the blank line. */
  readonly lines = new LineStarts();
  private bytes = NO_BYTES;
  private start = 0;
  private lineEnd = 0;
  private isFolded = false;
  /** Of the values of HEADERS, of several the first; and how many there were. */
  private readonly starts = new Int32Array(HEADERS.length);
  private readonly ends = new Int32Array(HEADERS.length);
  private readonly counts = new Int32Array(HEADERS.length);
  private readonly fromTagWord = new ByteWord();
  private readonly toTagWord = new ByteWord();

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

  /** Whom to call (RFC 3515); the empty string where nobody is named. */
  get referTo(): string {
    return this.counts[REFER_TO!] === 0 ? '' : this.party(REFER_TO!);
  }

  /** Empty for none. */
  get fromTag(): ByteWord {
    return this.tag(FROM!, this.fromTagWord);
  }

  get toTag(): ByteWord {
    return this.tag(TO!, this.toTagWord);
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
      if (at > colon + 1) return textOfBytes(bytes, colon + 1, at);
    }
    return this.value(kind).slice(0, MAX_HEADER_NAME);
  }

  /** Behind the address, which may be in angle brackets. */
  private tag(kind: number, word: ByteWord): ByteWord {
    const { bytes } = this;
    const [start, end] = [this.starts[kind]!, this.ends[kind]!];
    let at = end - 1;
    while (at > start && bytes[at] !== GREATER) at--;
    for (; at < end; at++) {
      if (bytes[at] !== SEMICOLON) continue;
      const name = blanksEnd(bytes, at + 1);
      if (!isWordAt(bytes, name, end, 'tag=')) continue;
      const value = name + 'tag='.length;
      return word.point(bytes, value, tokenEnd(bytes, value, end));
    }
    return word.point(bytes, end, end);
  }

  private value(kind: number): string {
    return textOfBytes(this.bytes, this.starts[kind]!, this.ends[kind]!);
  }

  // ── Headers ───────────────────────────────────────────────────────────────────────────────────────────────────

  private readHeaders(from: number, limit: number): string | null {
    const { bytes, lines, starts, ends, counts } = this;
    lines.clear();
    for (let kind = 0; kind < counts.length; kind++) counts[kind] = 0;
    this.isFolded = false;
    let last = -1;
    let at = from;
    for (let i = 0; i <= MAX_HEADERS; i++) {
      lines.add(bytes, at);
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
    const callId = this.callId.point(bytes, starts[CALL_ID!]!, ends[CALL_ID!]!);
    if (this.isFolded) unfold(callId);
    if (callId.length === 0 || callId.length > MAX_CALL_ID) return 'a call-id of no use';
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

// ── What the headers are ────────────────────────────────────────────────────────────────────────────────────────

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

function unfold(word: ByteWord): void {
  const bytes = bytesOfText(word.text.replace(/\r\n[ \t]+/g, ' '));
  word.point(bytes, 0, bytes.length);
}
