/**
 * The kernel's tick, in which `limit`, `recent` and `conntrack` measure time: 250 a second, as distributions build it (CONFIG_HZ). Its
 * coarseness shows: all packets within one tick see the same time.
 */
import type { Clock } from '../../base/clock.ts';

export const HZ = 250;

const US_PER_JIFFY = 1_000_000 / HZ;

/** Ticks since the epoch; only differences count. */
export function jiffies(clock: Clock): number {
  return Math.floor(clock.now / US_PER_JIFFY);
}

/** Ticks from now until so many microseconds later; 0 when that is past. */
export function ticksUntil(clock: Clock, leftUs: number): number {
  return leftUs <= 0 ? 0 : Math.floor((clock.now + leftUs) / US_PER_JIFFY) - jiffies(clock);
}
