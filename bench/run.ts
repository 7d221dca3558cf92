/**
 * `npm run bench [-- NAME…] [--json]`: runs the benchmarks and prints each figure beside its peer. Medians; the machine is
 * shared, so only ratios of one run mean anything. `--json`: one object a line. A figure's name runs its whole benchmark.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Bench, Figure } from './figure.ts';
import { algMessages } from './alg-messages.ts';
import { algMessagesSip } from './alg-messages-sip.ts';
import { algMedia } from './alg-media.ts';
import { captureMemory, conntrackMemory } from './memory.ts';
import { guest } from './guest.ts';
import { guestNics } from './guest-nics.ts';
import { namespace } from './namespace.ts';
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
  algMessagesSip,
  algMedia,
  ruleFiles,
  programCall,
  startup,
  tcpStack,
  tcpStackJumbo,
  tcpConnections,
  guest,
  guestNics,
  namespace,
];

const FIGURES_WIDTH = 56;

const HELP = `usage: npm run bench [-- NAME…] [--json]

Runs the benchmarks named, or all, and prints each figure beside its peer; above 1×, Sluice is the better of the two.
With --json one object a line. A figure's name runs the benchmark that it is of.

${BENCHES.map((bench) => `  ${figuresOf(bench).join(', ').padEnd(FIGURES_WIDTH)} ${bench.about}`).join('\n')}
`;

const { json, names } = readArguments();

const figures: Figure[] = [];
for (const bench of BENCHES) {
  if (names.length > 0 && ![bench.name, ...figuresOf(bench)].some((name) => names.includes(name))) continue;
  process.stderr.write(`${bench.name}: ${bench.about} …\n`);
  for (const figure of await bench.run()) {
    figures.push(figure);
    if (json) process.stdout.write(`${JSON.stringify(figure)}\n`);
  }
}
if (!json) process.stdout.write(`${table(figures)}\n`);

function figuresOf({ name, figures: several = [name] }: Bench): readonly string[] {
  return several;
}

function readArguments(): { json: boolean; names: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    const known = BENCHES.flatMap((bench) => [bench.name, ...figuresOf(bench)]);
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}`);
    return { json: values.json === true, names: positionals };
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

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
