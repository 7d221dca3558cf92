/** What the programs of rules may use of where they were called from, besides what every program may. */
import type { Family } from '../../netfilter/hook.ts';
import type { ProgramIo } from '../program.ts';

export interface RulesIo extends ProgramIo {
  /** All of standard input. */
  readInput(): string | Promise<string>;
  /** All of a file. Throws a SluiceError where it is too long or may not be read here, else what the system says. */
  readFile(path: string): string;
  /** Makes or replaces a file; throws as `readFile` does. */
  writeFile(path: string, text: string): void;
  /** The wall clock, in microseconds since 1970. */
  now(): number;
  /** By how many minutes local time is ahead of UTC then; absent where there is no time but UTC. */
  zoneMinutes?(atUs: number): number;
  /** What an address is called, for -L without -n; absent where nobody is to be asked. */
  hostNameOf?(address: string): string | null | Promise<string | null>;
  /** Asked for the addresses of a name before `lookUp` is; none where it is not known here. */
  addressesOf?(name: string, family: Family): readonly string[];
  /** Asks this machine's resolver; absent where there is none. */
  lookUp?(name: string, family: Family): Promise<readonly string[]>;
}
