/**
 * Addresses and ports in FTP's commands and replies, read from bytes: `10,0,0,2,4,5` (RFC 959), `|1|10.0.0.2|1029|` and
 * `|||1029|` (RFC 2428), as strictly as the RFCs write them. The kernel's reading is kernel-numbers.ts.
 */
import { parseIp } from '../../wire/address.ts';
import type { Address } from '../address.ts';
import type { Line } from '../line-reader.ts';

export interface HostPort {
  /** Null where the form has no address (EPSV): that of the control connection's end. */
  readonly address: Address | null;
  readonly port: number;
  /** Where the numbers stand in the line. */
  readonly start: number;
  readonly end: number;
}

const ZERO = 0x30;
const COMMA = 0x2c;
const BLANK = 0x20;
const TAB = 0x09;
/** Where a reply's text begins. */
const TEXT = 4;
const NET_PROTOCOL: Readonly<Record<number, string>> = { 4: '1', 6: '2' };

/** The argument of PORT: six numbers and nothing else. */
export function readPort({ bytes, length }: Line, start: number): HostPort | null {
  let end = length;
  while (end > start && (bytes[end - 1] === BLANK || bytes[end - 1] === TAB)) end--;
  return sixNumbersEnd(bytes, start, end) === end ? sixNumbers(start, end) : null;
}

/** Six numbers in the text of a 227, wherever it puts them (RFC 1123 4.1.2.6), not part of a longer run of digits. */
export function readPassive({ bytes, length }: Line): HostPort | null {
  for (let start = TEXT; start < length; start++) {
    if (!isDigit(bytes[start]!) || bytes[start - 1] === COMMA) continue;
    const end = sixNumbersEnd(bytes, start, length);
    const isAlone = end === length || (!isDigit(bytes[end]!) && bytes[end] !== COMMA);
    if (end > 0 && isAlone) return sixNumbers(start, end);
    while (start + 1 < length && (isDigit(bytes[start + 1]!) || bytes[start + 1] === COMMA)) start++;
  }
  return null;
}

/** What sixNumbersEnd read last. */
const fields = new Uint16Array(6);

/** Where six numbers of up to three digits end, which begin at `start`; 0 where they do not. */
function sixNumbersEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let field = 0; field < fields.length; field++) {
    if (field > 0 && (at === end || bytes[at++] !== COMMA)) return 0;
    const first = at;
    let value = 0;
    for (; at < end && at - first < 3 && isDigit(bytes[at]!); at++) value = value * 10 + bytes[at]! - ZERO;
    if (at === first) return 0;
    fields[field] = value;
  }
  return at;
}

function sixNumbers(start: number, end: number): HostPort | null {
  for (let field = 0; field < fields.length; field++) if (fields[field]! > 255) return null;
  return {
    address: Int32Array.of((fields[0]! << 24) | (fields[1]! << 16) | (fields[2]! << 8) | fields[3]!, 0, 0, 0),
    port: (fields[4]! << 8) | fields[5]!,
    start,
    end,
  };
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

/** The argument of EPRT, which must be of the control connection's family. */
export function readExtendedPort({ text }: Line, start: number, family: number): HostPort | null {
  const argument = text.slice(start).trimEnd();
  const delimiter = argument[0] ?? '';
  if (!isDelimiter(delimiter)) return null;
  const parts = argument.split(delimiter);
  if (parts.length !== 5 || parts[0] !== '' || parts[4] !== '') return null;
  const [, protocol, host, port] = parts as [string, string, string, string, string];
  if (protocol !== NET_PROTOCOL[family]) return null;
  const address = new Int32Array(4);
  const number = portNumber(port);
  if (parseIp(host, address) !== family || number === 0) return null;
  return { address, port: number, start, end: start + argument.length };
}

/** `(|||port|)` in the text of a 229. */
export function readExtendedPassive({ text }: Line): HostPort | null {
  const open = text.indexOf('(', TEXT);
  const delimiter = text[open + 1] ?? '';
  if (open < 0 || !isDelimiter(delimiter)) return null;
  const close = text.indexOf(')', open);
  const parts = text.slice(open + 1, close < 0 ? undefined : close).split(delimiter);
  if (close < 0 || parts.length !== 5 || parts.some((part, i) => (part === '') === (i === 3))) return null;
  const port = portNumber(parts[3]!);
  return port === 0 ? null : { address: null, port, start: open + 1, end: close };
}

/** RFC 2428: any printable character but a digit. */
function isDelimiter(character: string): boolean {
  return /^[!-~]$/.test(character) && !/\d/.test(character);
}

/** 0 for what is no port. */
function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port <= 65535 ? port : 0;
}
