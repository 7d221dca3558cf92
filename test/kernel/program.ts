/** Sluice as its users start it: `sluice replay` on temporary files, its lines read back as an answer. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { KernelAnswer, PacketLine, SummaryLine } from '../../src/conform/kernel/ask.ts';
import type { EmittedFrame } from '../../src/conform/kernel/session.ts';
import { formatPcap } from '../../src/conform/pcap.ts';
import { byInterface, paced, withFiles, type Engine } from '../../src/conform/sluice.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/sluice.js', import.meta.url));

export const askSluice: Engine = ({ rules, gateway, input }) =>
  withFiles(async (file) => {
    const args = ['replay', '--json', '--gateway', file('gateway.yaml', JSON.stringify(gateway))];
    args.push('--rules', file('rules.v4', rules.v4 ?? ''));
    if (rules.v6 !== undefined) args.push('--rules6', file('rules.v6', rules.v6));
    for (const [iface, frames] of byInterface(paced(input))) {
      args.push('--in', `${iface}=${file(`in.${iface}.pcap`, formatPcap(frames))}`);
    }
    return parseAnswer(await runSluice(args));
  });

function runSluice(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(output);
      else reject(new Error(`sluice replay ended with status ${status}: ${complaints.trim()}`));
    });
  });
}

/** What Sluice's timers sent between two frames; the kernel's answer has it in the summary. */
interface TimerLine {
  readonly type: 'timer';
  readonly after: number;
  readonly out: readonly EmittedFrame[];
  readonly log?: readonly string[];
}

/** Reads the lines of `--json`; fields that the kernel has no counterpart for are passed over. */
export function parseAnswer(text: string): KernelAnswer {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map(
      (line) =>
        JSON.parse(line) as PacketLine | TimerLine | (Partial<SummaryLine> & { readonly type: 'summary' }),
    );
  const packets = lines.filter((line) => line.type === 'packet');
  const late = lines.filter((line) => line.type === 'timer');
  const summary = lines.find((line) => line.type === 'summary');
  if (summary?.tables === undefined) throw new Error('the output ends without a summary line');
  const { tables, conntrack = [], expectations = [] } = summary;
  const log = summary.log ?? lines.flatMap((line) => (line.type === 'summary' ? [] : (line.log ?? [])));
  const timers =
    summary.timers ?? late.flatMap(({ after, out }) => out.map((frame) => ({ after, ...frame })));
  return { packets, summary: { type: 'summary', tables, conntrack, expectations, log, timers } };
}
