/** `ipset`: one command, carried out on the sets of a state file or of a host that runs, in ipset 7.17's words. */
import { SluiceError } from '../../base/errors.ts';
import {
  commandNamed,
  generalHelp,
  inListingOrder,
  listSets,
  prepareSetCommand,
  RestoreError,
  SetError,
  SetsRestore,
  setReferences,
  setTypeHelp,
  setTypeNamed,
  supportedTypes,
  TestFailure,
  type CommandName,
  type IpSets,
  type OutputMode,
  type SetCommandContext,
} from '../../netfilter/sets/index.ts';
import { answer, type Asking } from './answers.ts';
import { Failure, Status } from './failure.ts';
import { HostNames } from './host-names.ts';
import type { RulesIo } from './io.ts';
import type { RulesStore } from './rules-store.ts';

const VERSION = 'v7.17';
const PROTOCOL = 7;
const SEE_HELP = "Try `ipset help' for more information.\n";
/** In the text of every rule that names a set, and hardly in any other. */
const SET_OPTION = '-set ';
const MODES: readonly OutputMode[] = ['plain', 'save', 'xml', 'json'];

/** What may stand anywhere in the command. */
interface Settings {
  exist: boolean;
  quiet: boolean;
  sorted: boolean;
  names: boolean;
  terse: boolean;
  mode: OutputMode | null;
  file: string | null;
  readonly words: string[];
}

export function* runIpset(
  program: string,
  args: readonly string[],
  openState: () => RulesStore,
  io: RulesIo,
): Asking<number> {
  let quiet = false;
  try {
    const settings = readOptions(args);
    quiet = settings.quiet;
    const [first, ...rest] = settings.words;
    if (first === undefined) throw new SetError('No command specified.', 2);
    const command = commandNamed(first);
    if (command === null) throw new SetError(`No command specified: unknown argument ${first}`, 2);
    return yield* runCommand(command, rest, settings, openState, io);
  } catch (error) {
    throw asFailure(program, error, quiet);
  }
}

function* runCommand(
  command: CommandName,
  args: readonly string[],
  settings: Settings,
  openState: () => RulesStore,
  io: RulesIo,
): Asking<number> {
  switch (command) {
    case 'version':
      io.out.write(`ipset ${VERSION}, protocol version: ${PROTOCOL}\n`);
      return Status.DONE;
    case 'help':
      io.out.write(generalHelp(VERSION));
      io.out.write(helpOn(args[0]));
      return Status.DONE;
    case 'quit':
      return Status.DONE;
    case 'list':
    case 'save':
      show(openState(), command, args, settings, io);
      return Status.DONE;
    default:
      yield* change(openState(), command, args, settings, io);
      return Status.DONE;
  }
}

function* change(
  state: RulesStore,
  command: Exclude<CommandName, 'list' | 'save' | 'help' | 'version' | 'quit'>,
  args: readonly string[],
  settings: Settings,
  io: RulesIo,
): Asking<void> {
  const text = command === 'restore' ? yield* readCommands(settings.file, io) : '';
  const names = new HostNames(io);
  const isChange = command !== 'test';
  if (isChange) state.lock(0);
  try {
    const context = contextOf(state, settings, names, io);
    const commands =
      command === 'restore'
        ? new SetsRestore(text, context)
        : { run: () => prepareSetCommand(command, args, context).run() };
    yield* names.reading(() => commands.run());
  } finally {
    // What was done before a line of a file that failed stays done.
    if (isChange) {
      state.save();
      state.unlock();
    }
  }
}

function contextOf(state: RulesStore, settings: Settings, names: HostNames, io: RulesIo): SetCommandContext {
  let references: ReadonlyMap<string, number> | null = null;
  return {
    sets: state.objects.sets,
    rng: state.rng,
    resolve: names.resolve,
    exist: settings.exist,
    isUsed: (name) => (references ??= setReferences(state.rulesetsNaming(SET_OPTION))).has(name),
    show: (command, args) => show(state, command, args, settings, io),
    warn: (said) => {
      if (!settings.quiet) io.err.write(said);
    },
  };
}

