/**
 * The compiled engine: walks the rows that compile.ts made. It answers exactly as the reference (reference.ts), whose
 * head comment lists the rules of the game; here is only how the same is done without touching an object a rule.
 *
 * A chain with an index (classifier.ts) is not walked: the index names the rules that can match this packet, in order.
 * The index relies on ports, so a packet without a whole transport header is walked rule by rule, and so is the rest of
 * the evaluation when a target that lets the packet go on has changed its addresses or ports.
 *
 * Each depth of reentry has a Walk: the stack of jumps and the cursors of indexed chains.
 */
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { indexChains, type ChainIndex } from './classifier.ts';
import { Has, Op, Row, type Program } from './compile.ts';
import { isProtocolUnknown } from './header-chain.ts';
import type { MatchTest } from './extension.ts';
import type { Hook } from './hook.ts';
import type { HookState } from './hook-state.ts';
import { InterfaceRow, type InterfacePatterns } from './interface-patterns.ts';
import type { Layout } from './layout.ts';
import { NOT_STEADY, type TableEngine, type TraceSink } from './table-engine.ts';
import { Verdict } from './verdict.ts';
import { LEAD, LINEAR, Walk } from './walk.ts';

/** Longer ways are not remembered. */
const MAX_STEPS = 16;

/** Beyond every slot. */
const NEVER = 0x7fffffff;

/** For rules that name no interface. */
const NO_INTERFACE = new InterfaceRow(new Uint8Array(0), -1);

export class CompiledEngine implements TableEngine {
  readonly layout: Layout;
  readonly emptyAt: Int32Array;
  decidedAt: number;
  readonly steps = new Int32Array(MAX_STEPS);
  stepCount: number;
  private readonly program: Program;
  private readonly rows: Int32Array;
  private readonly wide: boolean;
  private readonly tests: readonly MatchTest[];
  /** By test: 1 for those that may answer packets of one flow differently. */
  private readonly unsteady: Uint8Array;
  /** Was one of those asked, or did a target act? */
  private mayDiffer: boolean;
  private readonly ports: Int32Array;
  private readonly stride: number;
  private readonly starts: Int32Array;
  private readonly packets: Float64Array;
  private readonly bytes: Float64Array;
  /** By chain number. */
  private readonly indexes: readonly (ChainIndex | null)[];
  private readonly indexed: boolean;
  private readonly patterns: InterfacePatterns;
  private readonly trace: TraceSink;
  private readonly walks: Walk[];
  private depth: number;

  constructor(program: Program, patterns: InterfacePatterns, trace: TraceSink) {
    this.layout = program.layout;
    this.emptyAt = emptyChains(program);
    this.decidedAt = 0;
    this.stepCount = 0;
    this.mayDiffer = false;
    this.program = program;
    this.rows = program.rows;
    this.wide = program.addressWords === 4;
    this.tests = program.tests;
    this.unsteady = Uint8Array.from(program.tests, ({ isSteady }) => (isSteady === true ? 0 : 1));
    this.ports = program.ports;
    this.stride = program.stride;
    this.starts = program.layout.starts;
    this.packets = program.packets;
    this.bytes = program.bytes;
    this.indexes = indexChains(program, patterns);
    this.indexed = this.indexes.some((index) => index !== null);
    this.patterns = patterns;
    this.trace = trace;
    this.walks = [new Walk()];
    this.depth = 0;
    this.loadCounters();
  }

  run(hook: Hook, pkt: PacketBuffer, at: HookState): number {
    const base = this.program.entry[hook]!;
    if (base < 0) return Verdict.ACCEPT;
    if (this.depth === this.walks.length) this.walks.push(new Walk());
    const walk = this.walks[this.depth++]!;
    this.stepCount = 0;
    this.mayDiffer = false;
    const verdict = this.walk(base, pkt, at, walk);
    this.depth--;
    if (this.mayDiffer || this.stepCount > MAX_STEPS) this.stepCount = NOT_STEADY;
    return verdict;
  }

