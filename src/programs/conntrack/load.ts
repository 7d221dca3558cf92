/**
 * The file of `conntrack -R`: a command a line, as `-o save` prints them. All of it is read before anything is done; lines that
 * begin with `#` and blank ones are passed over.
 */
import type { LabelNames } from '../../netfilter/conntrack/label-names.ts';
import { connectionOf } from './make.ts';
import type { Command } from './options.ts';
import { BadWords, readRequest, type Request } from './request.ts';
import { Words } from './words.ts';

export interface LoadedLine {
  readonly request: Request;
  readonly words: Words;
}

const MOST_WORDS = 255;
const ALLOWED: ReadonlySet<Request['command']> = new Set<Command>(['I', 'A', 'U', 'D', 'F']);

/** Throws BadWords. */
export function readLines(text: string, labels: LabelNames): readonly LoadedLine[] {
  return text
    .split('\n')
    .map(wordsOf)
    .filter((words) => words.length > 0)
    .map((words) => readLine(words, labels));
}

function readLine(args: readonly string[], labels: LabelNames): LoadedLine {
  if (args.length > MOST_WORDS) throw new BadWords('too many arguments');
  const request = readRequest(args, labels);
  const { command, table } = request;
  const isFlushOfExpectations = command === 'F' && table === 'expect';
  if (!ALLOWED.has(command) || isFlushOfExpectations) {
    throw new BadWords(`Cannot use command \`${nameOf(request, args)}' with --load-file`);
  }
  const words = new Words(request);
  // For what it complains about.
  if (table === 'conntrack' && (command === 'I' || command === 'A')) connectionOf(words);
  return { request, words };
}

/** Words between spaces and tabs, in double quotes as they are; a NUL ends the line, as for the tool. */
function wordsOf(line: string): readonly string[] {
  const [text = ''] = line.split('\0', 1);
  if (text.trimStart().startsWith('#')) return [];
  return [...text.matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/g)].map(([word]) => word.replaceAll('"', ''));
}

function nameOf({ command, table }: Request, args: readonly string[]): string {
  if (command === 'version') return '-V';
  // Words without a command are answered by the help.
  if (command === 'help') return args.some((word) => word === '-h' || word === '--help') ? '-h' : 'unknown';
  return `-${command}${table === 'expect' ? ' expect' : ''}`;
}
