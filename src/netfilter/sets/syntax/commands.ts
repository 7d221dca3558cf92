/**
 * One command of ipset as words: read, checked and carried out on sets. `restore` reads a file of such commands. The
 * program around it (options of output, exit statuses) is src/shell/ipset.ts. Source: ipset(8), ipset 7.17.
 */
import type { Rng } from '../../../base/rng.ts';
import type { Family } from '../../hook.ts';
import type { IpSets } from '../ip-sets.ts';
import { Found } from '../ip-set.ts';
import type { ElementSpec } from '../element.ts';
import { SetError } from '../set-error.ts';
import { setTypeNamed, type CreateOption, type SetType } from '../set-types.ts';
import { NO_EXTRAS, type ElementExtras, type SetSettings } from '../settings.ts';
import type { ResolveName } from './addresses.ts';
import { FLAGS, IGNORED_OPTIONS, readSettings } from './create-options.ts';
import { describeElement, readElement, readSetName, type ElementCommand } from './elements.ts';
import { EXTRA_NAMES, readExtra, type ExtraName } from './extras.ts';

export const COMMANDS = [
  'create',
  'add',
  'del',
  'test',
  'destroy',
  'list',
  'save',
  'restore',
  'flush',
  'rename',
  'swap',
  'help',
  'version',
  'quit',
] as const;
export type CommandName = (typeof COMMANDS)[number];

const LETTERS: Readonly<Record<string, CommandName>> = Object.freeze({
  '-N': 'create',
  '-A': 'add',
  '-D': 'del',
  '-T': 'test',
  '-X': 'destroy',
  '-L': 'list',
  '-S': 'save',
  '-R': 'restore',
  '-F': 'flush',
  '-E': 'rename',
  '-W': 'swap',
  '-H': 'help',
  '-h': 'help',
  '-V': 'version',
  '-v': 'version',
});

/** The command that a word says: in full, cut short, with dashes before it, or as a letter; null for none. */
export function commandNamed(word: string): CommandName | null {
  if (Object.hasOwn(LETTERS, word)) return LETTERS[word]!;
  const name = word.startsWith('--') ? word.slice(2) : word;
  return name === '' || name.startsWith('-') ? null : (COMMANDS.find((one) => one.startsWith(name)) ?? null);
}

export interface SetCommandContext {
  readonly sets: IpSets;
  readonly rng: Rng;
  readonly resolve: ResolveName | null;
  /** `-exist`. */
  readonly exist: boolean;
  /** Do rules hold the set? */
  readonly isUsed: (name: string) => boolean;
  /** Lists sets, where a file asks for it. */
  readonly show: (command: 'list' | 'save', args: readonly string[]) => void;
  /** What is said without being an error. */
  readonly warn: (text: string) => void;
}

/** A command that was read and may be carried out. */
export interface PreparedSetCommand {
  /** Commands that go on like the one before are put to the kernel together with it. */
  readonly joins: string | null;
  run(): void;
}

/** Reads a command that changes sets, or `test`. Throws SetError. */
export function prepareSetCommand(
  command: Exclude<CommandName, 'list' | 'save' | 'restore' | 'help' | 'version' | 'quit'>,
  args: readonly string[],
  context: SetCommandContext,
): PreparedSetCommand {
  const { sets, isUsed } = context;
  switch (command) {
    case 'create':
      return alone(prepareCreate(args, context));
    case 'add':
    case 'del':
    case 'test':
      return prepareElement(command, args, context);
    case 'destroy': {
      const [name] = operands(command, args, 0, 1);
      return alone(() => (name === undefined ? sets.destroyAll(isUsed) : sets.destroy(name, isUsed)));
    }
    case 'flush': {
      const [name] = operands(command, args, 0, 1);
      return alone(() => {
        for (const slot of name === undefined ? sets.slots() : [sets.known(name)]) slot.set.flush();
      });
    }
    case 'rename':
    case 'swap': {
      const [from, to] = operands(command, args, 2, 2) as unknown as [string, string];
      return alone(() => (command === 'swap' ? sets.swap(from, to) : sets.rename(from, to, isUsed)));
    }
  }
}