  private walk(base: number, pkt: PacketBuffer, at: HookState, walk: Walk): number {
    const { rows, stride, starts, patterns } = this;
    const iif = this.program.usesInterfaces ? patterns.row(at.iif) : NO_INTERFACE;
    const oif = this.program.usesInterfaces ? patterns.row(at.oif) : NO_INTERFACE;
    const useIndex = this.indexed && pkt.l4Ok === 1 && pkt.fragOffset === 0;
    walk.begin(useIndex);
    let chain = base;
    let slot = starts[chain]!;
    // The present chain's index once it is asked, and the slot from which on to ask it.
    let index: ChainIndex | null = null;
    let askFrom = this.askFrom(chain, walk);

    for (;;) {
      if (slot >= askFrom) {
        index = this.indexes[chain]!;
        askFrom = NEVER;
        walk.open(index, pkt, iif.exact, oif.exact);
      }
      if (index !== null) slot = walk.next(index, slot, starts[chain + 1]! - 1);
      const row = slot * stride;
      if (rows[row]! !== 0 && !this.matches(row, pkt, at, iif, oif)) {
        if (at.hotdrop) return this.decide(slot, Verdict.DROP);
        slot++;
        continue;
      }
      this.packets[slot]! += 1;
      this.bytes[slot]! += pkt.l3End - pkt.l3;
      if (this.stepCount < MAX_STEPS) this.steps[this.stepCount] = slot;
      this.stepCount++;
      if (this.trace.all || pkt.traced !== 0) this.trace.passed(this.layout, slot, pkt, at);

      let leave = false;
      switch (rows[row + Row.TARGET]!) {
        case Op.NEXT:
          slot++;
          break;
        case Op.ACCEPT:
          return this.decide(slot, at.hotdrop ? Verdict.DROP : Verdict.ACCEPT);
        case Op.DROP:
          return this.decide(slot, Verdict.DROP);
        case Op.QUEUE:
          return this.decide(slot, at.hotdrop ? Verdict.DROP : Verdict.QUEUE);
        case Op.POLICY_ACCEPT:
          return this.decide(slot, Verdict.ACCEPT);
        case Op.POLICY_DROP:
          return this.decide(slot, Verdict.DROP);
        case Op.RETURN:
        case Op.END:
          leave = true;
          break;
        case Op.JUMP:
          walk.call(slot + 1, chain);
          chain = rows[row + Row.ARGUMENT]!;
          slot = starts[chain]!;
          index = null;
          askFrom = this.askFrom(chain, walk);
          break;
        case Op.GOTO:
          walk.close();
          chain = rows[row + Row.ARGUMENT]!;
          slot = starts[chain]!;
          index = null;
          askFrom = this.askFrom(chain, walk);
          break;
        default: {
          if (walk.usesIndex) walk.remember(pkt);
          at.slot = slot;
          const verdict = this.program.actions[rows[row + Row.ARGUMENT]!]!.run(pkt, at);
          this.mayDiffer = true;
          if (verdict === Verdict.RETURN) leave = true;
          else if (verdict === Verdict.CONTINUE) slot++;
          else return this.decide(slot, at.hotdrop ? Verdict.DROP : verdict);
          if (walk.usesIndex && walk.hasChanged(pkt)) {
            walk.usesIndex = false;
            index = null;
            askFrom = NEVER;
          }
        }
      }
      if (at.hotdrop) return this.decide((row / stride) | 0, Verdict.DROP);
      if (!leave) continue;
      if (walk.depth === 0) {
        // Nothing to return to: on to the built-in chain's policy.
        chain = base;
        slot = starts[base + 1]! - 1;
        index = null;
        askFrom = NEVER;
      } else {
        walk.leave();
        chain = walk.chain;
        slot = walk.slot;
        const asked = walk.cursor !== LINEAR;
        index = asked && walk.usesIndex ? this.indexes[chain]! : null;
        askFrom = asked ? NEVER : this.askFrom(chain, walk);
      }
    }
  }

  /** The slot of a chain from which on its index is asked; NEVER without one. */
  private askFrom(chain: number, walk: Walk): number {
    return walk.usesIndex && this.indexes[chain] !== null ? this.starts[chain]! + LEAD : NEVER;
  }

  private decide(slot: number, verdict: number): number {
    this.decidedAt = slot;
    return verdict;
  }

  /** Do all conditions of the row hold? The order is the kernel's; so is what may set `hotdrop`. */
  private matches(
    row: number,
    pkt: PacketBuffer,
    at: HookState,
    iif: InterfaceRow,
    oif: InterfaceRow,
  ): boolean {
    const { rows } = this;
    const flags = rows[row]!;
    if ((flags & Has.SOURCE) !== 0 && this.sourceDiffers(row, pkt) !== ((flags & Has.NOT_SOURCE) !== 0))
      return false;
    if (
      (flags & Has.DESTINATION) !== 0 &&
      this.destinationDiffers(row, pkt) !== ((flags & Has.NOT_DESTINATION) !== 0)
    ) {
      return false;
    }
    if ((flags & (Has.IN | Has.OUT)) !== 0) {
      if ((flags & Has.IN) !== 0 && (iif.matches[rows[row + Row.IN]!] === 1) === ((flags & Has.NOT_IN) !== 0))
        return false;
      if (
        (flags & Has.OUT) !== 0 &&
        (oif.matches[rows[row + Row.OUT]!] === 1) === ((flags & Has.NOT_OUT) !== 0)
      ) {
        return false;
      }
    }
    if ((flags & Has.PROTOCOL) !== 0) {
      if (pkt.family === 6 && isProtocolUnknown(pkt)) {
        at.hotdrop = true;
        return false;
      }
      if ((pkt.proto === rows[row + Row.PROTOCOL]!) === ((flags & Has.NOT_PROTOCOL) !== 0)) return false;
    }
    if ((flags & Has.FRAGMENT) !== 0 && (pkt.fragOffset !== 0) === ((flags & Has.NOT_FRAGMENT) !== 0))
      return false;
    if ((flags & Has.PORTS) !== 0 && pkt.l4Ok === 1 && pkt.fragOffset === 0 && !this.portsFit(row, pkt))
      return false;
    return (flags & Has.TESTS) === 0 || this.testsHold(row, pkt, at);
  }

