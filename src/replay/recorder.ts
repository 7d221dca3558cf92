/**
 * Watches the gateway while a frame is on its way, and tells what became of it. Between `begin` and `finish` it collects
 * the frames that left, the lines logged and (when wanted) the rules passed; what happens outside is a timer's doing.
 * Without a listener nothing is collected but counters.
 */
import { CtInfo, CtStatus, directionOf } from '../netfilter/conntrack/ct-info.ts';
import { DROP_REASON_COUNT, DropReason, dropReasonName } from '../netfilter/drop-reason.ts';
import type { Family } from '../netfilter/hook.ts';
import type { LogLine, LogSink } from '../netfilter/log.ts';
import type { Tracer } from '../netfilter/tracer.ts';
import type { Device, FrameSink } from '../stack/device.ts';
import type { Gateway } from '../stack/gateway.ts';
import { dissectEthernet } from '../wire/dissect.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import {
  Fate,
  FATE_NAMES,
  FATE_TEXTS,
  reasonText,
  verdictOf,
  wasDecidedByTable,
  wasDelivered,
  wasTracked,
} from './fate.ts';
import type { ReplayListener } from './options.ts';
import type { ConntrackOutcome, OutFrame, PacketOutcome, TraceStep, Translation } from './outcome.ts';
import { describeStep } from './trace-steps.ts';
import { translationBetween } from './translation.ts';

export class Recorder implements FrameSink, LogSink, Tracer {
  /** Frames by DropReason, and by Fate those that were not dropped. */
  readonly dropped = new Float64Array(DROP_REASON_COUNT);
  readonly fates = new Float64Array(FATE_NAMES.length);
  readonly wanted: boolean;
  private readonly listener: ReplayListener;
  private readonly listens: boolean;
  private out: OutFrame[] = [];
  private lines: string[] = [];
  private steps: TraceStep[] = [];
  private original: Uint8Array = new Uint8Array(0);
  private current: PacketBuffer | null = null;
  private busy = false;
  /** When a timer caused what is being collected. */
  private timerUs = 0;
  private deliveredBefore = 0;
  private sentBefore = 0;
  private sent = 0;
  private readonly before = new PacketBuffer();
  private gateway: Gateway | null = null;

  constructor(listener: ReplayListener) {
    this.listener = listener;
    this.listens = listener.packet !== undefined;
    this.wanted = this.listens || listener.log !== undefined || listener.timer !== undefined;
  }

  attach(gateway: Gateway): void {
    this.gateway = gateway;
    if (this.listener.trace === true) gateway.netfilter.tracer = this;
  }

  // ── What the gateway tells ──────────────────────────────────────────────────────────────────────────────────────

  frame(device: Device, bytes: Uint8Array, start: number, end: number): void {
    this.sent++;
    if (!this.wanted) return;
    if (!this.busy) this.noteTimer();
    this.out.push({ iface: device.name, frame: bytes.slice(start, end) });
  }

  line(line: LogLine): void {
    if (!this.wanted) return;
    if (!this.busy) this.noteTimer();
    this.lines.push(line.text);
    this.listener.log?.(line);
  }

  passed(step: string, pkt: PacketBuffer): void {
    if (pkt === this.current)
      this.steps.push(describeStep(this.gateway!.netfilter, pkt.family as Family, step));
  }

  // ── Around a frame ──────────────────────────────────────────────────────────────────────────────────────────────

  begin(pkt: PacketBuffer): void {
    this.deliveredBefore = this.gateway!.host.delivered;
    this.sentBefore = this.sent;
    this.busy = true;
    if (!this.listens) return;
    this.current = pkt;
    this.original = pkt.bytes.slice(pkt.start, pkt.end);
  }

  finish(pkt: PacketBuffer, n: number, ifaceName: string, notes: () => string[]): void {
    this.busy = false;
    const fate = this.fateOf(pkt, ifaceName);
    if (pkt.dropReason === DropReason.NONE) this.fates[fate]!++;
    else this.dropped[pkt.dropReason]!++;
    if (this.listens) this.listener.packet!(this.outcome(pkt, n, ifaceName, fate, notes()));
    if (this.wanted) this.forget();
  }

