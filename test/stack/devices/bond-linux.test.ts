/** Bonds of ours beside those of a Linux kernel, whose answers are recorded. */
import assert from 'node:assert/strict';
import { readRecording } from '../../vswitch/kernel/recording.ts';
import { askOurBond, type BondAnswer } from './bond-case.ts';
import { BOND_ANSWERS, BOND_CASES } from './bond-cases.ts';

const { kernel, answers } = readRecording<BondAnswer>(BOND_ANSWERS);

describe(`stack/devices: bonds beside Linux (recorded: ${kernel})`, () => {
  it('are compared in all of the cases', () => assert.equal(answers.length, BOND_CASES.length));

  BOND_CASES.forEach((question, i) => {
    it(question.name, () => {
      const { out } = askOurBond(question);
      question.steps.forEach((step, n) => {
        assert.deepEqual(out[n], answers[i]!.out[n], `step ${n + 1}: ${JSON.stringify(step)}`);
      });
    });
  });
});
