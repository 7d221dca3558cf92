/** Reads what users write by hand: rules, gateways, regression cases. `-` is standard input. */
import { readFileSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';
import { describeSystemError } from '../base/system-error.ts';
import type { SourceText } from './options.ts';

const STDIN_FD = 0;

/** The whole file as text; throws a SluiceError that names it. */
export function readTextFile(path: string): SourceText {
  const file = path === '-' ? 'standard input' : path;
  try {
    return { text: readFileSync(path === '-' ? STDIN_FD : path, 'utf8'), file };
  } catch (error) {
    throw new SluiceError('FILE', describeSystemError(error), { file });
  }
}
