/**
 * A table flattened: one row of integers a slot, which evaluate.ts walks without touching an object. What a rule says of
 * addresses, interfaces, protocol, fragments and ports is data in the row; what is left of it (its matches and target)
 * is called.
 *
 *   row    flags · protocol · in · out · target · argument · tests from … to · port ranges from … to · addresses, masks
 *
 * Counters stand beside the rows and are written back into the rules when somebody asks (`storeCounters`).
 */
import type { Fact, MatchTest, TargetAction } from './extension.ts';
import type { InterfacePatterns } from './interface-patterns.ts';
import { isAnyAddress, type Layout } from './layout.ts';
import type { LiveRule, LiveTable } from './live-table.ts';
import type { AddressMatch, InterfaceMatch, Rule } from './rule.ts';
import { MAX_SLOTS } from './decision.ts';
import { SluiceError } from '../base/errors.ts';

/** Offsets in a row. */
export const Row = {
  FLAGS: 0,
  PROTOCOL: 1,
  /** Numbers of interface patterns. */
  IN: 2,
  OUT: 3,
  TARGET: 4,
  /** Of JUMP and GOTO: the chain's number. Of EXTENSION: the action's index. */
  ARGUMENT: 5,
  TESTS: 6,
  TESTS_END: 7,
  PORTS: 8,
  PORTS_END: 9,
  /** Addresses: source words, source mask words, destination words, destination mask words. */
  ADDRESSES: 10,
} as const;

/** Bits of Row.FLAGS: which conditions a rule has, and which of them are negated. A row of 0 matches everything. */
export const Has = {
  SOURCE: 1 << 0,
  NOT_SOURCE: 1 << 1,
  DESTINATION: 1 << 2,
  NOT_DESTINATION: 1 << 3,
  IN: 1 << 4,
  NOT_IN: 1 << 5,
  OUT: 1 << 6,
  NOT_OUT: 1 << 7,
  PROTOCOL: 1 << 8,
  NOT_PROTOCOL: 1 << 9,
  FRAGMENT: 1 << 10,
  NOT_FRAGMENT: 1 << 11,
  PORTS: 1 << 12,
  TESTS: 1 << 13,
} as const;

/** What stands in Row.TARGET. */
export const Op = {
  NEXT: 0,
  ACCEPT: 1,
  DROP: 2,
  QUEUE: 3,
  RETURN: 4,
  JUMP: 5,
  GOTO: 6,
  EXTENSION: 7,
  /** Ends of built-in chains. */
  POLICY_ACCEPT: 8,
  POLICY_DROP: 9,
  /** End of a user chain. */
  END: 10,
} as const;

/** Port ranges: the field (0 source, 1 destination), the number of ranges, then low and high of each. */
export const PORT_FIELD = { sport: 0, dport: 1 } as const;

export interface Program {
  readonly layout: Layout;
  /** Integers a row. */
  readonly stride: number;
  /** Words an address: 1 or 4. */
  readonly addressWords: number;
  readonly rows: Int32Array;
  readonly tests: readonly MatchTest[];
  readonly actions: readonly TargetAction[];
  readonly ports: Int32Array;
  /** By hook: the chain that hangs on it, -1 for none. */
  readonly entry: Int32Array;
  /** By slot. */
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly usesInterfaces: boolean;
}

export function compile(live: LiveTable, patterns: InterfacePatterns): Program {
  const { layout } = live;
  if (layout.slotCount >= MAX_SLOTS) throw new SluiceError('RULES_TOO_MANY', 'too many rules in one table');
  const addressWords = layout.table.family === 6 ? 4 : 1;
  const stride = addressWords === 4 ? 32 : 16;
  const writer = new RowWriter(layout.slotCount, stride, addressWords, patterns);
  live.rules.forEach((rules, number) => {
    const start = layout.starts[number]!;
    rules.forEach((rule, index) => writer.rule(start + index, rule));
    const chain = layout.chains[number]!;
    const end = chain.hook === null ? Op.END : chain.policy === 'DROP' ? Op.POLICY_DROP : Op.POLICY_ACCEPT;
    writer.rows[(start + rules.length) * stride + Row.TARGET] = end;
  });
  return {
    layout,
    stride,
    addressWords,
    rows: writer.rows,
    tests: writer.tests,
    actions: writer.actions,
    ports: Int32Array.from(writer.ports),
    entry: Int32Array.from(live.entry),
    packets: new Float64Array(layout.slotCount),
    bytes: new Float64Array(layout.slotCount),
    usesInterfaces: writer.usesInterfaces,
  };
}

