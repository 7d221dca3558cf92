/** What a program may use of the process around it; tests hand over their own. */
import type { Output } from '../replay/report/output.ts';

export interface ProgramIo {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All of standard input. */
  readInput(): string;
  /** The wall clock, for the comments of iptables-save. */
  now(): Date;
}
