/**
 * Whole rules files, as iptables-restore reads them. All or nothing: the first error throws, with the file, the line and
 * the column of the word in question, and nothing of the file is in force.
 *
 * Differences from iptables-restore 1.8.9, all on the safe side: a last line without a newline is read; a quote
 * that is left open, a NUL byte and commands that only list are refused; -A and its like may stand anywhere in a table.
 */
import { SluiceError, type Place } from '../../base/errors.ts';
import type { Family } from '../hook.ts';
import type { NamedObjects } from '../named-objects.ts';
import type { Ruleset, Table } from '../rule.ts';
import { textAt, type Resolver } from './address-match.ts';
import { buildCommand, parseCounters, type BuildContext, type Command } from './build.ts';
import { checkTable, RefusedRule } from './check.ts';
import {
  applyCommand,
  checkChainName,
  copyTable,
  emptyTable,
  makeChain,
  makeRuleset,
  makeTable,
  tableNamed,
} from './edit.ts';
import { knownObjects } from './known-objects.ts';
import { LineError, RuleError } from './line-error.ts';
import type { Plan } from './plan.ts';
import { registryOf, type Registry } from './registry.ts';
import { Shapes } from './shape.ts';
import { splitWords, wordColumn } from './words.ts';

export interface RestoreOptions {
  readonly family: Family;
  /** The name of the file in error messages and in the rules' places. */
  readonly file?: string;
  /** Looks up host names; without it a name in place of an address is an error. */
  readonly resolve?: Resolver;
  /** `iptables-restore -c`: takes the counters in the file; they start at 0 otherwise. */
  readonly counters?: boolean;
  /** What is in force now: tables that the file does not speak of stay, and policies it does not set. */
  readonly ruleset?: Ruleset;
  /** `--noflush`: the file's tables add to those in force. */
  readonly noflush?: boolean;
  /** `-T`: reads this table of the file only. */
  readonly table?: string;
  /** The extensions to know; all there are unless given. */
  readonly registry?: Registry;
  /** Sets and accounting objects that rules may name. */
  readonly objects?: NamedObjects;
  /** Commands that it carries out at most; MOST_COMMANDS unless given. */
  readonly mostCommands?: number;
  /** Is told what happens while it happens; commands that list are refused without one. */
  readonly watcher?: RestoreWatcher;
}

export interface RestoreWatcher {
  comment(line: string): void;
  /** `before` is null for a table that is not in force. */
  begins(table: Table, before: Table | null): void;
  /** A command that is about to be carried out on the table. */
  command(command: Command, table: Table): void;
  /** The table is accepted as it is now. */
  committed(table: Table): void;
}

/** The ruleset that a file makes; throws RuleError. */
export function parseRestore(text: string, options: RestoreOptions): Ruleset {
  return new Restore(options).read(text);
}

/**
 * A million rules take 1.7 GB, which is about what Node has where nobody gave it more; the kernel, too, refuses a table when
 * memory runs out.
 */
export const MOST_COMMANDS = 1_000_000;

const COUNTERS = /^\[[^:\]]*:[^\]]*\]$/;

/** With COMMIT still to come. */
interface OpenTable {
  readonly table: Table;
  readonly line: number;
  /** Another table than the one asked for: read over. */
  readonly skipped: boolean;
}

class Restore {
  private readonly options: RestoreOptions;
  private readonly registry: Registry;
  private readonly shapes: Shapes;
  private readonly words: string[] = [];
  private readonly result: Ruleset;
  private readonly context: BuildContext;
  private open: OpenTable | null = null;
  private line = 0;
  private commandsLeft: number;

  constructor(options: RestoreOptions) {
    this.options = options;
    this.commandsLeft = options.mostCommands ?? MOST_COMMANDS;
    this.registry = options.registry ?? registryOf(options.family, options.objects?.labels);
    this.shapes = new Shapes(this.registry, true);
    this.result = makeRuleset(options.family);
    for (const [name, table] of options.ruleset?.tables ?? []) this.result.tables.set(name, table);
    this.context = {
      family: options.family,
      resolve: options.resolve ?? null,
      counters: options.counters === true,
      hasChain: (name) => this.open!.table.chains.has(name),
    };
  }

  read(text: string): Ruleset {
    for (let start = 0; start < text.length;) {
      let end = text.indexOf('\n', start);
      if (end < 0) end = text.length;
      this.line++;
      // Blank lines and comments are passed over anywhere.
      if (end > start) {
        const line = text.slice(start, end);
        if (line.startsWith('#')) this.options.watcher?.comment(line);
        else this.readLine(line);
      }
      start = end + 1;
    }
    if (this.open !== null) {
      throw new RuleError(
        'RULE_SYNTAX',
        `COMMIT expected at line ${this.line + 1}`,
        this.place(this.line + 1),
        null,
      );
    }
    return this.result;
  }

  private readLine(line: string): void {
    try {
      const nul = line.indexOf('\0');
      if (nul >= 0)
        throw new SluiceError('RULE_SYNTAX', 'NUL byte in the line', this.place(this.line, nul + 1));
      const count = splitWords(line, this.words);
      if (count < 0) {
        const column = line.indexOf('"') + 1;
        throw new SluiceError('RULE_SYNTAX', 'quote that is not closed', this.place(this.line, column));
      }
      if (count > 0) this.statement(count);
    } catch (error) {
      throw this.placed(error, line);
    }
  }

