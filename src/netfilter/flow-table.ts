/**
 * The flow table (Linux's nf_flow_table, made exact): the way that the packets of a forwarded connection take from behind
 * connection tracking to where they leave. A packet whose flow's way is known is counted on it, translated and sent on;
 * no table is asked, nothing routed, nobody's address resolved. Linux's skips windows and counters; this one does not.
 *
 * A way may be taken again when nothing on it could come out differently. Of a *steady* packet its connection and direction
 * fix the addresses, ports and protocol, the state ESTABLISHED, and the TCP flags but for PSH. So a way is kept if every
 * match that was asked on it is steady (MatchTest.isSteady) and no target acted, and it holds as long as the rules and
 * what decides about routes stay the same. All else (LOG, limit, MARK, traces, what is for the host itself …) goes the
 * long way as ever. The reference engine keeps no ways: it is the judge of this as well.
 *
 * Many flows share few ways. Each is kept once and counted there; a connection holds the numbers of its two, and the
 * counts are added to the rules when somebody asks (`settle`).
 */
import { CtInfo, directionOf } from './conntrack/ct-info.ts';
import { WAYS_STRIDE } from './conntrack/record.ts';
import { decisionSlot, decisionTable, packDecision } from './decision.ts';
import { TABLE_NAMES } from './hook.ts';
import type { ConntrackSteps } from './hook-steps.ts';
import type { NextHop } from './host-services.ts';
import { NOT_STEADY, type TableEngine } from './table-engine.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { ACK, PSH, flags } from '../wire/tcp.ts';

/** Ways kept at most, as many as a connection's two bytes can tell apart. Flows beyond go the long way. */
const MAX_WAYS = 0xffff;
/** Rules and chain ends that one may pass. */
const MAX_STEPS = 64;
const TCP_FLAGS = 0x3f;
const FILTER = TABLE_NAMES.indexOf('filter');

/**
 * Is the packet, which connection tracking has just accepted, like all others of its flow but for its data? Only packets of
 * connections that were answered are, and of TCP only segments in the middle of one.
 */
export function isSteady(pkt: PacketBuffer): boolean {
  // A mark may decide about its route.
  if (pkt.ct <= 0 || pkt.mark !== 0 || pkt.l4Ok === 0 || pkt.fragOffset !== 0) return false;
  if (pkt.ctInfo !== CtInfo.ESTABLISHED && pkt.ctInfo !== CtInfo.ESTABLISHED_REPLY) return false;
  if (pkt.proto === IPPROTO_TCP) return (flags(pkt.bytes, pkt.l4) & TCP_FLAGS & ~PSH) === ACK;
  return pkt.proto === IPPROTO_UDP;
}

export class Way {
  readonly number: number;
  readonly iif: number;
  readonly hop: NextHop;
  /** Bytes of the largest datagram that goes this way. */
  readonly mtu: number;
  /** Tables and slots that it passes, packed as decisions. */
  readonly steps: Int32Array;
  /** The step that decided; 0 when no table was asked. */
  readonly decision: number;

  constructor(number: number, iif: number, hop: NextHop, mtu: number, steps: Int32Array) {
    this.number = number;
    this.iif = iif;
    this.hop = hop;
    this.mtu = mtu;
    this.steps = steps;
    // The filter table's say is what people look for, whatever came behind it.
    this.decision = steps.findLast((step) => decisionTable(step) === FILTER) ?? steps.at(-1) ?? 0;
  }

  is(iif: number, mtu: number, steps: Int32Array, stepCount: number): boolean {
    if (this.iif !== iif || this.mtu !== mtu || this.steps.length !== stepCount) return false;
    for (let i = 0; i < stepCount; i++) if (this.steps[i] !== steps[i]) return false;
    return true;
  }
}

/** In the place of number 0. */
const NOWHERE = new Way(0, 0, { device: { index: 0 } }, 0, new Int32Array(0));

