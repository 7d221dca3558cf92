/** How a program ends when it can not do what it was asked: with this on standard error, and this status. */
import { isSluiceError } from '../../base/errors.ts';

export class Failure extends Error {
  readonly status: number;
  readonly text: string;
  /** The argument, counted from 0, that it is about; null when none is to blame. */
  readonly word: number | null;

  constructor(status: number, text: string, word: number | null = null) {
    super(text.trim());
    this.name = 'Failure';
    this.status = status;
    this.text = text;
    this.word = word;
  }
}

/** The exit statuses of iptables and its like. */
export const Status = { DONE: 0, OTHER: 1, PARAMETER: 2, VERSION: 3, RESOURCE: 4 } as const;

/** What is said of an error with which a program ended; null for defects. */
export function failureOf(program: string, error: unknown): Failure | null {
  if (isSluiceError(error)) return new Failure(Status.RESOURCE, `${program}: ${error.describe()}\n`);
  return error instanceof Failure ? error : null;
}
