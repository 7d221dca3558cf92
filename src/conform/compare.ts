/**
 * Two engines side by side: is every frame, counter, connection and log line the same?
 *
 * Reports the first difference of each kind, packets decoded in two columns, and how many there are. What may differ is
 * in masks.ts; connection timeouts may be two seconds apart, since the kernel's clock runs while it works.
 */
import type { KernelAnswer, KernelCase, SummaryLine } from './kernel/ask.ts';
import { sideBySide } from './decode.ts';
import type { Gateway } from './kernel/gateway-file.ts';
import { gatewayAddresses, mask, maskLogLine } from './masks.ts';
import { isOnKernelsSchedule } from './kernel/noise.ts';
import type { InputFrame } from './pcap.ts';
import type { EmittedFrame } from './kernel/session.ts';

export interface Comparison {
  readonly packets: number;
  /** How many packets, and how many lines of the summary, are not the same. */
  readonly differences: number;
  /** The first packet that differs, counted from 1; 0 where none does, if perhaps the summary. */
  readonly firstPacket: number;
  /** The first difference of each kind, in words. */
  readonly report: readonly string[];
}

export interface Names {
  readonly left: string;
  readonly right: string;
}

export const SIDES: Names = { left: 'kernel', right: 'sluice' };

const TIMEOUT_TOLERANCE = 2; // seconds

export function compareAnswers(
  question: KernelCase,
  left: KernelAnswer,
  right: KernelAnswer,
  names: Names = SIDES,
): Comparison {
  const packets = comparePackets(question, left, right, names);
  const parts = [
    packets,
    ...(question.input.some((step) => 'wait' in step)
      ? [compareTimers(left.summary, right.summary, names)]
      : []),
    ...compareSummaries(question.gateway, left.summary, right.summary, names),
  ];
  return {
    packets: left.packets.length,
    firstPacket: packets.at,
    differences: parts.reduce((sum, { count }) => sum + count, 0),
    report: parts.filter(({ count }) => count > 0).map(({ first }) => first),
  };
}

interface Part {
  readonly count: number;
  readonly first: string;
}

function comparePackets(
  question: KernelCase,
  left: KernelAnswer,
  right: KernelAnswer,
  names: Names,
): Part & { readonly at: number } {
  const inputs = question.input.filter((step): step is InputFrame => 'iface' in step);
  let count = 0;
  let firstPacket = 0;
  let first = '';
  inputs.forEach((input, i) => {
    const a = comparable(left.packets[i]?.out, input);
    const b = comparable(right.packets[i]?.out, input);
    const at = firstDifference(a.map(key), b.map(key));
    if (at < 0) return;
    count += 1;
    if (count > 1) return;
    firstPacket = i + 1;
    first = describePacket(firstPacket, input, a, b, at, names);
  });
  const [l, r] = [left.packets.length, right.packets.length];
  if (l !== r && count === 0)
    return { count: 1, first: `${names.left} answers for ${l} packets, ${names.right} for ${r}`, at: 0 };
  return { count, first, at: firstPacket };
}

const NO_INPUT: InputFrame = { iface: '', time: 0, frame: new Uint8Array(0) };

/** What timers sent while the case waited. Without waits, only what the kernel happens to do on its own schedule. */
function compareTimers(left: SummaryLine, right: SummaryLine, names: Names): Part {
  const lines = ({ timers }: SummaryLine): string[] =>
    timers
      .flatMap(({ after, iface, frame }) =>
        comparable([{ iface, frame }], NO_INPUT).map((shown) => `after packet ${after}: ${key(shown)}`),
      )
      .sort();
  return compareLines('timers', lines(left), lines(right), names);
}

/** What both sides say on a schedule of their own is left out, what is drawn at random is masked. */
function comparable(out: readonly EmittedFrame[] | undefined, input: InputFrame): EmittedFrame[] {
  return (out ?? [])
    .filter(({ frame }) => !isOnKernelsSchedule(frame))
    .map(({ iface, frame }) => ({ iface, frame: mask(frame, input.frame) }));
}

function key({ iface, frame }: EmittedFrame): string {
  return `${iface} ${frame}`;
}

