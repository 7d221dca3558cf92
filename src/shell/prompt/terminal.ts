/** The rule shell at a terminal, with history and completion; and on anything else, a script from standard input. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { complete } from './completion.ts';
import { Facts } from './facts.ts';
import { runScript } from './script.ts';
import { Session, type SessionIo } from './session.ts';
import type { Target } from './target.ts';

const HISTORY_LINES = 1000;
const OWNER_ONLY = 0o600;

/** Runs until the user leaves; the exit status. */
export async function runShell(
  target: Target,
  input: NodeJS.ReadStream,
  output: NodeJS.WritableStream,
  io: SessionIo,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const session = new Session(target, io, env['SLUICE_NODE'] || target.nodes[0]);
  try {
    if (input.isTTY !== true) {
      const lines = createInterface({ input });
      return await runScript(session, lines, '-', (message) => io.err(message));
    }
    return await atTerminal(session, input, output, io, historyPath(env));
  } finally {
    session.close();
  }
}

async function atTerminal(
  session: Session,
  input: NodeJS.ReadStream,
  output: NodeJS.WritableStream,
  io: SessionIo,
  history: string,
): Promise<number> {
  const readline = createInterface({
    input,
    output,
    history: readHistory(history),
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      complete(line, new Facts(session.target, session.node, io.cwd)).then(
        ({ words, begun }) => done(null, [words.map((word) => `${word} `), begun]),
        () => done(null, [[], line]),
      );
    },
  });
  readline.on('history', (lines: string[]) => writeHistory(history, lines));
  readline.on('SIGINT', () => {
    if (session.isBusy) session.interrupt();
    else readline.write(null, { ctrl: true, name: 'u' });
  });
  io.out(
    `${session.target.kind}: ${session.target.nodes.join(', ')}. "help" tells what there is; Tab completes.\n`,
  );
  for (;;) {
    const line = await ask(readline, session.prompt);
    if (line === null) break;
    await session.enter(line, session.prompt.length);
    if (session.isOver) break;
  }
  readline.close();
  return session.status;
}

/** Null at the end of input. */
function ask(readline: Interface, prompt: string): Promise<string | null> {
  return new Promise((answered) => {
    const closed = () => answered(null);
    readline.once('close', closed);
    readline.question(prompt, (line) => {
      readline.off('close', closed);
      answered(line);
    });
  });
}

function historyPath(env: Readonly<Record<string, string | undefined>>): string {
  return join(
    env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'),
    'sluice',
    'history',
  );
}

/** Newest first, as readline has it. */
function readHistory(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .slice(-HISTORY_LINES)
      .reverse();
  } catch {
    // The first time.
    return [];
  }
}

function writeHistory(path: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${[...lines].reverse().join('\n')}\n`, { mode: OWNER_ONLY });
  } catch {
    // Nowhere to keep it: then the history ends with the session.
  }
}
