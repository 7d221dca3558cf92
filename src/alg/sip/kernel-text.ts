/**
 * How Linux finds headers and addresses in SIP messages and session descriptions: by searching, not by parsing. Folded
 * lines and compact names are known, nesting and quoting are not. Positions are offsets into the message's text, one
 * character a byte. Source: nf_conntrack_sip (behaviour). One long file, since each search is told by those before it.
 */
import { parseIp6 } from '../../wire/address.ts';
import type { Address } from '../address.ts';

export const SIP_PORT = 5060;
const FIRST_PORT = 1024;
const MAX_PORT = 65535;
/** So many digits are never more than 32 bits. */
const ALWAYS_FIT = 9;

export interface Found {
  readonly at: number;
  readonly length: number;
}

/** Nothing there, or there and unreadable: then `at` is where to go on. */
export type Search = Found | { readonly broken: number } | null;

/** How the value of a header is measured: offset of what counts, and its length (0: unreadable). */
type Measure = (text: string, at: number, end: number, family: number) => Found;

export interface HeaderKind {
  readonly name: string;
  readonly compact: string;
  /** What stands in front of the value. */
  readonly before: string;
  readonly measure: Measure;
}

const digitsAt: Measure = (text, at, end) => ({ at, length: digitCount(text, at, end) });

/** Address and port. */
const addressAt: Measure = (text, at, end, family) => ({
  at,
  length: addressPortLength(text, at, end, family),
});

/** The same behind `user@`, where there is a user. */
const userAddressAt: Measure = (text, at, end, family) => {
  let host = at;
  while (host < end && !'@\r\n'.includes(text[host]!)) host++;
  const from = host < end && text[host] === '@' ? host + 1 : at;
  return { at: from, length: addressPortLength(text, from, end, family) };
};

const uri = (name: string, compact: string): HeaderKind => ({
  name,
  compact,
  before: 'sip:',
  measure: userAddressAt,
});
const number = (name: string, compact = ''): HeaderKind => ({ name, compact, before: '', measure: digitsAt });

export const Header = {
  CSEQ: number('cseq'),
  FROM: uri('from', 'f'),
  TO: uri('to', 't'),
  CONTACT: uri('contact', 'm'),
  ROUTE: uri('route', ''),
  RECORD_ROUTE: uri('record-route', ''),
  VIA_UDP: { name: 'via', compact: 'v', before: 'udp ', measure: addressAt },
  VIA_TCP: { name: 'via', compact: 'v', before: 'tcp ', measure: addressAt },
  EXPIRES: number('expires'),
  CONTENT_LENGTH: number('content-length', 'l'),
} as const satisfies Record<string, HeaderKind>;

// ── Headers ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The first header of its kind behind `from`. */
export function findHeader(text: string, from: number, kind: HeaderKind, family: number): Search {
  for (let line = nextLine(text, from); line >= 0; line = nextLine(text, line + 1)) {
    if (text[line] === ' ' || text[line] === '\t') continue;
    let at = nameEnd(text, line, kind);
    if (at < 0) continue;
    at = skipBlanks(text, at);
    if (at < 0 || text[at] !== ':' || at + 1 >= text.length) return null;
    at = skipBlanks(text, at + 1);
    if (at < 0) return null;
    return measured(text, at, kind, family);
  }
  return null;
}

function measured(text: string, from: number, kind: HeaderKind, family: number): Search {
  let at = from;
  if (kind.before !== '') {
    const before = search(text, from, text.length, kind.before);
    if (before < 0) return { broken: from };
    at = before + kind.before.length;
  }
  const found = kind.measure(text, at, text.length, family);
  return found.length === 0 ? { broken: from } : found;
}

/** Compact names must not go on as a word. */
function nameEnd(text: string, at: number, { name, compact }: HeaderKind): number {
  if (isAt(text, at, name)) return at + name.length;
  if (compact === '' || at + 1 >= text.length || !isAt(text, at, compact)) return -1;
  return isLetter(text, at + 1) ? -1 : at + 1;
}

/** A further value behind a comma in the same header. */
function findNextValue(text: string, from: number, kind: HeaderKind, family: number): Search {
  const comma = search(text, from, text.length, ',');
  if (comma < 0) return null;
  const before = search(text, comma, text.length, kind.before);
  if (before < 0) return null;
  const at = before + kind.before.length;
  const found = kind.measure(text, at, text.length, family);
  return found.length === 0 ? { broken: at } : found;
}

export interface Uri extends Found {
  readonly address: Address;
  readonly port: number;
  /** Where the search for the next one goes on. */
  readonly next: number;
}

/** The first readable header of its kind that names an address; a port below 1024 makes it broken. */
export function findUri(text: string, from: number, kind: HeaderKind, family: number): Uri | 'broken' | null {
  let at = from;
  for (;;) {
    const found = findHeader(text, at, kind, family);
    if (found === null) return null;
    if (!('broken' in found)) return readUri(text, found, family);
    at = found.broken;
  }
}

