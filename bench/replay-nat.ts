/**
 * `replay-nat`: a million packets of 50,000 conversations through a stateful NAT gateway of about 20 rules, from two
 * capture files, beside the kernel doing the same over veth.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runReplay } from '../src/replay/replay.ts';
import { median, more, type Bench } from './figure.ts';
import { NAT_GATEWAY } from './gateway-rules.ts';
import { kernelMissing, kernelRate } from './kernel.ts';
import { GATEWAY, INSIDE, OUTSIDE, writeTraffic } from './traffic.ts';

const FLOWS = 50_000;
/** An odd number, and so many that the first two, during which V8 compiles, do not weigh on the median. */
const RUNS = 9;

export const replayNat: Bench = {
  name: 'replay-nat',
  about: '1 M packets, 50,000 flows, stateful NAT gateway of about 20 rules',
  run() {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      const inside = join(folder, 'inside.pcap');
      const outside = join(folder, 'outside.pcap');
      writeTraffic(inside, outside, FLOWS, true);
      const missing = kernelMissing();
      const ours: number[] = [];
      const kernel: number[] = [];
      // In turns, so that a slow spell of the machine meets both.
      for (let run = 0; run < RUNS; run++) {
        ours.push(replayRate(NAT_GATEWAY, inside, outside));
        if (missing === null && run < 3) kernel.push(kernelRate(folder, NAT_GATEWAY, inside, outside));
      }
      return [
        more(
          'replay-nat',
          median(ours) / 1e6,
          'Mpps',
          'Linux kernel, tcpreplay over veth',
          missing === null ? median(kernel) / 1e6 : null,
          missing ?? undefined,
        ),
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Packets a second, reading the captures included. Every packet must have been forwarded. */
export function replayRate(rules: string, inside: string, outside: string): number {
  const start = process.hrtime.bigint();
  const summary = runReplay({
    rules: { text: rules, file: 'bench.rules' },
    gateway: { value: GATEWAY, file: 'bench' },
    inputs: [
      { iface: INSIDE.iface, path: inside },
      { iface: OUTSIDE.iface, path: outside },
    ],
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const lost = summary.frames - summary.verdicts.ACCEPT;
  if (lost !== 0) {
    throw new Error(
      `${lost} of ${summary.frames} packets were not forwarded: ${JSON.stringify(summary.reasons)}`,
    );
  }
  return summary.frames / seconds;
}
