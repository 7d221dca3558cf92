/**
 * The helpers of mode linux under hostile FTP and SIP, beside the running kernel's: a fixed few of the seeds. More of it:
 * `SLUICE_HOSTILE=500 npx mocha test/kernel/hostile-helpers.test.ts`, and from another one on with `SLUICE_HOSTILE=1000+500`.
 */
import assert from 'node:assert/strict';
import { formatComparison } from '../../src/conform/compare.ts';
import { judge } from '../../src/conform/judge.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';
import { hostileFtp, hostileSip } from './hostile-cases.ts';

const SEEDS = '1+4';
const [first, count] = (process.env['SLUICE_HOSTILE'] ?? SEEDS)
  .replace(/^(\d+)$/, '1+$1')
  .split('+')
  .map(Number) as [number, number];

describe('helpers in mode linux and hostile messages, beside the running kernel', () => {
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `needs ${missing.join(', ')}`, missing.length === 0);
  });

  for (const [name, make] of [
    ['FTP', hostileFtp],
    ['SIP', hostileSip],
  ] as const) {
    for (let seed = first; seed < first + count; seed++) {
      it(`${name}, seed ${seed}: the expectations, frames and log lines of the kernel`, async () => {
        const outcome = await judge(make(seed));
        assert.equal(
          outcome.kind === 'differs' ? formatComparison(outcome.comparison) : outcome.kind,
          'same',
        );
      });
    }
  }
});
