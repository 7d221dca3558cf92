/** What completion asks of the instance: chains and interfaces of a node, as its own programs tell them; and of the disk, files. */
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Family } from '../../netfilter/hook.ts';
import type { Target } from './target.ts';

export interface ChainName {
  readonly name: string;
  readonly isBuiltIn: boolean;
}

export class Facts {
  readonly target: Target;
  private readonly node: string;
  private readonly cwd: string;

  constructor(target: Target, node: string, cwd: string) {
    this.target = target;
    this.node = node;
    this.cwd = cwd;
  }

  /** The same of another node. */
  at(node: string): Facts {
    return new Facts(this.target, node, this.cwd);
  }

  async chains(family: Family, table: string): Promise<ChainName[]> {
    const text = await this.output([family === 6 ? 'ip6tables' : 'iptables', '-t', table, '-S']);
    return [...text.matchAll(/^-([PN]) (\S+)/gm)].map(([, letter, name]) => ({
      name: name!,
      isBuiltIn: letter === 'P',
    }));
  }

  async interfaces(): Promise<string[]> {
    const text = await this.output(['ip', '-o', 'link']);
    return [...text.matchAll(/^\d+: ([^:@\s]+)/gm)].map(([, name]) => name!);
  }

  files(begun: string): string[] {
    const folder = begun.includes('/') ? dirname(`${begun}x`) : '';
    try {
      return readdirSync(resolve(this.cwd, folder), { withFileTypes: true }).map((entry) => {
        const path = folder === '' ? entry.name : join(folder, entry.name);
        return entry.isDirectory() ? `${path}/` : path;
      });
    } catch {
      // No such folder: nothing to offer.
      return [];
    }
  }

  private async output(argv: readonly string[]): Promise<string> {
    let text = '';
    const nowhere = { write: () => {}, flush: () => {} };
    await this.target.command(this.node, argv, {
      out: { write: (more) => void (text += more), flush: () => {} },
      err: nowhere,
      env: {},
      readInput: () => '',
      now: () => 0,
      cwd: this.cwd,
      cancelled: new AbortController().signal,
    });
    return text;
  }
}
