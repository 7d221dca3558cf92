/**
 * The rule shell: one line, one command, on the node of the prompt. What a line does to the session itself (other nodes, help,
 * scripts, jobs) is here; programs are the target's. A terminal (terminal.ts) and scripts (script.ts) feed it lines.
 *
 *     gateway> iptables -nvL FORWARD        on the node of the prompt
 *     gateway> b ip route                   on another, named in front
 *     gateway> b                            from now on there
 *     gateway> tcpdump -i eth0 icmp &       goes on while other commands run; `jobs`, `kill 1`
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { didYouMean } from '../../base/did-you-mean.ts';
import { readBoundedText } from '../../replay/bounded-text.ts';
import type { CallerIo } from '../live/instance.ts';
import { helpText, helpTopics } from './help.ts';
import { LineMistake, readLine, type Line, type Word } from '../../programs/line.ts';
import { mistakenWord, pointer, type Typed } from './point.ts';
import { runScript } from './script.ts';
import type { Target } from './target.ts';

export interface SessionIo {
  out(text: string): void;
  err(text: string): void;
  readonly cwd: string;
  now(): number;
}

/** Exit statuses of the session's own commands. */
const DONE = 0;
const FAILED = 1;
const BAD_WORDS = 2;
const NOT_FOUND = 127;
const CANCELLED = 130;

/** Scripts that read scripts: a file that reads itself ends here. */
const DEEPEST = 16;

interface Job {
  readonly text: string;
  cancel(): void;
}

type OwnCommand = (words: readonly Word[], session: Session) => number | Promise<number>;

/** What a line does to the session; `usage` and `about` are what `help` shows. */
export const OWN_COMMANDS: Readonly<
  Record<string, { readonly usage: string; readonly about: string; readonly run: OwnCommand }>
> = {
  help: {
    usage: 'help [COMMAND|MATCH|TARGET]',
    about: 'Explains a command, a match or a target of iptables.',
    run: (words, session) => session.help(words),
  },
  source: {
    usage: 'source FILE',
    about: 'Runs the lines of a file, up to the first that fails.',
    run: (words, session) => session.source(words),
  },
  nodes: {
    usage: 'nodes',
    about: 'Lists the hosts and switches there are; the name of one goes there.',
    run: (_words, session) => session.listNodes(),
  },
  jobs: {
    usage: 'jobs',
    about: 'Lists what goes on behind the prompt (commands with & at their end).',
    run: (_words, session) => session.listJobs(),
  },
  kill: {
    usage: 'kill [JOB]',
    about: 'Ends a job, as Ctrl-C ends a command; the last one unless it is named.',
    run: (words, session) => session.kill(words),
  },
  exit: {
    usage: 'exit [STATUS]',
    about: 'Leaves.',
    run: (words, session) => session.leave(words),
  },
};

export class Session {
  readonly target: Target;
  node: string;
  isOver = false;
  /** Of the last line. */
  status = DONE;
  private readonly io: SessionIo;
  private readonly jobs = new Map<number, Job>();
  private lastJob = 0;
  private depth = 0;
  private current: AbortController | null = null;

  constructor(target: Target, io: SessionIo, node = target.nodes[0] ?? '') {
    this.target = target;
    this.io = io;
    this.node = node;
  }

  get prompt(): string {
    return `${this.node}> `;
  }

  /**
   * Runs a line; its exit status. `column` is where it begins on the screen, for what points at a word; null where it can
   * not be seen, and has to be shown first.
   */
  async enter(text: string, column: number | null = null): Promise<number> {
    try {
      this.status = await this.run(readLine(text), { text, column });
    } catch (error) {
      if (!(error instanceof LineMistake)) throw error;
      this.io.err(`${pointer({ text, column }, error.column, error.column + 1)}${error.message}\n`);
      this.status = BAD_WORDS;
    }
    return this.status;
  }

  /** A command runs in front. */
  get isBusy(): boolean {
    return this.current !== null;
  }

  /** Ctrl-C: ends the command that runs. */
  interrupt(): void {
    this.current?.abort();
  }

  /** Ends everything. */
  close(): void {
    this.interrupt();
    for (const job of this.jobs.values()) job.cancel();
  }