/** All of them, one after the other: headers may be repeated and have several values. */
export class UriWalk {
  private at = 0;
  private isInHeader = false;

  next(text: string, kind: HeaderKind, family: number): Uri | 'broken' | null {
    const found = this.find(text, kind, family);
    if (found !== null && found !== 'broken') this.at = found.next;
    return found;
  }

  private find(text: string, kind: HeaderKind, family: number): Uri | 'broken' | null {
    while (this.isInHeader) {
      const found = findNextValue(text, this.at, kind, family);
      if (found === null) this.isInHeader = false;
      else if ('broken' in found) this.at = found.broken;
      else return readUri(text, found, family);
    }
    const found = findUri(text, this.at, kind, family);
    if (found !== null) this.isInHeader = true;
    return found;
  }
}

function readUri(text: string, found: Found, family: number): Uri | 'broken' {
  const address = new Int32Array(4);
  const end = readAddress(text, found.at, text.length, family, address, true);
  if (end < 0) return 'broken';
  const port = portBehind(text, end);
  return port === null ? 'broken' : { ...found, address, port: port.value, next: port.end };
}

/** The address in a request's first line. */
export function findRequestUri(text: string, family: number): Uri | null {
  const method = letterCount(text, 0);
  if (method === 0) return null;
  let at = method + 1;
  for (; at < text.length - 4; at++) {
    if (text[at] === '\r' || text[at] === '\n') return null;
    if (isAt(text, at, 'sip:')) {
      at += 4;
      break;
    }
  }
  const found = userAddressAt(text, at, text.length, family);
  if (found.length === 0) return null;
  const address = new Int32Array(4);
  const end = readAddress(text, found.at, text.length, family, address, true);
  const port = end < 0 ? null : portBehind(text, end);
  if (port === null) return null;
  return { at: found.at, length: port.end - found.at, address, port: port.value, next: port.end };
}

function portBehind(text: string, at: number): { readonly value: number; readonly end: number } | null {
  if (text[at] !== ':') return { value: SIP_PORT, end: at };
  const length = digitCount(text, at + 1, text.length);
  const value = numberAt(text, at + 1);
  return value < FIRST_PORT || value > MAX_PORT ? null : { value, end: at + 1 + length };
}

// ── Parameters, up to the next comma ────────────────────────────────────────────────────────────────────────────

function parameter(text: string, from: number, name: string): { at: number; end: number } | null {
  const comma = search(text, from, text.length, ',');
  const end = comma < 0 ? text.length : comma;
  const at = search(text, from, end, name);
  return at < 0 ? null : { at: at + name.length, end };
}

/** `transport=`: the protocol's name in capitals as far as it is one of ours; null without the parameter. */
export function transportParameter(text: string, from: number): 'TCP' | 'UDP' | 'OTHER' | null {
  const found = parameter(text, from, 'transport=');
  if (found === null) return null;
  const value = text.slice(found.at, found.at + 3).toUpperCase();
  return value === 'TCP' || value === 'UDP' ? value : 'OTHER';
}

export function addressParameter(
  text: string,
  from: number,
  name: string,
  family: number,
  delimited: boolean,
): (Found & { readonly address: Address }) | null {
  const found = parameter(text, from, name);
  if (found === null) return null;
  const address = new Int32Array(4);
  const end = readAddress(text, found.at, found.end, family, address, delimited);
  return end < 0 ? null : { at: found.at, length: end - found.at, address };
}

/** A number in C's manner: octal behind 0, hexadecimal behind 0x. */
export function numberParameter(
  text: string,
  from: number,
  name: string,
): (Found & { readonly value: number }) | 'broken' | null {
  const found = parameter(text, from, name);
  if (found === null) return null;
  const digits = /^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)/i.exec(text.slice(found.at, found.at + 20))?.[0];
  if (digits === undefined) return 'broken';
  const isOctal = /^0\d/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return { at: found.at, length: digits.length, value: value >>> 0 };
}

// ── Session descriptions ────────────────────────────────────────────────────────────────────────────────────────

export type SdpKind = 'v' | 'o' | 'c' | 'm';

/** The first line of its kind behind `from`, not beyond a line of kind `stop`. */
export function findSdp(
  text: string,
  from: number,
  kind: SdpKind,
  stop: SdpKind | null,
  family: number,
): Search {
  for (let line = nextLine(text, from); line >= 0; line = nextLine(text, line + 1)) {
    if (stop !== null && isAt(text, line, `${stop}=`)) return null;
    if (!isAt(text, line, `${kind}=`)) continue;
    const from = line + 2;
    let at = from;
    if (kind === 'o' || kind === 'c') {
      const before = `IN IP${family} `;
      at = searchInLine(text, from, before);
      if (at < 0) return { broken: from };
      at += before.length;
    }
    const length = sdpLength(text, at, kind, family);
    return length === 0 ? { broken: from } : { at, length };
  }
  return null;
}

