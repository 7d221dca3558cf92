/**
 * How Linux finds headers and addresses in SIP messages and session descriptions: by searching, not by parsing. Folded
 * lines and compact names are known, nesting and quoting are not. Positions are offsets into the message's text, one
 * character a byte. Source: nf_conntrack_sip (behaviour). Session descriptions are kernel-sdp.ts.
 */
import type { Address } from '../address.ts';
import type { EditedText } from '../edited-text.ts';
import {
  COLON,
  digitCount,
  isAt,
  isBlank,
  isLetter,
  isLineEnd,
  letterCount,
  lineAfter,
  numberAt,
  readAddress,
  search,
  skipBlanks,
} from '../text-search.ts';

export const SIP_PORT = 5060;
const FIRST_PORT = 1024;
const MAX_PORT = 65535;
const AT = 0x40;
/** What a letter in small has besides. */
const SMALL = 0x20;
const UNWANTED = new Int32Array(4);

export interface Found {
  readonly at: number;
  readonly length: number;
}

/** Nothing there, or there and unreadable: then `at` is where to go on. */
export type Search = Found | { readonly broken: number } | null;

/** How the value of a header is measured: offset of what counts, and its length (0: unreadable). */
type Measure = (text: EditedText, at: number, end: number, family: number) => Found;

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
  while (host < end && text.bytes[host] !== AT && !isLineEnd(text.bytes[host]!)) host++;
  const from = host < end && text.bytes[host] === AT ? host + 1 : at;
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
  REFER_TO: uri('refer-to', 'r'),
  REFERRED_BY: uri('referred-by', 'b'),
  VIA_UDP: { name: 'via', compact: 'v', before: 'udp ', measure: addressAt },
  VIA_TCP: { name: 'via', compact: 'v', before: 'tcp ', measure: addressAt },
  EXPIRES: number('expires'),
  CONTENT_LENGTH: number('content-length', 'l'),
} as const satisfies Record<string, HeaderKind>;

// ── Headers ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The first header of its kind behind `from`. */
export function findHeader(text: EditedText, from: number, kind: HeaderKind, family: number): Search {
  for (let i = text.lineBehind(from); i < text.lineCount; i = lineAfter(text, i)) {
    const line = text.lineStart(i);
    if (isBlank(text.code(line))) continue;
    let at = nameEnd(text, line, kind);
    if (at < 0) continue;
    at = skipBlanks(text, at);
    if (at < 0 || text.code(at) !== COLON || at + 1 >= text.length) return null;
    at = skipBlanks(text, at + 1);
    if (at < 0) return null;
    return measured(text, at, kind, family);
  }
  return null;
}

function measured(text: EditedText, from: number, kind: HeaderKind, family: number): Search {
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
function nameEnd(text: EditedText, at: number, { name, compact }: HeaderKind): number {
  const letter = text.code(at) | SMALL;
  if (letter !== name.charCodeAt(0) && letter !== compact.charCodeAt(0)) return -1;
  if (isAt(text, at, name)) return at + name.length;
  if (compact === '' || at + 1 >= text.length || !isAt(text, at, compact)) return -1;
  return isLetter(text, at + 1) ? -1 : at + 1;
}

/** A further value behind a comma in the same header. */
function findNextValue(text: EditedText, from: number, kind: HeaderKind, family: number): Search {
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
export function findUri(
  text: EditedText,
  from: number,
  kind: HeaderKind,
  family: number,
): Uri | 'broken' | null {
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

  next(text: EditedText, kind: HeaderKind, family: number): Uri | 'broken' | null {
    const found = this.find(text, kind, family);
    if (found !== null && found !== 'broken') this.at = found.next;
    return found;
  }

  private find(text: EditedText, kind: HeaderKind, family: number): Uri | 'broken' | null {
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

function readUri(text: EditedText, found: Found, family: number): Uri | 'broken' {
  const address = new Int32Array(4);
  const end = readAddress(text, found.at, text.length, family, address, true);
  if (end < 0) return 'broken';
  const port = portBehind(text, end);
  if (port === null) return 'broken';
  return { at: found.at, length: found.length, address, port: port.value, next: port.end };
}

/** The address in a request's first line. */
export function findRequestUri(text: EditedText, family: number): Uri | null {
  const method = letterCount(text, 0);
  if (method === 0) return null;
  let at = method + 1;
  for (; at < text.length - 4; at++) {
    if (isLineEnd(text.bytes[at]!)) return null;
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

function portBehind(text: EditedText, at: number): { readonly value: number; readonly end: number } | null {
  if (text.code(at) !== COLON) return { value: SIP_PORT, end: at };
  const length = digitCount(text, at + 1, text.length);
  const value = numberAt(text, at + 1);
  return value < FIRST_PORT || value > MAX_PORT ? null : { value, end: at + 1 + length };
}

// ── Parameters, up to the next comma ────────────────────────────────────────────────────────────────────────────

function parameter(text: EditedText, from: number, name: string): { at: number; end: number } | null {
  // Nearly always.
  if (search(text, from, text.length, name) < 0) return null;
  const comma = search(text, from, text.length, ',');
  const end = comma < 0 ? text.length : comma;
  const at = search(text, from, end, name);
  return at < 0 ? null : { at: at + name.length, end };
}

/** `transport=`: the protocol's name in capitals as far as it is one of ours; null without the parameter. */
export function transportParameter(text: EditedText, from: number): 'TCP' | 'UDP' | 'OTHER' | null {
  const found = parameter(text, from, 'transport=');
  if (found === null) return null;
  const value = text.slice(found.at, found.at + 3).toUpperCase();
  return value === 'TCP' || value === 'UDP' ? value : 'OTHER';
}

export function addressParameter(
  text: EditedText,
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
  text: EditedText,
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

function addressPortLength(text: EditedText, at: number, end: number, family: number): number {
  const past = readAddress(text, at, end, family, UNWANTED, true);
  const port = past < 0 ? null : portBehind(text, past);
  return port === null ? 0 : port.end - at;
}
