/**
 * What may stand next in a line: commands, nodes, tables, chains, matches and targets, their options and values, interfaces.
 * All of it comes from declarations or from the instance itself; nothing here knows an option by name but those that name
 * tables, chains, extensions and interfaces.
 */
import type { Family } from '../../netfilter/hook.ts';
import { TABLES } from '../../netfilter/hook.ts';
import type { MatchExtension, OptionSpec, TargetExtension } from '../../netfilter/extension.ts';
import { MATCHES } from '../../netfilter/matches/index.ts';
import { STANDARD_TARGETS } from '../../netfilter/rule.ts';
import { COMMAND_OPTIONS, registryOf } from '../../netfilter/syntax/index.ts';
import { parseProtocol, PROTOCOL_NAMES } from '../../netfilter/syntax/values/protocols.ts';
import { TARGETS } from '../../netfilter/targets/index.ts';
import { programNamed } from '../../programs/index.ts';
import { isRulesProgram } from '../../programs/rules/names.ts';
import type { Facts } from './facts.ts';
import { helpTopics } from './help.ts';
import { OWN_COMMANDS } from './session.ts';

export interface Completion {
  /** Whole words that may stand in place of the one that was begun, in order. */
  readonly words: readonly string[];
  /** What was typed of it. */
  readonly begun: string;
}

/** @param text - the line up to the cursor */
export async function complete(text: string, facts: Facts): Promise<Completion> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const begun = /\s$/.test(text) || text === '' ? '' : words.pop()!;
  const found = await candidates(words, begun, facts);
  // What stands before the last comma is typed already: `NEW,ESTAB`.
  const comma = begun.startsWith('-') ? -1 : begun.lastIndexOf(',');
  const [before, last] = [begun.slice(0, comma + 1), begun.slice(comma + 1)];
  const fitting = found.filter((word) => word.startsWith(last) && !(comma >= 0 && word === last));
  return { words: [...new Set(fitting)].map((word) => before + word), begun };
}

async function candidates(words: readonly string[], begun: string, facts: Facts): Promise<readonly string[]> {
  const { target } = facts;
  const [first, ...rest] = words;
  if (first === undefined) return [...target.programs, ...target.nodes, ...Object.keys(OWN_COMMANDS)].sort();
  if (first === 'help') return helpTopics(target.programs, OWN_COMMANDS);
  if (first === 'source') return facts.files(begun);
  if (target.nodes.includes(first) && !target.programs.includes(first)) {
    return rest.length === 0 ? target.programs : ofProgram(rest[0]!, rest.slice(1), begun, facts.at(first));
  }
  return ofProgram(first, rest, begun, facts);
}

async function ofProgram(
  name: string,
  args: readonly string[],
  begun: string,
  facts: Facts,
): Promise<readonly string[]> {
  if (isRulesProgram(name) && !name.endsWith('-save') && !name.endsWith('-restore')) {
    return ofRule(name.startsWith('ip6') ? 6 : 4, args, begun, facts);
  }
  const previous = args.at(-1) ?? '';
  if (previous === 'dev' || previous === '-i' || previous === '--interface') return facts.interfaces();
  const words = programNamed(name)?.completion?.(args, begun) ?? [];
  return words.includes(INTERFACES) ? [...words, ...(await facts.interfaces())] : words;
}

/** Stands in a program's completion for the names of interfaces. */
const INTERFACES = '<interface>';

// ── iptables ────────────────────────────────────────────────────────────────────────────────────────────────────

type Extension = MatchExtension | TargetExtension;

async function ofRule(
  family: Family,
  args: readonly string[],
  begun: string,
  facts: Facts,
): Promise<readonly string[]> {
  const previous = args.at(-1) ?? '';
  const table = valueOf(args, ['-t', '--table']) ?? 'filter';
  const option = commandOption(previous, family);
  if (option !== undefined) {
    const operands = await operandsOf(option.names[0]!, family, table, facts);
    if (operands !== null && (option.needs > 0 || !begun.startsWith('-'))) return operands;
  }
  const loaded = loadedBy(args, family);
  const spec =
    extensionOption(previous, loaded, family) ?? extensionOption(args.at(-2) ?? '', loaded, family, 2);
  if (spec !== undefined && (spec.value.words ?? 1) > 0 && !begun.startsWith('-'))
    return spec.value.choices ?? [];
  return [...longOptions(family), ...loaded.flatMap((extension) => optionsOf(extension, family)), '!'].sort();
}

