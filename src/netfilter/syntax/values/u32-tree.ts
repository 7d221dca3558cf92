/**
 * What `-m u32` tests, and the makers that grammar/u32.ne calls.
 */
import type { Range } from './numbers.ts';
import { parseUnsigned } from './numbers.ts';

/** What is done to the number at hand: `@` reads the packet again, that many bytes further on. */
export type U32Operator = '&' | '<<' | '>>' | '@';

export interface U32Test {
  /** Offset of the first read from the IP header, in bytes. */
  readonly start: number;
  readonly steps: readonly { readonly operator: U32Operator; readonly number: number }[];
  /** Unsigned, both ends included. A range whose ends are the wrong way round holds nothing. */
  readonly values: readonly Range[];
}

/** A number outside of 32 bits; `offset` is where it stands in the text. */
export class U32NumberError extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super('number out of range');
    this.name = 'U32NumberError';
    this.offset = offset;
  }
}

interface Token {
  readonly text: string;
  readonly offset: number;
}

type Parts = readonly unknown[];

function numberOf(token: unknown): number {
  const { text, offset } = token as Token;
  const value = parseUnsigned(text);
  if (value < 0 || value > 0xffff_ffff) throw new U32NumberError(offset);
  return value;
}

export function first(d: Parts): Parts {
  return [d[0]];
}

/** The one part there is. */
export function only(d: Parts): unknown {
  return d[0];
}

export function append(d: Parts): Parts {
  return [...(d[0] as Parts), d[2]];
}

export function place(d: Parts): Omit<U32Test, 'values'> {
  return { start: numberOf(d[0]), steps: [] };
}

export function step(d: Parts): Omit<U32Test, 'values'> {
  const before = d[0] as Omit<U32Test, 'values'>;
  const operator = (d[1] as Token).text as U32Operator;
  return { start: before.start, steps: [...before.steps, { operator, number: numberOf(d[2]) }] };
}

export function test(d: Parts): U32Test {
  return { ...(d[0] as Omit<U32Test, 'values'>), values: d[2] as readonly Range[] };
}

export function single(d: Parts): Range {
  const value = numberOf(d[0]);
  return { low: value, high: value };
}

export function range(d: Parts): Range {
  return { low: numberOf(d[0]), high: numberOf(d[2]) };
}
