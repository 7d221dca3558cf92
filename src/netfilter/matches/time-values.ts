/**
 * How `-m time` writes times: of day, days of the week and of the month (as bits, bit 1 being Monday or the first), dates
 * (in seconds since the epoch, within what 32 bits hold).
 */
import type { ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { parseUnsigned } from '../syntax/values/index.ts';

/** Bits 1 to 31, and 1 to 7. */
export const ALL_MONTHDAYS = ~1;
export const ALL_WEEKDAYS = 0xfe;
/** The last second that a signed 32-bit number holds: `--datestop` unless given. */
export const LAST_DATE = 0x7fff_ffff;

const LAST_YEAR = 2038;
const FIRST_YEAR = 1970;

const two = (number: number) => String(number).padStart(2, '0');

/** A part of a date or time, a number that may have leading zeros; -1 when it is none or out of bounds. */
function part(word: string, min: number, max: number): number {
  if (!/^[0-9]+$/.test(word)) return -1;
  const number = Number(word);
  return number < min || number > max ? -1 : number;
}

/** `hh:mm[:ss]`, in seconds since midnight; printed with seconds. */
export const clockTime: ValueType<number> = {
  label: 'hh:mm[:ss]',
  parse(words) {
    const word = words[0]!;
    const [hour = '', minute = '', second = '0', more] = word.split(':');
    const numbers = [part(hour, 0, 23), part(minute, 0, 59), part(second, 0, 59)] as const;
    if (more !== undefined || numbers.includes(-1)) {
      // iptables has eaten the word up to its last part by then.
      const rest = word.slice(word.lastIndexOf(':') + 1);
      const isSecond = numbers[0] >= 0 && numbers[1] >= 0;
      throw new ValueError(
        `invalid time "${isSecond ? rest : word}" specified, should be hh:mm[:ss] format and within the boundaries`,
      );
    }
    return numbers[0] * 3600 + numbers[1] * 60 + numbers[2];
  },
  print: (value) => [Math.floor(value / 3600), Math.floor(value / 60) % 60, value % 60].map(two).join(':'),
};

/** `1,2,31`. */
export const monthdays: ValueType<number> = {
  label: 'day[,day...]',
  parse(words) {
    let bits = 0;
    for (const word of words[0]!.split(',')) {
      const day = parseUnsigned(word);
      if (day < 1 || day > 31) throw new ValueError(`${word} is not a valid day for --monthdays`);
      bits |= 1 << day;
    }
    return bits;
  },
  print: (value) => daysOf(value).join(','),
};

function daysOf(bits: number): number[] {
  return Array.from({ length: 31 }, (_, i) => i + 1).filter((day) => (bits >>> day) & 1);
}

/** `1st,2nd,3rd,4th,11st`: the ending goes by the last digit alone. */
export function ordinalDays(bits: number): string {
  const ending = (day: number) => (['th', 'st', 'nd', 'rd'] as const)[day % 10] ?? 'th';
  return daysOf(bits)
    .map((day) => `${day}${ending(day)}`)
    .join(',');
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** `Mon,Tu,3`: names, their first two letters, numbers from Monday, 1, on. */
export const weekdays: ValueType<number> = {
  label: 'day[,day...]',
  parse(words) {
    let bits = 0;
    for (const word of words[0]!.split(',').filter((name) => name !== '')) {
      const named = WEEKDAYS.findIndex((name) => name.slice(0, 2) === word.slice(0, 2)) + 1;
      const day = named > 0 ? named : parseUnsigned(word);
      if (day < 0 || day > WEEKDAYS.length) throw new ValueError(`${word} is not a valid day specifier`);
      if (day === 0) throw new ValueError('No, the week does NOT begin with Sunday.');
      bits |= 1 << day;
    }
    return bits;
  },
  print: (value) => WEEKDAYS.filter((_, i) => (value >> (i + 1)) & 1).join(','),
};

/** `YYYY[-MM[-DD[Thh[:mm[:ss]]]]]`, in seconds since the epoch. */
export const date: ValueType<number> = {
  label: 'YYYY[-MM[-DD[Thh[:mm[:ss]]]]]',
  parse(words) {
    const word = words[0]!;
    const bad = new ValueError(`Invalid date "${word}" specified. Should be YYYY[-MM[-DD[Thh[:mm[:ss]]]]]`);
    const found = /^(\d+)(?:-(\d+)(?:-(\d+)(?:T(\d+)(?::(\d+)(?::(\d+))?)?)?)?)?$/.exec(word);
    if (found === null) throw bad;
    const of = (at: number, missing: string, min: number, max: number) =>
      part(found[at] ?? missing, min, max);
    const [year, month, day] = [of(1, '', FIRST_YEAR, LAST_YEAR), of(2, '1', 1, 12), of(3, '1', 1, 31)];
    const [hour, minute, second] = [of(4, '0', 0, 23), of(5, '0', 0, 59), of(6, '0', 0, 59)];
    if (Math.min(year, month, day, hour, minute, second) < 0) throw bad;
    return daysSinceEpoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  },
  print: (value) => formatDate(value, 'T'),
};

/** Of the calendar that goes on for ever; no time zone and no clock is asked. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const inYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    365 * shifted +
    Math.floor(shifted / 4) -
    Math.floor(shifted / 100) +
    Math.floor(shifted / 400) +
    inYear -
    719_468
  );
}

export function formatDate(value: number, separator: string): string {
  const days = Math.floor(value / 86400);
  let year = FIRST_YEAR;
  while (daysSinceEpoch(year + 1, 1, 1) <= days) year++;
  let month = 1;
  while (month < 12 && daysSinceEpoch(year, month + 1, 1) <= days) month++;
  const day = days - daysSinceEpoch(year, month, 1) + 1;
  return `${year}-${two(month)}-${two(day)}${separator}${clockTime.print(value % 86400, 4)}`;
}