  /** A record that the gateway was not given. */
  skip(pkt: PacketBuffer, fate: Fate, n: number, ifaceName: string, notes: () => string[]): void {
    this.fates[fate]!++;
    if (!this.listens) return;
    this.listener.packet!({
      n,
      timeUs: this.gateway!.host.clock.now,
      in: ifaceName,
      frame: pkt.bytes.slice(pkt.start, pkt.end),
      verdict: 'ACCEPT',
      reason: FATE_TEXTS[fate],
      reasonCode: FATE_NAMES[fate],
      rule: null,
      ruleObject: null,
      out: [],
      conntrack: null,
      translation: null,
      trace: [],
      log: [],
      notes: notes(),
    });
  }

  // ── Between frames ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Tells of what timers have done up to now. */
  flushTimers(): void {
    if (this.out.length === 0 && this.lines.length === 0) return;
    this.listener.timer?.({ timeUs: this.timerUs, out: this.out, log: this.lines });
    this.forget();
  }

  /** A frame or a line outside `begin` and `finish`: what another timer did is told apart. */
  private noteTimer(): void {
    const now = this.gateway?.host.clock.now ?? 0;
    if (now !== this.timerUs) this.flushTimers();
    this.timerUs = now;
  }

  private forget(): void {
    // The arrays were handed out: they are not ours to empty.
    this.out = [];
    this.lines = [];
    this.steps = [];
    this.current = null;
  }

  private fateOf(pkt: PacketBuffer, ifaceName: string): Fate {
    if (ifaceName === '') return Fate.SENT;
    if (this.gateway!.host.delivered > this.deliveredBefore || wasDelivered(pkt.dropReason))
      return Fate.DELIVERED;
    return pkt.family !== 0 && pkt.oif !== 0 && this.sent > this.sentBefore ? Fate.FORWARDED : Fate.HANDLED;
  }

  private outcome(
    pkt: PacketBuffer,
    n: number,
    ifaceName: string,
    fate: Fate,
    notes: string[],
  ): PacketOutcome {
    const { netfilter } = this.gateway!;
    const dropped = pkt.dropReason !== DropReason.NONE;
    const rule = wasDecidedByTable(pkt) ? netfilter.describeDecision(pkt) : '';
    return {
      n,
      timeUs: this.gateway!.host.clock.now,
      in: ifaceName,
      frame: this.original,
      verdict: verdictOf(pkt.dropReason),
      reason: dropped ? reasonText(pkt.dropReason, rule) : FATE_TEXTS[fate],
      reasonCode: dropped ? dropReasonName(pkt.dropReason) : FATE_NAMES[fate],
      rule: rule === '' ? null : rule,
      ruleObject: rule === '' ? null : netfilter.decidingRule(pkt),
      out: this.out,
      conntrack: this.conntrackOutcome(pkt),
      translation: this.translation(pkt),
      trace: this.steps,
      log: this.lines,
      notes,
    };
  }

  private conntrackOutcome(pkt: PacketBuffer): ConntrackOutcome | null {
    const { netfilter, conntrack } = this.gateway!;
    if (pkt.family === 0 || !netfilter.tracksConnections(pkt.family as Family)) return null;
    if (!wasTracked(pkt)) return null;
    const { ct, ctInfo } = pkt;
    const isEntry = ct > 0 && (conntrack.status[ct]! & CtStatus.CONFIRMED) !== 0;
    return {
      state: stateName(ct, ctInfo),
      direction: directionOf(ctInfo) === 0 ? 'original' : 'reply',
      entry: isEntry ? conntrack.describe(ct) : null,
      mark: ct > 0 ? conntrack.mark[ct]! >>> 0 : 0,
    };
  }

  private translation(pkt: PacketBuffer): Translation | null {
    const { before } = this;
    before.reset(this.original, 0, this.original.length);
    dissectEthernet(before);
    return translationBetween(before, pkt);
  }
}

function stateName(ct: number, ctInfo: number): ConntrackOutcome['state'] {
  if (ctInfo === CtInfo.UNTRACKED) return 'UNTRACKED';
  if (ct === 0 && ctInfo === 0) return 'INVALID';
  switch (ctInfo) {
    case CtInfo.NEW:
      return 'NEW';
    case CtInfo.RELATED:
    case CtInfo.RELATED_REPLY:
      return 'RELATED';
    default:
      return 'ESTABLISHED';
  }
}