function sdpLength(text: string, at: number, kind: SdpKind, family: number): number {
  switch (kind) {
    case 'v':
      return digitCount(text, at, text.length);
    case 'm': {
      const word = letterCount(text, at);
      return text[at + word] === ' ' ? word + 1 + digitCount(text, at + word + 1, text.length) : 0;
    }
    case 'o':
    case 'c': {
      const end = readAddress(text, at, text.length, family, new Int32Array(4), false);
      return end < 0 ? 0 : end - at;
    }
  }
}

/** The address of a `c=` line. */
export function findSdpAddress(
  text: string,
  from: number,
  stop: SdpKind | null,
  family: number,
): (Found & { readonly address: Address }) | null {
  const found = findSdp(text, from, 'c', stop, family);
  if (found === null || 'broken' in found) return null;
  const address = new Int32Array(4);
  const end = readAddress(text, found.at, found.at + found.length, family, address, false);
  return end < 0 ? null : { ...found, address };
}

// ── Characters ──────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The beginning of the line behind the next line's end, -1 for none. Both CR and LF end a line. Who goes on from a line does
 * so behind its first character: what follows an empty line that is LF alone is not seen.
 */
function nextLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\r' && text[at] !== '\n') at++;
  if (at + 1 >= text.length) return -1;
  if (text[at] === '\r' && text[at + 1] === '\n') at++;
  return at + 1 < text.length ? at + 1 : -1;
}

/** Behind blanks, and behind a line's end where the next line goes on with this one; -1 where it does not. */
function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return text[at] === '\r' || text[at] === '\n' ? continuation(text, at) : at;
}

function continuation(text: string, lineEnd: number): number {
  let at = lineEnd + 1;
  if (text[lineEnd] === '\r' && text[at] === '\n') at++;
  if (text[at] !== ' ' && text[at] !== '\t') return -1;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

/** `needle` (in small letters) in this header, over its folded lines. */
function search(text: string, from: number, end: number, needle: string): number {
  for (let at = from; at < end - needle.length; at++) {
    if (text[at] === '\r' || text[at] === '\n') {
      at = continuation(text, at);
      if (at < 0) return -1;
      continue;
    }
    if (isAt(text, at, needle)) return at;
  }
  return -1;
}

/** In this line, letter by letter. */
function searchInLine(text: string, from: number, needle: string): number {
  for (let at = from; at < text.length - needle.length; at++) {
    if (text[at] === '\r' || text[at] === '\n') return -1;
    if (text.startsWith(needle, at)) return at;
  }
  return -1;
}

/** `word` is in small letters. */
export function isAt(text: string, at: number, word: string): boolean {
  return text.slice(at, at + word.length).toLowerCase() === word;
}

/** What Linux takes for a letter: those of Latin-1 as well. */
const LETTER = /[a-z\xc0-\xd6\xd8-\xf6\xf8-\xff]/i;

export function isLetter(text: string, at: number): boolean {
  return at < text.length && LETTER.test(text[at]!);
}

function letterCount(text: string, from: number): number {
  let at = from;
  while (isLetter(text, at)) at++;
  return at - from;
}

export function digitCount(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text[at]! >= '0' && text[at]! <= '9') at++;
  return at - from;
}

/** The number at a place, 0 where there is none; of more than 32 bits, the lower ones. */
export function numberAt(text: string, at: number): number {
  const digits = text.slice(at, at + digitCount(text, at, text.length));
  return digits.length <= ALWAYS_FIT ? Number(digits) : Number(BigInt.asUintN(32, BigInt(digits)));
}

function addressPortLength(text: string, at: number, end: number, family: number): number {
  const past = readAddress(text, at, end, family, new Int32Array(4), true);
  const port = past < 0 ? null : portBehind(text, past);
  return port === null ? 0 : port.end - at;
}

/** Reads an address into `out` and returns what stands behind it; -1 for none. `delimited`: IPv6 in brackets. */
export function readAddress(
  text: string,
  at: number,
  end: number,
  family: number,
  out: Address,
  delimited: boolean,
): number {
  return family === 4 ? readIp4(text, at, end, out) : readIp6(text, at, end, out, delimited);
}

function readIp4(text: string, at: number, end: number, out: Address): number {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?![\da-f.])/i.exec(text.slice(at, Math.min(end, at + 64)));
  if (found === null) return -1;
  let word = 0;
  for (const part of found.slice(1)) {
    if (Number(part) > 255) return -1;
    word = (word << 8) | Number(part);
  }
  out[0] = word;
  return at + found[0].length;
}

function readIp6(text: string, from: number, end: number, out: Address, delimited: boolean): number {
  const isBracketed = text[from] === '[';
  if (delimited && !isBracketed) return -1;
  const at = isBracketed ? from + 1 : from;
  const address = /^[\da-f:.]*/i.exec(text.slice(at, Math.min(end, at + 64)))![0];
  if (!parseIp6(address, out)) return -1;
  const past = at + address.length;
  if (past < end && text[past] === ']') return past + 1;
  return isBracketed ? -1 : past;
}
