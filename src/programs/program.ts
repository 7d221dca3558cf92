/**
 * A program: what people type on a host (`conntrack -L`, `ping 10.0.0.3`), acting on a host that lives in this process. Labs
 * run programs in their steps, the shell at its prompt, running instances over their control socket: one implementation
 * each, in a file of its own.
 *
 * A program knows nothing of promises, processes or terminals: it starts, writes, asks the clock for what comes later, and
 * ends by `exit`. So it runs in virtual time as in real time, and in a browser.
 */
import type { Clock } from '../base/clock.ts';
import type { ByteSink, CaptureReader } from '../capture/index.ts';
import type { LiveNode } from './live-node.ts';

export interface TextOutput {
  write(text: string): void;
  flush(): void;
}

/** What a program may use of where it was called from. */
export interface ProgramIo {
  readonly out: TextOutput;
  readonly err: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Makes or replaces a file; absent where there are none. Throws a SluiceError. */
  createFile?(path: string): ByteSink;
  /**
   * Reads a file, `-` for what stands on standard input; tells null where it can't be read. Absent where there are no files.
   */
  readText?(path: string, done: (text: string | null) => void): void;
  /** Opens a capture; absent where there are no files. Throws a SluiceError. */
  openCapture?(path: string): CaptureReader;
}

/** Figures by the names that a lab's `expect` has for them: `replies`, `sent`, `connected` … */
export type Values = Readonly<Record<string, number | boolean | string>>;

export interface Call {
  /** The name that it was called by. */
  readonly name: string;
  readonly args: readonly string[];
  readonly node: LiveNode;
  readonly clock: Clock;
  readonly io: ProgramIo;
  /** Ends the program; what it does after that nobody sees. */
  exit(status: number, values?: Values): void;
}

/** Ends a program before its time, as Ctrl-C does: it says what it has to say, and exits. */
export type Interrupt = () => void;

export interface Program {
  readonly name: string;
  /** `ping [-c COUNT] ADDRESS` */
  readonly usage: string;
  readonly about: string;
  readonly on: LiveNode['kind'] | 'any';
  /** Time is to pass for its sake: it sends something and waits. One that only watches lets others decide. */
  readonly passesTime: boolean;
  /** Figures that it tells. */
  readonly values: readonly string[];
  /**
   * Words that may stand next, for completion; `<interface>` among them stands for the names of all interfaces.
   * @param begun - what was typed of the word
   */
  completion?(args: readonly string[], begun: string): readonly string[];
  /** Programs that end at once return nothing. */
  start(call: Call): Interrupt | void;
}
