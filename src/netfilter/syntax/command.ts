/**
 * One call of iptables or ip6tables: its arguments (without the program's name) made into a Command, and a Command carried
 * out on a ruleset. What a command shows (-L, -S, -v) is the shell's business.
 */
import type { TableName } from '../hook.ts';
import type { NamedObjects } from '../named-objects.ts';
import type { Ruleset, Table } from '../rule.ts';
import type { Resolver } from './address-match.ts';
import { buildCommand, type Command } from './build.ts';
import { checkTable, RefusedRule } from './check.ts';
import { applyCommand, copyTable, makeTable, tableNamed } from './edit.ts';
import { knownObjects } from './known-objects.ts';
import { LineError, RuleError } from './line-error.ts';
import { registryOf, type Registry } from './registry.ts';
import { Shapes } from './shape.ts';

export interface CommandContext {
  readonly ruleset: Ruleset;
  readonly resolve?: Resolver;
  readonly registry?: Registry;
  /** Sets and accounting objects that rules may name. */
  readonly objects?: NamedObjects;
}

export interface PreparedCommand {
  readonly command: Command;
  readonly table: TableName;
  /** Which arguments name the chain, and behind it a rule's number, a policy or another name. */
  readonly operands: readonly number[];
}

/** Reads the arguments; the ruleset says which names after -j are chains. Throws RuleError (column: the word's number). */
export function parseCommand(args: readonly string[], context: CommandContext): PreparedCommand {
  const { ruleset } = context;
  const registry = registryIn(context);
  try {
    const plan = new Shapes(registry, false).plan(args, args.length);
    if (plan.kind !== 'command') throw new LineError('RULE_SYNTAX', `Bad argument \`${args[0]!}'`, 0);
    const table = tableNamed(
      plan.table === null ? 'filter' : args[plan.table.word]!.slice(plan.table.offset),
    );
    const existing = ruleset.tables.get(table) ?? makeTable(ruleset.family, table);
    const command = buildCommand(plan, args, null, {
      family: ruleset.family,
      resolve: context.resolve ?? null,
      counters: false,
      hasChain: (name) => existing.chains.has(name),
    });
    if (command.action === null) throw new LineError('RULE_SYNTAX', 'no command specified');
    return { command, table, operands: plan.operands.map(({ word }) => word) };
  } catch (error) {
    throw asRuleError(error, args);
  }
}

/** Reads and carries out: the ruleset's table is replaced by the changed one, or nothing changes and a RuleError is thrown. */
export function runCommand(args: readonly string[], context: CommandContext): PreparedCommand {
  const { ruleset } = context;
  const prepared = parseCommand(args, context);
  const registry = registryIn(context);
  try {
    const table = changedTable(prepared, context, registry);
    ruleset.tables.set(prepared.table, table);
  } catch (error) {
    throw asRuleError(placed(error, prepared.operands), args);
  }
  return prepared;
}

function registryIn({ registry, ruleset, objects }: CommandContext): Registry {
  return registry ?? registryOf(ruleset.family, objects?.labels);
}

function changedTable(
  { command, table: name }: PreparedCommand,
  { ruleset, objects }: CommandContext,
  registry: Registry,
): Table {
  const before = ruleset.tables.get(name);
  const table = before === undefined ? makeTable(ruleset.family, name) : copyTable(before);
  applyCommand(command, table, (word) => registry.isTarget(word));
  checkTable(table, knownObjects(objects, [table, ...ruleset.tables.values()]));
  return table;
}

/** What is wrong with a chain or a number is said of the argument that names it. */
function placed(error: unknown, [chain, number]: readonly number[]): unknown {
  if (!(error instanceof LineError) || error.code !== 'RULE_CHAIN' || error.word >= 0) return error;
  const word = error.message.startsWith('Index of') ? number : chain;
  return new LineError(error.code, error.message, word);
}

function asRuleError(error: unknown, args: readonly string[]): unknown {
  const cause = error instanceof RefusedRule ? error.error : error;
  if (!(cause instanceof LineError)) return error;
  const word = cause.word < 0 ? null : (args[cause.word] ?? null);
  return new RuleError(cause.code, cause.message, word === null ? {} : { column: cause.word + 1 }, word);
}