function alone(run: () => void): PreparedSetCommand {
  return { joins: null, run };
}

const ORDINALS = ['', ' second'] as const;

function operands(
  command: CommandName,
  args: readonly string[],
  least: number,
  most: number,
): readonly string[] {
  if (args.length < least) {
    throw new SetError(`Missing${ORDINALS[args.length]!} mandatory argument to command ${command}`, 2);
  }
  if (args.length > most) throw new SetError(`Unknown argument ${args[most]!}`, 2);
  return args.map((name) => readSetName(name));
}

// ── create ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function prepareCreate(args: readonly string[], context: SetCommandContext): () => void {
  const [name, typeName, ...rest] = args;
  if (name === undefined) throw new SetError('Missing mandatory argument to command create', 2);
  if (typeName === undefined) throw new SetError('Missing second mandatory argument to command create', 2);
  readSetName(name);
  const type = setTypeNamed(typeName);
  if (type === undefined) throw new SetError(`Syntax error: typename '${typeName}' is unknown`);
  const { family, given } = readCreateOptions(type, rest, context.warn);
  const settings = readSettings(type, family, given, context.rng, context.resolve);
  return () => {
    const known = context.sets.get(name);
    if (known !== undefined && context.exist && isAlike(known.set.type, known.set.settings, type, settings))
      return;
    context.sets.create(name, type, settings);
  };
}

/** May a set be taken for one that is to be created? Sizes and secrets may differ. */
function isAlike(a: SetType, as: SetSettings, b: SetType, bs: SetSettings): boolean {
  return (
    a === b &&
    as.family === bs.family &&
    as.timeout === bs.timeout &&
    as.counters === bs.counters &&
    as.comment === bs.comment &&
    as.skbinfo === bs.skbinfo &&
    as.netmask === bs.netmask &&
    as.markmask === bs.markmask &&
    as.maxelem === bs.maxelem &&
    as.range.join() === bs.range.join()
  );
}

function readCreateOptions(
  type: SetType,
  words: readonly string[],
  warn: (text: string) => void,
): { readonly family: Family; readonly given: ReadonlyMap<CreateOption, string> } {
  const given = new Map<CreateOption, string>();
  const takesFamily = type.families !== null && type.method === 'hash';
  let family: Family | null = null;
  const setFamily = (said: Family, word: string) => {
    if (family !== null) throw new SetError(`Syntax error: ${word} already specified`);
    family = said;
  };
  const ignored: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const option = word.replace(/^--?(?=[a-z])/, '');
    const value = () => {
      const next = words[++i];
      if (next === undefined) throw new SetError(`Missing mandatory argument of option \`${option}'`, 2);
      return next;
    };
    if (takesFamily && (word === '-4' || word === '-6')) setFamily(word === '-4' ? 4 : 6, word);
    else if (takesFamily && option === 'family') setFamily(readFamily(value()), 'family');
    else if ((IGNORED_OPTIONS as readonly string[]).includes(option)) {
      ignored.push(`Option '--${option} ${value()}' is ignored. Please upgrade your syntax.`);
    } else if ((type.create as readonly string[]).includes(option)) {
      const name = option as CreateOption;
      if (FLAGS.includes(name)) given.set(name, '');
      else if (given.has(name)) throw new SetError(`Syntax error: ${name} already specified`);
      else given.set(name, value());
    } else throw new SetError(`Unknown argument: \`${word}'`, 2);
  }
  if (ignored.length > 0) warn(`Warning: ${ignored.join('\n')}\n`);
  return { family: family ?? 4, given };
}

function readFamily(word: string): Family {
  if (word === 'inet' || word === 'ipv4' || word === '-4') return 4;
  if (word === 'inet6' || word === 'ipv6' || word === '-6') return 6;
  throw new SetError(`Syntax error: unknown inet family ${word}`);
}

// ── add, del, test ─────────────────────────────────────────────────────────────────────────────────────────────────

