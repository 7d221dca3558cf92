/**
 * One network namespace's packet filter: the tables in force for each family, and what happens to a packet at a hook.
 *
 *   PREROUTING   defragment → raw → conntrack → mangle → nat(dst)
 *   INPUT        mangle → filter → security → nat(src) → helper → confirm
 *   FORWARD      mangle → filter → security
 *   OUTPUT       defragment → raw → conntrack → mangle → nat(dst) → filter → security
 *   POSTROUTING  mangle → nat(src) → helper → confirm
 *
 * A step whose table nobody loaded is not there, and without tracking neither are its steps; a hook without steps costs
 * one comparison. The order is derived from the priorities (hook-steps.ts).
 *
 * `run` may be entered again while it runs: REJECT has the host send a packet of its own through OUTPUT while FORWARD
 * is being evaluated. Each depth has a HookState.
 */
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import type { Sysctls } from '../base/sysctl.ts';
import * as ipv6 from '../wire/ipv6.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { decisionSlot, decisionTable, packDecision } from './decision.ts';
import { DropReason } from './drop-reason.ts';
import { isSteady, type FlowTable, type Way } from './flow-table.ts';
import { Hook, TABLE_NAMES, type Family, type TableName } from './hook.ts';
import { HookState } from './hook-state.ts';
import {
  EMPTY_STEP,
  Step,
  type AskNatTable,
  type ConntrackSteps,
  type LostAddress,
  type NatSteps,
} from './hook-steps.ts';
import type { HostServices, NextHop } from './host-services.ts';
import type { LogSink } from './log.ts';
import type { NamedObjects } from './named-objects.ts';
import { RulesInForce, type EngineName } from './rules-in-force.ts';
import type { Ruleset, Table } from './rule.ts';
import { SharedState } from './shared-state.ts';
import { TraceOutput, type Tracer } from './tracer.ts';
import { Verdict } from './verdict.ts';

export interface NetfilterParts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly sysctls: Sysctls;
  readonly host: HostServices;
  readonly log: LogSink;
  readonly conntrack: ConntrackSteps;
  readonly nat: NatSteps;
  /** Sets and accounting objects that rules name; absent where there are none. */
  readonly objects?: NamedObjects;
  /** The compiled engine unless said otherwise; the reference answers alike, only slower. */
  readonly engine?: EngineName;
}

const MANGLE = TABLE_NAMES.indexOf('mangle');
const NAT = TABLE_NAMES.indexOf('nat');
const FILTER = TABLE_NAMES.indexOf('filter');

/** The low byte of a verdict is the verdict; NFQUEUE's flags and number stand above it. */
const VERDICT_MASK = 0xff;
/** NF_VERDICT_FLAG_QUEUE_BYPASS: go on as if accepted when nobody listens. */
const QUEUE_BYPASS = 0x8000;

export class Netfilter {
  private readonly host: HostServices;
  private readonly conntrack: ConntrackSteps;
  private readonly nat: NatSteps;
  private readonly trace: TraceOutput;
  private readonly v4: RulesInForce;
  private readonly v6: RulesInForce;
  private readonly states: HookState[] = [new HookState()];
  private depth = 0;
  private readonly askNat: AskNatTable;

  constructor(parts: NetfilterParts) {
    this.host = parts.host;
    this.conntrack = parts.conntrack;
    this.nat = parts.nat;
    this.trace = new TraceOutput(parts.clock, parts.host, parts.log);
    const shared = new SharedState();
    this.v4 = new RulesInForce(4, parts, this.trace, shared);
    this.v6 = new RulesInForce(6, parts, this.trace, shared);
    this.askNat = (hook, pkt) => this.judge(NAT, hook, pkt, this.states[this.depth - 1]!);
  }

  /** From now on the family's tables are exactly these. Throws SluiceError, and then nothing has changed. */
  load(ruleset: Ruleset): void {
    this.rules(ruleset.family).load(ruleset);
  }

  /**
   * Puts tables in the place of those of their names; the others stay, with all that their rules remember. Throws
   * SluiceError, and then nothing has changed.
   */
  replace(family: Family, tables: readonly Table[]): void {
    this.rules(family).replace(tables);
  }

