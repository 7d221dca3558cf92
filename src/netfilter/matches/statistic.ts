/**
 * `-m statistic`: one packet in so many, by chance or by counting. Linux: xt_statistic. A probability is kept as the
 * kernel keeps it, in parts of 2^31, and printed from there.
 */
import type { Rng } from '../../base/rng.ts';
import { defineMatch, type Given, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import { ValueError, badValue } from '../syntax/value-error.ts';
import { oneOf, uint } from '../syntax/values/index.ts';

const CERTAIN = 0x8000_0000;
const MAX_COUNT = 0xffff_ffff;

/** 0 to 1, as parts of 2^31. */
const probability: ValueType<number> = {
  label: 'p',
  parse(words, use) {
    const word = words[0]!;
    const value = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(word) ? Number(word) : -1;
    if (value < 0 || value > 1) throw badValue(use, '', '0-1');
    return Math.round(value * CERTAIN);
  },
  print: (value) => (value / CERTAIN).toFixed(11),
};

/** Matches when a draw of 31 bits lies below the probability. */
class RandomTest implements MatchTest {
  private readonly rng: Rng;
  private readonly probability: number;
  private readonly not: boolean;

  constructor(given: Given<number>, rng: Rng) {
    this.rng = rng;
    this.probability = given.value;
    this.not = given.not;
  }

  test(): boolean {
    return (this.rng.u32() & 0x7fff_ffff) < this.probability !== this.not;
  }
}

/** Counts from 0 to every−1 and matches at 0; `packet` says after how many packets it first gets there. */
class NthTest implements MatchTest {
  private readonly last: number;
  private readonly not: boolean;
  private count: number;

  constructor(every: Given<number>, packet: number) {
    this.last = every.value - 1;
    this.not = every.not;
    this.count = this.last - packet;
  }

  test(): boolean {
    this.count = this.count === this.last ? 0 : this.count + 1;
    return (this.count === 0) !== this.not;
  }
}

const options = {
  mode: {
    value: oneOf(['random', 'nth'], { bad: (word) => `Bad mode "${word}"` }),
    about: 'by chance, or by counting',
  },
  probability: { value: probability, negate: true, about: 'random: how likely a packet matches, 0 to 1' },
  every: { value: uint(1, MAX_COUNT), negate: true, about: 'nth: one packet in so many' },
  packet: { value: uint(0, MAX_COUNT), about: 'nth: how many packets pass before the first that matches' },
} as const;

type Info = InfoOf<typeof options>;

function check({ mode, probability, every, packet }: Info): void {
  const counts = mode?.value === 'nth';
  if (!counts && probability === undefined) {
    throw new ValueError('--probability must be specified when using random mode');
  }
  if (counts && every === undefined && packet === undefined) {
    throw new ValueError('--every and --packet must be specified when using nth mode');
  }
  if (mode === undefined) throw new ValueError('statistic: option "--mode" must be specified');
  if (every !== undefined && packet === undefined) throw alsoRequires('every', 'packet');
  if (packet !== undefined && every === undefined) throw alsoRequires('packet', 'every');
  if (packet !== undefined && every !== undefined && packet.value >= every.value) {
    throw new ValueError('the --packet p must be 0 <= p <= n-1');
  }
}

function alsoRequires(one: string, other: string): ValueError {
  return new ValueError(`statistic: option "--${one}" also requires "--${other}".`);
}

/** Of the options only those of the mode are kept. */
function words(info: Info, dashes: string, showsPacket: boolean): string {
  const not = (given: Given<number>) => (given.not ? '! ' : '');
  if (info.mode!.value === 'random') {
    const { probability: p } = info;
    return `${dashes}mode random ${not(p!)}${dashes}probability ${probability.print(p!.value, 4)}`;
  }
  const text = `${dashes}mode nth ${not(info.every!)}${dashes}every ${info.every!.value}`;
  return showsPacket ? `${text} ${dashes}packet ${info.packet!.value}` : text;
}

export const statistic = defineMatch({
  name: 'statistic',
  about: 'one packet in so many, by chance or by counting',
  stateful: true,
  options,
  check,
  save: (info) => words(info, '--', true),
  list: (info) => `statistic ${words(info, '', info.packet !== undefined && info.packet.value !== 0)}`,
  create: (info, { rng }) =>
    info.mode!.value === 'random'
      ? new RandomTest(info.probability!, rng)
      : new NthTest(info.every!, info.packet!.value),
});
