/**
 * The same question, put to Sluice: a replay of temporary files in this process.
 *
 * The harness pushes frames into the kernel without waiting, so what Sluice gets are the same frames at the pace at
 * which the kernel got them: at the times that were measured, or of a record evenly spaced, with the case's waits between.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelAnswer, KernelCase, PacketLine, Step, SummaryLine } from './kernel/ask.ts';
import type { Gateway } from './kernel/gateway-file.ts';
import { runReplay } from '../replay/replay.ts';
import { formatPcap, type TimedFrame } from './pcap.ts';

/**
 * Anything that answers a case: the kernel, Sluice as a program, Sluice in this process. `sentAt`: when the frames are sent,
 * in seconds from a tick of the kernel's, for who keeps a clock of its own.
 */
export type Engine = (kernelCase: KernelCase, sentAt?: readonly number[]) => Promise<KernelAnswer>;

/** Seconds between frames: the harness's speed, about 40,000 frames a second. */
const PACE = 25e-6;
const FIRST_TIME = 1_700_000_000;

/** The case with the kernel's times instead of the captures'. */
export function paced(input: readonly Step[], sentAt?: readonly number[]): Step[] {
  let time = FIRST_TIME;
  let frames = 0;
  return input.map((step) => {
    if ('wait' in step) {
      time += step.wait;
      return step;
    }
    time += PACE;
    const measured = sentAt?.[frames++];
    return { ...step, time: measured === undefined ? time : FIRST_TIME + measured };
  });
}

export const askReplay: Engine = ({ rules, gateway, input }, sentAt) =>
  withFiles(async (file) => {
    const packets: PacketLine[] = [];
    const log: string[] = [];
    const timers: SummaryLine['timers'][number][] = [];
    const inputs = [...byInterface(paced(input, sentAt), gateway)].map(([iface, frames]) => ({
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
              frame: hex(frame),
            })),
            ...(outcome.log.length > 0 ? { log: outcome.log } : {}),
            decision: `${outcome.verdict}, ${outcome.reason}`,
          }),
        timer: ({ out }) =>
          timers.push(
            ...out.map(({ iface, frame }) => ({ after: packets.length, iface, frame: hex(frame) })),
          ),
        log: ({ text }) => log.push(text),
      },
    );
    const { tables, conntrack, expectations, sets, accounting } = summary;
    return {
      packets,
      summary: {
        type: 'summary',
        tables,
        conntrack: [...conntrack],
        expectations: [...expectations],
        ...(sets.length === 0 ? {} : { sets }),
        ...(accounting.length === 0 ? {} : { accounting }),
        log,
        timers,
      },
    };
  });

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex');
}

/** Hands out names of temporary files, which are gone afterwards. */
export async function withFiles(
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

export function byInterface(input: readonly Step[], { interfaces }: Gateway): Map<string, TimedFrame[]> {
  const frames = new Map<string, TimedFrame[]>();
  // A replay wants a capture, be it an empty one.
  if (!input.some((step) => 'iface' in step)) frames.set(Object.keys(interfaces)[0] ?? '', []);
  for (const step of input) {
    if ('wait' in step) continue;
    const list = frames.get(step.iface) ?? [];
    list.push(step);
    frames.set(step.iface, list);
  }
  return frames;
}
