/**
 * The reference: a table interpreted as written, one rule after the other. It is the judge of the compiled engine, so it
 * values being obviously right over everything else. Linux's own walk (ipt_do_table, ip6t_do_table of ip_tables.c and
 * ip6_tables.c) was the model for the order of things:
 *
 *   skip       a condition of the rule does not hold: the next rule
 *   count      all hold: one packet and the datagram's bytes are counted, before the target acts
 *   continue   no target, or a target that only changes something: the next rule
 *   jump       the user chain's first rule; its end or RETURN leads behind the jump
 *   goto       the same, but its end leads to where the present chain would have led
 *   return     behind the last jump; without one (a built-in chain, or only gotos since) to the hook's policy
 *   policy     counted, and the verdict
 *   hotdrop    a match cannot be decided on this packet: DROP at once, nothing counted
 */
import { assertNever } from '../base/errors.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { isProtocolUnknown } from './header-chain.ts';
import { HOOK_NAMES, type Hook } from './hook.ts';
import type { HookState } from './hook-state.ts';
import type { HostServices } from './host-services.ts';
import { interfaceMatches } from './interface-patterns.ts';
import type { LiveRule, LiveTable } from './live-table.ts';
import type { AddressMatch, InterfaceMatch, Rule, StandardTarget } from './rule.ts';
import { NOT_STEADY, type TableEngine, type TraceSink } from './table-engine.ts';
import { Verdict } from './verdict.ts';

/** Where the walk stands: a chain by its number, and the position of a rule in it. */
interface Position {
  readonly chain: number;
  readonly index: number;
}

export class ReferenceEngine implements TableEngine {
  decidedAt = 0;
  private readonly live: LiveTable;
  private readonly host: HostServices;
  private readonly trace: TraceSink;

  constructor(live: LiveTable, host: HostServices, trace: TraceSink) {
    this.live = live;
    this.host = host;
    this.trace = trace;
  }

  get layout() {
    return this.live.layout;
  }

  run(hook: Hook, pkt: PacketBuffer, at: HookState): number {
    const base = this.live.entry[hook]!;
    if (base < 0) return Verdict.ACCEPT;
    const calls: Position[] = [];
    let chain = base;
    let index = 0;
    // Leaves the present chain: to behind the last jump, or to the end of the built-in chain.
    const leave = (): void => {
      const caller = calls.pop() ?? { chain: base, index: this.live.rules[base]!.length - 1 };
      chain = caller.chain;
      index = caller.index + 1;
    };

    for (;;) {
      const slot = this.layout.starts[chain]! + index;
      const rule = this.live.rules[chain]![index];
      if (rule === undefined) {
        this.note(slot, pkt, at);
        if (chain === base) return this.policy(chain, pkt);
        leave();
        continue;
      }

      const matches = this.matches(rule, pkt, at);
      if (!matches) {
        if (at.hotdrop) return this.hotdrop(slot);
        index++;
        continue;
      }
      rule.rule.packets++;
      rule.rule.bytes += pkt.l3Length;
      this.note(slot, pkt, at);

      const { target } = rule.rule;
      switch (target.kind) {
        case 'none':
          index++;
          break;
        case 'standard':
          if (target.verdict !== 'RETURN') return at.hotdrop ? Verdict.DROP : STANDARD[target.verdict];
          leave();
          break;
        case 'jump':
          calls.push({ chain, index });
          chain = rule.to;
          index = 0;
          break;
        case 'goto':
          chain = rule.to;
          index = 0;
          break;
        case 'extension': {
          at.slot = slot;
          const verdict = rule.action!.run(pkt, at);
          // REJECT sends a packet of its own through this very table.
          this.decidedAt = slot;
          if (verdict === Verdict.CONTINUE) index++;
          else if (verdict === Verdict.RETURN) leave();
          else return at.hotdrop ? Verdict.DROP : verdict;
          break;
        }
        default:
          assertNever(target);
      }
      if (at.hotdrop) return this.hotdrop(slot);
    }
  }

  /** The rules and chains themselves are counted on. */
  /** Nothing is taken a shorter way here. */
  readonly emptyAt = new Int32Array(HOOK_NAMES.length).fill(-1);

  count(): void {}

  /** No way is remembered either. */
  readonly steps = new Int32Array(0);
  readonly stepCount = NOT_STEADY;

  storeCounters(): void {}
  loadCounters(): void {}

  private note(slot: number, pkt: PacketBuffer, at: HookState): void {
    this.decidedAt = slot;
    if (this.trace.all || pkt.traced !== 0) this.trace.passed(this.layout, slot, pkt, at);
  }

  private policy(chain: number, pkt: PacketBuffer): number {
    const builtIn = this.layout.chains[chain]!;
    builtIn.packets++;
    builtIn.bytes += pkt.l3Length;
    return builtIn.policy === 'DROP' ? Verdict.DROP : Verdict.ACCEPT;
  }

  private hotdrop(slot: number): number {
    this.decidedAt = slot;
    return Verdict.DROP;
  }

  /** The rule's own conditions first, in the kernel's order, then its matches, until one does not hold. */
  private matches({ rule, tests }: LiveRule, pkt: PacketBuffer, at: HookState): boolean {
    return (
      addressMatches(rule.source, pkt.src0, pkt.src1, pkt.src2, pkt.src3) &&
      addressMatches(rule.destination, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3) &&
      this.interfaceMatches(rule.inInterface, at.iif) &&
      this.interfaceMatches(rule.outInterface, at.oif) &&
      protocolMatches(rule, pkt, at) &&
      fragmentMatches(rule, pkt) &&
      tests.every((match) => match.test(pkt, at))
    );
  }

  private interfaceMatches(wanted: InterfaceMatch | null, index: number): boolean {
    if (wanted === null) return true;
    const name = index === 0 ? '' : this.host.interfaceName(index);
    return interfaceMatches(wanted.name, name) !== wanted.not;
  }
}

const STANDARD: Readonly<Record<Exclude<StandardTarget, 'RETURN'>, number>> = {
  ACCEPT: Verdict.ACCEPT,
  DROP: Verdict.DROP,
  QUEUE: Verdict.QUEUE,
};

function addressMatches(wanted: AddressMatch | null, ...words: number[]): boolean {
  if (wanted === null) return true;
  const inside = words.every((word, i) => ((word ^ wanted.words[i]!) & wanted.mask[i]!) === 0);
  return inside !== wanted.not;
}

function protocolMatches(rule: Rule, pkt: PacketBuffer, at: HookState): boolean {
  if (rule.protocol === null) return true;
  if (pkt.family === 6 && isProtocolUnknown(pkt)) {
    at.hotdrop = true;
    return false;
  }
  return (pkt.proto === rule.protocol.number) !== rule.protocol.not;
}

function fragmentMatches(rule: Rule, pkt: PacketBuffer): boolean {
  return rule.fragment === null || (pkt.fragOffset !== 0) !== rule.fragment.not;
}