  private sourceDiffers(row: number, pkt: PacketBuffer): boolean {
    const { rows } = this;
    const o = row + Row.ADDRESSES;
    if (!this.wide) return ((pkt.src0 ^ rows[o]!) & rows[o + 1]!) !== 0;
    return (
      (((pkt.src0 ^ rows[o]!) & rows[o + 4]!) |
        ((pkt.src1 ^ rows[o + 1]!) & rows[o + 5]!) |
        ((pkt.src2 ^ rows[o + 2]!) & rows[o + 6]!) |
        ((pkt.src3 ^ rows[o + 3]!) & rows[o + 7]!)) !==
      0
    );
  }

  private destinationDiffers(row: number, pkt: PacketBuffer): boolean {
    const { rows } = this;
    if (!this.wide) {
      const o = row + Row.ADDRESSES + 2;
      return ((pkt.dst0 ^ rows[o]!) & rows[o + 1]!) !== 0;
    }
    const o = row + Row.ADDRESSES + 8;
    return (
      (((pkt.dst0 ^ rows[o]!) & rows[o + 4]!) |
        ((pkt.dst1 ^ rows[o + 1]!) & rows[o + 5]!) |
        ((pkt.dst2 ^ rows[o + 2]!) & rows[o + 6]!) |
        ((pkt.dst3 ^ rows[o + 3]!) & rows[o + 7]!)) !==
      0
    );
  }

  private portsFit(row: number, pkt: PacketBuffer): boolean {
    const { ports } = this;
    const end = this.rows[row + Row.PORTS_END]!;
    let i = this.rows[row + Row.PORTS]!;
    while (i < end) {
      const port = ports[i]! === 0 ? pkt.sport : pkt.dport;
      const next = i + 2 + 2 * ports[i + 1]!;
      let fits = false;
      for (i += 2; i < next; i += 2) if (port >= ports[i]! && port <= ports[i + 1]!) fits = true;
      if (!fits) return false;
    }
    return true;
  }

  private testsHold(row: number, pkt: PacketBuffer, at: HookState): boolean {
    const { tests, unsteady } = this;
    const end = this.rows[row + Row.TESTS_END]!;
    for (let i = this.rows[row + Row.TESTS]!; i < end; i++) {
      if (unsteady[i] !== 0) this.mayDiffer = true;
      if (!tests[i]!.test(pkt, at)) return false;
    }
    return true;
  }

  count(slot: number, packets: number, bytes: number): void {
    this.packets[slot]! += packets;
    this.bytes[slot]! += bytes;
  }

  storeCounters(): void {
    this.eachCounted((counted, slot) => {
      counted.packets = this.packets[slot]!;
      counted.bytes = this.bytes[slot]!;
    });
  }

  loadCounters(): void {
    this.eachCounted((counted, slot) => {
      this.packets[slot] = counted.packets;
      this.bytes[slot] = counted.bytes;
    });
  }

  /** Rules, and built-in chains for their policies; what a user chain's end counts nobody sees. */
  private eachCounted(visit: (counted: { packets: number; bytes: number }, slot: number) => void): void {
    this.layout.chains.forEach((chain, number) => {
      const start = this.starts[number]!;
      chain.rules.forEach((rule, i) => visit(rule, start + i));
      if (chain.hook !== null) visit(chain, start + chain.rules.length);
    });
  }
}

/** TableEngine.emptyAt. */
function emptyChains({ entry, layout: { starts }, rows, stride }: Program): Int32Array {
  return entry.map((chain) => {
    if (chain < 0) return -1;
    const slot = starts[chain]!;
    const isEmpty = starts[chain + 1] === slot + 1;
    return isEmpty && rows[slot * stride + Row.TARGET] === Op.POLICY_ACCEPT ? slot : -1;
  });
}
