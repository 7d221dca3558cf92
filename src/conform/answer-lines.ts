/**
 * Answers as lines of JSON, in the form of `sluice replay --json`: how they are recorded, printed and read back.
 *
 * A record is canonical: what masks.ts hides is hidden in it already, and connections are sorted, so that recording again
 * changes only what the kernel or the case changed (and, by a second, timeouts).
 */
import { release } from 'node:os';
import type { KernelAnswer, KernelCase, PacketLine, SummaryLine } from './kernel/ask.ts';
import type { EmittedFrame } from './kernel/session.ts';
import { gatewayAddresses, mask, maskLogLine } from './masks.ts';

const NO_INPUT = new Uint8Array(0);

export function formatAnswer({ packets, summary }: KernelAnswer): string {
  return [...packets, summary].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** The kernel's answer as it is kept beside a case, with the kernel's version. */
export function formatRecord({ gateway, input }: KernelCase, { packets, summary }: KernelAnswer): string {
  const frames = input.filter((step) => 'iface' in step);
  const own = gatewayAddresses(gateway);
  const maskLog = (lines: readonly string[]): string[] => lines.map((line) => maskLogLine(line, own));
  return formatAnswer({
    packets: packets.map((packet, i) => ({
      ...packet,
      out: packet.out.map(({ iface, frame }) => ({ iface, frame: mask(frame, frames[i]!.frame) })),
      ...(packet.log === undefined ? {} : { log: maskLog(packet.log) }),
    })),
    summary: {
      ...summary,
      conntrack: [...summary.conntrack].sort(),
      log: maskLog(summary.log),
      timers: summary.timers.map((sent) => ({ ...sent, frame: mask(sent.frame, NO_INPUT) })),
      kernel: `Linux ${release()}`,
    },
  });
}

/** What Sluice's timers sent between two frames; the kernel's answer has it in the summary. */
interface TimerLine {
  readonly type: 'timer';
  readonly after: number;
  readonly out: readonly EmittedFrame[];
  readonly log?: readonly string[];
}

/** Reads the lines; fields that the kernel has no counterpart for are passed over. */
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
  const { tables, conntrack = [], expectations = [], sets, accounting } = summary;
  const objects = {
    ...(sets === undefined ? {} : { sets }),
    ...(accounting === undefined ? {} : { accounting }),
  };
  const log = summary.log ?? lines.flatMap((line) => (line.type === 'summary' ? [] : (line.log ?? [])));
  const timers =
    summary.timers ?? late.flatMap(({ after, out }) => out.map((frame) => ({ after, ...frame })));
  return { packets, summary: { type: 'summary', tables, conntrack, expectations, ...objects, log, timers } };
}
