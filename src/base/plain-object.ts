/**
 * Configuration as plain data (out of YAML or JSON), read value by value. Every mistake is a SluiceError whose message
 * begins with the path of the value in the file, such as `interfaces.eth0.mtu`; whoever has the file's text turns the
 * path into a line (config-file.ts).
 */
import { didYouMean } from './did-you-mean.ts';
import { SluiceError } from './errors.ts';

export type PlainObject = Readonly<Record<string, unknown>>;

/** The code of every complaint about a configuration file. */
export const CONFIG_ERROR = 'GATEWAY';

export function fail(path: string, message: string): never {
  throw new SluiceError(CONFIG_ERROR, `${path}: ${message}`);
}

export function objectAt(value: unknown, path: string): PlainObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'must be a mapping');
  return value as PlainObject;
}

/** What is absent is an empty list. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) fail(path, 'must be a list');
  return value;
}

export function textAt(value: unknown, path: string): string {
  if (typeof value !== 'string') fail(path, `must be a text, not ${JSON.stringify(value) ?? 'absent'}`);
  return value;
}

export function integerAt(value: unknown, path: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    fail(path, `must be a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`);
  }
  return value;
}

export function numberAt(value: unknown, path: string, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    fail(path, `must be a number from ${min} to ${max}, not ${JSON.stringify(value)}`);
  }
  return value;
}

export function booleanAt(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') fail(path, `must be true or false, not ${JSON.stringify(value)}`);
  return value;
}

export function choiceAt<T extends string>(value: unknown, path: string, choices: readonly T[]): T {
  const text = textAt(value, path);
  if ((choices as readonly string[]).includes(text)) return text as T;
  return fail(path, `must be one of ${choices.join(', ')}, not "${text}"${didYouMean(text, choices)}`);
}

export function onlyKeys(value: PlainObject, path: string, allowed: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (allowed.includes(key)) continue;
    const where = path === '' ? key : `${path}.${key}`;
    fail(where, `unknown key${didYouMean(key, allowed)}; known are ${allowed.join(', ')}`);
  }
}

/** What a reader of texts says of one that it does not take (RangeError), said of the value. */
export function understoodAt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return fail(path, error.message);
    throw error;
  }
}
