/** What the programs of this room may use of the process around them, or of who called them over a socket. */
import type { Family } from '../netfilter/hook.ts';
import type { ProgramIo as PlainIo } from '../programs/index.ts';

export interface ProgramIo extends PlainIo {
  /** All of standard input. */
  readInput(): string | Promise<string>;
  /** The wall clock, for the comments of iptables-save. */
  now(): Date;
  /** What an address is called, for -L without -n; absent where nobody is to be asked. */
  hostNameOf?(address: string): Promise<string | null>;
  /** Asked for the addresses of a name before `lookUp` is; none where it is not known here. */
  addressesOf?(name: string, family: Family): readonly string[];
  /** Asks this machine's resolver; absent where there is none. */
  lookUp?(name: string, family: Family): Promise<readonly string[]>;
  /** What the names of files are relative to. */
  readonly cwd: string;
}
