/**
 * The packets as a table for people: time, in, packet in tcpdump's words, verdict, rule, out, translation. Rows are printed
 * as packets come, so columns are laid out in advance: what a narrow terminal has no room for moves to a second line,
 * and the packet's description is cut before anything else is.
 */
import picocolors from 'picocolors';
import { describeFrame } from '../../wire/describe.ts';
import type { PacketOutcome, TimerOutcome, Translation } from '../outcome.ts';
import { escapeText } from './escape.ts';
import type { Output } from './output.ts';
import { endpointText, sentSomethingElse, whyText } from './outcome-text.ts';
import { RelativeSequence } from './relative-sequence.ts';
import type { Report } from './report.ts';
import { cutText, padText, textWidth } from './text-width.ts';
import { formatTime, TIME_WIDTHS, type TimeStyle } from './times.ts';
import { traceLines } from './trace.ts';

export interface TableReportOptions {
  readonly wanted: (outcome: PacketOutcome) => boolean;
  readonly trace: boolean;
  readonly color: boolean;
  /** Columns of the terminal; 0 for lines as long as they are. */
  readonly width: number;
  readonly time: TimeStyle;
}

/** From these widths on, the translation and the rule have room in the packet's own line. */
const ROOM_FOR_TRANSLATION = 180;
const ROOM_FOR_RULE = 130;
const VERDICT_WIDTH = 7;
const RULE_WIDTH = 38;
const TRANSLATION_WIDTH = 42;
const NAME_WIDTH = 5;
const LEAST_PACKET_WIDTH = 24;
/** Where lines may be as long as they are: most packets fit, and the columns behind line up. */
const FREE_PACKET_WIDTH = 88;
const GAP = '  ';
const DISPENSABLE = [/, options \[[^\]]*\]/, /, win \d+/];
/** In the columns of interfaces: the host itself, and none. */
const LOCAL = 'local';
const NOWHERE = '–';
/** Accepted, yet nothing that a socket would get. */
const STAYS_NOWHERE: ReadonlySet<string> = new Set(['NOT_IP', 'HANDLED']);

export class TableReport implements Report {
  readonly trace: boolean;
  private readonly out: Output;
  private readonly options: TableReportOptions;
  private readonly colors: ReturnType<typeof picocolors.createColors>;
  private readonly ruleInLine: boolean;
  private readonly translationInLine: boolean;
  /** Widens when a longer interface name comes by. */
  private nameWidth = NAME_WIDTH;
  private first: number | null = null;
  private isHeaded = false;
  private readonly sequence = new RelativeSequence();
  private readonly notesSaid = new Set<string>();

  constructor(out: Output, options: TableReportOptions) {
    this.out = out;
    this.options = options;
    this.trace = options.trace;
    this.colors = picocolors.createColors(options.color);
    this.ruleInLine = options.width === 0 || options.width >= ROOM_FOR_RULE;
    this.translationInLine = options.width === 0 || options.width >= ROOM_FOR_TRANSLATION;
  }

  packet(outcome: PacketOutcome): void {
    this.first ??= outcome.timeUs;
    if (!this.options.wanted(outcome)) return;
    const { verdict, translation, frame } = outcome;
    const relative = this.sequence.of(outcome);
    this.row(
      outcome.timeUs,
      outcome.in === '' ? LOCAL : outcome.in,
      describeFrame(frame, 0, frame.length, relative === undefined ? {} : { relative }),
      verdict,
      whyText(outcome),
      outText(outcome),
      translation === null ? '' : translationText(translation),
    );
    this.details(outcome);
  }

  /** What belongs to a packet and is no column: what it caused, what was done to it, its log lines, its trace. */
  private details(outcome: PacketOutcome): void {
    const { dim } = this.colors;
    if (sentSomethingElse(outcome)) {
      for (const { iface, frame } of outcome.out) {
        this.below(`sent on ${escapeText(iface)}: ${describeFrame(frame)}`);
      }
    }
    for (const note of outcome.notes) {
      if (this.trace) this.below(dim(`note: ${escapeText(note)}`));
      else if (!this.notesSaid.has(note)) this.below(dim(`note: ${escapeText(note)} (said once)`));
      this.notesSaid.add(note);
    }
    for (const line of outcome.log) this.below(`log: ${escapeText(line.trimEnd())}`);
    for (const line of traceLines(outcome.trace, this.colors)) this.below(line);
  }

