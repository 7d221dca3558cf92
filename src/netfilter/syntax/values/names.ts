/**
 * Values that are names out of a list: one of them, a bit set of several, or a number that has names.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError, badValue } from '../value-error.ts';
import { parseUnsigned } from './numbers.ts';

export interface NameOptions {
  /** What help shows; the names themselves unless given. */
  readonly label?: string;
  /** Small and capital letters are the same on reading. */
  readonly anyCase?: boolean;
  /** Any beginning of a name will do, in any case; the first name that begins so is meant. */
  readonly anyBeginning?: boolean;
  /** The complaint about a name that is not in the list. */
  readonly bad?: (word: string) => string;
}

/** One of the names; the value is the name. */
export function oneOf<const N extends string>(names: readonly N[], options: NameOptions = {}): ValueType<N> {
  return {
    label: options.label ?? names.join('|'),
    choices: names,
    parse(words, use) {
      const word = words[0]!;
      const name = names.find((n) => same(n, word, options));
      if (name === undefined) throw complaint(word, options) ?? badValue(use, word);
      return name;
    },
    print: (value) => value,
  };
}

/**
 * One of the names, or the number itself; the value is the number. Printing uses the first name that has the number;
 * with `printNumber` the number in that form instead.
 */
export function namedNumber(
  names: Readonly<Record<string, number>>,
  max: number,
  options: NameOptions & { readonly printNumber?: (value: number) => string } = {},
): ValueType<number> {
  const pairs = Object.entries(names);
  return {
    label: options.label ?? `number|${pairs.map(([name]) => name).join('|')}`,
    choices: pairs.map(([name]) => name),
    parse(words, use) {
      const word = words[0]!;
      for (const [name, value] of pairs) if (same(name, word, options)) return value;
      const value = parseUnsigned(word);
      if (value < 0 || value > max) throw complaint(word, options) ?? badValue(use, word, `0-${max}`);
      return value;
    },
    print(value) {
      if (options.printNumber !== undefined) return options.printNumber(value);
      return pairs.find(([, number]) => number === value)?.[0] ?? String(value);
    },
  };
}

/**
 * `NAME[,NAME…]` as a bit set. Names are printed in the order of the list, each that all its bits are set of and that
 * says something which the names before it did not (so a name for several bits together stands before its parts).
 */
export function bitNames(
  names: readonly (readonly [name: string, bits: number])[],
  options: NameOptions & { readonly none?: string; readonly all?: string } = {},
): ValueType<number> {
  const everything = names.reduce((bits, [, bit]) => bits | bit, 0);
  return {
    label: options.label ?? `${names.map(([name]) => name).join('|')}[,...]`,
    choices: names.map(([name]) => name),
    parse(words, use) {
      let bits = 0;
      for (const word of words[0]!.split(',')) {
        const found = names.find(([name]) => same(name, word, options));
        if (found !== undefined) bits |= found[1];
        else if (options.all !== undefined && same(options.all, word, options)) bits |= everything;
        else if (options.none === undefined || !same(options.none, word, options)) {
          throw complaint(word, options) ?? badValue(use, word);
        }
      }
      return bits;
    },
    print: (value) => printBits(names, value) || (options.none ?? ''),
  };
}

export function printBits(names: readonly (readonly [name: string, bits: number])[], value: number): string {
  let left = value;
  const words: string[] = [];
  for (const [name, bits] of names) {
    if ((left & bits) === bits && bits !== 0) {
      words.push(name);
      left &= ~bits;
    }
  }
  return words.join(',');
}

function same(name: string, word: string, options: NameOptions): boolean {
  if (options.anyBeginning === true) return word !== '' && name.toLowerCase().startsWith(word.toLowerCase());
  return name === word || (options.anyCase === true && name.toLowerCase() === word.toLowerCase());
}

function complaint(word: string, options: NameOptions): ValueError | null {
  return options.bad === undefined ? null : new ValueError(options.bad(word));
}
