/** `startup`: `sluice --version` beside an empty Node program, whole processes. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { less, median, type Bench } from './figure.ts';

const RUNS = 21;
/** From where the compiled benchmarks lie (node_modules/.cache/bench/bench). */
const PROGRAM = fileURLToPath(new URL('../../../../bin/sluice.js', import.meta.url));

function time(args: string[]): number {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with status ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export const startup: Bench = {
  name: 'startup',
  about: 'sluice --version',
  run() {
    const ours: number[] = [];
    const empty: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      ours.push(time([PROGRAM, '--version']));
      empty.push(time(['-e', '0']));
    }
    return [less('startup', median(ours), 'ms', 'an empty Node program', median(empty))];
  },
};
