/** The summary for people: totals, why packets ended as they did, the rules with their counters, rules never hit. */
import picocolors from 'picocolors';
import { formatPlace } from '../../base/errors.ts';
import type { OutcomeVerdict } from '../outcome.ts';
import type { ReplaySummary } from '../summary.ts';
import { formatRows, rowsWidth, type Column } from './columns.ts';
import { escapeText } from './escape.ts';
import { withoutFolders } from './outcome-text.ts';
import type { Output } from './output.ts';
import type { Report } from './report.ts';
import { ruleCounts, type RuleCount } from './rule-counts.ts';
import { formatDate, formatDuration } from './times.ts';

export interface SummaryReportOptions {
  readonly color: boolean;
  /** Columns of the terminal; 0 for lines as long as they are. */
  readonly width: number;
}

const INDENT = '  ';
const BAR_WIDTH = 12;
/** Connections and expectations shown; `--json` has all. */
const MOST_LINES = 12;

export class SummaryReport implements Report {
  private readonly out: Output;
  private readonly width: number;
  private readonly colors: ReturnType<typeof picocolors.createColors>;

  constructor(out: Output, { color, width }: SummaryReportOptions) {
    this.out = out;
    this.width = width;
    this.colors = picocolors.createColors(color);
  }

  finish(summary: ReplaySummary): void {
    this.totals(summary);
    this.reasons(summary);
    this.interfaces(summary);
    const counts = ruleCounts(summary.rulesets);
    this.rules(counts);
    this.neverHit(counts);
    this.list('Connections', summary.conntrack);
    this.list('Expectations', summary.expectations);
    this.list('Sets', summary.sets);
    this.list('Accounting', summary.accounting);
    this.addresses(summary);
    this.notes(summary);
    this.out.flush();
  }

  private totals({ frames, bytes, firstTimeUs, lastTimeUs }: ReplaySummary): void {
    const amount = `${plural(frames, 'packet')}, ${plural(bytes, 'byte')}`;
    if (firstTimeUs === null || lastTimeUs === null) return this.line(this.colors.bold(amount));
    const span = `${formatDate(firstTimeUs)} UTC, ${formatDuration(lastTimeUs - firstTimeUs)}`;
    this.line(`${this.colors.bold(amount)} from ${span}`);
  }

  private reasons({ reasons, frames }: ReplaySummary): void {
    if (reasons.length === 0) return;
    const rows = reasons.map(({ verdict, text, frames: count }) => [
      number(count),
      share(count, frames),
      bar(count, frames),
      verdict,
      escapeText(text),
    ]);
    const verdictPaint = (text: string) => this.verdictColor(text.trim() as OutcomeVerdict)(text);
    this.section('Verdicts', rows, [
      RIGHT,
      RIGHT,
      { paint: this.colors.cyan },
      { paint: verdictPaint },
      { flexible: true },
    ]);
  }

  private interfaces({ interfaces }: ReplaySummary): void {
    if (interfaces.length === 0) return;
    const rows = interfaces.map(({ name, received, receivedBytes, sent, sentBytes }) => [
      escapeText(name),
      `received ${number(received)}`,
      `(${number(receivedBytes)} bytes)`,
      `sent ${number(sent)}`,
      `(${number(sentBytes)} bytes)`,
    ]);
    this.section('Interfaces', rows, [{}, RIGHT, RIGHT, RIGHT, RIGHT]);
  }

  /** What a switch knows. */
  private addresses({ addresses }: ReplaySummary): void {
    if (addresses === undefined || addresses.length === 0) return;
    const rows = addresses.map(({ mac, vlan, port, kind, ageUs }) => [
      mac,
      vlan === 0 ? '' : `VLAN ${vlan}`,
      escapeText(port),
      kind,
      kind === 'learned' ? `${Math.round(ageUs / 1e6)} s ago` : '',
    ]);
    this.section('Addresses known', rows, [{}, {}, {}, {}, RIGHT]);
  }

