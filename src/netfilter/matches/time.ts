/**
 * `-m time`: the time of the packet's arrival: of day, of the week, of the month, between two dates. Linux: xt_time. Time
 * is that of the host's clock in UTC; the kernel's own time zone (`--kerneltz`), which is set at boot, is UTC here.
 */
import type { Clock } from '../../base/clock.ts';
import { defineMatch, type InfoOf, type MatchTest } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag } from '../syntax/values/index.ts';
import {
  ALL_MONTHDAYS,
  ALL_WEEKDAYS,
  clockTime,
  date,
  formatDate,
  LAST_DATE,
  monthdays,
  ordinalDays,
  weekdays,
} from './time-values.ts';

const DAY = 86400;
const END_OF_DAY = DAY - 1;
const US_PER_SECOND = 1_000_000;
/** The epoch was a Thursday; Monday is day 1. */
const EPOCH_WEEKDAY = 4;

class TimeTest implements MatchTest {
  private readonly clock: Clock;
  private readonly dateStart: number;
  private readonly dateStop: number;
  private readonly start: number;
  private readonly stop: number;
  private readonly weekdays: number;
  private readonly monthdays: number;
  private readonly contiguous: boolean;

  constructor(info: Info, clock: Clock) {
    this.clock = clock;
    this.dateStart = info.dateStart?.value ?? 0;
    this.dateStop = info.dateStop?.value ?? LAST_DATE;
    this.start = startOf(info);
    this.stop = stopOf(info);
    this.weekdays = weekdaysOf(info);
    this.monthdays = monthdaysOf(info);
    this.contiguous = info.contiguous !== undefined;
  }

  test(): boolean {
    let stamp = Math.floor(this.clock.now / US_PER_SECOND);
    if (stamp < this.dateStart || stamp > this.dateStop) return false;
    const second = stamp % DAY;
    if (this.start < this.stop) {
      if (second < this.start || second > this.stop) return false;
    } else {
      if (second < this.start && second > this.stop) return false;
      // After midnight, a span that began the day before is still of that day.
      if (this.contiguous && second < this.stop) stamp -= DAY;
    }
    const days = Math.floor(stamp / DAY);
    const weekday = ((days + EPOCH_WEEKDAY - 1) % 7) + 1;
    if (((this.weekdays >> weekday) & 1) === 0) return false;
    return this.monthdays === ALL_MONTHDAYS || ((this.monthdays >>> dayOfMonth(days)) & 1) === 1;
  }
}

/** Of a day since the epoch, from 1 (the calendar's 400-year cycle, begun in March so that leap days come last). */
function dayOfMonth(days: number): number {
  const sinceMarch = days + 719_468;
  const cycle = sinceMarch % 146_097;
  const year = Math.floor(
    (cycle - Math.floor(cycle / 1460) + Math.floor(cycle / 36_524) - Math.floor(cycle / 146_096)) / 365,
  );
  const day = cycle - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const month = Math.floor((5 * day + 2) / 153);
  return day - Math.floor((153 * month + 2) / 5) + 1;
}

const options = {
  start: { value: clockTime, name: 'timestart', about: 'from this time of day' },
  stop: { value: clockTime, name: 'timestop', about: 'until this time of day' },
  monthdays: { value: monthdays, negate: true, about: 'on these days of the month' },
  weekdays: { value: weekdays, negate: true, about: 'on these days of the week' },
  dateStart: { value: date, name: 'datestart', about: 'from this date and time' },
  dateStop: { value: date, name: 'datestop', about: 'until this date and time' },
  kerneltz: { value: flag, about: "times are in the kernel's time zone" },
  localtz: { value: flag, about: 'the same, by its old name' },
  utc: { value: flag, about: 'times are in UTC (so they are unless said otherwise)' },
  contiguous: { value: flag, about: 'a span past midnight belongs to the day that it began on' },
} as const;

type Info = InfoOf<typeof options>;

const startOf = (info: Info) => info.start?.value ?? 0;
const stopOf = (info: Info) => info.stop?.value ?? END_OF_DAY;
const monthdaysOf = ({ monthdays: days }: Info) =>
  days === undefined ? ALL_MONTHDAYS : days.not ? (days.value ^ ALL_MONTHDAYS) | 0 : days.value;
const weekdaysOf = ({ weekdays: days }: Info) =>
  days === undefined ? ALL_WEEKDAYS : days.not ? days.value ^ ALL_WEEKDAYS : days.value;

const isLocal = (info: Info) => (info.kerneltz ?? info.localtz) !== undefined;

function check(info: Info): void {
  if (info.utc !== undefined && isLocal(info)) {
    const other = info.kerneltz === undefined ? 'localtz' : 'kerneltz';
    throw new ValueError(`time: option "--utc" cannot be used together with "--${other}".\n`);
  }
  if (info.contiguous !== undefined && startOf(info) <= stopOf(info)) {
    throw new ValueError('time: --contiguous only makes sense when stoptime is smaller than starttime');
  }
}

/** iptables leaves out what excludes no time; the last date always stands, since for it nothing is the last. */
function save(info: Info): string {
  const parts: string[] = [];
  const start = startOf(info);
  const stop = stopOf(info);
  if (start !== 0 || stop !== END_OF_DAY) {
    parts.push(`--timestart ${clockTime.print(start, 4)} --timestop ${clockTime.print(stop, 4)}`);
  }
  if (monthdaysOf(info) !== ALL_MONTHDAYS) parts.push(`--monthdays ${monthdays.print(monthdaysOf(info), 4)}`);
  if (weekdaysOf(info) !== ALL_WEEKDAYS) parts.push(`--weekdays ${weekdays.print(weekdaysOf(info), 4)}`);
  const from = info.dateStart?.value ?? 0;
  if (from !== 0) parts.push(`--datestart ${date.print(from, 4)}`);
  parts.push(`--datestop ${date.print(info.dateStop?.value ?? LAST_DATE, 4)}`);
  if (isLocal(info)) parts.push('--kerneltz');
  if (info.contiguous !== undefined) parts.push('--contiguous');
  return parts.join(' ');
}

function list(info: Info): string {
  const parts = ['TIME'];
  const start = startOf(info);
  const stop = stopOf(info);
  if (start !== 0 || stop !== END_OF_DAY) {
    parts.push(`from ${clockTime.print(start, 4)} to ${clockTime.print(stop, 4)}`);
  }
  if (weekdaysOf(info) !== ALL_WEEKDAYS) parts.push(`on ${weekdays.print(weekdaysOf(info), 4)}`);
  if (monthdaysOf(info) !== ALL_MONTHDAYS) parts.push(`on ${ordinalDays(monthdaysOf(info))}`);
  const from = info.dateStart?.value ?? 0;
  if (from !== 0) parts.push(`starting from ${formatDate(from, ' ')}`);
  const until = info.dateStop?.value ?? LAST_DATE;
  if (until !== LAST_DATE) parts.push(`until date ${formatDate(until, ' ')}`);
  if (!isLocal(info)) parts.push('UTC');
  if (info.contiguous !== undefined) parts.push('contiguous');
  return parts.join(' ');
}

export const time = defineMatch({
  name: 'time',
  about: "the time of the packet's arrival",
  options,
  check,
  save,
  list,
  create: (info, { clock }) => new TimeTest(info, clock),
});
