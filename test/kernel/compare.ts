/**
 * Sluice beside the kernel: prints the first difference of each kind; exit 0 where they agree, 1 where they differ, 2
 * where one could not be asked.
 *
 *     npx tsx test/kernel/compare.ts --rules FILE [--rules6 FILE] [--gateway FILE] --in IFACE=CAPTURE ...
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { compareCase, formatComparison } from '../../src/conform/compare.ts';
import { readCase } from '../../src/conform/question.ts';
import { CASE_OPTIONS } from './ask.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: CASE_OPTIONS });
  if (values.in.length === 0)
    throw new Error(
      'usage: compare.ts [--rules FILE] [--rules6 FILE] [--gateway FILE] --in IFACE=CAPTURE ...',
    );
  const comparison = await compareCase(readCase(values));
  process.stdout.write(`${formatComparison(comparison)}\n`);
  process.exitCode = comparison.differences === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    process.stderr.write(`compare: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  });
}
