/**
 * Case, kernel, Sluice: what came of it.
 *
 * A difference counts when the kernel, asked again, gives its own answer again; where it does not (a port was taken and
 * it drew another, a timer ran in between), the case is undecided. Rules that only one of the two takes are a difference.
 */
import { SluiceError } from '../base/errors.ts';
import { compareAnswers, type Comparison } from './compare.ts';
import { askKernel, type KernelAnswer, type KernelCase } from './kernel/ask.ts';
import { EndlessFrames, KernelUnavailable } from './kernel/system.ts';
import { askReplay, type Engine } from './sluice.ts';

const AGAIN = { left: 'kernel', right: 'kernel again' };

export type Outcome =
  | { readonly kind: 'same'; readonly packets: number }
  | { readonly kind: 'undecided'; readonly packets: number; readonly why: string }
  | { readonly kind: 'differs'; readonly packets: number; readonly comparison: Comparison }
  /** By both: nothing to compare. */
  | { readonly kind: 'refused'; readonly packets: 0; readonly message: string };

type Said = { readonly answer: KernelAnswer } | { readonly refusal: string };

const TWO_ANSWERS = 'the kernel gave two answers';
const NO_ANSWER = 'the kernel sends a frame round and round';

export async function judge(question: KernelCase, engine: Engine = askReplay): Promise<Outcome> {
  try {
    return await compare(question, engine);
  } catch (error) {
    if (error instanceof EndlessFrames) return { kind: 'undecided', packets: 0, why: NO_ANSWER };
    throw error;
  }
}

async function compare(question: KernelCase, engine: Engine): Promise<Outcome> {
  const kernel = await said(askKernel, question);
  const sluice = await said(
    (it) => engine(it, 'answer' in kernel ? kernel.answer.sentAt : undefined),
    question,
  );
  if ('refusal' in kernel || 'refusal' in sluice) return judgeRefusals(kernel, sluice);
  const comparison = compareAnswers(question, kernel.answer, sluice.answer);
  const { packets, differences } = comparison;
  if (differences === 0) return { kind: 'same', packets };
  const again = compareAnswers(question, kernel.answer, await askKernel(question), AGAIN);
  return again.differences > 0
    ? { kind: 'undecided', packets, why: TWO_ANSWERS }
    : { kind: 'differs', packets, comparison };
}

function judgeRefusals(kernel: Said, sluice: Said): Outcome {
  const words = (who: string, it: Said): string =>
    `${who} ${'refusal' in it ? `refuses: ${it.refusal}` : 'takes the rules'}`;
  const report = [words('the kernel', kernel), words('sluice', sluice)];
  if ('refusal' in kernel && 'refusal' in sluice) {
    return { kind: 'refused', packets: 0, message: report.join('; ') };
  }
  return { kind: 'differs', packets: 0, comparison: { packets: 0, differences: 1, firstPacket: 0, report } };
}

async function said(engine: Engine, question: KernelCase): Promise<Said> {
  try {
    return { answer: await engine(question) };
  } catch (error) {
    if (error instanceof KernelUnavailable || error instanceof EndlessFrames) throw error;
    return { refusal: describeError(error) };
  }
}

export function describeError(error: unknown): string {
  if (error instanceof SluiceError) return error.describe();
  return error instanceof Error ? error.message : String(error);
}
