/** Writes a case down as the files of test/kernel/cases: rules, gateway and frames. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KernelCase } from '../kernel/ask.ts';

export function keepCase(
  folder: string,
  { rules, gateway, input }: KernelCase,
  notes: readonly string[],
): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  if (rules.v4) write('rules.v4', rules.v4);
  if (rules.v6) write('rules.v6', rules.v6);
  write('gateway.yaml', stringify(gateway));
  const steps = input.map((step) =>
    'wait' in step ? step : { in: step.iface, frame: Buffer.from(step.frame).toString('hex') },
  );
  write('frames.yaml', stringify(steps, { lineWidth: 0 }));
  write('found.txt', `${notes.join('\n')}\n`);
}
