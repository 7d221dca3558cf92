/** Times of the Gregorian calendar, in UTC, for those who may not ask the machine for its dates. */
import type { TimeUs } from './clock.ts';

export interface CalendarTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** Of the month, from 1. */
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const US_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;
const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTH_NAMES = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** From 1970 on. */
export function calendarTime(time: TimeUs): CalendarTime {
  const seconds = Math.floor(time / US_PER_SECOND);
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const rest = seconds - days * SECONDS_PER_DAY;
  let year = 1970 + Math.floor(days / 366);
  while (daysBeforeYear(year + 1) <= days) year++;
  const dayOfYear = days - daysBeforeYear(year);
  let month = 12;
  while (daysBeforeMonth(month, year) > dayOfYear) month--;
  return {
    year,
    month,
    day: dayOfYear - daysBeforeMonth(month, year) + 1,
    weekday: (days + EPOCH_WEEKDAY) % 7,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
  };
}

/** `Fri Nov 20 14:14:03 2026`, as C's ctime writes it. */
export function ctime(time: TimeUs): string {
  const { year, month, day, weekday, hour, minute, second } = calendarTime(time);
  const clock = [hour, minute, second].map(twoDigits).join(':');
  return `${DAY_NAMES[weekday]!} ${MONTH_NAMES[month - 1]!} ${String(day).padStart(2)} ${clock} ${year}`;
}

export function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Days from 1970-01-01 to the first of a year. */
function daysBeforeYear(year: number): number {
  const leapDays = (upTo: number) => Math.floor(upTo / 4) - Math.floor(upTo / 100) + Math.floor(upTo / 400);
  return (year - 1970) * 365 + leapDays(year - 1) - leapDays(1969);
}

function daysBeforeMonth(month: number, year: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return DAYS_BEFORE_MONTH[month - 1]! + (isLeap && month > 2 ? 1 : 0);
}
