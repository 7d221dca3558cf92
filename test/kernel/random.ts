/**
 * The comparison at random: Sluice beside the running kernel, case after case.
 *
 *     npx tsx test/kernel/random.ts [--seed N] [--cases M] [--packets P] [--keep FOLDER] [CAPTURE ...]
 *
 * Case i is made from seed N + i and the captures by turns (without any: those of pcaps/). What differs is shrunk to
 * the fewest frames and rules, shown, and kept as files in FOLDER, to be moved to test/kernel/cases and recorded there.
 * Where the kernel does not agree with itself (a port was taken and it drew another), the case counts as undecided.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { KernelCase } from '../../src/conform/kernel/ask.ts';
import { formatComparison } from '../../src/conform/compare.ts';
import { judge, makeCase, ownCaptures, type Outcome } from '../../src/conform/random/judge.ts';
import { keepCase } from '../../src/conform/random/keep.ts';
import { openSource } from '../../src/conform/random/random-case.ts';
import { shrink } from '../../src/conform/random/shrink.ts';

interface Tally {
  same: number;
  undecided: number;
  refused: number;
  differs: number;
  packets: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      cases: { type: 'string', default: '100' },
      packets: { type: 'string', default: '100' },
      keep: { type: 'string' },
      'no-shrink': { type: 'boolean', default: false },
    },
  });
  const [first, count, packets] = [Number(values.seed), Number(values.cases), Number(values.packets)];
  const sources = (positionals.length > 0 ? positionals : ownCaptures()).map(openSource);
  const tally: Tally = { same: 0, undecided: 0, refused: 0, differs: 0, packets: 0 };
  const began = Date.now();
  for (let seed = first; seed < first + count; seed += 1) {
    const source = sources[seed % sources.length]!;
    const name = `seed ${seed}, ${source.path.replace(/.*\//, '')}`;
    const question = makeCase(source, seed, packets);
    const outcome: Outcome =
      'refusal' in question
        ? { kind: 'refused', message: `sluice: ${question.refusal}` }
        : await judge(question);
    tally[outcome.kind] += 1;
    if ('packets' in outcome) tally.packets += outcome.packets;
    if (outcome.kind === 'refused') print(`${name}: refused: ${outcome.message}`);
    if (outcome.kind === 'differs' && !('refusal' in question)) {
      tally.packets += outcome.comparison.packets;
      print(`${name}: ${formatComparison(outcome.comparison)}`);
      if (!values['no-shrink']) await reduce(question, name, values.keep);
    }
    if ((seed - first + 1) % 50 === 0) print(summary(tally, began));
  }
  print(summary(tally, began));
  process.exitCode = tally.differs > 0 ? 1 : 0;
}

async function reduce(found: KernelCase, name: string, folder: string | undefined): Promise<void> {
  const small = await shrink(found, async (candidate) => (await judge(candidate)).kind === 'differs');
  const outcome = await judge(small);
  const report = outcome.kind === 'differs' ? formatComparison(outcome.comparison) : 'does not show again';
  print(`--- ${name}, shrunk:\n${small.rules.v4 ?? ''}${small.rules.v6 ?? ''}${report}\n---`);
  if (folder !== undefined) keepCase(join(folder, name.replace(/\W+/g, '-')), small, [name, report]);
}

function summary({ same, undecided, refused, differs, packets }: Tally, began: number): string {
  const cases = same + undecided + refused + differs;
  const each = Math.round((Date.now() - began) / Math.max(1, cases));
  return `cases ${cases}, packets ${packets}, differing ${differs}, undecided ${undecided}, refused ${refused}, ${each} ms a case`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
