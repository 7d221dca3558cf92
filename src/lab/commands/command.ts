/**
 * A command of a lab's step, run on a node. It acts at once, and what comes of it is told while the clock runs: `finish` is
 * called when the step's time is over.
 */
import type { Lab } from '../lab.ts';

/** What a step can be judged by, besides the frames that were seen. */
export interface CommandResult {
  /** Lines, as the program of that name prints them. */
  readonly output: readonly string[];
  /** Figures by the names that `expect` has for them: `replies`, `sent`, `connected` … */
  readonly values: Readonly<Record<string, number | boolean | string>>;
  /** It did not do what it was asked, and tells a `status`: the step fails, unless one is expected. */
  readonly hasFailed?: boolean;
}

export interface RunningCommand {
  finish(): CommandResult;
}

export interface LabCommand {
  readonly name: string;
  /** `ping [-c COUNT] ADDRESS` */
  readonly usage: string;
  readonly about: string;
  /** Figures that it tells, for `expect`. */
  readonly values: readonly string[];
  /** Throws a UsageMistake for words that it does not understand. @param input - what stands on its standard input */
  start(lab: Lab, node: string, args: readonly string[], input: string): RunningCommand;
}

/** Words that a command does not understand. */
export class UsageMistake extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageMistake';
  }
}

/** A command that is done at once. */
export function done(output: readonly string[], values: CommandResult['values'] = {}): RunningCommand {
  return { finish: () => ({ output, values }) };
}