function describePacket(
  n: number,
  input: InputFrame,
  left: readonly EmittedFrame[],
  right: readonly EmittedFrame[],
  at: number,
  names: Names,
): string {
  const [a, b] = [left[at], right[at]];
  const title = (name: string, frame: EmittedFrame | undefined): string =>
    frame === undefined ? name : `${name}, out of ${frame.iface}`;
  return [
    `packet ${n}, in on ${input.iface}: ${Buffer.from(input.frame).toString('hex')}`,
    `  ${names.left} sends ${left.length} frames, ${names.right} ${right.length}; number ${at + 1} differs:`,
    sideBySide(a?.frame, b?.frame, [title(names.left, a), title(names.right, b)]),
  ].join('\n');
}

function compareSummaries(gateway: Gateway, left: SummaryLine, right: SummaryLine, names: Names): Part[] {
  const addresses = gatewayAddresses(gateway);
  const log = ({ log: lines }: SummaryLine): string[] =>
    lines.map((line) => maskLogLine(line.trimEnd(), addresses));
  return [
    compareLines('tables.v4', tableLines(left.tables.v4), tableLines(right.tables.v4), names),
    compareLines('tables.v6', tableLines(left.tables.v6), tableLines(right.tables.v6), names),
    compareEntries('conntrack', left.conntrack, right.conntrack, names),
    compareEntries('expectations', left.expectations, right.expectations, names),
    compareLines('sets', setLines(left), setLines(right), names),
    compareLines('accounting', left.accounting ?? [], right.accounting ?? [], names),
    compareLines('log', log(left), log(right), names),
  ];
}

/** Without what the two draw each for itself (so the order differs, too), and without seconds left. */
function setLines({ sets }: SummaryLine): string[] {
  return (sets ?? [])
    .map((line) => line.replace(/^(add .* timeout )\d+/, '$1…').replace(/ initval 0x\w+/, ''))
    .sort();
}

function tableLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function compareLines(what: string, left: readonly string[], right: readonly string[], names: Names): Part {
  const at = firstDifference(left, right);
  if (at < 0) return { count: 0, first: '' };
  let count = 0;
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) if (left[i] !== right[i]) count += 1;
  return { count, first: describeLines(`${what}, line ${at + 1}`, left[at], right[at], names) };
}

function firstDifference(left: readonly string[], right: readonly string[]): number {
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) if (left[i] !== right[i]) return i;
  return -1;
}

interface Entry {
  /** The line without its timeout, reference count and identity, which say nothing about behaviour. */
  readonly text: string;
  readonly timeout: number;
}

/** Connections are listed in hash order, so both sides are sorted; the hash is keyed at random. */
function compareEntries(what: string, left: readonly string[], right: readonly string[], names: Names): Part {
  const [a, b] = [left.map(entry).sort(byText), right.map(entry).sort(byText)];
  let count = 0;
  let first = '';
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [l, r] = [a[i], b[j]];
    const order = l === undefined ? 1 : r === undefined ? -1 : byTextOnly(l, r);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    if (order === 0 && Math.abs(l!.timeout - r!.timeout) <= TIMEOUT_TOLERANCE) continue;
    count += 1;
    if (count === 1) {
      const show = (e: Entry | undefined): string | undefined =>
        e === undefined ? e : `${e.text} (timeout ${e.timeout})`;
      first = describeLines(what, order <= 0 ? show(l) : undefined, order >= 0 ? show(r) : undefined, names);
    }
  }
  return { count, first };
}

function entry(line: string): Entry {
  const plain = line.replace(/ (use|id)=\d+/g, '').trim();
  const found = /^(\S+ +\d+ +\S+ +\d+ )(\d+) /.exec(plain) ?? /^()(\d+) /.exec(plain);
  if (found === null) return { text: plain, timeout: 0 };
  const [all, before = '', timeout = '0'] = found;
  return { text: `${before}${plain.slice(all.length)}`, timeout: Number(timeout) };
}

function byTextOnly(a: Entry, b: Entry): number {
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
}

function byText(a: Entry, b: Entry): number {
  return byTextOnly(a, b) || a.timeout - b.timeout;
}

function describeLines(
  what: string,
  left: string | undefined,
  right: string | undefined,
  names: Names,
): string {
  const width = Math.max(names.left.length, names.right.length);
  const line = (name: string, value: string | undefined): string =>
    `  ${name.padEnd(width)}  ${value ?? '(nothing)'}`;
  return [`${what}:`, line(names.left, left), line(names.right, right)].join('\n');
}

export function formatComparison({ packets, differences, report }: Comparison): string {
  return [...report, `packets ${packets}, differences ${differences}`].join('\n');
}
