/**
 * `-m rateest`: compares a rate that `-j RATEEST` estimates with a number, or with another such rate. Linux: xt_rateest.
 * With `--rateest-delta` it is what the rate leaves of a number that is compared.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest, type Services } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { cutText, flag } from '../syntax/values/index.ts';
import { estimatorNamed, type RateEstimator } from '../rate-estimator.ts';
import { formatBitRate, optionalBitRate, optionalPacketRate } from './rateest-values.ts';
import type { Clock } from '../../base/clock.ts';

const NAME_MAX = 15;
const COMPARISONS = ['lt', 'eq', 'gt'] as const;
type Comparison = (typeof COMPARISONS)[number];

class RateestTest implements MatchTest {
  private readonly clock: Clock;
  private readonly first: RateEstimator;
  private readonly second: RateEstimator | null;
  private readonly comparison: Comparison;
  private readonly not: boolean;
  private readonly delta: boolean;
  /** Numbers of the first and the second side; -1 where bytes or packets are not asked for. */
  private readonly bytes: readonly [number, number] | null;
  private readonly packets: readonly [number, number] | null;

  constructor(info: Info, services: Services) {
    this.clock = services.clock;
    this.first = estimatorNamed(services, nameOf(info));
    this.second = info.name2 === undefined ? null : estimatorNamed(services, info.name2.value);
    const { how, not } = comparisonOf(info)!;
    this.comparison = how;
    this.not = not;
    this.delta = info.delta !== undefined;
    this.bytes = asksBytes(info) ? bytesOf(info) : null;
    this.packets = asksPackets(info) ? packetsOf(info) : null;
  }

  test(): boolean {
    const { now } = this.clock;
    const { first, second } = this;
    first.catchUp(now);
    second?.catchUp(now);
    const matches =
      (this.bytes === null ||
        this.compare(this.bytes, first.bytesPerSecond, second === null ? -1 : second.bytesPerSecond)) &&
      (this.packets === null ||
        this.compare(this.packets, first.packetsPerSecond, second === null ? -1 : second.packetsPerSecond));
    return matches !== this.not;
  }

  /** `otherRate` is -1 when a plain number is the other side. */
  private compare([number1, number2]: readonly [number, number], rate: number, otherRate: number): boolean {
    const left = this.delta ? Math.max(0, number1 - rate) : rate;
    const right = otherRate < 0 ? number2 : this.delta ? Math.max(0, number2 - otherRate) : otherRate;
    return this.comparison === 'lt' ? left < right : this.comparison === 'gt' ? left > right : left === right;
  }
}

const estimator = (name: string, about: string) =>
  ({ value: { ...cutText(NAME_MAX, 'name'), print: (value: string) => value }, name, about }) as const;
const comparison = (how: Comparison, about: string) =>
  ({ value: flag, name: `rateest-${how}`, negate: true, group: 'comparison', about }) as const;
const bits = (name: string, about: string) => ({ value: optionalBitRate, name, about }) as const;
const packets = (name: string, about: string) => ({ value: optionalPacketRate, name, about }) as const;

const options = {
  delta: { value: flag, name: 'rateest-delta', about: 'compares what the rates leave of the numbers' },
  name: { ...estimator('rateest', 'the estimator'), group: 'first' },
  name1: { ...estimator('rateest1', 'the first estimator'), group: 'first' },
  name2: estimator('rateest2', 'the second estimator'),
  bps: bits('rateest-bps', 'bytes are compared: with this rate, or with the second estimator'),
  pps: packets('rateest-pps', 'packets are compared, likewise'),
  bps1: bits('rateest-bps1', 'the number that the first rate is taken from'),
  pps1: packets('rateest-pps1', 'likewise, of packets'),
  bps2: bits('rateest-bps2', 'the number that the second rate is taken from'),
  pps2: packets('rateest-pps2', 'likewise, of packets'),
  lt: comparison('lt', 'the first is less'),
  eq: comparison('eq', 'both are equal'),
  gt: comparison('gt', 'the first is greater'),
} as const;

type Info = InfoOf<typeof options>;

