/**
 * The types of values in a case file that are not peculiar to networks: texts, patterns, numbers, choices, lists, counts,
 * paths. Those that are: net-values.ts, rule-ref.ts.
 */
import { didYouMean } from '../../base/did-you-mean.ts';
import type { Entry, Keys, ValueType } from './yaml-reader.ts';

/** A text: matches where it occurs (or, `exact`, where it is all there is). A regular expression: `/like this/i`. */
export interface Pattern {
  readonly source: string;
  readonly expression: RegExp | null;
}

export function patternMatches(pattern: Pattern, text: string): boolean {
  return pattern.expression === null ? text.includes(pattern.source) : pattern.expression.test(text);
}

export function patternEquals(pattern: Pattern, text: string): boolean {
  return pattern.expression === null ? text === pattern.source : pattern.expression.test(text);
}

export const text: ValueType<string> = {
  words: 'a text',
  read: (reader, node) => reader.textOf(node, 'a text'),
  print: (value) => value,
};

export const path: ValueType<string> = {
  words: 'a path, from the case file on',
  read: (reader, node) => {
    const value = reader.textOf(node, 'a path');
    return value === '' ? reader.fail(node, 'expected a path, not an empty text') : value;
  },
  print: (value) => value,
};

const EXPRESSION = /^\/(.*)\/([a-z]*)$/s;

/** Reads `some text` or `/an expression/`; shared with the command line's --filter. Throws a SyntaxError. */
export function parsePattern(source: string): Pattern {
  const parts = EXPRESSION.exec(source);
  if (parts === null) return { source, expression: null };
  // g and y would make an expression remember where it stopped.
  return { source, expression: new RegExp(parts[1]!, parts[2]!.replace(/[gy]/g, '')) };
}

export const pattern: ValueType<Pattern> = {
  words: 'a text that occurs in it, or a /regular expression/',
  read: (reader, node) => {
    // `log: refused: IN=eth1` is a map to YAML, and a text to whoever wrote it.
    const hint = reader.isMap(node) ? ' (a text with ": " in it needs quotes)' : '';
    const source = reader.textOf(node, `a text or a /regular expression/${hint}`);
    try {
      return parsePattern(source);
    } catch (error) {
      return reader.fail(node, error instanceof Error ? error.message : String(error));
    }
  },
  print: ({ source, expression }) => (expression === null ? JSON.stringify(source) : source),
};

/** Decimal or hexadecimal (0x…). */
export function whole(min: number, max: number, words: string): ValueType<number> {
  return {
    words,
    read: (reader, node) => {
      const source = reader.textOf(node, words);
      const value = /^(0x[0-9a-f]+|\d+)$/i.test(source) ? Number(source) : NaN;
      if (value >= min && value <= max) return value;
      return reader.fail(node, `expected ${words}, not "${source}"`);
    },
    print: String,
  };
}

export const flag: ValueType<boolean> = {
  words: 'true or false',
  read: (reader, node) => {
    const value = reader.scalarOf(node);
    return typeof value === 'boolean' ? value : reader.fail(node, 'expected true or false');
  },
  print: String,
};

export function oneOf<const N extends string>(names: readonly N[], label?: string): ValueType<N> {
  const words = label ?? names.map((name) => `\`${name}\``).join(', ');
  const known = names.join(', ');
  return {
    words,
    read: (reader, node) => {
      const word = reader.textOf(node, `one of ${known}`);
      const found = names.find((name) => name.toLowerCase() === word.toLowerCase());
      if (found !== undefined) return found;
      const meant = didYouMean(word, names) || `: one of ${known}`;
      return reader.fail(node, `unknown word "${word}"${meant}`);
    },
    print: (value) => value,
  };
}

export function listOf<T>(type: ValueType<T>): ValueType<readonly T[]> {
  return {
    words: `${type.words}, or a list`,
    read: (reader, node) => reader.readList(node, (item) => type.read(reader, item)),
    print: (values) => values.map((value) => type.print(value)).join(', '),
  };
}

/** `none`, or what `type` reads. */
export function noneOr<T>(type: ValueType<T>): ValueType<T | 'none'> {
  return {
    words: `${type.words}; or \`none\``,
    read: (reader, node) => (reader.scalarOf(node) === 'none' ? 'none' : type.read(reader, node)),
    print: (value) => (value === 'none' ? 'none' : type.print(value)),
  };
}

/** How many: from `min` to `max`. */
export interface Count {
  readonly min: number;
  readonly max: number;
}

export function countHolds({ min, max }: Count, value: number): boolean {
  return value >= min && value <= max;
}

export const count: ValueType<Count> = {
  words: 'a number, `at least N`, `at most N` or `N-M`',
  read: (reader, node) => {
    const source = reader.textOf(node, 'a number');
    const parts = /^(?:(at least|at most) )?(\d+)(?:-(\d+))?$/.exec(source);
    const fail = () =>
      reader.fail(node, `expected a number, "at least N", "at most N" or "N-M", not "${source}"`);
    if (parts === null) return fail();
    const [, bound, first, last] = parts;
    const value = Number(first);
    if (bound !== undefined && last !== undefined) return fail();
    if (last !== undefined) return Number(last) < value ? fail() : { min: value, max: Number(last) };
    if (bound === 'at least') return { min: value, max: Infinity };
    return { min: bound === 'at most' ? 0 : value, max: value };
  },
  print: ({ min, max }) => {
    if (min === max) return String(min);
    if (max === Infinity) return `at least ${min}`;
    return min === 0 ? `at most ${max}` : `${min}-${max}`;
  },
};

/** A map whose keys are the user's, such as interfaces or rules. */
export function mapOf<K, V>(key: ValueType<K>, value: ValueType<V>): ValueType<readonly (readonly [K, V])[]> {
  return {
    words: `a map from ${key.words} to ${value.words}`,
    read: (reader, node) =>
      reader.pairs(node).map((pair) => [key.read(reader, pair.key), value.read(reader, pair.value)] as const),
    print: (pairs) => pairs.map(([k, v]) => `${key.print(k)}: ${value.print(v)}`).join(', '),
  };
}

/** A map of declared keys as a value of another. */
export function entryOf<K extends Keys>(keys: K, what: string): ValueType<Entry<K>> {
  return {
    words: what,
    read: (reader, node) => reader.readMap(node, keys, what),
    print: () => what,
  };
}