  /** Chain by chain, the rules that were hit; bars compare the rules of one chain. */
  private rules(counts: readonly RuleCount[]): void {
    const hit = counts.filter(({ packets }) => packets > 0);
    if (hit.length === 0) return;
    const most = new Map<string, number>();
    for (const count of hit) most.set(chainOf(count), Math.max(most.get(chainOf(count)) ?? 0, count.packets));
    const rows = hit.map((count) => [
      number(count.packets),
      number(count.bytes),
      bar(count.packets, most.get(chainOf(count))!),
      ruleName(count),
      escapeText(count.text),
      escapeText(count.place),
    ]);
    this.rulesSection('Rules hit (packets, bytes)', rows, [
      RIGHT,
      RIGHT,
      { paint: this.colors.cyan },
      {},
      { flexible: true },
      { paint: this.colors.dim },
    ]);
  }

  private neverHit(counts: readonly RuleCount[]): void {
    const never = counts.filter(({ packets }) => packets === 0);
    if (never.length === 0) return;
    const rows = never.map((count) => [ruleName(count), escapeText(count.text), escapeText(count.place)]);
    this.rulesSection(`Rules never hit: ${number(never.length)} of ${number(counts.length)}`, rows, [
      {},
      { flexible: true },
      { paint: this.colors.dim },
    ]);
  }

  private list(title: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.heading(`${title}: ${number(lines.length)}`);
    for (const line of lines.slice(0, MOST_LINES)) this.line(INDENT + escapeText(line));
    const more = lines.length - MOST_LINES;
    if (more > 0) this.line(`${INDENT}… and ${number(more)} more; --json lists all`);
  }

  private notes({ notes, warnings, truncated }: ReplaySummary): void {
    const lines = [
      ...notes.map(({ text, place }) => placed(text, place === undefined ? '' : formatPlace(place))),
      ...warnings.map((warning) => warning.describe()),
      ...truncated.map((error) => `${error.describe()}: what came before was processed`),
    ];
    if (lines.length === 0) return;
    this.heading('Notes');
    for (const line of lines) this.line(INDENT + escapeText(line));
  }

  /** The place is the last column; where rows do not fit, a rule's text is worth more than its file's folders. */
  private rulesSection(title: string, rows: readonly string[][], columns: readonly Column[]): void {
    const fits = this.width === 0 || rowsWidth(rows, INDENT) <= this.width;
    const shown = fits ? rows : rows.map((row) => [...row.slice(0, -1), withoutFolders(row.at(-1)!)]);
    this.section(title, shown, columns);
  }

  private section(title: string, rows: readonly (readonly string[])[], columns: readonly Column[]): void {
    this.heading(title);
    for (const line of formatRows(rows, columns, INDENT, this.width)) this.line(line);
  }

  private heading(title: string): void {
    this.line(`\n${this.colors.bold(title)}`);
  }

  private line(text: string): void {
    this.out.write(`${text}\n`);
  }

  private verdictColor(verdict: OutcomeVerdict): (text: string) => string {
    const { green, red, yellow } = this.colors;
    return verdict === 'ACCEPT' ? green : verdict === 'DROP' ? red : yellow;
  }
}

const RIGHT: Column = { align: 'right' };

function placed(text: string, place: string): string {
  return place === '' ? text : `${place}: ${text}`;
}

function chainOf({ family, table, chain }: RuleCount): string {
  return `${family} ${table} ${chain}`;
}

/** IPv4 is not said: most rules are. */
function ruleName({ family, at }: RuleCount): string {
  return escapeText(family === 6 ? `v6 ${at}` : at);
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function plural(count: number, word: string): string {
  return `${number(count)} ${word}${count === 1 ? '' : 's'}`;
}

function share(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (part / whole) * 100;
  return `${percent > 0 && percent < 1 ? '<1' : Math.round(percent)} %`;
}

/** Nothing but zero is shown as nothing. */
function bar(value: number, most: number): string {
  return '█'.repeat(most === 0 ? 0 : Math.ceil((value / most) * BAR_WIDTH));
}
