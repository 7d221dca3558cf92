/**
 * The suite "kernel conformance": an engine has to answer every case as the Linux kernel does.
 *
 * With root it is held against the running kernel, without against the kernel's recorded answers. A further engine
 * (another way to run Sluice) is one more call of this function.
 */
import assert from 'node:assert/strict';
import { askKernel, type KernelAnswer, type KernelCase } from '../../src/conform/kernel/ask.ts';
import { caseNames, loadCase, recordedAnswer } from './cases.ts';
import { compareAnswers, formatComparison } from '../../src/conform/compare.ts';
import type { Engine } from '../../src/conform/sluice.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';

export function describeConformance(engineName: string, engine: Engine): void {
  const hasKernel = missingForKernel().length === 0;
  describe(`kernel conformance: ${engineName}, beside ${hasKernel ? 'the running kernel' : 'recorded answers'}`, () => {
    for (const name of caseNames()) {
      it(`${name}: the frames, counters, connections and log lines of the kernel`, async () => {
        const question = await loadCase(name);
        const kernel = hasKernel ? await askKernel(question) : recordedAnswer(name);
        assertSame(question, kernel, await engine(question, kernel.sentAt), {
          left: 'kernel',
          right: engineName,
        });
      });
    }
  });
}

export function assertSame(
  question: KernelCase,
  left: KernelAnswer,
  right: KernelAnswer,
  names: { readonly left: string; readonly right: string },
): void {
  const comparison = compareAnswers(question, left, right, names);
  assert.equal(comparison.differences, 0, formatComparison(comparison));
}
