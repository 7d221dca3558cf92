/**
 * `npm run bench [-- NAME…] [--json]`: runs the benchmarks and prints each figure beside its peer. Medians; the machine is
 * shared, so only ratios of one run mean anything. `--json`: one object a line.
 */
import Table from 'cli-table3';
import type { Bench, Figure } from './figure.ts';
import { algMessages } from './alg-messages.ts';
import { algMedia } from './alg-media.ts';
import { captureMemory, conntrackMemory } from './memory.ts';
import { guest } from './guest.ts';
import { guestNics } from './guest-nics.ts';
import { replayNat } from './replay-nat.ts';
import { programCall, ruleFiles } from './rule-programs.ts';
import { rules10k } from './rules-10k.ts';
import { switchLearning } from './switch-learning.ts';
import { startup } from './startup.ts';
import { tcpConnections, tcpStack, tcpStackJumbo } from './tcp-stack.ts';

const BENCHES: readonly Bench[] = [
  replayNat,
  rules10k,
  conntrackMemory,
  captureMemory,
  switchLearning,
  algMessages,
  algMedia,
  ruleFiles,
  programCall,
  startup,
  tcpStack,
  tcpStackJumbo,
  tcpConnections,
  guest,
  guestNics,
];

const args = process.argv.slice(2);
const json = args.includes('--json');
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `bench: no such benchmark: ${unknown.join(', ')}; there are ${BENCHES.map((b) => b.name).join(', ')}\n`,
  );
  process.exit(2);
}

const figures: Figure[] = [];
for (const bench of BENCHES) {
  if (names.length > 0 && !names.includes(bench.name)) continue;
  process.stderr.write(`${bench.name}: ${bench.about} …\n`);
  for (const figure of await bench.run()) {
    figures.push(figure);
    if (json) process.stdout.write(`${JSON.stringify(figure)}\n`);
  }
}
if (!json) process.stdout.write(`${table(figures)}\n`);

function table(rows: readonly Figure[]): string {
  const out = new Table({
    head: ['benchmark', 'Sluice', 'peer', '', 'ratio'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'left', 'right'],
  });
  for (const { name, value, unit, peer, peerValue, ratio, note } of rows) {
    out.push([
      name,
      `${value} ${unit}`,
      peerValue === null ? `– (${note ?? ''})` : `${peerValue} ${unit}`,
      peer,
      ratio === null ? '–' : `${ratio}×`,
    ]);
  }
  return out.toString();
}
