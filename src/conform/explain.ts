/**
 * A difference, told: the first packet that makes it, and the way of that packet through both rule by rule.
 *
 * Where counters or connections differ and no frame does, the packet is found by asking for fewer and fewer of them. For
 * the way, both are asked again with a TRACE rule in front of everything, and their log lines stand side by side.
 */
import { compareAnswers, type Comparison } from './compare.ts';
import { askKernel, type KernelAnswer, type KernelCase, type Step } from './kernel/ask.ts';
import { askReplay, type Engine } from './sluice.ts';

const COLUMN = 60;

/** Lines for people: the comparison's report and the traces of the packet that it is about. */
export async function explain(question: KernelCase, comparison: Comparison): Promise<string[]> {
  const lines = [...comparison.report];
  // Refused rules make no packets.
  if (comparison.packets === 0) return lines;
  const n = comparison.firstPacket > 0 ? comparison.firstPacket : await firstThatMatters(question);
  if (n === 0) return lines;
  if (comparison.firstPacket === 0) lines.push(`packet ${n} is the first that makes a difference`);
  const traced = { ...question, rules: withTrace(question.rules), input: upTo(question.input, n) };
  const [kernel, sluice] = [await tryToAsk(askKernel, traced), await tryToAsk(askReplay, traced)];
  if (typeof kernel === 'string' || typeof sluice === 'string') {
    return [...lines, `no trace: ${typeof kernel === 'string' ? kernel : String(sluice)}`];
  }
  const [left, right] = [steps(kernel, n), steps(sluice, n)];
  const decision = sluice.packets[n - 1]?.decision ?? '';
  return [...lines, `the way of packet ${n} (sluice: ${decision}):`, ...columns(left, right)];
}

/** The fewest frames, from the first on, with which the two still differ. */
async function firstThatMatters(question: KernelCase): Promise<number> {
  const differs = async (frames: number): Promise<boolean> => {
    const part = { ...question, input: upTo(question.input, frames) };
    return compareAnswers(part, await askKernel(part), await askReplay(part)).differences > 0;
  };
  let most = question.input.filter((step) => 'iface' in step).length;
  if (!(await differs(most))) return 0;
  let least = 0;
  while (most - least > 1) {
    const middle = (least + most) >> 1;
    if (await differs(middle)) most = middle;
    else least = middle;
  }
  return most;
}

/** The steps up to the frame with this number, waits between them included. */
function upTo(input: readonly Step[], frames: number): Step[] {
  let count = 0;
  return input.filter((step) => ('iface' in step ? ++count <= frames : count < frames));
}

const TRACE_RULES = ['-A PREROUTING -j TRACE', '-A OUTPUT -j TRACE'];

function withTrace({ v4, v6 }: KernelCase['rules']): KernelCase['rules'] {
  return { v4: traced(v4 ?? ''), v6: traced(v6 ?? '') };
}

function traced(text: string): string {
  const lines = text.split('\n');
  const raw = lines.indexOf('*raw');
  if (raw < 0) return [...lines, '*raw', ...TRACE_RULES, 'COMMIT', ''].join('\n');
  const first = lines.findIndex((line, i) => i > raw && !line.startsWith(':') && !line.startsWith('#'));
  return [...lines.slice(0, first), ...TRACE_RULES, ...lines.slice(first)].join('\n');
}

async function tryToAsk(engine: Engine, question: KernelCase): Promise<KernelAnswer | string> {
  try {
    return await engine(question);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One line for each rule passed, in the kernel's words, and for whatever else was logged. */
function steps({ packets }: KernelAnswer, n: number): string[] {
  return (packets[n - 1]?.log ?? []).map((line) => {
    const [, step, rest = ''] = /^TRACE: (\S+) (.*)/.exec(line.trim()) ?? [];
    if (step === undefined) return line.trim();
    const field = (name: string): string => new RegExp(`\\b${name}=(\\S*)`).exec(rest)?.[1] ?? '';
    const mark = field('MARK');
    const through = [field('IN'), field('OUT')].map((iface) => iface || '-').join(' ');
    return `${withoutOurs(step)} ${through} ${shortened(field('SRC'))} ${shortened(field('DST'))}${mark && ` ${mark}`}`;
  });
}

/** The TRACE rules that stand in front push those behind them down. */
function withoutOurs(step: string): string {
  return step.replace(
    /^(raw:(?:PREROUTING|OUTPUT):\w+:)(\d+)$/,
    (_, at: string, n: string) => `${at}${+n - 1}`,
  );
}

/** The kernel prints IPv6 addresses in full. */
function shortened(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}

function columns(left: readonly string[], right: readonly string[]): string[] {
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const [l, r] = [left[i] ?? '-', right[i] ?? '-'];
    return `  ${l === r ? ' ' : '!'} ${l.padEnd(COLUMN)} ${r}`;
  });
  return [`    ${'kernel'.padEnd(COLUMN)} sluice`, ...rows];
}
