/** The running kernel asked about bridges. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { kernelAnswer, kernelQuestion, type BridgeAnswer, type BridgeCase } from './bridge-case.ts';

export const ORACLE = fileURLToPath(new URL('./bridge-oracle.py', import.meta.url));
const MOST_OUTPUT = 1 << 28;

/** Why the kernel cannot be asked; null when it can. */
export function missingForBridges(others: readonly string[] = []): string | null {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = ['ip', 'bridge', 'python3', ...others].filter(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
  );
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')}`;
}

export function askKernel(cases: readonly BridgeCase[]): BridgeAnswer[] {
  const done = spawnSync('python3', ['-I', ORACLE], {
    input: cases.map((one) => `${kernelQuestion(one)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
  });
  if (done.status !== 0) throw new Error(`bridge-oracle.py: ${done.stderr}`);
  return done.stdout.trimEnd().split('\n').map(kernelAnswer);
}