  // ── A line ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private run(line: Line, typed: Typed): Promise<number> | number {
    const [first, ...rest] = line.words;
    if (first === undefined) return this.status;
    const name = first.text;
    if (name === 'quit') return this.leave(rest);
    if (Object.hasOwn(OWN_COMMANDS, name)) return OWN_COMMANDS[name]!.run(rest, this);
    if (this.target.programs.includes(name)) return this.program(this.node, line.words, line, typed);
    if (this.target.nodes.includes(name)) {
      if (rest.length > 0) return this.program(name, rest, line, typed);
      this.node = name;
      return DONE;
    }
    const known = [...this.target.programs, ...this.target.nodes, ...Object.keys(OWN_COMMANDS)];
    this.io.err(
      `${pointer(typed, first.start, first.end)}no command and no node "${name}"${didYouMean(name, known)}; "help" lists them\n`,
    );
    return NOT_FOUND;
  }

  private program(node: string, words: readonly Word[], line: Line, typed: Typed): Promise<number> | number {
    const caller = this.caller(line);
    const running = this.runPointing(node, words, caller, typed);
    if (line.background) return this.keep(typed.text, running, caller);
    this.current = caller.aborter;
    return running.finally(() => (this.current = null));
  }

  /** A complaint about one word has a line before it that points there. */
  private async runPointing(
    node: string,
    words: readonly Word[],
    caller: Caller,
    typed: Typed,
  ): Promise<number> {
    let said = '';
    let pointed = -1;
    const argv = words.map(({ text }) => text);
    const io: CallerIo = {
      ...caller.io,
      // Kept back until it is known at which word it points; what runs on speaks at once.
      err: { write: (more) => void (said += more), flush: () => {} },
      pointAt: (word) => void (pointed = word),
    };
    const flush = setInterval(() => {
      if (said === '') return;
      this.io.err(said);
      said = '';
    }, STDERR_DELAY_MS);
    try {
      const status = await this.target.command(node, argv, io);
      const at = status === DONE ? -1 : pointed >= 0 ? pointed : mistakenWord(said, argv);
      const word = words[at];
      if (word !== undefined) this.io.err(pointer(typed, word.start, word.end));
      return status;
    } finally {
      clearInterval(flush);
      if (said !== '') this.io.err(said);
      caller.finish();
    }
  }

  private caller(line: Line): Caller {
    const { io } = this;
    const aborter = new AbortController();
    let written = '';
    const path = line.output === null ? null : resolve(io.cwd, line.output.path);
    const write = path === null ? (text: string) => io.out(text) : (text: string) => void (written += text);
    return {
      aborter,
      finish: () => {
        if (path === null) return;
        if (line.output!.append) appendFileSync(path, written);
        else writeFileSync(path, written);
      },
      io: {
        out: { write, flush: () => {} },
        err: { write: (text) => io.err(text), flush: () => {} },
        env: {},
        readInput: () => (line.input === null ? '' : readBoundedText(resolve(io.cwd, line.input))),
        now: () => io.now(),
        cwd: io.cwd,
        cancelled: aborter.signal,
      },
    };
  }

  // ── Jobs ────────────────────────────────────────────────────────────────────────────────────────────────────────

  private keep(text: string, running: Promise<number>, caller: Caller): number {
    const number = ++this.lastJob;
    this.jobs.set(number, {
      text: text.trim().replace(/\s*&$/, ''),
      cancel: () => caller.aborter.abort(),
    });
    this.io.out(`[${number}]\n`);
    void running.then(
      (status) => this.ended(number, status),
      () => this.ended(number, FAILED),
    );
    return DONE;
  }

  private ended(number: number, status: number): void {
    const job = this.jobs.get(number)!;
    this.jobs.delete(number);
    const how = status === DONE || status === CANCELLED ? 'done' : `ended with status ${status}`;
    if (!this.isOver) this.io.out(`[${number}] ${how}: ${job.text}\n`);
  }

  listJobs(): number {
    for (const [number, { text }] of this.jobs) this.io.out(`[${number}] ${text}\n`);
    return DONE;
  }

  kill([word]: readonly Word[]): number {
    const number = word === undefined ? Math.max(...this.jobs.keys()) : Number(word.text.replace(/^%/, ''));
    const job = this.jobs.get(number);
    if (job === undefined) {
      this.io.err(word === undefined ? 'no job runs\n' : `there is no job ${word.text}\n`);
      return FAILED;
    }
    job.cancel();
    return DONE;
  }

  // ── The session's other commands ────────────────────────────────────────────────────────────────────────────────

  listNodes(): number {
    this.io.out(`${this.target.nodes.join('\n')}\n`);
    return DONE;
  }

  help(words: readonly Word[]): number {
    // `help -j REJECT` is `help REJECT`.
    const topic = words.flatMap(({ text }) => (text.startsWith('-') ? [] : [text])).join(' ');
    const text = helpText(topic, this.target.programs, OWN_COMMANDS);
    if (text !== null) {
      this.io.out(text);
      return DONE;
    }
    this.io.err(
      `no help on "${topic}"${didYouMean(topic, helpTopics(this.target.programs, OWN_COMMANDS))}\n`,
    );
    return FAILED;
  }

  async source([file]: readonly Word[]): Promise<number> {
    if (file === undefined) {
      this.io.err('source takes the name of a file\n');
      return BAD_WORDS;
    }
    if (this.depth === DEEPEST) {
      this.io.err(`${file.text}: scripts read scripts more than ${DEEPEST} deep\n`);
      return FAILED;
    }
    let text: string;
    try {
      text = readBoundedText(resolve(this.io.cwd, file.text));
    } catch (error) {
      this.io.err(`${file.text}: ${(error as Error).message}\n`);
      return FAILED;
    }
    this.depth++;
    try {
      return await runScript(this, text.split('\n'), file.text, (message) => this.io.err(message));
    } finally {
      this.depth--;
    }
  }

  leave([word]: readonly Word[]): number {
    this.isOver = true;
    return word === undefined ? this.status : Number(word.text) & 0xff;
  }
}

/** What is said on standard error while a program runs on is shown after so long. */
const STDERR_DELAY_MS = 50;

interface Caller {
  readonly aborter: AbortController;
  readonly io: CallerIo;
  /** Writes what goes into a file. */
  finish(): void;
}
