/**
 * The stack answers every scenario byte for byte as Linux 6.18 did when golden/kernel-answers.json was recorded (record.ts).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { runScenario, type Answer } from './run.ts';
import { SCENARIOS, SLOW_SCENARIOS } from './scenarios/index.ts';

const recorded = JSON.parse(
  readFileSync(new URL('./golden/kernel-answers.json', import.meta.url), 'utf8'),
) as Record<string, Answer>;

describe('the stack answers as the kernel does', () => {
  for (const scenario of [...SCENARIOS, ...SLOW_SCENARIOS]) {
    it(scenario.name, () => {
      const kernel = recorded[scenario.name];
      assert.ok(kernel !== undefined, 'not recorded');
      assert.deepEqual(runScenario(scenario), kernel);
    });
  }
});
