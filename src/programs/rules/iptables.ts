/** `iptables` and `ip6tables`: one command, carried out on the rules of a state file or of a host that runs. */
import type { MatchExtension } from '../../netfilter/extension.ts';
import type { Family } from '../../netfilter/hook.ts';
import type { Table } from '../../netfilter/rule.ts';
import {
  COMMAND_OPTIONS,
  chainsInOrder,
  describeRule,
  help,
  listTable,
  makeTable,
  parseCommand,
  printRules,
  registryOf,
  RuleError,
  runCommand,
  type Command,
  type PreparedCommand,
  type Registry,
} from '../../netfilter/syntax/index.ts';
import { parseProtocol } from '../../netfilter/syntax/values/protocols.ts';
import type { Asking } from './answers.ts';
import { banner, commandFailure, seeHelp, usage } from './complaints.ts';
import { Failure, Status } from './failure.ts';
import { HostNames } from './host-names.ts';
import type { RulesIo } from './io.ts';
import type { RulesStore } from './rules-store.ts';

export function* runIptables(
  program: string,
  family: Family,
  args: readonly string[],
  openState: () => RulesStore,
  io: RulesIo,
): Asking<number> {
  if (args[0] === '-V' || args[0] === '--version') {
    io.out.write(`${banner(program)}\n`);
    return Status.DONE;
  }
  const helpAt = args.findIndex((word) => word === '-h' || word === '--help');
  if (helpAt >= 0) {
    io.out.write(helpText(program, family, args.slice(0, helpAt)));
    return Status.DONE;
  }
  const state = openState();
  const names = new HostNames(io);
  try {
    const context = () => ({
      ruleset: state.ruleset(family),
      resolve: names.resolve,
      objects: state.objects,
    });
    const prepared = yield* names.reading(() => parseCommand(args, context()));
    const { command } = prepared;
    if (command.shown.has('wait-interval')) io.err.write('Ignoring deprecated --wait-interval option.\n');
    const wait = checkOptions(program, family, command);
    const changes = !READ_ONLY.has(command.action!) || command.alsoZero;
    if (changes) state.lock(wait);
    const table = () => state.ruleset(family).tables.get(prepared.table) ?? null;
    // Once for the names that it asks for; what is then printed is of one moment with what is then done.
    if (command.action === 'list')
      yield* names.reading(() => before(prepared, table(), family, names.nameOf));
    io.out.write(before(prepared, table(), family, names.nameOf));
    runCommand(args, context());
    if (changes) state.save();
    return Status.DONE;
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    const { status, text } = commandFailure(program, error);
    const { column } = error.place;
    throw new Failure(status, text, column === undefined ? null : column - 1);
  } finally {
    state.unlock();
  }
}

const READ_ONLY: ReadonlySet<string> = new Set(['list', 'list-rules', 'check']);

/** What iptables itself wants of the options; the seconds that -w gives, null without it. */
function checkOptions(program: string, family: Family, { shown }: Command): number | null {
  if (shown.has(family === 4 ? 'ipv6' : 'ipv4')) throw new Failure(Status.PARAMETER, seeHelp(program));
  const wait = shown.get('wait');
  if (wait === undefined && shown.has('wait-interval')) {
    throw usage(program, '--wait-interval only makes sense with --wait\n');
  }
  if (wait === undefined) return null;
  if (!/^[0-9]*$/.test(wait.value)) throw usage(program, 'wait seconds not numeric');
  return Number(wait.value);
}

/** What is shown of the command and the table as it is before. */
export function before(
  { command, table: name }: Pick<PreparedCommand, 'command' | 'table'>,
  table: Table | null,
  family: Family,
  nameOf?: (address: string) => string | null,
): string {
  const { action, chain, number, shown } = command;
  const verbose = shown.has('verbose');
  const at = table ?? makeTable(family, name);
  const chains = chainsInOrder(at).filter((one) => chain === null || one.name === chain);
  const each = (what: string, of = chains) =>
    verbose ? of.map((one) => `${what} chain \`${one.name}'\n`).join('') : '';
  switch (action) {
    case 'list':
      return listed(command, at, nameOf) + (command.alsoZero ? each('Zeroing') : '');
    case 'list-rules':
      return printRules(at, chain, { counters: verbose, number }) + (command.alsoZero ? each('Zeroing') : '');
    case 'flush':
      return each('Flushing');
    case 'zero':
      return number === null ? each('Zeroing') : '';
    case 'delete-chain':
      return each(
        'Deleting',
        chains.filter(({ hook }) => hook === null),
      );
    default:
      return verbose ? command.rules.map((rule) => `${describeRule(rule, family)}\n`).join('') : '';
  }
}

function listed(
  { chain, number, shown }: Command,
  table: Table,
  nameOf: ((address: string) => string | null) | undefined,
): string {
  return listTable(table, {
    chain,
    number,
    numeric: shown.has('numeric'),
    verbose: shown.has('verbose'),
    exact: shown.has('exact'),
    numbered: shown.has('line-numbers'),
    ...(nameOf === undefined ? {} : { nameOf }),
  });
}

/** The options, and those of the matches and targets named before `--help`. */
function helpText(program: string, family: Family, args: readonly string[]): string {
  const lines = COMMAND_OPTIONS.filter(({ families }) => families.includes(family)).map((option) => {
    const letter = option.letter === null ? '    ' : `-${option.letter}, `;
    const optionWords = `  ${letter}--${option.names[0]!} ${option.operands}`.trimEnd();
    return `${optionWords.padEnd(44)} ${option.about}`;
  });
  const registry = registryOf(family);
  const extensions = args.flatMap((word, i) => {
    const name = args[i + 1] ?? '';
    if (word === '-m' || word === '--match') return registry.match(name) ?? [];
    if (word === '-j' || word === '--jump') return registry.target(name) ?? [];
    if (word === '-p' || word === '--protocol') return ofProtocol(name, registry) ?? [];
    return [];
  });
  const usageLines = [
    `Usage: ${program} [-t table] COMMAND [chain] [rule] [options]`,
    `       ${program} -h (print this help information)`,
    '',
  ];
  const text = [banner(program), '', ...usageLines, ...lines, ''].join('\n');
  return text + extensions.map((extension) => `\n${help(extension)}`).join('');
}

function ofProtocol(name: string, registry: Registry): MatchExtension | undefined {
  try {
    return registry.matchOfProtocol(parseProtocol(name));
  } catch {
    // No such protocol: nothing to explain.
    return undefined;
  }
}
