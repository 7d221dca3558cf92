/**
 * Rates of `-m rateest`: bits a second on the command line, bytes a second in the kernel; and packets a second. The value may
 * be missing, where the other side is an estimator too.
 */
import type { ValueType } from '../extension.ts';
import { ValueError, badValue } from '../syntax/value-error.ts';
import { parseUnsigned } from '../syntax/values/index.ts';

const BITS_PER_BYTE = 8;

/** In bits; the letter cases don't matter. */
const UNITS: Readonly<Record<string, number>> = Object.freeze({
  '': 1,
  bit: 1,
  kibit: 1024,
  kbit: 1000,
  mibit: 1024 ** 2,
  mbit: 1000 ** 2,
  gibit: 1024 ** 3,
  gbit: 1000 ** 3,
  tibit: 1024 ** 4,
  tbit: 1000 ** 4,
  bps: 8,
  kibps: 8 * 1024,
  kbps: 8 * 1000,
  mibps: 8 * 1024 ** 2,
  mbps: 8 * 1000 ** 2,
  gibps: 8 * 1024 ** 3,
  gbps: 8 * 1000 ** 3,
  tibps: 8 * 1024 ** 4,
  tbps: 8 * 1000 ** 4,
});

/** Bytes a second. */
export const optionalBitRate: ValueType<number> = {
  label: '[number(bit|kbit|mbit|bps|kbps …)]',
  words: 0,
  mayTake: 1,
  parse([word]) {
    if (word === undefined) return 0;
    const found = /^\s*(\d+(?:\.\d*)?|\.\d+)(.*)$/.exec(word);
    const unit = found === null ? '' : found[2]!.toLowerCase();
    if (found === null || !Object.hasOwn(UNITS, unit))
      throw new ValueError(`rateest: could not parse rate \`${word}'`);
    return Math.floor((Number(found[1]) * UNITS[unit]!) / BITS_PER_BYTE) >>> 0;
  },
  print: formatBitRate,
};

/** As tc prints rates: whole numbers of the largest unit that is not too coarse. */
export function formatBitRate(bytes: number): string {
  const bits = bytes * BITS_PER_BYTE;
  if (bits >= 1e9) return `${Math.round(bits / 1e6)}Mbit`;
  if (bits >= 1e6) return `${Math.round(bits / 1e3)}Kbit`;
  return `${bits}bit`;
}

export const optionalPacketRate: ValueType<number> = {
  label: '[number]',
  words: 0,
  mayTake: 1,
  parse([word], use) {
    if (word === undefined) return 0;
    const value = parseUnsigned(word);
    if (value < 0 || value > 0xffff_ffff) throw badValue(use, word);
    return value;
  },
  print: String,
};
