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
  isLetter,
  isLineEnd,
  letterCount,
  lineAfter,
  numberAt,
  readAddress,
  search,
  skipBlanks,
  SMALL,
  type WordSearch,
} from '../text-search.ts';

export const SIP_PORT = 5060;
const FIRST_PORT = 1024;
const MAX_PORT = 65535;
const AT = 0x40;

/** What was measured last, where it was an address with a port. Reading is single-threaded, one URI after the other. */
const scratchAddress: Address = new Int32Array(4);
let scratchPort = SIP_PORT;

export interface Found {
  readonly at: number;
  readonly length: number;
}

/** Nothing there, or there and unreadable: then `at` is where to go on. */
export type Search = Found | { readonly broken: number } | null;

export function isFound(found: Search): found is Found {
  return found !== null && !('broken' in found);
}

/** How the value of a header is measured: offset of what counts, and its length (0: unreadable). */
type Measure = (text: EditedText, at: number, end: number, family: number) => Found;

export interface HeaderKind {
  readonly name: string;
  readonly compact: string;
  /** Of both, as EditedText.initials has them. */
  readonly initials: number;
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

function header(name: string, compact: string, before: string, measure: Measure): HeaderKind {
  const letters = compact === '' ? [name] : [name, compact];
  const initials = letters.reduce((mask, letter) => mask | (1 << letter.charCodeAt(0)), 0);
  return { name, compact, initials, before, measure };
}

export const Header = {
  CSEQ: header('cseq', '', '', digitsAt),
  FROM: header('from', 'f', 'sip:', userAddressAt),
  TO: header('to', 't', 'sip:', userAddressAt),
  CONTACT: header('contact', 'm', 'sip:', userAddressAt),
  ROUTE: header('route', '', 'sip:', userAddressAt),
  RECORD_ROUTE: header('record-route', '', 'sip:', userAddressAt),
  REFER_TO: header('refer-to', 'r', 'sip:', userAddressAt),
  REFERRED_BY: header('referred-by', 'b', 'sip:', userAddressAt),
  VIA_UDP: header('via', 'v', 'udp ', addressAt),
  VIA_TCP: header('via', 'v', 'tcp ', addressAt),
  EXPIRES: header('expires', '', '', digitsAt),
  CONTENT_LENGTH: header('content-length', 'l', '', digitsAt),
} as const satisfies Record<string, HeaderKind>;

// ── Headers ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The first header of its kind behind `from`. */
export function findHeader(text: EditedText, from: number, kind: HeaderKind, family: number): Search {
  // Most messages have no header of most kinds.
  if ((text.initials & kind.initials) === 0) return null;
  for (let i = text.lineBehind(from); i < text.lineCount; i = lineAfter(text, i)) {
    if ((text.lineInitial(i) & kind.initials) === 0) continue;
    let at = nameEnd(text, text.lineStart(i), kind);
    if (at < 0) continue;
    at = skipBlanks(text, at);
    if (at < 0 || text.code(at) !== COLON || at + 1 >= text.end) return null;
    at = skipBlanks(text, at + 1);
    if (at < 0) return null;
    return measured(text, at, kind, family);
  }
  return null;
}

function measured(text: EditedText, from: number, kind: HeaderKind, family: number): Search {
  let at = from;
  if (kind.before !== '') {
    const before = search(text, from, text.end, kind.before);
    if (before < 0) return { broken: from };
    at = before + kind.before.length;
  }
  const found = kind.measure(text, at, text.end, family);
  return found.length === 0 ? { broken: from } : found;
}

/** Compact names must not go on as a word. */
function nameEnd(text: EditedText, at: number, { name, compact }: HeaderKind): number {
  const letter = text.code(at) | SMALL;
  if (letter !== name.charCodeAt(0) && letter !== compact.charCodeAt(0)) return -1;
  if (isAt(text, at, name)) return at + name.length;
  if (compact === '' || at + 1 >= text.end || !isAt(text, at, compact)) return -1;
  return isLetter(text, at + 1) ? -1 : at + 1;
}

/** A further value behind a comma in the same header. */
function findNextValue(text: EditedText, from: number, kind: HeaderKind, family: number): Search {
  const comma = search(text, from, text.end, ',');
  if (comma < 0) return null;
  const before = search(text, comma, text.end, kind.before);
  if (before < 0) return null;
  const at = before + kind.before.length;
  const found = kind.measure(text, at, text.end, family);
  return found.length === 0 ? { broken: at } : found;
}

export interface Uri extends Found {
  /** Good until the next one is read. */
  readonly address: Address;
  readonly port: number;
}

/** The first readable header of its kind that names an address; one with a port below 1024 does not. */
export function findUri(text: EditedText, from: number, kind: HeaderKind, family: number): Uri | null {
  let at = from;
  for (;;) {
    const found = findHeader(text, at, kind, family);
    if (found === null) return null;
    if (!('broken' in found)) return measuredUri(found);
    at = found.broken;
  }
}

/** All of them, one after the other: headers may be repeated and have several values. */
export class UriWalk {
  private at = 0;
  private isInHeader = false;

