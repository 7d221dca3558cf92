/**
 * Case, kernel, Sluice: what came of it.
 *
 * A difference counts when the kernel, asked again, gives its own answer again; where it does not (a port was taken and
 * it drew another, a timer ran in between), the case is undecided.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../../base/errors.ts';
import { askKernel, type KernelAnswer, type KernelCase } from '../kernel/ask.ts';
import { compareAnswers, type Comparison } from '../compare.ts';
import { askReplay } from '../sluice.ts';
import { randomCase, type Source } from './random-case.ts';

const NAMES = { left: 'kernel', right: 'sluice' };
const AGAIN = { left: 'kernel', right: 'kernel again' };
const OWN_CAPTURES = fileURLToPath(new URL('../../../pcaps/', import.meta.url));

export type Outcome =
  | { readonly kind: 'same'; readonly packets: number }
  | { readonly kind: 'undecided'; readonly packets: number }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'differs'; readonly comparison: Comparison };

export async function judge(question: KernelCase): Promise<Outcome> {
  let kernel: KernelAnswer;
  let sluice: KernelAnswer;
  try {
    kernel = await askKernel(question);
    sluice = await askReplay(question);
  } catch (error) {
    return { kind: 'refused', message: describe(error) };
  }
  const comparison = compareAnswers(question, kernel, sluice, NAMES);
  const { packets, differences } = comparison;
  if (differences === 0) return { kind: 'same', packets };
  const again = compareAnswers(question, kernel, await askKernel(question), AGAIN);
  return again.differences > 0 ? { kind: 'undecided', packets } : { kind: 'differs', comparison };
}

/** The project's own captures, which every clone has. */
export function ownCaptures(): string[] {
  return readdirSync(OWN_CAPTURES)
    .filter((name) => /\.pcap(ng)?$/.test(name))
    .sort()
    .map((name) => join(OWN_CAPTURES, name));
}

export function makeCase(
  source: Source,
  seed: number,
  packets: number,
): KernelCase | { readonly refusal: string } {
  try {
    return randomCase(source, seed, packets);
  } catch (error) {
    return { refusal: describe(error) };
  }
}

function describe(error: unknown): string {
  if (error instanceof SluiceError) return error.describe();
  return error instanceof Error ? error.message : String(error);
}