  /** Switches connection tracking on although no rule asks for it. */
  requireConntrack(family: Family): void {
    this.rules(family).requireConntrack();
  }

  tracksConnections(family: Family): boolean {
    return this.rules(family).tracking;
  }

  /** The tables in force with their counters as they are now; null when none was loaded. */
  ruleset(family: Family): Ruleset | null {
    return this.rules(family).ruleset();
  }

  /** Takes over counters that somebody changed in what `ruleset` returned (`iptables -Z`). */
  takeCounters(family: Family): void {
    this.rules(family).takeCounters();
  }

  /** Told of every rule and chain's end that any packet passes; null for nobody. */
  get tracer(): Tracer | null {
    return this.trace.listener;
  }

  set tracer(tracer: Tracer | null) {
    this.trace.listener = tracer;
  }

  /**
   * Takes the packet through a hook. Returns ACCEPT, DROP (with `pkt.dropReason`) or STOLEN. `family`, `iif` and, from
   * FORWARD on, `oif` must be set.
   */
  run(hook: Hook, pkt: PacketBuffer): number {
    if (pkt.family === 0) return Verdict.ACCEPT;
    const rules = pkt.family === 6 ? this.v6 : this.v4;
    const steps = rules.steps[hook]!;
    if (steps.length === 0) return Verdict.ACCEPT;
    const at = this.enter(hook, pkt);
    let verdict: number = Verdict.ACCEPT;
    for (let i = 0; i < steps.length && verdict === Verdict.ACCEPT; i++) {
      const step = steps[i]!;
      verdict = this.take(step, hook, pkt, at);
      if (step !== Step.CONNTRACK || hook !== Hook.PREROUTING || !this.isSteady(pkt)) continue;
      const way = rules.flows.find(pkt, this.host.wayGeneration);
      if (way !== undefined && this.host.mayLeaveAtOnce(pkt, way.hop, way.mtu)) {
        verdict = this.follow(way, rules, pkt);
        break;
      }
      rules.flows.begin(pkt);
    }
    this.depth--;
    return verdict;
  }

  /** A packet that came through PREROUTING goes out to a neighbour: the rest of its flow may follow it. */
  leaves(pkt: PacketBuffer, hop: NextHop, mtu: number): void {
    if (pkt.steady !== 0) this.flows(pkt).leaves(pkt, hop, mtu, this.host.wayGeneration);
  }

  /** May the packet's flow have a way of its own? */
  private isSteady(pkt: PacketBuffer): boolean {
    if (!isSteady(pkt) || this.trace.all || pkt.traced !== 0 || this.conntrack.mayAlter(pkt.ct)) return false;
    pkt.steady = 1;
    return true;
  }

  /** Everything between connection tracking and the wire, on a way that is known. */
  private follow(way: Way, rules: RulesInForce, pkt: PacketBuffer): number {
    rules.flows.count(way, pkt);
    if (way.decision !== 0) pkt.decision = way.decision;
    pkt.oif = way.hop.device.index;
    return rules.engines[NAT] === null ? Verdict.ACCEPT : this.nat.translateBoth(pkt);
  }

  /** An interface went down (`address` null), or lost that address: connections masqueraded by it end. */
  interfaceLost(iface: number, address: LostAddress | null): void {
    this.nat.unbind(iface, address);
  }

  /** A bridge hands up what it has copied to others: they share the connection, which is confirmed before INPUT. */
  confirm(pkt: PacketBuffer): number {
    return this.conntrack.confirm(pkt, Hook.INPUT);
  }

  /** The packet ended, however it did: an unconfirmed connection that only it holds is freed. */
  release(pkt: PacketBuffer): void {
    if (pkt.ct !== 0) this.conntrack.release(pkt);
  }

  /** What decided on the packet: `filter:FORWARD:3`, `filter:FORWARD:policy`; the empty string when no table saw it. */
  describeDecision(pkt: PacketBuffer): string {
    const name = TABLE_NAMES[decisionTable(pkt.decision)];
    const layout = name && this.rules(pkt.family === 6 ? 6 : 4).layout(name);
    return layout ? `${name}:${layout.describe(decisionSlot(pkt.decision))}` : '';
  }

