/**
 * `--json`: one object a line, a packet line for every input frame in order, a timer line for what the gateway sent by
 * itself between two of them, a summary line at the end. docs/cli.md describes the fields.
 *
 * Lines of packets are put together by hand: JSON.stringify of an object made for the purpose takes three times as long.
 */
import type { Place } from '../../base/errors.ts';
import type { ConntrackOutcome, Endpoints, OutFrame, PacketOutcome, TimerOutcome } from '../outcome.ts';
import type { TraceStep, Translation } from '../outcome.ts';
import type { ReplaySummary } from '../summary.ts';
import { callFields } from './calls.ts';
import { escapeJson } from './escape.ts';
import { flowFields } from './flows.ts';
import type { Output } from './output.ts';
import { rulePlace } from './places.ts';
import type { Report } from './report.ts';
import { ruleCounts } from './rule-counts.ts';

export interface JsonReportOptions {
  /** False: only the summary line. */
  readonly packets: boolean;
  /** Which packets get a line. */
  readonly wanted: (outcome: PacketOutcome) => boolean;
  readonly trace: boolean;
}

export class JsonReport implements Report {
  readonly trace: boolean;
  readonly packet?: (outcome: PacketOutcome) => void;
  readonly timer?: (outcome: TimerOutcome) => void;
  private readonly out: Output;
  private last = 0;

  constructor(out: Output, { packets, wanted, trace }: JsonReportOptions) {
    this.out = out;
    this.trace = packets && trace;
    if (!packets) return;
    this.packet = (outcome) => {
      this.last = outcome.n;
      if (wanted(outcome)) out.write(packetLine(outcome));
    };
    this.timer = (outcome) => out.write(timerLine(outcome, this.last));
  }

  finish(summary: ReplaySummary): void {
    this.out.write(summaryLine(summary));
    this.out.flush();
  }
}

export function packetLine(o: PacketOutcome): string {
  const place = rulePlace(o.ruleObject);
  let line =
    `{"type":"packet","n":${o.n},"time":${seconds(o.timeUs)},"in":${quote(o.in)},"verdict":"${o.verdict}"` +
    `,"reason":${quote(o.reason)},"code":${quote(o.reasonCode)},"rule":${o.rule === null ? 'null' : quote(o.rule)}`;
  if (place !== '') line += `,"place":${quote(place)}`;
  line += `,"out":${frames(o.out)},"conntrack":${conntrack(o.conntrack)}`;
  line += `,"translation":${translation(o.translation)}`;
  line += `,"trace":[${o.trace.map(step).join(',')}]`;
  if (o.log.length > 0) line += `,"log":[${o.log.map(quote).join(',')}]`;
  if (o.notes.length > 0) line += `,"notes":[${o.notes.map(quote).join(',')}]`;
  return `${line}}\n`;
}

/** `after`: the number of the frame before it. */
export function timerLine({ timeUs, out, log }: TimerOutcome, after: number): string {
  const lines = log.length > 0 ? `,"log":[${log.map(quote).join(',')}]` : '';
  return `{"type":"timer","after":${after},"time":${seconds(timeUs)},"out":${frames(out)}${lines}}\n`;
}

export function summaryLine(s: ReplaySummary): string {
  const line = {
    type: 'summary',
    frames: s.frames,
    bytes: s.bytes,
    first: s.firstTimeUs === null ? null : seconds(s.firstTimeUs),
    last: s.lastTimeUs === null ? null : seconds(s.lastTimeUs),
    verdicts: s.verdicts,
    reasons: s.reasons.map(({ code, text, verdict, frames }) => ({ code, reason: text, verdict, frames })),
    interfaces: s.interfaces,
    tables: s.tables,
    rules: ruleCounts(s.rulesets).map(({ family, at, text, place, packets, bytes }) => ({
      family: `v${family}`,
      rule: at,
      text,
      place,
      packets,
      bytes,
    })),
    conntrack: s.conntrack,
    expectations: s.expectations,
    ...(s.sets.length === 0 ? {} : { sets: s.sets }),
    ...(s.accounting.length === 0 ? {} : { accounting: s.accounting }),
    flows: s.flows.map(flowFields),
    calls: s.calls.map(callFields),
    ...(s.addresses === undefined ? {} : { addresses: s.addresses }),
    notes: s.notes.map(({ text, place }) => ({ text, ...where(place) })),
    truncated: s.truncated.map(({ message, code, place }) => ({ message, code, ...where(place) })),
    warnings: s.warnings.map(({ message, code, place }) => ({ message, code, ...where(place) })),
  };
  return `${escapeJson(JSON.stringify(line))}\n`;
}

function where(place: Place | undefined): Place {
  return place === undefined ? {} : { file: place.file, line: place.line, offset: place.offset };
}

/** Seconds with what fraction there is; a double holds microseconds of any date that a capture can have. */
function seconds(timeUs: number): number {
  return timeUs / 1e6;
}

function frames(out: readonly OutFrame[]): string {
  if (out.length === 0) return '[]';
  let text = '[';
  for (let i = 0; i < out.length; i++) {
    const { iface, frame } = out[i]!;
    text += `${i === 0 ? '' : ','}{"iface":${quote(iface)},"frame":"${hex(frame)}"}`;
  }
  return `${text}]`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function conntrack(ct: ConntrackOutcome | null): string {
  if (ct === null) return 'null';
  const entry = ct.entry === null ? 'null' : quote(ct.entry);
  return `{"state":"${ct.state}","direction":"${ct.direction}","mark":${ct.mark},"entry":${entry}}`;
}

function translation(t: Translation | null): string {
  return t === null ? 'null' : `{"before":${endpoints(t.before)},"after":${endpoints(t.after)}}`;
}

function endpoints({ src, dst, sport, dport }: Endpoints): string {
  let text = `{"src":${quote(src)},"dst":${quote(dst)}`;
  if (sport !== undefined) text += `,"sport":${sport}`;
  if (dport !== undefined) text += `,"dport":${dport}`;
  return `${text}}`;
}

function step({ at, text, place }: TraceStep): string {
  return `{"at":${quote(at)},"text":${quote(text)},"place":${quote(place)}}`;
}

/** Nothing that JSON or a terminal would take for something else. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : escapeJson(JSON.stringify(text));
}