  next(text: EditedText, kind: HeaderKind, family: number): Uri | null {
    const found = this.find(text, kind, family);
    if (found !== null) this.at = found.at + found.length;
    return found;
  }

  private find(text: EditedText, kind: HeaderKind, family: number): Uri | null {
    while (this.isInHeader) {
      const found = findNextValue(text, this.at, kind, family);
      if (found === null) this.isInHeader = false;
      else if ('broken' in found) this.at = found.broken;
      else return measuredUri(found);
    }
    const found = findUri(text, this.at, kind, family);
    if (found !== null) this.isInHeader = true;
    return found;
  }
}

function measuredUri({ at, length }: Found): Uri {
  return { at, length, address: scratchAddress, port: scratchPort };
}

/** The address in a request's first line. */
export function findRequestUri(text: EditedText, family: number): Uri | null {
  const method = letterCount(text, text.start);
  if (method === 0) return null;
  let at = text.start + method + 1;
  for (; at < text.end - 4; at++) {
    if (isLineEnd(text.bytes[at]!)) return null;
    if (isAt(text, at, 'sip:')) {
      at += 4;
      break;
    }
  }
  const found = userAddressAt(text, at, text.end, family);
  return found.length === 0 ? null : measuredUri(found);
}

// ── Parameters, up to the next comma ────────────────────────────────────────────────────────────────────────────

/** Where the value begins, and where it ends at the latest. */
interface Parameter {
  readonly at: number;
  readonly end: number;
}

function parameter(text: EditedText, from: number, name: string): Parameter | null {
  return parameterAt(text, from, name, search(text, from, text.end, name));
}

/** The name stands at `at`, if anywhere: -1 for nowhere, which is nearly always. */
function parameterAt(text: EditedText, from: number, name: string, at: number): Parameter | null {
  if (at < 0) return null;
  const comma = search(text, from, text.end, ',');
  const end = comma < 0 ? text.end : comma;
  return at < end - name.length ? { at: at + name.length, end } : null;
}

/** One of several that were looked for from `from` on. */
export function foundParameter(
  text: EditedText,
  from: number,
  { words, places }: WordSearch,
  i: number,
): Parameter | null {
  return parameterAt(text, from, words[i]!, places[i]!);
}

/** `transport=`: the protocol's name in capitals as far as it is one of ours; null without the parameter. */
export function transportParameter(text: EditedText, from: number): 'TCP' | 'UDP' | 'OTHER' | null {
  const found = parameter(text, from, 'transport=');
  if (found === null) return null;
  const value = text.slice(found.at, found.at + 3).toUpperCase();
  return value === 'TCP' || value === 'UDP' ? value : 'OTHER';
}

export function addressOf(
  text: EditedText,
  found: Parameter | null,
  family: number,
  delimited: boolean,
): (Found & { readonly address: Address }) | null {
  if (found === null) return null;
  const end = readAddress(text, found.at, found.end, family, scratchAddress, delimited);
  return end < 0 ? null : { at: found.at, length: end - found.at, address: scratchAddress };
}

export function numberParameter(text: EditedText, from: number, name: string): NumberFound {
  return numberOf(text, parameter(text, from, name));
}

type NumberFound = (Found & { readonly value: number }) | 'broken' | null;

/** A number in C's manner: octal behind 0, hexadecimal behind 0x. */
export function numberOf(text: EditedText, found: Parameter | null): NumberFound {
  if (found === null) return null;
  const digits = /^(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)/i.exec(text.slice(found.at, found.at + 20))?.[0];
  if (digits === undefined) return 'broken';
  const isOctal = /^0\d/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return { at: found.at, length: digits.length, value: value >>> 0 };
}

/** Unreadable as well: what the message ends with, for it might have gone on. */
function addressPortLength(text: EditedText, at: number, end: number, family: number): number {
  let past = readAddress(text, at, end, family, scratchAddress, true);
  if (past < 0) return 0;
  scratchPort = SIP_PORT;
  if (text.code(past) === COLON) {
    scratchPort = numberAt(text, past + 1);
    if (scratchPort < FIRST_PORT || scratchPort > MAX_PORT) return 0;
    past += 1 + digitCount(text, past + 1, text.end);
  }
  return past < text.end ? past - at : 0;
}
