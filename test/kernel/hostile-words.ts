/**
 * Messages of text protocols made wrong at random, in the ways that readers stumble over: bytes changed, lost, doubled and put
 * in, numbers at and beyond their limits, ends of lines of other kinds, messages cut off and run together.
 */
import type { Chance } from '../../src/conform/random/chance.ts';

const NUMBERS = [
  '0',
  '1',
  '9',
  '00',
  '07',
  '255',
  '256',
  '1023',
  '1024',
  '65535',
  '65536',
  '99999',
  '4294967296',
];
const BYTES = [
  '\0',
  '\n',
  '\r',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '  ',
  '\t',
  ',',
  ';',
  ':',
  '|',
  '(',
  ')',
  '<',
  '>',
  '[',
  ']',
];
const MORE_BYTES = ['@', '=', '"', '-', '.', '/', '%', 'A', 'z', '5', '\x7f', '\xff', '\xf4'];

type Change = (text: string, chance: Chance) => string;

const CHANGES: readonly (readonly [weight: number, change: Change])[] = [
  [3, (text, chance) => at(text, chance, (before, after) => before + chance.pick(BYTES) + after)],
  [
    2,
    (text, chance) => at(text, chance, (before, after) => before + chance.pick(MORE_BYTES) + after.slice(1)),
  ],
  [3, (text, chance) => at(text, chance, (before, after) => before + after.slice(chance.between(1, 3)))],
  [1, (text, chance) => at(text, chance, (before) => before)],
  [1, (text, chance) => at(text, chance, (_, after) => after)],
  [2, doubled],
  [4, (text, chance) => one(text, /\d+/g, chance, () => chance.pick(NUMBERS))],
  [2, (text, chance) => one(text, /\d/g, chance, () => String(chance.below(10)))],
  [2, (text, chance) => one(text, /[a-zA-Z]+/g, chance, otherCase)],
  [
    2,
    (text, chance) =>
      one(text, /\r\n/g, chance, () => chance.pick(['\n', '\r', '', '\r\n\r\n', '\r\n ', '\r\n\t'])),
  ],
  [1, (text) => text.replaceAll('\r\n', '\n')],
  [1, (text, chance) => one(text, / /g, chance, () => chance.pick(['', '  ', '\t', '\r\n ']))],
  [
    1,
    (text, chance) =>
      one(text, /[:,|;=]/g, chance, () => chance.pick([' :', ': ', ' , ', '||', ';;', ' = ', '!'])),
  ],
];

/** Nothing to four changes. */
export function madeWrong(message: string, chance: Chance): string {
  let text = message;
  for (
    let left = chance.weighted([
      [2, 0],
      [5, 1],
      [3, 2],
      [1, 4],
    ] as const);
    left > 0;
    left--
  ) {
    text = chance.weighted(CHANGES)(text, chance);
  }
  return text;
}

function at(text: string, chance: Chance, change: (before: string, after: string) => string): string {
  const place = chance.between(0, text.length);
  return change(text.slice(0, place), text.slice(place));
}

function doubled(text: string, chance: Chance): string {
  const [from, length] = [chance.between(0, text.length), chance.between(1, 40)];
  return text.slice(0, from + length) + text.slice(from);
}

/** One of the places that a pattern finds. */
function one(text: string, pattern: RegExp, chance: Chance, change: (found: string) => string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { 0: words, index } = chance.pick(found);
  return text.slice(0, index) + change(words) + text.slice(index + words.length);
}

function otherCase(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word.toUpperCase();
}
