/**
 * What does the Linux kernel do? Prints it in the line format of `sluice replay --json`.
 *
 *     npx tsx test/kernel/ask.ts --rules FILE [--rules6 FILE] [--gateway FILE] --in IFACE=CAPTURE ... [--json]
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { askKernel } from '../../src/conform/kernel/ask.ts';
import { readCase } from '../../src/conform/question.ts';

/** The options that ask.ts and compare.ts share with `sluice replay`. */
export const CASE_OPTIONS = {
  rules: { type: 'string' },
  rules6: { type: 'string' },
  gateway: { type: 'string' },
  in: { type: 'string', multiple: true, default: [] as string[] },
  json: { type: 'boolean' },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: CASE_OPTIONS });
  if (values.in.length === 0)
    throw new Error('usage: ask.ts [--rules FILE] [--rules6 FILE] [--gateway FILE] --in IFACE=CAPTURE ...');
  const { packets, summary } = await askKernel(readCase(values));
  process.stdout.write([...packets, summary].map((line) => `${JSON.stringify(line)}\n`).join(''));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    process.stderr.write(`ask: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  });
}