const nameOf = (info: Info) => (info.name ?? info.name1)?.value ?? '';
const asksBytes = (info: Info) => (info.bps ?? info.bps1 ?? info.bps2) !== undefined;
const asksPackets = (info: Info) => (info.pps ?? info.pps1 ?? info.pps2) !== undefined;
/** Without --rateest-delta and a second estimator there is one number, and it is the second side's. */
const bytesOf = (info: Info): [number, number] => [
  info.bps1?.value ?? 0,
  info.bps2?.value ?? info.bps?.value ?? 0,
];
const packetsOf = (info: Info): [number, number] => [
  info.pps1?.value ?? 0,
  info.pps2?.value ?? info.pps?.value ?? 0,
];

function comparisonOf(info: Info): { readonly how: Comparison; readonly not: boolean } | null {
  const how = COMPARISONS.find((name) => info[name] !== undefined);
  return how === undefined ? null : { how, not: (info[how] as Given<true>).not };
}

/** One side's half of what is printed: `--rateest-lt --rateest-bps 8bit` with dashes. */
function save(info: Info): string {
  const { how, not } = comparisonOf(info)!;
  const sign = `${not ? '! ' : ''}--rateest-${how}`;
  const isRelative = info.name2 !== undefined;
  const half = (kind: 'bps' | 'pps', [one, two]: readonly [number, number]): string => {
    const text = (number: number) => (kind === 'bps' ? formatBitRate(number) : String(number));
    if (info.delta !== undefined)
      return `--rateest-${kind}1 ${text(one)} ${sign} --rateest-${kind}2 ${text(two)}`;
    return `${sign} --rateest-${kind}${isRelative ? '' : ` ${text(two)}`}`;
  };
  const words = info.delta === undefined ? [] : ['--rateest-delta'];
  words.push(`--rateest${isRelative ? '1' : ''} ${nameOf(info)}`);
  if (asksBytes(info)) words.push(half('bps', bytesOf(info)));
  if (asksPackets(info)) words.push(half('pps', packetsOf(info)));
  if (isRelative) words.push(`--rateest2 ${info.name2.value}`);
  return words.join(' ');
}

function list(info: Info, numeric: boolean): string {
  const { how, not } = comparisonOf(info)!;
  const sign = `${not ? '! ' : ''}${how}`;
  const text = (bytes: number) => (numeric ? String(bytes) : formatBitRate(bytes));
  const isDelta = info.delta !== undefined;
  const [bytes1, bytes2] = bytesOf(info);
  const [packets1, packets2] = packetsOf(info);
  const words = ['rateest match', nameOf(info)];
  if (isDelta) words.push('delta');
  if (info.name2 !== undefined) {
    const side = (bytes: number, count: number) => {
      if (asksBytes(info)) words.push(isDelta ? `bps ${text(bytes)}` : 'bps');
      if (asksPackets(info)) words.push(isDelta ? `pps ${count}` : 'pps');
    };
    side(bytes1, packets1);
    words.push(sign, info.name2.value);
    side(bytes2, packets2);
    return words.join(' ');
  }
  if (asksBytes(info)) words.push('bps', ...(isDelta ? [text(bytes1)] : []), text(bytes2), sign);
  if (asksPackets(info)) words.push('pps', ...(isDelta ? [String(packets1)] : []), sign, String(packets2));
  return words.join(' ');
}

export const rateest = defineMatch({
  name: 'rateest',
  about: 'compares rates that -j RATEEST estimates',
  stateful: true,
  options,
  check(info, use) {
    if (comparisonOf(info) === null || !(asksBytes(info) || asksPackets(info)))
      throw new ValueError('Invalid argument', 'REFUSED');
    const names = [nameOf(info), ...(info.name2 === undefined ? [] : [info.name2.value])];
    if (names.some((name) => use.objects?.has('estimator', name) !== true))
      throw new ValueError('No chain/target/match by that name', 'REFUSED');
  },
  save,
  list: (info, _family, numeric) => list(info, numeric),
  create: (info, services) => new RateestTest(info, services),
});
