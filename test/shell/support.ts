/** The programs with a state file of their own, as one calls them in a shell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringOutput } from '../../src/replay/report/output.ts';
import { runProgramNamed } from '../../src/shell/index.ts';

export interface Answer {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export class Shell {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-shell-'));
  /** Names of addresses; null where nobody can be asked. */
  hosts: ReadonlyMap<string, string> | null = null;
  readonly state = join(this.folder, 'state');

  /** Runs the words; those with spaces stand in double quotes. */
  async run(line: string, input = ''): Promise<Answer> {
    const [name = '', ...args] = wordsOf(line);
    const out = new StringOutput();
    const err = new StringOutput();
    const status = await runProgramNamed(name, args, {
      out,
      err,
      env: { SLUICE_STATE: this.state },
      readInput: () => input,
      now: () => new Date(2026, 10, 5, 7, 8, 9).getTime() * 1000,
      cwd: this.folder,
      ...(this.hosts === null ? {} : { hostNameOf: async (address) => this.hosts!.get(address) ?? null }),
    });
    return { status, out: out.text, err: err.text };
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export function wordsOf(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'));
}
