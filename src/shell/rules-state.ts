/**
 * The state file: the rules of both families between one call of a program and the next, as iptables-save -c prints them,
 * and sets and accounting objects (state-file.ts). It is replaced as a whole, so that who reads sees all of a change or nothing; who changes it holds a lock (a
 * file beside it), as iptables holds /run/xtables.lock.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { SluiceError } from '../base/errors.ts';
import { SeededRng } from '../base/rng.ts';
import type { Family } from '../netfilter/hook.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { makeRuleset, parseRestore, printTable } from '../netfilter/syntax/index.ts';
import { Failure, Status } from '../programs/rules/failure.ts';
import { ObjectsState } from './objects-state.ts';
import type { RulesStore } from '../programs/rules/rules-store.ts';
import { formatState, NOTHING, parseState, splitTables, type StateContent } from './state-file.ts';

export class RulesState implements RulesStore {
  objects = new ObjectsState(NOTHING.objects);
  readonly rng = new SeededRng(Date.now());
  private readonly path: string;
  private readonly rulesets = new Map<Family, Ruleset>();
  private text: string | null = null;
  private content: StateContent = NOTHING;
  private locked = false;

  /**
   * Reads the file; one that is not there yet holds no tables, unless it could not be made either: then it is not this user's
   * to ask, as the kernel's tables are not.
   */
  constructor(path: string) {
    this.path = path;
    this.read();
  }

  ruleset(family: Family): Ruleset {
    let ruleset = this.rulesets.get(family);
    if (ruleset === undefined) {
      const text = this.textOf(family);
      const { objects } = this;
      ruleset =
        text === ''
          ? makeRuleset(family)
          : parseRestore(text, { family, file: this.path, counters: true, objects });
      this.rulesets.set(family, ruleset);
    }
    return ruleset;
  }

  printedTables(family: Family): readonly string[] | null {
    // What a command is changing is not in the text.
    return this.rulesets.has(family) ? null : splitTables(this.textOf(family));
  }

  rulesetsNaming(words: string): readonly Ruleset[] {
    const families = ([4, 6] as const).filter((family) => this.textOf(family).includes(words));
    return families.map((family) => this.ruleset(family));
  }

  /** From here to `unlock` nobody else changes the file. `wait`: seconds, 0 for ever, null not at all. */
  lock(wait: number | null): void {
    const until = wait === null ? 0 : wait === 0 ? Infinity : Date.now() + wait * 1000;
    while (!this.tryLock()) {
      if (wait === null) {
        const hint = 'Perhaps you want to use the -w option?';
        throw new Failure(Status.RESOURCE, `Another app is currently holding the xtables lock. ${hint}\n`);
      }
      if (Date.now() >= until) {
        const message = `Another app is currently holding the xtables lock. Stopped waiting after ${wait}s.\n`;
        throw new Failure(Status.RESOURCE, message);
      }
      Atomics.wait(sleeper, 0, 0, LOCK_RETRY_MS);
    }
    this.locked = true;
    this.read();
  }

  unlock(): void {
    if (this.locked) fs.rmSync(this.lockPath, { force: true });
    this.locked = false;
  }

  /** Writes what the rulesets are now. */
  save(): void {
    const print = (family: Family, text: string): string => {
      const ruleset = this.rulesets.get(family);
      // In the order of their making, which is the order in which they are read again.
      return ruleset === undefined
        ? text
        : [...ruleset.tables.values()].map((table) => printTable(table, { counters: true })).join('');
    };
    const { v4, v6 } = this.content;
    const objects = this.objects.toContent();
    const text = formatState({ v4: print(4, v4), v6: print(6, v6), objects });
    const fresh = `${this.path}.${process.pid}`;
    attempt(this.path, () => {
      fs.writeFileSync(fresh, text, { mode: modeOf(this.path) });
      fs.renameSync(fresh, this.path);
    });
  }

  private read(): void {
    const text = readIfThere(this.path);
    if (text === null) attempt(this.path, () => fs.accessSync(dirname(this.path), fs.constants.W_OK));
    if (text === this.text) return;
    this.text = text;
    this.content = text === null || text === '' ? NOTHING : parseState(text, this.path);
    this.objects = new ObjectsState(this.content.objects);
    this.rulesets.clear();
  }

  private textOf(family: Family): string {
    return family === 4 ? this.content.v4 : this.content.v6;
  }

  private get lockPath(): string {
    return `${this.path}.lock`;
  }

  private tryLock(): boolean {
    try {
      fs.writeFileSync(this.lockPath, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw new SluiceError('STATE', explain(error), { file: this.lockPath });
      // Left by a process that was killed: nobody holds it.
      const holder = Number(readIfThere(this.lockPath) ?? '');
      if (holder > 0 && !isAlive(holder)) fs.rmSync(this.lockPath, { force: true });
      return false;
    }
  }
}

/** A file that is there stays as readable as it is; a new one is its owner's, since rules tell where the gaps are. */
function modeOf(path: string): number {
  return (fs.statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
}

const LOCK_RETRY_MS = 10;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function readIfThere(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new SluiceError('STATE', explain(error), { file: path });
  }
}

function attempt(file: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new SluiceError('STATE', explain(error), { file });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function explain(error: unknown): string {
  if (codeOf(error) === 'EACCES') return 'Permission denied';
  return error instanceof Error ? error.message : String(error);
}
