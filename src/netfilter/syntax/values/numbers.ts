/**
 * Numbers on the iptables command line. They are read as C's strtoul reads them: decimal, `0x` hexadecimal or, after
 * a leading zero, octal; white space in front and a plus sign are let through, a minus sign is not.
 * Source: iptables-extensions(8) and what iptables 1.8.9 takes and prints.
 */
import type { OptionUse, ValueType } from '../../extension.ts';
import { ValueError, badInteger, badValue } from '../value-error.ts';

const WHOLE = /^[\t-\r ]*\+?(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/;
const PREFIX = /^[\t-\r ]*\+?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/;

/** The number that the whole word says; -1 when it says none. Exact up to 2^53. */
export function parseUnsigned(word: string): number {
  const simple = parseDecimal(word);
  if (simple >= 0) return simple;
  const found = WHOLE.exec(word);
  if (found === null) return -1;
  if (found[1] !== undefined) return Number.parseInt(found[1], 16);
  if (found[2] !== undefined) return found[2] === '0' ? 0 : Number.parseInt(found[2], 8);
  return Number(found[3]);
}

/** The usual case, without a regular expression: up to nine decimal digits that do not begin with 0. */
function parseDecimal(word: string): number {
  const length = word.length;
  if (length === 0 || length > 9) return -1;
  let value = word.charCodeAt(0) - 48;
  if (value < 1 || value > 9) return length === 1 && value === 0 ? 0 : -1;
  for (let i = 1; i < length; i++) {
    const digit = word.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Like parseUnsigned for up to 64 bits; null when the word says no number. */
export function parseUnsigned64(word: string): bigint | null {
  const found = WHOLE.exec(word);
  if (found === null) return null;
  if (found[1] !== undefined) return BigInt(`0x${found[1]}`);
  if (found[2] !== undefined) return found[2] === '0' ? 0n : BigInt(`0o${found[2]}`);
  return BigInt(found[3]!);
}

/** `0x1f`; no leading zeros, as printf's %x. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** An option without a value. */
export const flag: ValueType<true> = { label: '', words: 0, parse: () => true, print: () => '' };

/** A whole number in a range; printed in decimal. */
export function uint(min: number, max: number, label = 'number'): ValueType<number> {
  return {
    label,
    parse(words, use) {
      const value = parseUnsigned(words[0]!);
      if (value < min || value > max || value < 0) throw badValue(use, '', `${min}-${max}`);
      return value;
    },
    print: (value) => String(value),
  };
}

/** A whole number in a range; printed in hexadecimal. */
export function hexUint(min: number, max: number, label = 'value'): ValueType<number> {
  return { ...uint(min, max, label), print: hex };
}

/** A whole number of up to 64 bits. */
export function uint64(label = 'number', max = 0xffff_ffff_ffff_ffffn): ValueType<bigint> {
  return {
    label,
    parse(words, use) {
      const value = parseUnsigned64(words[0]!);
      if (value === null || value > max) throw badValue(use, words[0]!, `0-${max}`);
      return value;
    },
    print: (value) => String(value),
  };
}

function checked(word: string, min: number, max: number, use: OptionUse): number {
  const value = parseUnsigned(word);
  if (value < min || value > max || value < 0) throw badValue(use, word, `${min}-${max}`);
  return value;
}

/** Both ends belong to it. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * `a`, `a:b`, `a:` or `:b`. iptables lets a low end above the high one pass here; an extension whose kernel side
 * refuses it says so in `check`.
 */
export function range(min: number, max: number, label = 'a[:b]'): ValueType<Range> {
  return {
    label,
    parse(words, use) {
      const word = words[0]!;
      const colon = word.indexOf(':');
      if (colon < 0) {
        const low = rangeEnd(word, min, max, min, use);
        return { low, high: low };
      }
      return {
        low: rangeEnd(word.slice(0, colon), min, max, min, use),
        high: rangeEnd(word.slice(colon + 1), min, max, max, use),
      };
    },
    print: printRange,
  };
}

export function printRange(value: Range): string {
  return value.low === value.high ? String(value.low) : `${value.low}:${value.high}`;
}

function rangeEnd(word: string, min: number, max: number, missing: number, use: OptionUse): number {
  if (word === '') return missing;
  const value = parseUnsigned(word);
  if (value >= min && value <= max && value >= 0) return value;
  const found = PREFIX.exec(word);
  if (found !== null && found[0].length < word.length) {
    throw new ValueError(
      `${use.extension}: Argument to "--${use.option}" has unexpected characters near "${word.slice(found[0].length)}".`,
    );
  }
  throw badValue(use, word, `${min}-${max}`);
}

/** Two 32-bit numbers, signed (`| 0`), as marks are held. */
export interface Masked {
  readonly value: number;
  readonly mask: number;
}

/** `value[/mask]` of 32 bits, as marks are written; printed `0x1` or `0x1/0xff`. */
export const masked: ValueType<Masked> = maskedOf('value[/mask]', true);

/** The same, printed with its mask even when that is 0xffffffff. */
export const maskedAlways: ValueType<Masked> = maskedOf('value[/mask]', false);

function maskedOf(label: string, omitFull: boolean): ValueType<Masked> {
  return {
    label,
    parse(words, use) {
      const word = words[0]!;
      const slash = word.indexOf('/');
      const value = parseUnsigned(slash < 0 ? word : word.slice(0, slash));
      const mask = slash < 0 ? 0xffff_ffff : parseUnsigned(word.slice(slash + 1));
      if (value < 0 || value > 0xffff_ffff || mask < 0 || mask > 0xffff_ffff) throw badInteger(use);
      return { value: value | 0, mask: mask | 0 };
    },
    print: (v) => (omitFull && v.mask === -1 ? hex(v.value) : `${hex(v.value)}/${hex(v.mask)}`),
  };
}

/** A 32-bit number held signed, printed in hexadecimal (`--or-mark bits`). */
export const bits32: ValueType<number> = {
  label: 'bits',
  parse(words, use) {
    const value = parseUnsigned(words[0]!);
    if (value < 0 || value > 0xffff_ffff) throw badValue(use, '', '0-4294967295');
    return value | 0;
  },
  print: hex,
};

/** `a[,b[,c…]]`, whole numbers in a range, at most `limit` of them. */
export function uintList(
  min: number,
  max: number,
  limit: number,
  label = 'number[,number...]',
): ValueType<readonly number[]> {
  return {
    label,
    parse(words, use) {
      const parts = words[0]!.split(',');
      if (parts.length > limit) {
        throw new ValueError(
          `${use.extension}: too many values (maximum ${limit}) in option "--${use.option}"`,
        );
      }
      return parts.map((part) => checked(part, min, max, use));
    },
    print: (value) => value.join(','),
  };
}
