import assert from 'node:assert/strict';
import { requireOrSkip } from '../../support/require.ts';
import { BROADCAST, frame, station } from '../rig.ts';
import { askKernel, missingForBridges } from './ask-kernel.ts';
import { askSluice, SELF, type BridgeAnswer, type BridgeCase } from './bridge-case.ts';
import { randomBridge } from './random-bridge.ts';
import { readRecording } from './recording.ts';
import { VLAN_ANSWERS, VLAN_CASES } from './vlan-cases.ts';

const MAC = '02:00:00:00:00:fe';

/** Each frame by itself, so that a difference names the first frame that it shows in. */
function assertSame(question: BridgeCase, kernel: BridgeAnswer): void {
  const sluice = askSluice(question);
  question.steps.forEach((step, i) => {
    assert.deepEqual(
      sluice.out[i],
      kernel.out[i],
      `${question.name}, step ${i + 1}: ${JSON.stringify(step)}`,
    );
  });
  assert.deepEqual(sluice.fdb, kernel.fdb, `${question.name}: addresses learnt`);
}

describe('the learning switch beside the Linux bridge', function () {
  this.timeout(120_000);

  const { kernel, answers } = readRecording<BridgeAnswer>(VLAN_ANSWERS);
  describe(`with VLAN filtering (recorded: ${kernel})`, () => {
    it('is compared in all of the cases', () => assert.equal(answers.length, VLAN_CASES.length));

    VLAN_CASES.forEach((question, i) => {
      it(question.name, () => assertSame(question, answers[i]!));
    });
  });

  describe('of the running kernel', () => {
    before(function () {
      const missing = missingForBridges();
      requireOrSkip(this, missing ?? '', missing === null);
    });

    it('sends the same frames and learns the same addresses, on random bridges', () => {
      const cases = Array.from({ length: 40 }, (_, i) => randomBridge(i + 1, { vlans: false, frames: 60 }));
      const answers = askKernel(cases);
      cases.forEach((question, i) => assertSame(question, answers[i]!));
    });

    it('forgets after the ageing time, and what was behind a port whose link goes down', () => {
      const steps = [
        { port: 'p1', frame: frame(BROADCAST, station(1)) },
        { port: 'p2', frame: frame(station(1), station(2)) },
        { wait: 0.5 },
        { port: 'p2', frame: frame(station(1), station(2)) },
        { wait: 1.4 },
        { port: 'p3', frame: frame(station(1), station(3)) },
        { port: 'p3', frame: frame(station(2), station(3)) },
        { link: 'p2', up: false },
        { wait: 0.1 },
        { port: 'p3', frame: frame(station(2), station(3)) },
      ];
      const question = {
        name: 'ageing',
        switch: { mac: MAC, self: SELF, ageing_time: 1.5, ports: { p1: {}, p2: {}, p3: {}, p4: {} } },
        steps,
      };
      assertSame(question, askKernel([question])[0]!);
    });
  });
});
