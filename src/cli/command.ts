/**
 * A command is one declaration: its arguments, options, examples and exit statuses. Parsing (parse.ts), `--help`
 * (help.ts) and docs/cli.md (manual.ts) follow from it; what is left to write is `run`.
 */
import type { Io } from './io.ts';

interface OptionBase {
  /** The single letter, where the option has one; the long name is the property's own in kebab-case. */
  readonly short?: string;
  /** Help shows options of one section together. */
  readonly section: string;
  /** One sentence or two. */
  readonly about: string;
}

/** `--json`; with `negatable`, `--no-json` too, and absent says neither. */
export interface FlagOption extends OptionBase {
  readonly kind: 'flag';
  readonly negatable?: boolean;
}
export interface TextOption extends OptionBase {
  readonly kind: 'text';
  /** How help shows the value: `FILE`. */
  readonly value: string;
}
/** May stand several times. */
export interface ListOption extends OptionBase {
  readonly kind: 'list';
  readonly value: string;
  /** A word that looks like this and follows directly is a further value: `--host 10.0.0.1 fd00::1`. */
  readonly more?: RegExp;
}
export interface NumberOption extends OptionBase {
  readonly kind: 'number';
  readonly value: string;
  readonly min: number;
  readonly max: number;
}
export interface ChoiceOption extends OptionBase {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  /** What holds when the option is not given. */
  readonly default: string;
}
export type OptionSpec = FlagOption | TextOption | ListOption | NumberOption | ChoiceOption;
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<O extends OptionSpec> = O extends ChoiceOption
  ? O['choices'][number]
  : O extends ListOption
    ? readonly string[]
    : (O extends FlagOption ? boolean : O extends NumberOption ? number : string) | undefined;

export type OptionValues<O extends OptionSpecs> = { readonly [K in keyof O]: ValueOf<O[K]> };

export interface ArgumentSpec {
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
  /** Takes all words that are left. */
  readonly variadic: boolean;
}

export interface Example {
  readonly about: string;
  readonly command: string;
}

export interface CommandSpec<O extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Paragraphs; lines that begin with spaces keep their form. */
  readonly about: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly options: O;
  readonly examples: readonly Example[];
  /** Exit statuses beyond those that all commands have (exit-status.ts). */
  readonly exit?: readonly { readonly status: number; readonly about: string }[];
  /** Loads what it needs and returns the exit status. */
  run(args: readonly string[], options: OptionValues<O>, io: Io): Promise<number>;
}

/** Types `run` by the options declared. */
export function defineCommand<const O extends OptionSpecs>(spec: CommandSpec<O>): CommandSpec {
  return spec as unknown as CommandSpec;
}

/** `insideInterface` is written `--inside-interface`. */
export function longName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
