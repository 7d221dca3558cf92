/**
 * How `-m hashlimit` writes rates. Packets: the time between two in microseconds, as the kernel takes it. Bytes: a cost per
 * 16 bytes, which gets smaller as the rate gets higher and rounds it (1000b/s becomes 992b/s).
 */
import type { ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { parseUnsigned } from '../syntax/values/index.ts';

/** Units of a packet rate's period in one second (the kernel's XT_HASHLIMIT_SCALE_v2). */
export const SCALE = 1_000_000;

const U32_MAX = 0xffff_ffff;
/** Bytes are counted in chunks of 16. */
const BYTE_SHIFT = 4;
/** Milliseconds that entries of a byte rate live unless said otherwise. */
const BYTES_EXPIRE_MS = 15_000;

/** From coarse to fine. */
const UNITS = [
  { name: 'day', word: 'day', seconds: 86400 },
  { name: 'hour', word: 'hour', seconds: 3600 },
  { name: 'min', word: 'minute', seconds: 60 },
  { name: 'sec', word: 'second', seconds: 1 },
] as const;

export interface HashRate {
  readonly isBytes: boolean;
  /** What the kernel is told: the period or the cost. */
  readonly average: number;
  /** Packets: how many in a `unit`, as written. */
  readonly count: number;
  /** Seconds. */
  readonly unit: number;
}

export function costOfBytes(bytes: number): number {
  return Math.floor(U32_MAX / (Math.floor(bytes / 2 ** BYTE_SHIFT) + 1));
}

export function bytesOfCost(cost: number): number {
  const chunks = cost === 0 ? U32_MAX : Math.floor(U32_MAX / cost);
  return (chunks - 1) * 2 ** BYTE_SHIFT;
}

const BYTES = /^\s*\+?(\d+)(b|kb|mb)\/s/i;
const FACTOR: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 * 1024 };

/** `5/min`, `512kb/s`. What stands between number and slash counts for nothing in a packet rate. */
export const hashRate: ValueType<HashRate> = {
  label: 'number[/second|minute|hour|day]|number(b|kb|mb)/s',
  parse(words, use) {
    const word = words[0]!;
    const bytes = BYTES.exec(word);
    if (bytes !== null) {
      const average = costOfBytes(Number(bytes[1]) * FACTOR[bytes[2]!.toLowerCase()]!);
      return { isBytes: true, average, count: 0, unit: 1 };
    }
    const slash = word.indexOf('/');
    const given = slash < 0 ? 'second' : word.slice(slash + 1).toLowerCase();
    const unit = given === '' ? undefined : UNITS.find((one) => one.word.startsWith(given));
    const count = Number.parseInt(word, 10);
    if (unit === undefined || !(count > 0)) {
      throw new ValueError(`hashlimit: Bad value for "--${use.option}" option: "${word}"`);
    }
    const average = Math.floor((unit.seconds * SCALE) / count);
    if (average < 1) throw new ValueError(`Rate too fast "${word}"`);
    return { isBytes: false, average, count, unit: unit.seconds };
  },
  print: (rate) => (rate.isBytes ? formatByteRate(rate.average) : formatPeriod(rate.average).text),
};

/** A packet rate in the finest unit in which it is about whole, and the milliseconds of that unit. */
export function formatPeriod(period: number): { readonly text: string; readonly unitMs: number } {
  let best: (typeof UNITS)[number] = UNITS[0];
  for (const unit of UNITS.slice(1)) {
    const units = unit.seconds * SCALE;
    if (period > units || Math.floor(units / period) < units % period) break;
    best = unit;
  }
  return {
    text: `${Math.floor((best.seconds * SCALE) / period)}/${best.name}`,
    unitMs: best.seconds * 1000,
  };
}

const BYTE_UNITS = [
  { name: 'mb', bytes: 1024 * 1024 },
  { name: 'kb', bytes: 1024 },
] as const;

/** The largest unit that comes to the same cost. iptables cuts the rate to 32 bits to find out. */
export function formatByteRate(cost: number): string {
  const bytes = bytesOfCost(cost);
  const unit = BYTE_UNITS.find((one) => {
    const whole = (bytes & ~(one.bytes - 1)) >>> 0;
    return bytes >= one.bytes && costOfBytes(whole) === cost;
  });
  return unit === undefined ? `${bytes}b/s` : `${Math.floor(bytes / unit.bytes)}${unit.name}/s`;
}

/** A burst of so many times the rate. */
export function formatByteBurst(cost: number, burst: number): string {
  const bytes = bytesOfCost(cost) * burst;
  const unit = BYTE_UNITS.find((one) => bytes >= one.bytes);
  return unit === undefined ? `${bytes}b` : `${Math.floor(bytes / unit.bytes)}${unit.name}`;
}

/** Milliseconds that entries live unless said otherwise. */
export function usualExpireMs(rate: HashRate): number {
  return rate.isBytes ? BYTES_EXPIRE_MS : rate.unit * 1000;
}

const MAX_PACKET_BURST = 1_000_000;

export function badBurst(): ValueError {
  return new ValueError(`bad value for option "--hashlimit-burst", or out of range (1-${MAX_PACKET_BURST}).`);
}

/** So many packets can come at once. */
export function isPacketBurst(burst: number): boolean {
  return burst >= 1 && burst <= MAX_PACKET_BURST;
}

/** Packets, or bytes with `b`, `kb` or `mb` behind. As with iptables other letters count for nothing, and 2^32 is 0. */
export const hashBurst: ValueType<number> = {
  label: 'packets|bytes(b|kb|mb)',
  parse(words) {
    const found = /^(\s*\+?(?:0x[0-9a-f]+|\d+))(b|kb|mb)?/i.exec(words[0]!);
    const number = found === null ? 0 : parseUnsigned(found[1]!);
    const unit = found?.[2]?.toLowerCase();
    if (number < 1 || (unit === undefined && !isPacketBurst(number))) throw badBurst();
    return unit === undefined ? number : (number * FACTOR[unit]!) % 2 ** 32;
  },
  print: String,
};
