/** `sluice net status`, `rules`, `forward`, `log`, `capture`: a network that runs is told over its control socket. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgramNamed } from '../../shell/index.ts';
import { readTextFile } from '../../replay/text-file.ts';
import type { Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import type { NetOptions } from './net.ts';

export const CONTROL_ACTIONS = ['status', 'rules', 'forward', 'log', 'capture'] as const;
export type ControlAction = (typeof CONTROL_ACTIONS)[number];

export function isControlAction(word: string | undefined): word is ControlAction {
  return (CONTROL_ACTIONS as readonly (string | undefined)[]).includes(word);
}

/** A socket in the folder that only this user can enter. */
export function ownSocket(io: Io, name: string): string {
  const runtime = io.env['XDG_RUNTIME_DIR'] ?? join(tmpdir(), `sluice-${process.getuid?.() ?? 0}`);
  const folder = join(runtime, 'sluice');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, name);
}

export function controlSocket(options: NetOptions, io: Io): string {
  return options.socket ?? io.env['SLUICE_SOCKET'] ?? ownSocket(io, 'net.sock');
}

export async function runControl(
  action: ControlAction,
  words: readonly string[],
  options: NetOptions,
  io: Io,
): Promise<number> {
  const socket = controlSocket(options, io);
  const tell = (name: string, args: readonly string[], input?: string) =>
    runProgramNamed(name, ['--socket', socket, ...args], {
      ...io,
      now: () => Date.now() * 1000,
      cwd: process.cwd(),
      readInput: () => input ?? '',
    });
  switch (action) {
    case 'status':
      return tell('status', options.json === true ? ['--json'] : []);
    case 'log':
      return tell('log', options.follow === true ? ['-f'] : []);
    case 'rules':
      return rules(words, options, tell);
    default:
      return tell(action, words);
  }
}

/** Shows both families, or puts those of files in force, each as a whole. */
async function rules(
  words: readonly string[],
  options: NetOptions,
  tell: (name: string, args: readonly string[], input?: string) => Promise<number>,
): Promise<number> {
  const [file, more] = words;
  if (more !== undefined) throw new UsageError('rules: one FILE; --rules6 is for those of IPv6', 'net');
  const wanted = [
    ['iptables-restore', file ?? options.rules],
    ['ip6tables-restore', options.rules6],
  ] as const;
  if (wanted.every(([, path]) => path === undefined)) {
    return (await tell('iptables-save', ['-c'])) || (await tell('ip6tables-save', ['-c']));
  }
  for (const [program, path] of wanted) {
    if (path === undefined) continue;
    const status = await tell(program, [], readTextFile(path).text);
    if (status !== 0) return status;
  }
  return 0;
}
