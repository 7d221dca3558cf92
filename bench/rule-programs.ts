/**
 * `restore-100k`, `save-100k`: iptables-restore and iptables-save of 100,000 rules on a state file, beside the real programs
 * in a network namespace. `program-call`: one `iptables -A`, beside an empty Node program. Whole processes all.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { less, median, type Bench, type Figure } from './figure.ts';

const RULES = 100_000;
const RUNS = 3;
const CALLS = 15;
const NAMESPACE = `sluice-bench-${process.pid}`;
/** From where the compiled benchmarks lie (node_modules/.cache/bench/bench). */
const PROGRAM = fileURLToPath(new URL('../../../../bin/sluice.js', import.meta.url));

/** Milliseconds that a command takes; null where it fails. */
function time(command: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): number | null {
  const [program = '', ...args] = command;
  const start = process.hrtime.bigint();
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  const { status } = spawnSync(program, args, { input, stdio: [...stdio], env: { ...process.env, ...env } });
  return status === 0 ? Number(process.hrtime.bigint() - start) / 1e6 : null;
}

/** Addresses, interfaces, protocols and ports change from rule to rule, as in lists of clients. */
function rulesText(): string {
  const lines = Array.from({ length: RULES }, (_, i) => {
    const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`;
    const protocol = i % 2 === 0 ? 'udp' : 'tcp';
    const verdict = i % 3 === 0 ? 'DROP' : 'ACCEPT';
    return `-A FORWARD -s ${address} -i eth${i % 4} -p ${protocol} -m ${protocol} --dport ${(i % 65535) + 1} -j ${verdict}`;
  });
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`;
}

function compare(
  name: string,
  ours: readonly number[],
  peer: string,
  theirs: readonly (number | null)[],
): Figure {
  const known = theirs.filter((value) => value !== null);
  if (known.length > 0) return less(name, median(ours), 'ms', peer, median(known));
  return less(name, median(ours), 'ms', peer, null, 'needs root and iptables-legacy');
}

export const ruleFiles: Bench = {
  name: 'restore-100k',
  figures: ['restore-100k', 'save-100k'],
  about: `iptables-restore and -save of ${RULES} rules`,
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const text = rulesText();
    const env = { SLUICE_STATE: join(folder, 'state') };
    const sluice = (name: string) => [process.execPath, PROGRAM, name];
    const real = (name: string) => ['ip', 'netns', 'exec', NAMESPACE, name];
    const taken = { restore: [] as number[], save: [] as number[] };
    const peers = { restore: [] as (number | null)[], save: [] as (number | null)[] };
    spawnSync('ip', ['netns', 'add', NAMESPACE]);
    try {
      for (let run = 0; run < RUNS; run++) {
        taken.restore.push(time(sluice('iptables-restore'), text, env)!);
        taken.save.push(time(sluice('iptables-save'), '', env)!);
        peers.restore.push(time(real('iptables-legacy-restore'), text));
        peers.save.push(time(real('iptables-legacy-save')));
      }
    } finally {
      spawnSync('ip', ['netns', 'del', NAMESPACE]);
      rmSync(folder, { recursive: true });
    }
    return [
      compare('restore-100k', taken.restore, 'iptables-legacy-restore', peers.restore),
      compare('save-100k', taken.save, 'iptables-legacy-save', peers.save),
    ];
  },
};

export const programCall: Bench = {
  name: 'program-call',
  about: 'one iptables -A',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const env = { SLUICE_STATE: join(folder, 'state') };
    const call = [
      process.execPath,
      PROGRAM,
      'iptables',
      '-A',
      'INPUT',
      '-p',
      'tcp',
      '--dport',
      '22',
      '-j',
      'ACCEPT',
    ];
    const ours: number[] = [];
    const empty: number[] = [];
    try {
      for (let run = 0; run < CALLS; run++) {
        ours.push(time(call, '', env)!);
        empty.push(time([process.execPath, '-e', '0'])!);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    return [less('program-call', median(ours), 'ms', 'an empty Node program', median(empty))];
  },
};
