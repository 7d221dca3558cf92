/** Numbers as ipset reads them (C's strtoull, so with `0x` and leading zeros), and its complaints about them. */
import { parseUnsigned64 } from '../../syntax/values/numbers.ts';
import { SetError } from '../set-error.ts';

const MAX_U64 = 0xffff_ffff_ffff_fffen;

export function readNumber(word: string, low: number, high: number | bigint): number {
  const negative = word.startsWith('-');
  const value = parseUnsigned64(negative ? word.slice(1) : word);
  if (value === null) throw new SetError(`Syntax error: '${word}' is invalid as number`);
  if (negative || value < BigInt(low) || value > BigInt(high)) {
    throw new SetError(`Syntax error: '${word}' is out of range ${low}-${high}`);
  }
  return Number(value);
}

/** Counters have 64 bits; here they are exact up to 2^53. */
export function readCounter(word: string): number {
  return readNumber(word, 0, MAX_U64);
}
