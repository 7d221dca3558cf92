/**
 * The same question, put to Sluice: `sluice replay` on temporary files, its lines read back as an answer.
 *
 * The harness pushes frames into the kernel without waiting, so what Sluice gets are the same frames at the pace at
 * which the kernel got them: evenly spaced, with the case's waits between them.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmittedFrame } from './session.ts';
import type { KernelAnswer, KernelCase, PacketLine, Step, SummaryLine } from './ask.ts';
import { runReplay } from '../../src/replay/replay.ts';
import { formatPcap, type TimedFrame } from './pcap.ts';

/** Anything that answers a case: the kernel, Sluice as a program, Sluice in this process. */
export type Engine = (kernelCase: KernelCase) => Promise<KernelAnswer>;

const PROGRAM = fileURLToPath(new URL('../../bin/sluice.js', import.meta.url));
/** Seconds between frames: the harness's speed, about 40,000 frames a second. */
const PACE = 25e-6;
const FIRST_TIME = 1_700_000_000;

/** The case with the kernel's times instead of the captures'. */
export function paced(input: readonly Step[]): Step[] {
  let time = FIRST_TIME;
  return input.map((step) => {
    if ('wait' in step) {
      time += step.wait;
      return step;
    }
    time += PACE;
    return { ...step, time };
  });
}

/** Sluice in this process: the fast way to many cases. */
export const askReplay: Engine = ({ rules, gateway, input }) =>
  withFiles(async (file) => {
    const packets: PacketLine[] = [];
    const log: string[] = [];
    const inputs = [...byInterface(paced(input))].map(([iface, frames]) => ({
      iface,
      path: file(`in.${iface}.pcap`, formatPcap(frames)),
    }));
    const summary = runReplay(
      {
        rules: { text: rules.v4 ?? '', file: 'rules.v4' },
        ...(rules.v6 === undefined ? {} : { rules6: { text: rules.v6, file: 'rules.v6' } }),
        gateway: { value: gateway, file: 'gateway' },
        inputs,
      },
      {
        packet: (outcome) =>
          packets.push({
            type: 'packet',
            n: outcome.n,
            time: outcome.timeUs / 1e6,
            in: outcome.in,
            out: outcome.out.map(({ iface, frame }) => ({
              iface,
              frame: Buffer.from(frame).toString('hex'),
            })),
          }),
        log: ({ text }) => log.push(text),
      },
    );
    const { tables, conntrack, expectations } = summary;
    return {
      packets,
      summary: {
        type: 'summary',
        tables,
        conntrack: [...conntrack],
        expectations: [...expectations],
        log,
        timers: [],
      },
    };
  });

/** Sluice as its users start it. */
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

/** Hands out names of temporary files, which are gone afterwards. */
async function withFiles(
  ask: (file: (name: string, content: string | Uint8Array) => string) => Promise<KernelAnswer>,
): Promise<KernelAnswer> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-compare-'));
  try {
    return await ask((name, content) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function byInterface(input: readonly Step[]): Map<string, TimedFrame[]> {
  const frames = new Map<string, TimedFrame[]>();
  for (const step of input) {
    if ('wait' in step) continue;
    const list = frames.get(step.iface) ?? [];
    list.push(step);
    frames.set(step.iface, list);
  }
  return frames;
}

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