  private statement(count: number): void {
    const { open } = this;
    if (open === null) {
      const first = this.words[0]!;
      if (!first.startsWith('*'))
        throw new LineError('RULE_SYNTAX', `line ${this.line} failed: not in a table`, 0);
    } else if (open.skipped) {
      if (this.words[0] === 'COMMIT' && count === 1) this.open = null;
      return;
    }
    this.checkCounters(this.words[0]!);
    const plan = this.shapes.plan(this.words, count);
    switch (plan.kind) {
      case 'table':
        return this.beginTable(textAt(plan.name, this.words));
      case 'chain':
        return this.declareChain(plan, open!.table);
      case 'commit':
        return this.commit(open!);
      case 'command':
        return this.command(buildCommand(plan, this.words, this.place(this.line), this.context), open!.table);
    }
  }

  /** `[packets:bytes]` in front must have that form, wanted or not. */
  private checkCounters(word: string): void {
    if (word.startsWith('[') && !COUNTERS.test(word)) {
      throw new LineError('RULE_SYNTAX', `Bad line ${this.line}: need ]`, 0);
    }
  }

  private beginTable(name: string): void {
    if (this.open !== null) throw new LineError('RULE_SYNTAX', `Bad argument \`*${name}'`, 0);
    const skipped = this.options.table !== undefined && this.options.table !== name;
    const { family } = this.options;
    let table: Table;
    try {
      const known = tableNamed(name);
      const before = this.result.tables.get(known);
      if (before === undefined) table = makeTable(family, known);
      else table = this.options.noflush === true ? copyTable(before) : emptyTable(before);
    } catch {
      throw new LineError('RULE_CHAIN', `unable to initialize table '${name}'`, 0);
    }
    if (!skipped) this.options.watcher?.begins(table, this.result.tables.get(table.spec.name) ?? null);
    this.open = { table, line: this.line, skipped };
  }

  private declareChain(plan: Extract<Plan, { kind: 'chain' }>, table: Table): void {
    const name = textAt(plan.name, this.words);
    const policy = textAt(plan.policy, this.words);
    const known = table.chains.get(name);
    if (known === undefined || known.hook === null) {
      if (policy !== '-') {
        const message = `Can't set policy \`${policy}' on \`${name}' line ${this.line}: Bad built-in chain name`;
        throw new LineError('RULE_CHAIN', message, plan.policy.word);
      }
      checkChainName(name, (word) => this.registry.isTarget(word));
      if (known !== undefined && this.options.noflush !== true) {
        throw new LineError('RULE_CHAIN', `error creating chain '${name}':File exists`, plan.name.word);
      }
      if (known === undefined) table.chains.set(name, makeChain(name));
      else known.rules.length = 0;
      return;
    }
    if (policy === '-') return;
    const refusal =
      policy !== 'ACCEPT' && policy !== 'DROP'
        ? `Can't set policy \`${policy}' on \`${name}' line ${this.line}: Bad policy name`
        : policy === 'DROP' && table.spec.name === 'nat'
          ? 'The "nat" table is not intended for filtering, the use of DROP is therefore inhibited.'
          : null;
    if (refusal !== null) throw new LineError('RULE_CHAIN', refusal, plan.policy.word);
    known.policy = policy as 'ACCEPT' | 'DROP';
    if (this.options.counters === true) {
      if (plan.counters === null) {
        throw new LineError('RULE_SYNTAX', `invalid policy counters for chain '${name}'`, plan.policy.word);
      }
      [known.packets, known.bytes] = parseCounters(textAt(plan.counters, this.words), plan.counters.word);
    }
  }

  private command(command: Command, table: Table): void {
    if (command.table !== null) {
      throw new LineError('RULE_SYNTAX', 'The -t option cannot be used in iptables-restore.\n');
    }
    if (this.skippedFamily(command)) return;
    if (this.commandsLeft-- === 0) {
      throw new LineError(
        'RULE_CHAIN',
        `line ${this.line} failed: too many rules for the memory there is`,
        0,
      );
    }
    const { watcher } = this.options;
    if (watcher === undefined && (command.action === 'list' || command.action === 'list-rules')) {
      throw new LineError('RULE_SYNTAX', 'a rules file can not list rules');
    }
    watcher?.command(command, table);
    applyCommand(command, table, (name) => this.registry.isTarget(name));
  }

  /** Lines with -4 or -6 are for one family's program only. */
  private skippedFamily(command: Command): boolean {
    return command.shown.has(this.options.family === 4 ? 'ipv6' : 'ipv4');
  }

  private commit(open: OpenTable): void {
    const tables = [open.table, ...this.result.tables.values()];
    checkTable(open.table, knownObjects(this.options.objects, tables));
    this.result.tables.set(open.table.spec.name, open.table);
    this.options.watcher?.committed(open.table);
    this.open = null;
  }

  private place(line: number, column?: number): Place {
    return column === undefined
      ? { file: this.options.file, line }
      : { file: this.options.file, line, column };
  }

  private placed(error: unknown, line: string): unknown {
    if (error instanceof RefusedRule) {
      const { message, code } = error.error;
      return new RuleError(code, message, error.rule.place ?? this.place(this.line), null);
    }
    if (error instanceof LineError) {
      const word = error.word < 0 ? null : (this.words[error.word] ?? null);
      const column = error.word < 0 ? undefined : wordColumn(line, error.word);
      return new RuleError(error.code, error.message, this.place(this.line, column), word);
    }
    return error instanceof SluiceError && !(error instanceof RuleError)
      ? new RuleError('RULE_SYNTAX', error.message, error.place, null)
      : error;
  }
}
