/** Command lines by the declarations of the commands: commander does the parsing, this gives it the declarations. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { CommandSpec, ListOption, OptionSpec } from './command.ts';
import { longName } from './command.ts';
import { commandHelp, programHelp } from './help.ts';

/** What is wrong with a command line, and whose help would help. */
export class UsageError extends Error {
  readonly command: string | null;

  constructor(message: string, command: string | null) {
    super(message);
    this.name = 'UsageError';
    this.command = command;
  }
}

export type Parsed =
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'run';
      readonly command: CommandSpec;
      readonly args: readonly string[];
      readonly options: Readonly<Record<string, unknown>>;
    };

export function parseWords(given: readonly string[], commands: readonly CommandSpec[]): Parsed {
  // `sluice help replay` is `sluice replay --help`.
  const words = given[0] === 'help' ? [...given.slice(1, 2), '--help'] : given;
  let result: Parsed | null = null;
  const program = quiet(new Command('sluice')).helpCommand(false).enablePositionalOptions();
  program.helpInformation = () => programHelp(commands);
  for (const spec of commands) {
    const command = quiet(program.command(spec.name));
    command.helpInformation = () => commandHelp(spec);
    for (const { name, required, variadic } of spec.arguments) {
      const shown = variadic ? `${name}...` : name;
      command.argument(required ? `<${shown}>` : `[${shown}]`);
    }
    for (const [key, option] of Object.entries(spec.options)) addOption(command, key, option);
    command.action(() => {
      result = { kind: 'run', command: spec, args: command.args, options: command.opts() };
    });
  }
  const named = commands.find(({ name }) => name === words[0]);
  try {
    program.parse(named === undefined ? words : withListsSpreadOut(words, named), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') {
      return { kind: 'help', text: named === undefined ? programHelp(commands) : commandHelp(named) };
    }
    throw new UsageError(error.message.replace(/^error: /, '').replace('\n', ' '), named?.name ?? null);
  }
  // Without a subcommand commander has nothing to do.
  if (result === null) throw new UsageError('no command given', null);
  return result;
}

/** No output and no exit by commander itself. */
function quiet(command: Command): Command {
  return command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
}

function addOption(command: Command, key: string, spec: OptionSpec): void {
  const long = longName(key);
  const flags = spec.short === undefined ? long : `-${spec.short}, ${long}`;
  switch (spec.kind) {
    case 'flag':
      command.addOption(new Option(flags));
      if (spec.negatable === true) command.addOption(new Option(long.replace(/^--/, '--no-')));
      return;
    case 'text':
      command.addOption(new Option(`${flags} <${spec.value}>`));
      return;
    case 'list':
      command.addOption(new Option(`${flags} <${spec.value}>`).default([]).argParser(append));
      return;
    case 'number':
      command.addOption(
        new Option(`${flags} <${spec.value}>`).argParser((word) => wholeNumber(word, spec.min, spec.max)),
      );
      return;
    case 'choice':
      command.addOption(
        new Option(`${flags} <${spec.choices.join('|')}>`).choices(spec.choices).default(spec.default),
      );
  }
}

function append(word: string, before: unknown): string[] {
  return [...(before as string[]), word];
}

function wholeNumber(word: string, min: number, max: number): number {
  const number = /^\d+$/.test(word) ? Number(word) : NaN;
  if (number >= min && number <= max) return number;
  throw new InvalidArgumentError(`Expected is a whole number from ${min} to ${max}.`);
}

/** `--host A B` as `--host A --host B`, as far as B looks like one. */
function withListsSpreadOut(words: readonly string[], { options }: CommandSpec): string[] {
  const lists = new Map<string, ListOption>();
  for (const [key, option] of Object.entries(options)) {
    if (option.kind === 'list') lists.set(longName(key), option);
  }
  const result: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    result.push(word);
    if (word === '--') return [...result, ...words.slice(i + 1)];
    const more = lists.get(word)?.more;
    if (more === undefined || i + 1 >= words.length) continue;
    result.push(words[++i]!);
    while (i + 1 < words.length && more.test(words[i + 1]!)) result.push(word, words[++i]!);
  }
  return result;
}
