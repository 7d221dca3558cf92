/**
 * `-m string`: a string of bytes somewhere in the IP datagram, headers included. Linux: xt_string. Offsets count from the
 * first byte of the IP header: the string must begin at `from` or later and end before `to`.
 *
 * Both of the kernel's algorithms find the same in a packet that lies in one piece; here Horspool's search serves for
 * either. In a datagram that was put together, `bm` looks into each piece by itself, and misses what lies across two.
 * Letters are folded as the kernel folds them: those of Latin-1 too. (Its `bm` with `--icase` overlooks strings with ß or ÿ, depending on
 * what stands before them; here they are found.)
 */
import { defineMatch, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import { lookAsHeld } from './as-held.ts';
import type { HostServices } from '../host-services.ts';
import { ValueError } from '../syntax/value-error.ts';
import {
  bytesOfText,
  flag,
  hexString,
  needsHex,
  printByteText,
  printHexString,
  uint,
} from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const MAX_PATTERN = 128;
const MAX_OFFSET = 65535;
const ALGORITHMS: readonly string[] = ['bm', 'kmp'];

/** The kernel's toupper(), which also moves ß and ÿ. */
const UPPER = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isLower = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte !== 0xf7);
  return isLower ? byte - 0x20 : byte;
});
const SAME = Uint8Array.from({ length: 256 }, (_, byte) => byte);

class StringTest implements MatchTest {
  /** Who knows the pieces of a datagram, with `bm`. */
  private readonly host: HostServices | null;
  private readonly fold: Uint8Array;
  private readonly pattern: Uint8Array;
  /** How far the search moves on when this byte stands under the pattern's last. */
  private readonly shift: Uint8Array;
  private readonly from: number;
  private readonly to: number;
  private readonly not: boolean;

  constructor(info: Info, host: HostServices) {
    const fold = info.icase === undefined ? SAME : UPPER;
    const { value: pattern, not } = info.pattern!;
    const { length } = pattern;
    this.host = info.algorithm!.value === 'bm' ? host : null;
    this.fold = fold;
    this.pattern = pattern.map((byte) => fold[byte]!);
    this.shift = new Uint8Array(256).fill(length);
    for (let i = 0; i < length - 1; i++) {
      for (let byte = 0; byte < 256; byte++) {
        if (fold[byte] === this.pattern[i]) this.shift[byte] = length - 1 - i;
      }
    }
    this.from = fromOf(info);
    this.to = toOf(info);
    this.not = not;
  }

  test(pkt: PacketBuffer): boolean {
    return lookAsHeld(pkt, this) !== this.not;
  }

  look(pkt: PacketBuffer): boolean {
    const { bytes, l3, l3End } = pkt;
    const start = l3 + this.from;
    const end = Math.min(l3End, l3 + this.to);
    const mayHavePieces = this.host !== null && (pkt.fragMaxSize !== 0 || pkt.iif === 0);
    const pieces = mayHavePieces ? this.host.piecesOf?.(pkt) : undefined;
    if (pieces === undefined) return this.isBetween(bytes, start, end);
    let pieceEnd = l3End;
    for (let i = pieces.length - 1; i >= 0; pieceEnd -= pieces[i--]!) {
      // The headers lie with the first.
      const pieceStart = i === 0 ? l3 : pieceEnd - pieces[i]!;
      if (this.isBetween(bytes, Math.max(start, pieceStart), Math.min(end, pieceEnd))) return true;
    }
    return false;
  }

  private isBetween(bytes: Uint8Array, start: number, end: number): boolean {
    const { fold, pattern, shift } = this;
    const last = pattern.length - 1;
    for (let at = start + last; at < end; at += shift[bytes[at]!]!) {
      let i = 0;
      while (i <= last && fold[bytes[at - i]!] === pattern[last - i]) i++;
      if (i > last) return true;
    }
    return false;
  }
}

function printPattern(bytes: Uint8Array): string {
  return needsHex(bytes) ? printHexString(bytes) : printByteText(bytes);
}

/** The characters as they stand. */
const plainText: ValueType<Uint8Array> = {
  label: 'pattern',
  parse(words) {
    const bytes = bytesOfText(words[0]!);
    if (bytes.length > MAX_PATTERN) throw new ValueError(`STRING too long "${words[0]!}"`);
    return bytes;
  },
  print: printPattern,
};

const options = {
  pattern: { value: plainText, name: 'string', negate: true, about: 'the string' },
  hex: {
    value: hexString(MAX_PATTERN),
    name: 'hex-string',
    as: 'pattern',
    negate: true,
    about: 'the string, with bytes in hexadecimal between bars: "GET|20|/"',
  },
  algorithm: {
    value: { label: 'bm|kmp', parse: (words: readonly string[]) => words[0]!, print: (v: string) => v },
    name: 'algo',
    about: 'the algorithm to search with: bm (Boyer-Moore) or kmp (Knuth-Morris-Pratt)',
  },
  from: {
    value: uint(0, MAX_OFFSET),
    omit: (from: number) => from === 0,
    about: 'first offset that the string may begin at, from the IP header on',
  },
  to: {
    value: uint(0, MAX_OFFSET),
    omit: (to: number) => to === MAX_OFFSET,
    about: 'offset that the string must end before',
  },
  icase: { value: flag, about: 'small and capital letters are the same' },
} as const;

type Info = InfoOf<typeof options>;

const fromOf = (info: Info) => info.from?.value ?? 0;
const toOf = (info: Info) => info.to?.value ?? MAX_OFFSET;

function check(info: Info): void {
  if (info.pattern === undefined) {
    throw new ValueError("STRING match: You must specify `--string' or `--hex-string'");
  }
  if (info.algorithm === undefined) throw new ValueError('string: option "--algo" must be specified');
  const algorithm = info.algorithm.value;
  if (info.pattern.value.length === 0 || fromOf(info) > toOf(info) || algorithm === 'fsm') {
    throw new ValueError('Invalid argument', 'REFUSED');
  }
  if (!ALGORITHMS.includes(algorithm)) throw new ValueError('No chain/target/match by that name', 'REFUSED');
}

function save(info: Info): string {
  const { value, not } = info.pattern!;
  const from = fromOf(info) === 0 ? '' : ` --from ${fromOf(info)}`;
  const to = toOf(info) === MAX_OFFSET ? '' : ` --to ${toOf(info)}`;
  const icase = info.icase === undefined ? '' : ' --icase';
  const how = needsHex(value) ? 'hex-string' : 'string';
  return `${not ? '! ' : ''}--${how} ${printPattern(value)} --algo ${info.algorithm!.value}${from}${to}${icase}`;
}

function list(info: Info): string {
  const { value, not } = info.pattern!;
  const from = fromOf(info) === 0 ? '' : ` FROM ${fromOf(info)}`;
  const to = toOf(info) === MAX_OFFSET ? '' : ` TO ${toOf(info)}`;
  const icase = info.icase === undefined ? '' : ' ICASE';
  return `STRING match ${not ? '!' : ''} ${printPattern(value)} ALGO name ${info.algorithm!.value}${from}${to}${icase}`;
}

export const string = defineMatch({
  name: 'string',
  about: 'a string of bytes somewhere in the IP datagram',
  options,
  check,
  save,
  list,
  create: (info, { host }) => new StringTest(info, host),
});
