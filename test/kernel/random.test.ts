/**
 * The comparison at random, a fixed few of its seeds: rulesets of all kinds over captures of ours with frames changed,
 * Sluice beside the running kernel. More of it: `sluice conform --random --seed N --cases M`.
 */
import assert from 'node:assert/strict';
import { formatComparison } from '../../src/conform/compare.ts';
import { judge } from '../../src/conform/judge.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { ownCaptures, randomCases } from '../../src/conform/random/index.ts';
import { requireOrSkip } from '../support/require.ts';

const captures = ownCaptures();
const PLAN = { captures, seed: 1, cases: captures.length, packets: 40 };

describe('random rulesets and frames, beside the running kernel', () => {
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `needs ${missing.join(', ')}`, missing.length === 0);
  });

  for (const { name, make } of randomCases(PLAN)) {
    it(`${name}: the frames, counters, connections and log lines of the kernel`, async () => {
      const outcome = await judge(await make());
      assert.ok(outcome.kind !== 'refused', outcome.kind === 'refused' ? outcome.message : '');
      assert.ok(
        outcome.kind !== 'differs',
        outcome.kind === 'differs' ? formatComparison(outcome.comparison) : '',
      );
    });
  }
});
