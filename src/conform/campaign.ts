/**
 * Many cases, one after the other or several at once: each put to the kernel and to Sluice, what differs explained,
 * shrunk and kept. Most of the time goes by in the kernel and the programs that set it up, so cases side by side are
 * worth as many processors as there are.
 */
import { join } from 'node:path';
import { saveCase } from './case-files.ts';
import { explain } from './explain.ts';
import { describeError, judge, type Outcome } from './judge.ts';
import { askKernel, type KernelCase } from './kernel/ask.ts';
import { shrink } from './shrink.ts';

export interface NamedCase {
  readonly name: string;
  readonly make: () => KernelCase | Promise<KernelCase>;
}

export interface CampaignOptions {
  /** Cases at once. */
  readonly jobs: number;
  /** Whether what differs is made smaller first. */
  readonly shrink: boolean;
  /** Where differences are kept as recorded cases; null for nowhere. */
  readonly keep: string | null;
  /** Asked before each case; true ends the campaign. */
  readonly isOver?: () => boolean;
}

/** What came of one case; `report` and `kept` are of those that differ. */
export interface CaseResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly report: readonly string[];
  readonly kept: string | null;
}

export interface Tally {
  cases: number;
  packets: number;
  /** Packets and lines of summaries that are not the same, over all cases. */
  differences: number;
  differing: number;
  undecided: number;
  refused: number;
}

export interface CampaignListener {
  begin?(name: string, tally: Tally): void;
  result(result: CaseResult, tally: Tally): void;
}

export function emptyTally(): Tally {
  return { cases: 0, packets: 0, differences: 0, differing: 0, undecided: 0, refused: 0 };
}

/** @param tally - counted up as results come in, so that whoever interrupts knows how far it was */
export async function runCampaign(
  cases: Iterable<NamedCase>,
  options: CampaignOptions,
  listener: CampaignListener,
  tally: Tally = emptyTally(),
): Promise<Tally> {
  const iterator = cases[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (;;) {
      if (options.isOver?.() === true) return;
      const next = iterator.next();
      if (next.done === true) return;
      listener.begin?.(next.value.name, tally);
      const result = await runCase(next.value, options);
      count(tally, result.outcome);
      listener.result(result, tally);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, worker));
  return tally;
}

async function runCase({ name, make }: NamedCase, options: CampaignOptions): Promise<CaseResult> {
  let question: KernelCase;
  try {
    question = await make();
  } catch (error) {
    const refused = { kind: 'refused', packets: 0, message: describeError(error) } as const;
    return { name, outcome: refused, report: [], kept: null };
  }
  const outcome = await judge(question);
  if (outcome.kind !== 'differs') return { name, outcome, report: [], kept: null };
  const report = await explain(question, outcome.comparison);
  if (!options.shrink) return { name, outcome, report, kept: null };
  const small = await shrink(question, async (candidate) => (await judge(candidate)).kind === 'differs');
  const again = await judge(small);
  if (again.kind !== 'differs') return { name, outcome, report, kept: null };
  const folder = options.keep === null ? null : join(options.keep, name.replace(/\W+/g, '-'));
  if (folder !== null) await keep(folder, small);
  return { name, outcome, report: [shown(small), ...(await explain(small, again.comparison))], kept: folder };
}

async function keep(folder: string, small: KernelCase): Promise<void> {
  // Rules that the kernel refuses have no answer of its to record.
  saveCase(folder, small, await askKernel(small).catch(() => undefined));
}

/** The rules of a case that was shrunk: few enough to be read. */
function shown({ rules, input }: KernelCase): string {
  const frames = input.filter((step) => 'iface' in step).length;
  const text = `${rules.v4 ?? ''}${rules.v6 ?? ''}`.trimEnd();
  return `shrunk to ${frames} ${frames === 1 ? 'frame' : 'frames'}${text === '' ? ' and no rules' : `, and these rules:\n${text}`}`;
}

function count(tally: Tally, outcome: Outcome): void {
  tally.cases += 1;
  tally.packets += outcome.packets;
  if (outcome.kind === 'undecided') tally.undecided += 1;
  if (outcome.kind === 'refused') tally.refused += 1;
  if (outcome.kind !== 'differs') return;
  tally.differing += 1;
  tally.differences += outcome.comparison.differences;
}

/** `cases 20, packets 2,011, differences 0`, and whatever else there is to say. */
export function formatTally(tally: Tally): string {
  const number = (value: number): string => value.toLocaleString('en');
  const further = [
    tally.differing > 0 && tally.cases > 1 ? `in ${number(tally.differing)} cases` : '',
    tally.undecided > 0 ? `undecided ${number(tally.undecided)}` : '',
    tally.refused > 0 ? `refused ${number(tally.refused)}` : '',
  ].filter((text) => text !== '');
  return [
    `cases ${number(tally.cases)}`,
    `packets ${number(tally.packets)}`,
    `differences ${number(tally.differences)}`,
    ...further,
  ].join(', ');
}