export class FlowTable {
  private readonly conntrack: ConntrackSteps;
  /** By table. */
  private readonly engines: readonly (TableEngine | null)[];
  /** By number; 0 is none. */
  private ways: Way[] = [NOWHERE];
  private readonly byHop = new Map<NextHop, Way[]>();
  /** Packets and bytes by number, two elements a way. */
  private counts = new Float64Array(64);
  /** What `host.wayGeneration` was when the first way was kept. */
  private generation = -1;
  /** The packet that is on a way not known yet, and what it passed so far; NOT_STEADY when that may differ next time. */
  private learner: PacketBuffer | null = null;
  private readonly steps = new Int32Array(MAX_STEPS);
  private stepCount = 0;

  constructor(conntrack: ConntrackSteps, engines: readonly (TableEngine | null)[]) {
    this.conntrack = conntrack;
    this.engines = engines;
  }

  /** The way of a steady packet's flow. */
  find(pkt: PacketBuffer, generation: number): Way | undefined {
    const number = this.conntrack.ways[placeOf(pkt)]!;
    if (number === 0) return undefined;
    if (generation !== this.generation) {
      this.forget();
      return undefined;
    }
    const way = this.ways[number]!;
    return way.iif === pkt.iif ? way : undefined;
  }

  count(way: Way, pkt: PacketBuffer): void {
    const { counts } = this;
    const at = way.number * 2;
    counts[at]! += 1;
    counts[at + 1]! += pkt.l3End - pkt.l3;
  }

  // ── Learning ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A steady packet goes the long way: it shows which one that is. */
  begin(pkt: PacketBuffer): void {
    this.learner = pkt;
    this.stepCount = 0;
  }

  /** It passed the policy of an empty chain. */
  passed(table: number, slot: number): void {
    if (this.stepCount < 0) return;
    if (this.stepCount === MAX_STEPS) this.stepCount = NOT_STEADY;
    else this.steps[this.stepCount++] = packDecision(table, slot);
  }

  /** It was judged by a table. */
  judged(table: number, engine: TableEngine): void {
    if (engine.stepCount === NOT_STEADY) this.stepCount = NOT_STEADY;
    for (let i = 0; i < engine.stepCount; i++) this.passed(table, engine.steps[i]!);
  }

  /** It leaves: from now on its flow's packets may go there at once. */
  leaves(pkt: PacketBuffer, hop: NextHop, mtu: number, generation: number): void {
    if (this.learner !== pkt || this.stepCount < 0) return;
    this.learner = null;
    if (generation !== this.generation) {
      this.forget();
      this.generation = generation;
    }
    this.conntrack.ways[placeOf(pkt)] = this.numberOf(pkt.iif, hop, mtu);
  }

  private numberOf(iif: number, hop: NextHop, mtu: number): number {
    const { steps, stepCount } = this;
    let known = this.byHop.get(hop);
    if (known === undefined) this.byHop.set(hop, (known = []));
    for (const way of known) if (way.is(iif, mtu, steps, stepCount)) return way.number;
    const number = this.ways.length;
    if (number > MAX_WAYS) return 0;
    const way = new Way(number, iif, hop, mtu, steps.slice(0, stepCount));
    known.push(way);
    this.ways.push(way);
    if (2 * number >= this.counts.length) this.counts = doubled(this.counts);
    return number;
  }

  // ── Counters ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Adds what was counted here to the rules and policies that it belongs to. */
  settle(): void {
    for (const { number, steps } of this.ways) {
      const packets = this.counts[2 * number]!;
      const bytes = this.counts[2 * number + 1]!;
      for (const step of steps) this.engines[decisionTable(step)]!.count(decisionSlot(step), packets, bytes);
    }
    this.counts.fill(0);
  }

  /** Every flow takes the long way again. */
  forget(): void {
    if (this.ways.length === 1) return;
    this.settle();
    this.conntrack.forgetWays();
    this.byHop.clear();
    this.ways = [NOWHERE];
  }
}

function placeOf(pkt: PacketBuffer): number {
  return pkt.ct * WAYS_STRIDE + directionOf(pkt.ctInfo);
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}
