/** `iptables-save` and `ip6tables-save`: rules as text. */
import { ctime } from '../../base/calendar.ts';
import { TABLES, type Family, type TableName } from '../../netfilter/hook.ts';
import { commentTables, makeTable, printTable, withoutCounters } from '../../netfilter/syntax/index.ts';
import { banner, IPTABLES_VERSION } from './complaints.ts';
import { Failure, Status } from './failure.ts';
import { OptionError, readOptions, type OptionShape } from './options.ts';
import type { RulesIo } from './io.ts';
import type { RulesStore } from './rules-store.ts';

const OPTIONS: readonly OptionShape[] = [
  { letter: 'c', long: 'counters', value: 'none' },
  { letter: 't', long: 'table', value: 'required' },
  { letter: 'f', long: 'file', value: 'required' },
  { letter: 'M', long: 'modprobe', value: 'required' },
  { letter: 'V', long: 'version', value: 'none' },
];

export function runSave(
  program: string,
  family: Family,
  args: readonly string[],
  openState: () => RulesStore,
  io: RulesIo,
): number {
  const { given, rest } = optionsOf(program, args);
  if (given.has('V')) {
    io.out.write(`${banner(program)}\n`);
    return Status.DONE;
  }
  if (rest.length > 0) throw new Failure(Status.OTHER, 'Unknown arguments found on commandline\n');
  const state = openState();
  const only = given.get('t');
  const name = only === undefined ? null : tableOrFail(program, only);
  const about = { name: program, version: IPTABLES_VERSION, time: localTime(io) };
  const text = commentTables(tableTexts(state, family, name, given.has('c')), about);
  const file = given.get('f');
  if (file === undefined) io.out.write(text);
  else writeOrFail(file, text, io);
  return Status.DONE;
}

/** The tables as text, or one of them (an empty one where it is not there). */
function tableTexts(
  state: RulesStore,
  family: Family,
  only: TableName | null,
  counters: boolean,
): readonly string[] {
  const printed = state.printedTables(family);
  if (printed !== null && only === null) return counters ? printed : printed.map(withoutCounters);
  const { tables } = state.ruleset(family);
  const wanted = only === null ? tables.values() : [tables.get(only) ?? makeTable(family, only)];
  return Array.from(wanted, (table) => printTable(table, { counters }));
}

function optionsOf(program: string, args: readonly string[]): ReturnType<typeof readOptions> {
  try {
    return readOptions(args, OPTIONS);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const advice = `Look at manual page \`${program}.8' for more information.`;
    throw new Failure(Status.OTHER, `${program}: ${error.message}\n${advice}\n`);
  }
}

function tableOrFail(program: string, name: string): TableName {
  if (Object.hasOwn(TABLES, name)) return name as TableName;
  const message = 'Cannot initialize: Table does not exist (do you need to insmod?)';
  throw new Failure(Status.OTHER, `${banner(program)}: ${message}\n`);
}

function writeOrFail(file: string, text: string, io: RulesIo): void {
  try {
    io.writeFile(file, text);
  } catch (error) {
    throw new Failure(Status.OTHER, `Failed to open file, error: ${(error as Error).message}\n`);
  }
}

function localTime(io: RulesIo): string {
  const now = io.now();
  return ctime(now + (io.zoneMinutes?.(now) ?? 0) * 60e6);
}
