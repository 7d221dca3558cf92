/**
 * `-m limit`: a token bucket a rule. Linux: xt_limit. A packet costs what a period of the rate earns; the burst is
 * how much can be saved up, and the bucket begins full.
 *
 * The arithmetic is the kernel's: 128 credits a jiffy, the most that a day's period leaves room for in 32 bits, rounded
 * down to a power of two. Hence a rate of more than HZ a second passes several packets a jiffy at once, and after more
 * than about 37 idle hours the sum wraps.
 */
import type { Clock } from '../../base/clock.ts';
import { defineMatch, type InfoOf, type MatchTest } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { rate, RATE_SCALE, uint } from '../syntax/values/index.ts';
import { HZ, jiffies } from './jiffies.ts';

const DEFAULT_PERIOD = (3600 * RATE_SCALE) / 3;
const DEFAULT_BURST = 5;
const MAX_BURST = 10000;

const SECONDS_PER_DAY = 86400;
const CREDITS_PER_JIFFY = 2 ** Math.floor(Math.log2(0xffff_ffff / (HZ * SECONDS_PER_DAY)));
const CREDITS_PER_SECOND = HZ * CREDITS_PER_JIFFY;

/** What so many units of 1/10000 s earn. Large numbers are divided first, so that nothing overflows. */
function credits(units: number): number {
  return units > Math.floor(0xffff_ffff / CREDITS_PER_SECOND)
    ? (Math.floor(units / RATE_SCALE) * CREDITS_PER_SECOND) >>> 0
    : Math.floor((units * CREDITS_PER_SECOND) / RATE_SCALE);
}

class LimitTest implements MatchTest {
  private readonly clock: Clock;
  private readonly cost: number;
  private readonly cap: number;
  private credit: number;
  private before: number;

  constructor(period: number, burst: number, clock: Clock) {
    this.clock = clock;
    this.cost = credits(period);
    this.cap = credits(period * burst);
    this.credit = this.cap;
    this.before = jiffies(clock);
  }

  test(): boolean {
    const now = jiffies(this.clock);
    const earned = ((now - this.before) * CREDITS_PER_JIFFY) >>> 0;
    this.before = now;
    const credit = Math.min((this.credit + earned) >>> 0, this.cap);
    const passes = credit >= this.cost;
    this.credit = passes ? credit - this.cost : credit;
    return passes;
  }
}

const options = {
  limit: { value: rate, about: 'the rate at which packets match in the long run; 3/hour unless given' },
  burst: {
    value: uint(0, MAX_BURST),
    name: 'limit-burst',
    omit: (burst: number) => burst === DEFAULT_BURST,
    about: 'how many packets match at once before the rate holds; 5 unless given',
  },
} as const;

type Info = InfoOf<typeof options>;

const periodOf = (info: Info) => info.limit?.value ?? DEFAULT_PERIOD;
const burstOf = (info: Info) => info.burst?.value ?? DEFAULT_BURST;

/** The kernel refuses a bucket whose size does not fit into 32 bits. */
function check(info: Info): void {
  const period = periodOf(info);
  const burst = burstOf(info);
  if (burst === 0 || credits((period * burst) >>> 0) < credits(period)) {
    throw new ValueError('Numerical result out of range', 'REFUSED');
  }
}

export const limit = defineMatch({
  name: 'limit',
  about: 'so many packets a second, minute, hour or day',
  stateful: true,
  options,
  check,
  save(info) {
    const burst = burstOf(info);
    const saved = `--limit ${rate.print(periodOf(info), 4)}`;
    return burst === DEFAULT_BURST ? saved : `${saved} --limit-burst ${burst}`;
  },
  list: (info) => `limit: avg ${rate.print(periodOf(info), 4)} burst ${burstOf(info)}`,
  create: (info, { clock }) => new LimitTest(periodOf(info), burstOf(info), clock),
});