function prepareElement(
  command: ElementCommand,
  args: readonly string[],
  context: SetCommandContext,
): PreparedSetCommand {
  const [name, text, ...rest] = args;
  if (name === undefined) throw new SetError(`Missing mandatory argument to command ${command}`, 2);
  if (text === undefined) throw new SetError(`Missing second mandatory argument to command ${command}`, 2);
  readSetName(name);
  const { type, settings } = context.sets.known(name).set;
  const { extras, spec } = readElementWords(command, type, settings.family, text, rest, context);
  return {
    joins: command === 'test' ? null : `${command} ${name}`,
    run() {
      const { set } = context.sets.known(name);
      if (command === 'add') {
        checkExtras(extras, settings);
        set.add(spec, extras, context.exist);
      } else if (command === 'del') set.remove(spec, context.exist);
      else sayTested(isIn(set.test(spec), extras.nomatch), spec, name, type, settings.family, context);
    },
  };
}

/** Asked with `nomatch`, an exception counts as being in the set. */
function isIn(found: Found, nomatch: boolean): boolean {
  return nomatch ? found === Found.NOMATCH : found === Found.YES;
}

function sayTested(
  isThere: boolean,
  spec: ElementSpec,
  name: string,
  type: SetType,
  family: Family,
  { warn }: SetCommandContext,
): void {
  const element = describeElement(spec, type, family);
  if (isThere) warn(`Warning: ${element} is in set ${name}.\n`);
  else throw new TestFailure(`${element} is NOT in set ${name}.`);
}

/** What `test` says when the element is not in the set; not an error of the command. */
export class TestFailure extends SetError {}

function readElementWords(
  command: ElementCommand,
  type: SetType,
  family: Family,
  text: string,
  words: readonly string[],
  { resolve }: SetCommandContext,
): { readonly extras: ElementExtras; readonly spec: ElementSpec } {
  let spec = readElement(text, type, family, command, resolve);
  let extras = NO_EXTRAS;
  const seen = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const option = word.replace(/^--?(?=[a-z])/, '');
    const value = () => {
      const next = words[++i];
      if (next === undefined) throw new SetError(`Missing mandatory argument of option \`${option}'`, 2);
      return next;
    };
    const isExtra = command === 'add' && (EXTRA_NAMES as readonly string[]).includes(option);
    const isBeside = type.method === 'list' && (option === 'before' || option === 'after');
    if (isExtra || isBeside) {
      // A neighbour can be named once, whichever side it is on.
      const key = isBeside ? 'beside' : option;
      if (seen.has(key)) throw new SetError(`Syntax error: ${option} already specified`);
      seen.add(key);
    }
    if (isExtra) extras = { ...extras, ...readExtra(option as ExtraName, value()) };
    else if (isBeside) {
      const beside = { where: option, name: readSetName(value()) } as const;
      spec = { ...spec, member: { ...spec.member!, beside } };
    } else if (option === 'nomatch' && type.parts.includes('net') && command !== 'del') {
      extras = { ...extras, nomatch: true };
    } else if (option === 'wildcard' && spec.iface !== null && command === 'add') {
      spec = { ...spec, iface: { ...spec.iface, wildcard: true } };
    } else throw new SetError(`Unknown argument: \`${word}'`, 2);
  }
  return { extras, spec };
}

function checkExtras(extras: ElementExtras, settings: SetSettings): void {
  const { timeout, packets, bytes, comment, skbmark, skbprio, skbqueue } = extras;
  if (timeout !== null && settings.timeout === null) {
    throw new SetError('Timeout cannot be used: set was created without timeout support');
  }
  if ((packets !== null || bytes !== null) && !settings.counters) {
    throw new SetError('Packet/byte counters cannot be used: set was created without counter support');
  }
  if (comment !== null && !settings.comment) {
    throw new SetError('Comment cannot be used: set was created without comment support');
  }
  if ((skbmark !== null || skbprio !== null || skbqueue !== null) && !settings.skbinfo) {
    throw new SetError('Skbinfo mapping cannot be used: set was created without skbinfo support');
  }
}
