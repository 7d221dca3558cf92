/** Times as lab files write them. */
import { fail } from '../base/plain-object.ts';

const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1e6, min: 60e6, h: 3600e6 };

/** Microseconds: `20ms`, `1.5s`, `5min`; a number is of seconds. */
export function durationAt(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= 0) return value * 1e6;
  const parts = /^(\d+(?:\.\d+)?)(us|ms|s|min|h)$/.exec(typeof value === 'string' ? value : '');
  if (parts === null) fail(path, `not a time: ${JSON.stringify(value)}; such as 20ms, 1.5s or 5min is meant`);
  return Number(parts[1]) * UNITS[parts[2]!]!;
}
