/**
 * `rules-10k`: 10,000 rules that do not match, of all the shapes people write, beside the kernel with the same rules (which
 * walks them one by one); and what they cost beside ten.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { less, median, more, type Bench } from './figure.ts';
import { rulesThatDoNotMatch } from './gateway-rules.ts';
import { kernelMissing, kernelRate } from './kernel.ts';
import { replayRate } from './replay-nat.ts';
import { writeTraffic } from './traffic.ts';

const FLOWS = 25_000;
const RUNS = 5;
/** Packets for the kernel: at 10,000 rules it takes a second for some ten thousand. */
const KERNEL_PACKETS = 20_000;

export const rules10k: Bench = {
  name: 'rules-10k',
  figures: ['rules-10k', 'rules-10k-cost'],
  about: '10,000 rules that do not match',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      const inside = join(folder, 'inside.pcap');
      const outside = join(folder, 'outside.pcap');
      writeTraffic(inside, outside, FLOWS, false);
      const many = rulesThatDoNotMatch(10_000);
      const few = rulesThatDoNotMatch(10);
      const missing = kernelMissing();
      const withMany: number[] = [];
      const withFew: number[] = [];
      const kernel: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        withMany.push(replayRate(many, inside, outside));
        withFew.push(replayRate(few, inside, outside));
        if (missing === null && run < 3)
          kernel.push(kernelRate(folder, many, inside, outside, KERNEL_PACKETS));
      }
      const costMany = 1e9 / median(withMany);
      const costFew = 1e9 / median(withFew);
      return [
        more(
          'rules-10k',
          median(withMany) / 1e6,
          'Mpps',
          'Linux kernel, the same rules',
          missing === null ? median(kernel) / 1e6 : null,
          missing ?? undefined,
        ),
        less('rules-10k-cost', costMany, 'ns/packet', 'Sluice with 10 rules', costFew),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