  /** The rule whose target runs: `filter:FORWARD:3`. */
  describePlace({ family, table, slot }: HookState): string {
    const name = TABLE_NAMES[table]!;
    return `${name}:${this.rules(family).layout(name)!.describe(slot)}`;
  }

  /** The rule that decided, null where it was a policy (or nothing). */
  decidingRule(pkt: PacketBuffer) {
    const name: TableName | undefined = TABLE_NAMES[decisionTable(pkt.decision)];
    const layout = name && this.rules(pkt.family === 6 ? 6 : 4).layout(name);
    return layout ? layout.ruleAt(decisionSlot(pkt.decision)) : null;
  }

  private flows(pkt: PacketBuffer): FlowTable {
    return pkt.family === 6 ? this.v6.flows : this.v4.flows;
  }

  private rules(family: Family): RulesInForce {
    return family === 6 ? this.v6 : this.v4;
  }

  /** A HookState for this depth. The kernel shows a hook only the interfaces that are known there. */
  private enter(hook: Hook, pkt: PacketBuffer): HookState {
    if (this.depth === this.states.length) this.states.push(new HookState());
    const at = this.states[this.depth++]!;
    at.family = pkt.family === 6 ? 6 : 4;
    at.hook = hook;
    at.iif = hook === Hook.OUTPUT ? 0 : pkt.iif;
    at.oif = hook === Hook.PREROUTING || hook === Hook.INPUT ? 0 : pkt.oif;
    return at;
  }

  private take(step: number, hook: Hook, pkt: PacketBuffer, at: HookState): number {
    switch (step) {
      case Step.DEFRAG:
        return this.defragment(hook, pkt);
      case Step.CONNTRACK:
        return this.conntrack.in(pkt, hook);
      case Step.NAT:
        return this.translate(hook, pkt);
      case Step.HELPER:
        return this.conntrack.helper(pkt, hook);
      case Step.CONFIRM:
        return this.conntrack.confirm(pkt, hook);
      case MANGLE:
        return hook === Hook.OUTPUT
          ? this.mangleOutput(pkt, at)
          : this.settle(this.judge(MANGLE, hook, pkt, at), pkt);
      default:
        if (step >= EMPTY_STEP) return this.passEmpty(step - EMPTY_STEP, hook, pkt, at);
        return this.settle(this.judge(step, hook, pkt, at), pkt);
    }
  }

  /** A chain without rules: the policy counts, unless somebody wants to be told of it. */
  private passEmpty(table: number, hook: Hook, pkt: PacketBuffer, at: HookState): number {
    if (this.trace.all || pkt.traced !== 0) return this.judge(table, hook, pkt, at);
    const engine = (pkt.family === 6 ? this.v6 : this.v4).engines[table]!;
    const slot = engine.emptyAt[hook]!;
    engine.count(slot, 1, pkt.l3End - pkt.l3);
    if (pkt.steady !== 0) this.flows(pkt).passed(table, slot);
    this.note(table, slot, pkt);
    return Verdict.ACCEPT;
  }

  /** For a packet that lives on, what the filter table said is the answer people look for. */
  private note(table: number, slot: number, pkt: PacketBuffer): void {
    if (table === FILTER || decisionTable(pkt.decision) !== FILTER) pkt.decision = packDecision(table, slot);
  }

  /** Asks a table, and notes what it decided. */
  private judge(table: number, hook: Hook, pkt: PacketBuffer, at: HookState): number {
    const engine = (pkt.family === 6 ? this.v6 : this.v4).engines[table]!;
    at.table = table;
    at.hotdrop = false;
    const verdict = engine.run(hook, pkt, at);
    if (pkt.steady !== 0) this.flows(pkt).judged(table, engine);
    if (verdict === Verdict.ACCEPT) {
      this.note(table, engine.decidedAt, pkt);
      return verdict;
    }
    pkt.decision = packDecision(table, engine.decidedAt);
    if ((verdict & VERDICT_MASK) === Verdict.DROP && pkt.dropReason === DropReason.NONE) {
      if (at.hotdrop) pkt.dropReason = DropReason.HOT_DROP;
      else if (engine.layout.ruleAt(engine.decidedAt) === null) pkt.dropReason = DropReason.POLICY;
      else pkt.dropReason = DropReason.RULE;
    }
    return verdict;
  }

