/** Reads what users write by hand: rules, gateways, regression cases. `-` is standard input. */
import { SluiceError } from '../base/errors.ts';
import { describeSystemError } from '../base/system-error.ts';
import { readBoundedText, STDIN_FD } from './bounded-text.ts';
import type { SourceText } from './options.ts';

/** The whole file as text; throws a SluiceError that names it. */
export function readTextFile(path: string): SourceText {
  const file = path === '-' ? 'standard input' : path;
  try {
    return { text: readBoundedText(path === '-' ? STDIN_FD : path), file };
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('FILE', describeSystemError(error), { file });
  }
}
