/**
 * Watches the gateway while a frame is on its way, and tells what became of it. Between `begin` and `finish` it collects
 * the frames that left, the lines logged and (when wanted) the rules passed. Without a listener nothing is collected
 * but counters.
 */
import { CtInfo, CtStatus, directionOf } from '../netfilter/conntrack/ct-info.ts';
import { DROP_REASON_COUNT, DropReason, dropReasonName, dropReasonText } from '../netfilter/drop-reason.ts';
import type { Family } from '../netfilter/hook.ts';
import type { LogLine, LogSink } from '../netfilter/log.ts';
import type { Tracer } from '../netfilter/tracer.ts';
import type { Device, FrameSink } from '../stack/device.ts';
import type { Gateway } from '../stack/gateway.ts';
import { formatIp } from '../wire/address.ts';
import { dissectEthernet, hasPorts } from '../wire/dissect.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import type { ReplayListener } from './options.ts';
import type {
  ConntrackOutcome,
  Endpoints,
  OutcomeVerdict,
  OutFrame,
  PacketOutcome,
  TraceStep,
  Translation,
} from './outcome.ts';
import { describeStep } from './trace-steps.ts';

/** What became of a frame that was not dropped. */
export const Fate = { FORWARDED: 0, DELIVERED: 1, SENT: 2, HANDLED: 3, NOT_IP: 4 } as const;
export type Fate = (typeof Fate)[keyof typeof Fate];
export const FATE_NAMES = ['FORWARDED', 'DELIVERED', 'SENT', 'HANDLED', 'NOT_IP'] as const;
export const FATE_TEXTS = [
  'forwarded',
  'delivered to this host',
  'sent by this host',
  'answered or taken note of by the stack',
  'not IP: iptables does not see it',
] as const;

/** Reasons that are no refusal of the packet filter or the stack: the packet waits, or arrived and found nobody. */
const WAITING: ReadonlySet<number> = new Set([DropReason.FRAGMENT_QUEUED, DropReason.NEIGHBOUR_QUEUED]);
const AFTER_DELIVERY: ReadonlySet<number> = new Set([
  DropReason.NO_SOCKET,
  DropReason.NO_PROTOCOL,
  DropReason.ICMP_IGNORED,
  DropReason.ICMP_BROADCAST,
  DropReason.ARP_IGNORED,
  DropReason.ND_IGNORED,
]);

const BY_RULES: ReadonlySet<number> = new Set([
  DropReason.RULE,
  DropReason.POLICY,
  DropReason.HOT_DROP,
  DropReason.QUEUE_NO_LISTENER,
  DropReason.NAT_FAILED,
]);

export function verdictOf(dropReason: number): OutcomeVerdict {
  if (dropReason === DropReason.NONE || AFTER_DELIVERY.has(dropReason)) return 'ACCEPT';
  if (WAITING.has(dropReason)) return 'STOLEN';
  return dropReason === DropReason.QUEUE_NO_LISTENER ? 'QUEUE' : 'DROP';
}

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
    if (this.wanted) this.out.push({ iface: device.name, frame: bytes.slice(start, end) });
  }

  line(line: LogLine): void {
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
    if (!this.listens) return;
    this.current = pkt;
    this.original = pkt.bytes.slice(pkt.start, pkt.end);
  }

  finish(pkt: PacketBuffer, n: number, timeUs: number, ifaceName: string, notes: () => string[]): void {
    const fate = this.fateOf(pkt, ifaceName);
    if (pkt.dropReason === DropReason.NONE) this.fates[fate]!++;
    else this.dropped[pkt.dropReason]!++;
    if (this.listens) this.listener.packet!(this.outcome(pkt, n, timeUs, ifaceName, fate, notes()));
    if (this.wanted) this.forget();
  }

  /** A record that the gateway was not given. */
  skip(pkt: PacketBuffer, n: number, timeUs: number, ifaceName: string, notes: () => string[]): void {
    this.fates[Fate.NOT_IP]!++;
    if (!this.listens) return;
    this.listener.packet!({
      n,
      timeUs,
      in: ifaceName,
      frame: pkt.bytes.slice(pkt.start, pkt.end),
      verdict: 'ACCEPT',
      reason: FATE_TEXTS[Fate.NOT_IP],
      reasonCode: FATE_NAMES[Fate.NOT_IP],
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

  /** Frames and lines that a timer caused, between two input frames. */
  timers(timeUs: number): void {
    if (!this.wanted || (this.out.length === 0 && this.lines.length === 0)) return;
    this.listener.timer?.({ timeUs, out: this.out, log: this.lines });
    this.forget();
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
    if (this.gateway!.host.delivered > this.deliveredBefore || AFTER_DELIVERY.has(pkt.dropReason))
      return Fate.DELIVERED;
    return pkt.family !== 0 && pkt.oif !== 0 && this.sent > this.sentBefore ? Fate.FORWARDED : Fate.HANDLED;
  }

  private outcome(
    pkt: PacketBuffer,
    n: number,
    timeUs: number,
    ifaceName: string,
    fate: Fate,
    notes: string[],
  ): PacketOutcome {
    const { netfilter } = this.gateway!;
    const dropped = pkt.dropReason !== DropReason.NONE;
    // Of a packet that the stack dropped, no table decided.
    const decided =
      pkt.family !== 0 && (!dropped || BY_RULES.has(pkt.dropReason) || AFTER_DELIVERY.has(pkt.dropReason));
    const rule = decided ? netfilter.describeDecision(pkt) : '';
    return {
      n,
      timeUs,
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
    const { ct, ctInfo } = pkt;
    // Dropped by the stack before tracking had a look at it.
    if (ct === 0 && ctInfo === 0 && pkt.dropReason !== 0 && pkt.dropReason < DropReason.FRAGMENT_BAD)
      return null;
    const isEntry = ct > 0 && (conntrack.status[ct]! & CtStatus.CONFIRMED) !== 0;
    return {
      state: stateName(ct, ctInfo),
      direction: directionOf(ctInfo) === 0 ? 'original' : 'reply',
      entry: isEntry ? conntrack.describe(ct) : null,
      mark: ct > 0 ? conntrack.mark[ct]! >>> 0 : 0,
    };
  }

  private translation(pkt: PacketBuffer): Translation | null {
    if (pkt.family === 0) return null;
    const { before } = this;
    before.reset(this.original, 0, this.original.length);
    dissectEthernet(before);
    if (before.family !== pkt.family || sameEndpoints(before, pkt)) return null;
    return { before: endpoints(before), after: endpoints(pkt) };
  }
}

/** A rule's drop names the rule; everything else has words of its own. */
function reasonText(reason: number, rule: string): string {
  const text = dropReasonText(reason);
  return (reason === DropReason.RULE || reason === DropReason.POLICY) && rule !== ''
    ? `${text} ${rule}`
    : text;
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

function sameEndpoints(a: PacketBuffer, b: PacketBuffer): boolean {
  return (
    a.src0 === b.src0 &&
    a.src1 === b.src1 &&
    a.src2 === b.src2 &&
    a.src3 === b.src3 &&
    a.dst0 === b.dst0 &&
    a.dst1 === b.dst1 &&
    a.dst2 === b.dst2 &&
    a.dst3 === b.dst3 &&
    a.sport === b.sport &&
    a.dport === b.dport
  );
}

function endpoints(pkt: PacketBuffer): Endpoints {
  const src = formatIp(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
  const dst = formatIp(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
  return pkt.l4Ok !== 0 && hasPorts(pkt.proto)
    ? { src, dst, sport: pkt.sport, dport: pkt.dport }
    : { src, dst };
}
