/**
 * Records the kernel's answers to the cases, so that Sluice is held against them where there is no root as well.
 *
 *     npx tsx test/kernel/record.ts [CASE...]
 *
 * What masks.ts hides is hidden in the record already, and connections are sorted, so that recording again changes
 * only what the kernel or the case changed (and, by a second, timeouts).
 */
import { writeFileSync } from 'node:fs';
import { askKernel, type KernelAnswer, type KernelCase } from '../../src/conform/kernel/ask.ts';
import { caseNames, loadCase, recordedAnswerPath } from './cases.ts';
import { gatewayAddresses, mask, maskLogLine } from '../../src/conform/masks.ts';

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : caseNames()) {
  const question = await loadCase(name);
  const { packets, summary } = canonical(question, await askKernel(question));
  const lines = [...packets, summary].map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(recordedAnswerPath(name), lines.join(''));
  process.stdout.write(`${name}: ${packets.length} packets\n`);
}

function canonical({ gateway, input }: KernelCase, { packets, summary }: KernelAnswer): KernelAnswer {
  const frames = input.filter((step) => 'iface' in step);
  const own = gatewayAddresses(gateway);
  const maskLog = (lines: readonly string[]): string[] => lines.map((line) => maskLogLine(line, own));
  return {
    packets: packets.map((packet, i) => ({
      ...packet,
      out: packet.out.map(({ iface, frame }) => ({ iface, frame: mask(frame, frames[i]!.frame) })),
      ...(packet.log === undefined ? {} : { log: maskLog(packet.log) }),
    })),
    summary: { ...summary, conntrack: [...summary.conntrack].sort(), log: maskLog(summary.log) },
  };
}