/**
 * What the rule's matches demand of ports, as data. A match that keeps state must be asked in its turn, and one that
 * may refuse to decide must get the chance: facts of what stands behind them are not used.
 */
export function factsOf(rule: Rule): Fact[] {
  const facts: Fact[] = [];
  for (const { extension, info } of rule.matches) {
    if (extension.stateful) break;
    facts.push(...(extension.facts?.(info) ?? []));
    if (extension.mayHotdrop?.(info)) break;
  }
  return facts;
}

class RowWriter {
  readonly rows: Int32Array;
  readonly tests: MatchTest[] = [];
  readonly actions: TargetAction[] = [];
  readonly ports: number[] = [];
  usesInterfaces = false;
  private readonly stride: number;
  private readonly addressWords: number;
  private readonly patterns: InterfacePatterns;

  constructor(slots: number, stride: number, addressWords: number, patterns: InterfacePatterns) {
    this.rows = new Int32Array(slots * stride);
    this.stride = stride;
    this.addressWords = addressWords;
    this.patterns = patterns;
  }

  rule(slot: number, live: LiveRule): void {
    const { rule } = live;
    const row = slot * this.stride;
    const words = this.addressWords;
    let flags = 0;
    const note = (present: boolean, has: number, not: boolean): void => {
      if (present) flags |= has | (not ? has << 1 : 0);
    };

    note(this.address(row + Row.ADDRESSES, rule.source), Has.SOURCE, rule.source?.not ?? false);
    note(
      this.address(row + Row.ADDRESSES + 2 * words, rule.destination),
      Has.DESTINATION,
      rule.destination?.not ?? false,
    );
    note(this.interface(row + Row.IN, rule.inInterface), Has.IN, rule.inInterface?.not ?? false);
    note(this.interface(row + Row.OUT, rule.outInterface), Has.OUT, rule.outInterface?.not ?? false);
    note(rule.protocol !== null, Has.PROTOCOL, rule.protocol?.not ?? false);
    this.rows[row + Row.PROTOCOL] = rule.protocol?.number ?? 0;
    note(rule.fragment !== null, Has.FRAGMENT, rule.fragment?.not ?? false);
    note(this.portRanges(row, rule), Has.PORTS, false);
    note(live.tests.length > 0, Has.TESTS, false);
    this.rows[row + Row.TESTS] = this.tests.length;
    this.tests.push(...live.tests);
    this.rows[row + Row.TESTS_END] = this.tests.length;
    this.rows[row + Row.FLAGS] = flags;
    this.target(row, live);
  }

  private address(at: number, address: AddressMatch | null): boolean {
    if (address === null || isAnyAddress(address)) return false;
    for (let i = 0; i < this.addressWords; i++) {
      this.rows[at + i] = address.words[i]! & address.mask[i]!;
      this.rows[at + this.addressWords + i] = address.mask[i]!;
    }
    return true;
  }

  private interface(at: number, wanted: InterfaceMatch | null): boolean {
    if (wanted === null) return false;
    this.usesInterfaces = true;
    this.rows[at] = this.patterns.number(wanted.name);
    return true;
  }

  private portRanges(row: number, rule: Rule): boolean {
    const from = this.ports.length;
    for (const fact of factsOf(rule)) {
      this.ports.push(PORT_FIELD[fact.field], fact.ranges.length);
      for (const [low, high] of fact.ranges) this.ports.push(low, high);
    }
    this.rows[row + Row.PORTS] = from;
    this.rows[row + Row.PORTS_END] = this.ports.length;
    return this.ports.length > from;
  }

  private target(row: number, { rule, action, to }: LiveRule): void {
    const { target } = rule;
    if (target.kind === 'standard') {
      this.rows[row + Row.TARGET] = Op[target.verdict];
    } else if (target.kind === 'jump' || target.kind === 'goto') {
      this.rows[row + Row.TARGET] = target.kind === 'jump' ? Op.JUMP : Op.GOTO;
      this.rows[row + Row.ARGUMENT] = to;
    } else if (action !== null) {
      this.rows[row + Row.TARGET] = Op.EXTENSION;
      this.rows[row + Row.ARGUMENT] = this.actions.push(action) - 1;
    }
  }
}
