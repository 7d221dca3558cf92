/**
 * Slots: every rule of a table has a number, and so has every chain's end (a built-in chain's policy, a user chain's
 * return). Chains follow each other in the table's order; a chain's slots are its rules and then its end. Whatever must
 * name a place cheaply (a packet's decision, a trace, a counter) uses the slot, and words are made from it when asked for.
 */
import type { Chain, Rule, Table } from './rule.ts';

export const SlotKind = { RULE: 0, RETURN: 1, POLICY: 2 } as const;
export type SlotKind = (typeof SlotKind)[keyof typeof SlotKind];

const KIND_WORDS = ['rule', 'return', 'policy'] as const;

export class Layout {
  readonly table: Table;
  readonly chains: readonly Chain[];
  /** First slot of each chain, and one past the last slot. */
  readonly starts: Int32Array;
  private readonly numbers: Map<string, number>;

  constructor(table: Table) {
    this.table = table;
    this.chains = [...table.chains.values()];
    this.starts = new Int32Array(this.chains.length + 1);
    this.numbers = new Map(this.chains.map((chain, number) => [chain.name, number]));
    let slot = 0;
    this.chains.forEach((chain, number) => {
      this.starts[number] = slot;
      slot += chain.rules.length + 1;
    });
    this.starts[this.chains.length] = slot;
  }

  get slotCount(): number {
    return this.starts[this.chains.length]!;
  }

  /** Number of a chain by name, -1 when there is none. */
  chainNumber(name: string): number {
    return this.numbers.get(name) ?? -1;
  }

  chainOf(slot: number): number {
    let low = 0;
    let high = this.chains.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= slot) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The rule at a slot, null for a chain's end. */
  ruleAt(slot: number): Rule | null {
    const chain = this.chainOf(slot);
    return this.chains[chain]!.rules[slot - this.starts[chain]!] ?? null;
  }

  /** `FORWARD:3`, `FORWARD:policy`, or `users:return`: what decided. */
  describe(slot: number): string {
    const number = this.chainOf(slot);
    const chain = this.chains[number]!;
    const index = slot - this.starts[number]!;
    if (index < chain.rules.length) return `${chain.name}:${index + 1}`;
    return `${chain.name}:${chain.hook === null ? 'return' : 'policy'}`;
  }

  /**
   * What the kernel's TRACE calls a slot. It takes any rule without conditions whose target is a verdict (`-j DROP`,
   * `-j RETURN` …) for the end of its chain.
   */
  traceKind(slot: number): SlotKind {
    const number = this.chainOf(slot);
    const chain = this.chains[number]!;
    const rule = chain.rules[slot - this.starts[number]!];
    if (rule !== undefined && !(rule.target.kind === 'standard' && isUnconditional(rule)))
      return SlotKind.RULE;
    return chain.hook === null ? SlotKind.RETURN : SlotKind.POLICY;
  }

  /** `filter:FORWARD:rule:3`, as TRACE writes it. */
  describeTrace(slot: number): string {
    const number = this.chainOf(slot);
    const index = slot - this.starts[number]!;
    return `${this.table.spec.name}:${this.chains[number]!.name}:${KIND_WORDS[this.traceKind(slot)]}:${index + 1}`;
  }
}

/** Nothing is asked of the packet. An interface given as `+` matches all, yet is a condition to the kernel. */
export function isUnconditional(rule: Rule): boolean {
  return (
    rule.matches.length === 0 &&
    isAnyAddress(rule.source) &&
    isAnyAddress(rule.destination) &&
    rule.inInterface === null &&
    rule.outInterface === null &&
    rule.protocol === null &&
    rule.fragment === null
  );
}

/** No `-s`/`-d`, or one whose mask is zero. */
export function isAnyAddress(address: Rule['source']): boolean {
  return address === null || (!address.not && address.mask.every((word) => word === 0));
}
