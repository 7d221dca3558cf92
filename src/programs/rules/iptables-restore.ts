/**
 * `iptables-restore` and `ip6tables-restore`: rules from a file. Each table is taken as a whole at its
 * COMMIT or not at all; what was committed before an error stays, as with the real program.
 */
import { SluiceError } from '../../base/errors.ts';
import type { Family } from '../../netfilter/hook.ts';
import type { Table } from '../../netfilter/rule.ts';
import { chainsInOrder, parseRestore, RuleError, type RestoreWatcher } from '../../netfilter/syntax/index.ts';
import { answer, type Asking } from './answers.ts';
import { banner, restoreFailure } from './complaints.ts';
import { Failure, Status } from './failure.ts';
import { HostNames } from './host-names.ts';
import { before } from './iptables.ts';
import { OptionError, readOptions, type OptionShape } from './options.ts';
import type { RulesIo } from './io.ts';
import type { RulesStore } from './rules-store.ts';

const OPTIONS: readonly OptionShape[] = [
  { letter: 'c', long: 'counters', value: 'none' },
  { letter: 'v', long: 'verbose', value: 'none' },
  { letter: 'V', long: 'version', value: 'none' },
  { letter: 't', long: 'test', value: 'none' },
  { letter: 'h', long: 'help', value: 'none' },
  { letter: 'n', long: 'noflush', value: 'none' },
  { letter: 'M', long: 'modprobe', value: 'required' },
  { letter: 'T', long: 'table', value: 'required' },
  { letter: 'w', long: 'wait', value: 'optional' },
  { letter: 'W', long: 'wait-interval', value: 'required' },
  { letter: '4', long: 'ipv4', value: 'none' },
  { letter: '6', long: 'ipv6', value: 'none' },
];

export function* runRestore(
  program: string,
  family: Family,
  args: readonly string[],
  openState: () => RulesStore,
  io: RulesIo,
): Asking<number> {
  const { given, rest } = optionsOf(program, args);
  if (given.has('V') || given.has('h')) {
    if (given.has('V')) io.out.write(`${banner(program)}\n`);
    else io.err.write(helpText(program));
    return given.has('V') ? Status.DONE : Status.OTHER;
  }
  if (rest.length > 1) throw new Failure(Status.OTHER, 'Unknown arguments found on commandline\n');
  const text = rest.length === 0 ? yield* answer(io.readInput()) : readRules(rest[0]!, io);
  const state = openState();
  const names = new HostNames(io);
  const wait = given.get('w');
  const isTest = given.has('t');
  try {
    if (!isTest) state.lock(wait === undefined ? null : Number(wait));
    yield* names.reading(() => {
      const ruleset = state.ruleset(family);
      const noflush = given.has('n');
      let shown = '';
      const show = (more: string) => (shown += more);
      const committed: Table[] = [];
      const table = given.get('T');
      try {
        parseRestore(text, {
          family,
          ruleset,
          noflush,
          counters: given.has('c'),
          resolve: names.resolve,
          objects: state.objects,
          watcher: watcher(family, given.has('v'), noflush, show, (one) => committed.push(one)),
          ...(table === undefined ? {} : { table }),
        });
      } finally {
        // What was committed before an error counts; where a name is to be looked up first, all is read again.
        if (!names.isWaiting) {
          for (const one of isTest ? [] : committed) ruleset.tables.set(one.spec.name, one);
          if (!isTest) state.save();
          io.out.write(shown);
        }
      }
    });
    return Status.DONE;
  } catch (error) {
    throw error instanceof RuleError ? restoreFailure(program, error, text) : error;
  } finally {
    if (!isTest) state.unlock();
  }
}

function watcher(
  family: Family,
  verbose: boolean,
  noflush: boolean,
  show: (text: string) => void,
  committed: (table: Table) => void,
): RestoreWatcher {
  const inChains = (table: Table, what: string, own: boolean) => {
    const chains = chainsInOrder(table).filter(({ hook }) => !own || hook === null);
    for (const { name } of chains) show(`${what} chain \`${name}'\n`);
  };
  return {
    comment: (line) => {
      if (verbose) show(`${line}\n`);
    },
    begins: (fresh, old) => {
      if (!verbose || noflush) return;
      inChains(old ?? fresh, 'Flushing', false);
      inChains(old ?? fresh, 'Deleting', true);
    },
    command: (command, table) => {
      const shown =
        verbose && !noflush
          ? new Map([...command.shown, ['verbose', { value: '', times: 1 }]])
          : command.shown;
      show(before({ command: { ...command, shown }, table: table.spec.name }, table, family));
    },
    committed,
  };
}

function readRules(path: string, io: RulesIo): string {
  try {
    return io.readFile(path);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const reason = code === 'ENOENT' ? 'No such file or directory' : (error as Error).message;
    throw new Failure(Status.OTHER, `Can't open ${path}: ${reason}\n`);
  }
}

function optionsOf(program: string, args: readonly string[]): ReturnType<typeof readOptions> {
  try {
    return readOptions(args, OPTIONS);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const advice = `Try \`${program} -h' for more information.`;
    throw new Failure(Status.OTHER, `${program}: ${error.message}\n${advice}\n`);
  }
}

function helpText(program: string): string {
  const options = OPTIONS.map(({ letter, long, value }) => {
    const operand = value === 'none' ? '' : value === 'required' ? ' VALUE' : ' [VALUE]';
    return `\t  [ -${letter}, --${long}${operand} ]\n`;
  });
  return `Usage: ${program} [options] [file]\n${options.join('')}`;
}
