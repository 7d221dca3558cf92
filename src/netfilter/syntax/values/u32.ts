/**
 * The value of `-m u32`: read by grammar/u32.ne, printed as iptables-save prints it (all numbers in hexadecimal).
 */
import type { ValueType } from '../../extension.ts';
import { GrammarError, parseTokens } from '../compiled-grammar.ts';
import { grammar, lexer } from '../generated/u32.ts';
import { ValueError } from '../value-error.ts';
import { hex, type Range } from './numbers.ts';
import { U32NumberError, type U32Test } from './u32-tree.ts';

export type { U32Operator, U32Test } from './u32-tree.ts';

/** Tests, values of a test, and numbers of a place: the kernel's structure has room for this many of each. */
const MOST = 10;

/** `Start&Mask=Range`, several joined by `&&`. */
export const u32Tests: ValueType<readonly U32Test[]> = {
  label: 'tests',
  parse: (words, use) => parseU32(words[0]!, use.extension),
  print: (value) => `"${value.map(printTest).join('&&')}"`,
};

interface U32Token {
  readonly type: string;
  readonly text: string;
  readonly offset: number;
}

function parseU32(text: string, extension: string): readonly U32Test[] {
  const tokens: U32Token[] = [];
  for (const { type, text: said, offset } of lexer.reset(text)) {
    if (type !== 'space') tokens.push({ type: type!, text: said, offset });
  }
  let tests: readonly U32Test[];
  try {
    tests = parseTokens<readonly U32Test[]>(grammar, tokens);
  } catch (error) {
    if (error instanceof GrammarError)
      throw new ValueError(`${extension}: ${complaint(tokens, error.index, text)}`);
    if (!(error instanceof U32NumberError)) throw error;
    throw new ValueError(`${extension}: at char ${error.offset}: not a number or out of range`);
  }
  if (tests.some((test) => test.steps.length >= MOST)) throw tooMany(extension, text, 'operators');
  if (tests.some((test) => test.values.length > MOST)) throw tooMany(extension, text, '","s');
  if (tests.length > MOST) throw tooMany(extension, text, '"&&"s');
  return tests;
}

function tooMany(extension: string, text: string, what: string): ValueError {
  return new ValueError(`${extension}: at char ${text.length}: too many ${what}`);
}

function complaint(tokens: readonly U32Token[], index: number, text: string): string {
  const since = tokens.slice(0, index).map(({ type }) => type);
  const inValues = since.lastIndexOf('equals') > since.lastIndexOf('and');
  if (index >= tokens.length && !inValues) return 'abrupt end of input after location specifier';
  const at = `at char ${tokens[index]?.offset ?? text.length}`;
  if (since[index - 1] !== 'number') return `${at}: not a number or out of range`;
  return `${at}: ${inValues ? 'expected "," or "&&"' : 'operator expected'}`;
}

function printTest(test: U32Test): string {
  const steps = test.steps.map(({ operator, number }) => operator + hex(number)).join('');
  return `${hex(test.start)}${steps}=${test.values.map(printValue).join(',')}`;
}

function printValue({ low, high }: Range): string {
  return low === high ? hex(low) : `${hex(low)}:${hex(high)}`;
}
