/** `-j RATEEST`: estimates the rate of the packets that come by, for `-m rateest`. Linux: xt_RATEEST. */
import type { Clock } from '../../base/clock.ts';
import { defineTarget, type InfoOf, type TargetAction, type ValueType } from '../extension.ts';
import { estimatorNamed, type EstimatorSettings, type RateEstimator } from '../rate-estimator.ts';
import { ValueError } from '../syntax/value-error.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const NAME_MAX = 15;
const US_PER_SECOND = 1_000_000;
const QUARTER_SECOND_US = US_PER_SECOND / 4;
const LONGEST_INTERVAL = 5;
const WEIGHTS = 31;

const UNITS: Readonly<Record<string, number>> = Object.freeze({
  s: US_PER_SECOND,
  sec: US_PER_SECOND,
  secs: US_PER_SECOND,
  ms: 1000,
  msec: 1000,
  msecs: 1000,
  us: 1,
  usec: 1,
  usecs: 1,
  '': 1,
});

/** Microseconds. */
function duration(what: string): ValueType<number> {
  return {
    label: 'time(s|ms|us)',
    parse(words) {
      const found = /^\s*(\d+(?:\.\d*)?|\.\d+)([a-z]*)$/i.exec(words[0]!);
      const unit = found?.[2]?.toLowerCase() ?? '';
      if (found === null || !Object.hasOwn(UNITS, unit))
        throw new ValueError(`RATEEST: bad ${what} value "${words[0]!}"`);
      return Math.floor(Number(found[1]) * UNITS[unit]!);
    },
    print: formatDuration,
  };
}

function formatDuration(us: number): string {
  if (us >= US_PER_SECOND) return `${(us / US_PER_SECOND).toFixed(1)}s`;
  return us >= 1000 ? `${(us / 1000).toFixed(1)}ms` : `${us}us`;
}

class RateestAction implements TargetAction {
  private readonly clock: Clock;
  private readonly estimator: RateEstimator;

  constructor(clock: Clock, estimator: RateEstimator) {
    this.clock = clock;
    this.estimator = estimator;
  }

  run(pkt: PacketBuffer): number {
    this.estimator.catchUp(this.clock.now);
    this.estimator.count(pkt.l3End - pkt.l3);
    return Verdict.CONTINUE;
  }
}

const options = {
  name: {
    value: {
      label: 'name',
      parse: (words: readonly string[]) => words[0]!.slice(0, NAME_MAX),
      print: (value: string) => value,
    },
    name: 'rateest-name',
    required: true,
    about: 'what -m rateest calls it',
  },
  interval: {
    value: duration('interval'),
    name: 'rateest-interval',
    about: 'how often it is estimated, from 250ms to 8s',
  },
  average: { value: duration('ewmalog'), name: 'rateest-ewmalog', about: 'over what time it is averaged' },
} as const;

type Info = InfoOf<typeof options>;

/** As iptables rounds the times: intervals to doublings of 250ms, weights to powers of two. Null: out of range. */
function settingsOf(info: Info): EstimatorSettings | string {
  const interval = info.interval?.value ?? 0;
  const average = info.average?.value ?? 0;
  let step = 0;
  while (step <= LONGEST_INTERVAL && interval > QUARTER_SECOND_US * 2 ** step) step++;
  if (step > LONGEST_INTERVAL) return 'interval value is too large';
  let weight = 1;
  while (weight <= WEIGHTS && interval / -Math.log(1 - 1 / 2 ** weight) <= average) weight++;
  if (weight === 1 || weight >= WEIGHTS + 1) return 'ewmalog value is out of range';
  return { interval: step - 2, ewmaLog: weight - 1 };
}

/** Of rules that were checked. */
function times(info: Info): { readonly interval: string; readonly average: string } {
  const { interval, ewmaLog } = settingsOf(info) as EstimatorSettings;
  const us = QUARTER_SECOND_US * 2 ** (interval + 2);
  return { interval: formatDuration(us), average: formatDuration(us * 2 ** ewmaLog) };
}

export const rateestTarget = defineTarget({
  name: 'RATEEST',
  about: 'estimates the rate of the packets that come by',
  options,
  check(info) {
    const settings = settingsOf(info);
    if (typeof settings === 'string') throw new ValueError(`RATEEST: ${settings}`);
  },
  save(info) {
    const { interval, average } = times(info);
    return `--rateest-name ${info.name!.value} --rateest-interval ${interval} --rateest-ewmalog ${average}`;
  },
  list(info) {
    const { interval, average } = times(info);
    return `name ${info.name!.value} interval ${interval} ewmalog ${average}`;
  },
  create(info, services) {
    const estimator = estimatorNamed(services, info.name!.value);
    estimator.start(settingsOf(info) as EstimatorSettings, services.clock.now);
    return new RateestAction(services.clock, estimator);
  },
});