function commandOption(word: string, family: Family) {
  return COMMAND_OPTIONS.find(
    ({ letter, names, families }) =>
      families.includes(family) &&
      (word === `-${letter ?? ''}` || (word.startsWith('--') && names.includes(word.slice(2)))),
  );
}

/** What stands behind an option of iptables itself; null for what nothing is known of. */
async function operandsOf(
  option: string,
  family: Family,
  table: string,
  facts: Facts,
): Promise<readonly string[] | null> {
  switch (option) {
    case 'table':
      return Object.keys(TABLES);
    case 'append':
    case 'check':
    case 'delete':
    case 'insert':
    case 'replace':
    case 'list':
    case 'list-rules':
    case 'flush':
    case 'zero':
    case 'delete-chain':
    case 'policy':
    case 'rename-chain':
      return (await facts.chains(family, table)).map(({ name }) => name);
    case 'goto':
      return userChains(family, table, facts);
    case 'jump':
      return [...STANDARD_TARGETS, ...namesOf(TARGETS, family), ...(await userChains(family, table, facts))];
    case 'match':
      return namesOf(MATCHES, family);
    case 'protocol':
      return [...PROTOCOL_NAMES, 'all'];
    case 'in-interface':
    case 'out-interface':
      return facts.interfaces();
    default:
      return null;
  }
}

async function userChains(family: Family, table: string, facts: Facts): Promise<string[]> {
  const chains = await facts.chains(family, table);
  return chains.filter(({ isBuiltIn }) => !isBuiltIn).map(({ name }) => name);
}

function namesOf(extensions: readonly Extension[], family: Family): string[] {
  return extensions
    .filter(({ families }) => families === undefined || families.includes(family))
    .flatMap(({ name, aliases = [] }) => [name, ...aliases])
    .sort();
}

/** The matches and the target that the words load. */
function loadedBy(args: readonly string[], family: Family): Extension[] {
  const registry = registryOf(family);
  return args.flatMap((word, i): Extension[] => {
    const value = args[i + 1] ?? '';
    if (word === '-m' || word === '--match') return listOf(registry.match(value));
    if (word === '-j' || word === '--jump') return listOf(registry.target(value));
    if (word === '-p' || word === '--protocol') return listOf(matchOfProtocol(value, family));
    return [];
  });
}

function matchOfProtocol(name: string, family: Family): Extension | undefined {
  try {
    return registryOf(family).matchOfProtocol(parseProtocol(name));
  } catch {
    // No such protocol: nothing to offer.
    return undefined;
  }
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

function optionsOf({ options }: Extension, family: Family): string[] {
  return Object.entries(options)
    .filter(([, { families }]) => families === undefined || families.includes(family))
    .map(([property, { name = property }]) => `--${name}`);
}

/** The option of an extension that a word is; `words`: that takes at least so many. */
function extensionOption(
  word: string,
  loaded: readonly Extension[],
  family: Family,
  words = 1,
): OptionSpec | undefined {
  if (!word.startsWith('--')) return undefined;
  for (const { options } of loaded) {
    for (const [property, spec] of Object.entries(options)) {
      const names = [spec.name ?? property, ...(spec.aliases ?? [])];
      const isOfFamily = spec.families === undefined || spec.families.includes(family);
      if (isOfFamily && names.includes(word.slice(2)) && (spec.value.words ?? 1) >= words) return spec;
    }
  }
  return undefined;
}

function longOptions(family: Family): string[] {
  return COMMAND_OPTIONS.filter(({ families }) => families.includes(family)).flatMap(({ letter, names }) => [
    ...(letter === null ? [] : [`-${letter}`]),
    `--${names[0]!}`,
  ]);
}

function valueOf(args: readonly string[], names: readonly string[]): string | undefined {
  const at = args.findLastIndex((word) => names.includes(word));
  return at < 0 ? undefined : args[at + 1];
}