  timer({ timeUs, out, log }: TimerOutcome): void {
    this.first ??= timeUs;
    for (const { iface, frame } of out) {
      this.row(timeUs, NOWHERE, describeFrame(frame), 'SENT', 'by a timer of the gateway', iface, '');
    }
    for (const line of log) this.below(`log: ${escapeText(line.trimEnd())}`);
  }

  private row(
    timeUs: number,
    from: string,
    packet: string,
    verdict: string,
    why: string,
    to: string,
    translation: string,
  ): void {
    if (!this.isHeaded) this.head();
    const { colors, options } = this;
    const time = formatTime(timeUs, options.time, this.first!);
    const input = this.name(from);
    const output = this.name(to);
    this.line(
      [
        colors.dim(time),
        padText(input, this.nameWidth),
        this.fitPacket(packet),
        this.paint(verdict)(padText(verdict, VERDICT_WIDTH)),
        this.ruleInLine ? padText(cutText(why, RULE_WIDTH), RULE_WIDTH) : null,
        padText(output, this.nameWidth),
        this.translationInLine ? colors.cyan(translation) : null,
      ],
      GAP,
    );
    if (!this.ruleInLine) this.below(translation === '' ? why : `${why}  ${colors.cyan(translation)}`);
    else if (!this.translationInLine && translation !== '') this.below(colors.cyan(translation));
  }

  private head(): void {
    this.isHeaded = true;
    const { bold } = this.colors;
    this.line(
      [
        bold(padText('time', TIME_WIDTHS[this.options.time])),
        bold(padText('in', this.nameWidth)),
        bold(this.fitPacket('packet')),
        bold(padText('verdict', VERDICT_WIDTH)),
        this.ruleInLine ? bold(padText('rule', RULE_WIDTH)) : null,
        bold(padText('out', this.nameWidth)),
        this.translationInLine ? bold('translation') : null,
      ],
      GAP,
    );
  }

  private line(cells: readonly (string | null)[], gap: string): void {
    this.out.write(
      `${cells
        .filter((cell) => cell !== null)
        .join(gap)
        .trimEnd()}\n`,
    );
  }

  /** A line that belongs to the packet above it. */
  private below(text: string): void {
    this.out.write(`${' '.repeat(TIME_WIDTHS[this.options.time])}${GAP}${text}\n`);
  }

  private name(raw: string): string {
    const name = escapeText(raw);
    this.nameWidth = Math.max(this.nameWidth, textWidth(name));
    return name;
  }

  private fitPacket(text: string): string {
    const { width, time } = this.options;
    if (width === 0) return padText(text, FREE_PACKET_WIDTH);
    const others =
      TIME_WIDTHS[time] +
      2 * this.nameWidth +
      VERDICT_WIDTH +
      4 * GAP.length +
      (this.ruleInLine ? RULE_WIDTH + GAP.length : 0) +
      (this.translationInLine ? TRANSLATION_WIDTH + GAP.length : 0);
    const room = Math.max(LEAST_PACKET_WIDTH, width - others);
    // TCP's options and window are the first to go: the length behind them says more.
    let shown = text;
    for (const part of DISPENSABLE) if (textWidth(shown) > room) shown = shown.replace(part, '');
    return padText(cutText(shown, room), room);
  }

  private paint(verdict: string): (text: string) => string {
    const { colors } = this;
    switch (verdict) {
      case 'ACCEPT':
        return colors.green;
      case 'DROP':
        return colors.red;
      default:
        return colors.yellow;
    }
  }
}

/** `eth1`, `eth1×3`, `eth1,eth0`; where a packet stayed here, `local`. */
function outText({ out, verdict, reasonCode }: PacketOutcome): string {
  if (out.length === 0) return verdict === 'ACCEPT' && !STAYS_NOWHERE.has(reasonCode) ? LOCAL : NOWHERE;
  const counts = new Map<string, number>();
  for (const { iface } of out) counts.set(iface, (counts.get(iface) ?? 0) + 1);
  return [...counts].map(([iface, count]) => (count === 1 ? iface : `${iface}×${count}`)).join(',');
}

/** What changed: `src 10.0.0.2:51000 → 192.0.2.1:51000`. */
function translationText({ before, after }: Translation): string {
  const parts: string[] = [];
  const from = endpointText(before.src, before.sport);
  const newFrom = endpointText(after.src, after.sport);
  if (from !== newFrom) parts.push(`src ${from} → ${newFrom}`);
  const to = endpointText(before.dst, before.dport);
  const newTo = endpointText(after.dst, after.dport);
  if (to !== newTo) parts.push(`dst ${to} → ${newTo}`);
  return parts.join(', ');
}
