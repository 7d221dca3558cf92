/**
 * Rates and syslog levels.
 *
 * A rate is kept as the kernel keeps it: the time between two packets, in units of 1/10000 second. That rounds
 * (3000/s becomes 3333/s), and iptables-save prints the rounded rate in the unit that suits it best.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';
import { parseUnsigned } from './numbers.ts';

/** Units of a rate's period in one second (the kernel's XT_LIMIT_SCALE). */
export const RATE_SCALE = 10000;

/** From coarse to fine: the word that is printed, the longest word read, units of 1/10000 s. */
const RATE_UNITS = [
  { name: 'day', word: 'day', units: 86400 * RATE_SCALE },
  { name: 'hour', word: 'hour', units: 3600 * RATE_SCALE },
  { name: 'min', word: 'minute', units: 60 * RATE_SCALE },
  { name: 'sec', word: 'second', units: RATE_SCALE },
] as const;

/** The period of `5`, `5/s`, `5/sec`, `5/minute` …, in 1/10000 s. Any beginning of a unit's word will do. */
export function parseRate(word: string): number {
  const slash = word.indexOf('/');
  let units: number = RATE_SCALE;
  if (slash >= 0) {
    const given = word.slice(slash + 1).toLowerCase();
    const unit = given === '' ? undefined : RATE_UNITS.find((u) => u.word.startsWith(given));
    if (unit === undefined) throw new ValueError(`bad rate "${word}"'`);
    units = unit.units;
  }
  const count = Number.parseInt(slash < 0 ? word : word.slice(0, slash), 10);
  if (!(count > 0)) throw new ValueError(`bad rate "${word}"'`);
  if (units / count < 1) throw new ValueError(`Rate too fast "${word}"`);
  return Math.floor(units / count);
}

/**
 * The finest unit in which the rate is still a whole number, give or take what the rounding of the period explains
 * (a remainder no larger than the count itself).
 */
export function formatRate(period: number): string {
  let best: (typeof RATE_UNITS)[number] = RATE_UNITS[0];
  for (const unit of RATE_UNITS.slice(1)) {
    if (period > unit.units || Math.floor(unit.units / period) < unit.units % period) break;
    best = unit;
  }
  return `${Math.floor(best.units / period)}/${best.name}`;
}

/** `5/min`; the value is the period in 1/10000 s. */
export const rate: ValueType<number> = {
  label: 'rate[/second|minute|hour|day]',
  parse: (words) => parseRate(words[0]!),
  print: formatRate,
};

const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'] as const;

/** A syslog level by name or number, printed as a number. */
export const logLevel: ValueType<number> = {
  label: `0-7|${LEVELS.join('|')}`,
  choices: LEVELS,
  parse(words) {
    const word = words[0]!;
    const named = word === 'panic' ? 0 : (LEVELS as readonly string[]).indexOf(word);
    const value = named >= 0 ? named : parseUnsigned(word);
    if (value < 0 || value > 7) throw new ValueError(`log level "${word}" unknown`);
    return value;
  },
  print: String,
};
