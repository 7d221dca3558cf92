/**
 * The comparison at random, a fixed few of its seeds: rulesets of all kinds over captures of ours with frames changed,
 * Sluice beside the running kernel. More of it: `npx tsx test/kernel/random.ts --seed N --cases M`.
 */
import assert from 'node:assert/strict';
import { formatComparison } from '../../src/conform/compare.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';
import { judge, makeCase, ownCaptures } from '../../src/conform/random/judge.ts';
import { openSource } from '../../src/conform/random/random-case.ts';

const FIRST_SEED = 1;
const CASES = 45;
const PACKETS = 40;

describe('random rulesets and frames, beside the running kernel', () => {
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `needs ${missing.join(', ')}`, missing.length === 0);
  });

  ownCaptures()
    .slice(0, CASES)
    .forEach((path, i) => {
      const seed = FIRST_SEED + i;
      it(`seed ${seed}, ${path.replace(/.*\//, '')}: the frames, counters, connections and log lines of the kernel`, async () => {
        const question = makeCase(openSource(path), seed, PACKETS);
        assert.ok(!('refusal' in question), 'refusal' in question ? question.refusal : '');
        const outcome = await judge(question);
        assert.ok(outcome.kind !== 'refused', outcome.kind === 'refused' ? outcome.message : '');
        assert.ok(
          outcome.kind !== 'differs',
          outcome.kind === 'differs' ? formatComparison(outcome.comparison) : '',
        );
      });
    });
});
