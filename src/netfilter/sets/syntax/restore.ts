/**
 * Files of ipset commands, as `ipset save` prints them and `ipset restore` reads them. As the program does it, additions to one
 * set are put to the kernel together: a line that can't be read undoes those that were still waiting.
 */
import type { Rng } from '../../../base/rng.ts';
import type { IpSets } from '../ip-sets.ts';
import { SetError } from '../set-error.ts';
import {
  commandNamed,
  prepareSetCommand,
  type PreparedSetCommand,
  type SetCommandContext,
} from './commands.ts';

/** Says which line it was. */
export class RestoreError extends Error {
  readonly line: number;
  override readonly cause: SetError;

  constructor(line: number, cause: SetError) {
    super(cause.message);
    this.name = 'RestoreError';
    this.line = line;
    this.cause = cause;
  }
}

interface Waiting {
  readonly line: number;
  readonly command: PreparedSetCommand;
}

/**
 * Carries the lines out. `run` throws RestoreError, and what came before the line then stays done; called again, it goes on
 * with that line (whose names of hosts may have been looked up meanwhile).
 */
export class SetsRestore {
  private readonly lines: readonly string[];
  private readonly context: SetCommandContext;
  private next = 0;
  private waiting: Waiting[] = [];
  private joined: string | null = null;

  constructor(text: string, context: SetCommandContext) {
    this.lines = text.split('\n');
    this.context = context;
  }

  run(): void {
    for (; this.next < this.lines.length; this.next++) this.take(this.lines[this.next]!, this.next + 1);
    this.commit();
  }

  private take(line: string, number: number): void {
    const words = wordsOf(line);
    if (words.length === 0 || words[0]!.startsWith('#')) return;
    if (words[0] === 'COMMIT') {
      this.commit();
      return;
    }
    const command = at(number, () => readLine(words, this.context));
    if (command.joins === null || command.joins !== this.joined) this.commit();
    this.joined = command.joins;
    this.waiting.push({ line: number, command });
    if (command.joins === null) this.commit();
  }

  private commit(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const { line, command } of waiting) at(line, () => command.run());
  }
}

/** Sets out of a file, where nobody is there to be told anything but what is wrong with it. Throws RestoreError. */
export function loadSets(text: string, sets: IpSets, rng: Rng): void {
  const nothing = () => undefined;
  new SetsRestore(text, {
    sets,
    rng,
    resolve: null,
    exist: false,
    isUsed: () => false,
    show: nothing,
    warn: nothing,
  }).run();
}

/** At blanks; between double quotes blanks count as text. A quote that is left open has no word. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  for (const found of line.matchAll(/"([^"]*)"|"[^"]*$|([^\s"]+)/g)) {
    const word = found[1] ?? found[2];
    if (word !== undefined) words.push(word);
  }
  return words;
}

function readLine(words: readonly string[], context: SetCommandContext): PreparedSetCommand {
  const exist = words.some((word) => EXIST.has(word));
  const [first = '', ...args] = exist ? words.filter((word) => !EXIST.has(word)) : words;
  const name = commandNamed(first);
  switch (name) {
    case null:
      throw new SetError(`No command specified: unknown argument ${first}`, 2);
    case 'list':
    case 'save':
      return { joins: null, run: () => context.show(name, args) };
    case 'restore':
    case 'help':
    case 'version':
    case 'quit':
      throw new SetError(`Command \`${first}' is invalid in restore mode.`, 2);
    default:
      return prepareSetCommand(name, args, exist ? { ...context, exist } : context);
  }
}

/** `-exist` may stand anywhere in a line. */
const EXIST: ReadonlySet<string> = new Set(['-exist', '--exist', '-!']);

function at<T>(line: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof SetError ? new RestoreError(line, error) : error;
  }
}
