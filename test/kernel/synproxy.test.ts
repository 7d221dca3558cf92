/** SYNPROXY beside the kernel: every talk, frame by frame, with counters and connections at the end. */
import assert from 'node:assert/strict';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';
import { askKernelTalk, askSluiceTalk, recorded, talk, type Ask } from './synproxy-talk.ts';
import { rulesOf, TALKS } from './synproxy-talks.ts';

function holds(ask: Ask): void {
  for (const [name, one] of Object.entries(TALKS)) {
    it(name, async () => {
      assert.deepEqual(await talk(ask, rulesOf(one), one.family ?? 4, one.play), recorded(name));
    });
  }
}

describe('SYNPROXY does what the kernel was recorded to do', () => {
  holds(askSluiceTalk);
});

describe('SYNPROXY in the running kernel does what it was recorded to do', function () {
  this.timeout(60_000);
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `asking the kernel needs ${missing.join(', ')}`, missing.length === 0);
  });
  holds(askKernelTalk);
});