function show(
  state: RulesStore,
  command: 'list' | 'save',
  args: readonly string[],
  settings: Settings,
  io: RulesIo,
): void {
  const [name, extra] = args;
  if (extra !== undefined) throw new SetError(`Unknown argument ${extra}`, 2);
  const sets: IpSets = state.objects.sets;
  const references = setReferences(state.rulesetsNaming(SET_OPTION));
  const slots = name === undefined ? inListingOrder(sets) : [sets.known(name)];
  const text = listSets(slots, sets, {
    mode: settings.mode ?? (command === 'save' ? 'save' : 'plain'),
    sorted: settings.sorted,
    names: settings.names,
    terse: settings.terse,
    references: (set) => references.get(set) ?? 0,
  });
  if (settings.file === null) io.out.write(text);
  else writeOrFail(settings.file, text, io);
}

function* readCommands(file: string | null, io: RulesIo): Asking<string> {
  if (file === null) return yield* answer(io.readInput());
  try {
    return io.readFile(file);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    const reason =
      (error as { code?: string }).code === 'ENOENT' ? 'No such file or directory' : String(error);
    throw new SetError(`Cannot open ${file} for reading: ${reason}`);
  }
}

function writeOrFail(file: string, text: string, io: RulesIo): void {
  try {
    io.writeFile(file, text);
  } catch (error) {
    throw new SetError(
      `Cannot open ${file} for writing: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** By any of its names: a letter, the word with one dash or two. */
const OPTION_NAMES: Readonly<Record<string, string>> = Object.freeze({
  '!': 'exist',
  o: 'output',
  q: 'quiet',
  r: 'resolve',
  s: 'sorted',
  n: 'name',
  t: 'terse',
  f: 'file',
});
const LONG_NAMES = new Set(Object.values(OPTION_NAMES));

function readOptions(args: readonly string[]): Settings {
  const settings: Settings = {
    exist: false,
    quiet: false,
    sorted: false,
    names: false,
    terse: false,
    mode: null,
    file: null,
    words: [],
  };
  for (let i = 0; i < args.length; i++) {
    const name = optionNamed(args[i]!);
    if (name === null) {
      settings.words.push(args[i]!);
      continue;
    }
    const value = name === 'output' || name === 'file' ? args[++i] : '';
    if (value === undefined) throw new SetError(`Missing mandatory argument to option ${args[i - 1]!}`, 2);
    setOption(settings, name, value);
  }
  return settings;
}

function optionNamed(word: string): string | null {
  const name = /^--?([a-z]+|!)$/.exec(word)?.[1];
  if (name === undefined) return null;
  if (LONG_NAMES.has(name)) return name;
  return !word.startsWith('--') && Object.hasOwn(OPTION_NAMES, name) ? OPTION_NAMES[name]! : null;
}

function setOption(settings: Settings, name: string, value: string): void {
  switch (name) {
    case 'exist':
      settings.exist = true;
      return;
    case 'quiet':
      settings.quiet = true;
      return;
    case 'sorted':
      settings.sorted = true;
      return;
    case 'name':
      settings.names = true;
      return;
    case 'terse':
      settings.terse = true;
      return;
    case 'file':
      settings.file = value;
      return;
    case 'output': {
      const mode = MODES.find((one) => one === value);
      if (mode === undefined) throw new SetError(`Syntax error: unknown output mode '${value}'`);
      settings.mode = mode;
    }
  }
}

function helpOn(typeName: string | undefined): string {
  if (typeName === undefined) return supportedTypes();
  const type = setTypeNamed(typeName);
  if (type === undefined) throw new SetError(`Unknown settype: \`${typeName}'`, 2);
  return setTypeHelp(type);
}

/** `-q` leaves the status alone to speak. */
function asFailure(program: string, error: unknown, quiet: boolean): unknown {
  const said = (cause: SetError, place: string): Failure => {
    if (quiet) return new Failure(cause.status, '');
    if (cause instanceof TestFailure) return new Failure(cause.status, `${cause.message}\n`);
    const advice = cause.status === Status.PARAMETER ? SEE_HELP : '';
    return new Failure(cause.status, `${program} ${VERSION}: ${place}${cause.message}\n${advice}`);
  };
  if (error instanceof SetError) return said(error, '');
  if (error instanceof RestoreError) {
    const isUsage = error.cause.status === Status.PARAMETER;
    return said(error.cause, isUsage ? '' : `Error in line ${error.line}: `);
  }
  return error;
}
