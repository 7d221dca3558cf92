/**
 * Addresses and ports in FTP's commands and replies, read from bytes: `10,0,0,2,4,5` (RFC 959), `|1|10.0.0.2|1029|` and
 * `|||1029|` (RFC 2428), as strictly as the RFCs write them. The kernel's reading is kernel-numbers.ts.
 */
import { parseIp } from '../../wire/address.ts';
import type { Address } from '../address.ts';

export interface HostPort {
  /** Null where the form has no address (EPSV): that of the control connection's end. */
  readonly address: Address | null;
  readonly port: number;
  /** Where the numbers stand, in the text that was read. */
  readonly start: number;
  readonly end: number;
}

const SIX_NUMBERS = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/;
const NET_PROTOCOL: Readonly<Record<number, string>> = { 4: '1', 6: '2' };

/** The argument of PORT: six numbers and nothing else. */
export function readPort(text: string, start: number): HostPort | null {
  const end = text.trimEnd().length;
  const found = new RegExp(`^${SIX_NUMBERS.source}$`).exec(text.slice(start, end));
  return found === null ? null : sixNumbers(found, start);
}

/** Six numbers in the text of a 227, wherever it puts them (RFC 1123 4.1.2.6), not part of a longer run of digits. */
export function readPassive(text: string): HostPort | null {
  const found = new RegExp(`(?<![\\d,])${SIX_NUMBERS.source}(?![\\d,])`).exec(text.slice(4));
  return found === null ? null : sixNumbers(found, 4 + found.index);
}

function sixNumbers(found: RegExpExecArray, start: number): HostPort | null {
  const numbers = found.slice(1).map(Number);
  if (numbers.some((number) => number > 255)) return null;
  const [a, b, c, d, high, low] = numbers as [number, number, number, number, number, number];
  return {
    address: Int32Array.of((a << 24) | (b << 16) | (c << 8) | d, 0, 0, 0),
    port: (high << 8) | low,
    start,
    end: start + found[0].length,
  };
}

/** The argument of EPRT, which must be of the control connection's family. */
export function readExtendedPort(text: string, start: number, family: number): HostPort | null {
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
export function readExtendedPassive(text: string): HostPort | null {
  const open = text.indexOf('(', 4);
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