  /** What becomes of a table's verdict (Linux: nf_hook_slow): nobody listens to queues here. */
  private settle(verdict: number, pkt: PacketBuffer): number {
    switch (verdict & VERDICT_MASK) {
      case Verdict.ACCEPT:
        return Verdict.ACCEPT;
      case Verdict.STOLEN:
        return Verdict.STOLEN;
      case Verdict.QUEUE:
        if ((verdict & QUEUE_BYPASS) !== 0) return Verdict.ACCEPT;
        pkt.dropReason = DropReason.QUEUE_NO_LISTENER;
        return Verdict.DROP;
      default:
        return Verdict.DROP;
    }
  }

  private defragment(hook: Hook, pkt: PacketBuffer): number {
    // An atomic IPv6 fragment (RFC 6946) loses its fragment header here, so every chain of extension headers is looked at.
    const isWhole = pkt.fragOffset === 0 && pkt.moreFragments === 0;
    if (isWhole && (pkt.family === 4 || pkt.l4 - pkt.l3 === ipv6.HEADER_LENGTH)) return Verdict.ACCEPT;
    return this.host.defragment(pkt, hook, 0);
  }

  /** What decides the way of a local packet may be changed by OUTPUT's mangle table; the packet is then routed anew. */
  private mangleOutput(pkt: PacketBuffer, at: HookState): number {
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, mark } = pkt;
    const service = serviceBits(pkt);
    const verdict = this.settle(this.judge(MANGLE, Hook.OUTPUT, pkt, at), pkt);
    if (
      verdict !== Verdict.ACCEPT ||
      (pkt.src0 === src0 &&
        pkt.src1 === src1 &&
        pkt.src2 === src2 &&
        pkt.src3 === src3 &&
        pkt.dst0 === dst0 &&
        pkt.dst1 === dst1 &&
        pkt.dst2 === dst2 &&
        pkt.dst3 === dst3 &&
        pkt.mark === mark &&
        serviceBits(pkt) === service)
    ) {
      return verdict;
    }
    return this.reroute(pkt);
  }

  private translate(hook: Hook, pkt: PacketBuffer): number {
    const isRouted = hook === Hook.OUTPUT || (hook === Hook.PREROUTING && pkt.oif !== 0);
    if (!isRouted) return this.settle(this.nat.run(hook, pkt, this.askNat), pkt);
    const { dst0, dst1, dst2, dst3 } = pkt;
    const verdict = this.settle(this.nat.run(hook, pkt, this.askNat), pkt);
    const moved = pkt.dst0 !== dst0 || pkt.dst1 !== dst1 || pkt.dst2 !== dst2 || pkt.dst3 !== dst3;
    if (verdict !== Verdict.ACCEPT || !moved) return verdict;
    if (hook === Hook.OUTPUT) return this.reroute(pkt);
    pkt.oif = 0;
    return verdict;
  }

  private reroute(pkt: PacketBuffer): number {
    if (this.host.reroute(pkt)) return Verdict.ACCEPT;
    if (pkt.dropReason === DropReason.NONE) pkt.dropReason = DropReason.NO_ROUTE;
    return Verdict.DROP;
  }
}

/** IPv4's TOS; IPv6's traffic class, flow label and hop limit. */
function serviceBits(pkt: PacketBuffer): number {
  const { bytes, l3 } = pkt;
  if (pkt.family === 4) return bytes[l3 + 1]!;
  const labelled = (bytes[l3]! << 24) | (bytes[l3 + 1]! << 16) | (bytes[l3 + 2]! << 8) | bytes[l3 + 3]!;
  return labelled * 256 + ipv6.hopLimit(bytes, l3);
}
