/** The counters of every rule and policy as a list, in the order in which iptables-save prints them. */
import type { Family } from '../../netfilter/hook.ts';
import type { Rule, Ruleset } from '../../netfilter/rule.ts';
import { chainsInOrder, saveRule } from '../../netfilter/syntax/save.ts';
import { rulePlace } from './places.ts';

export interface RuleCount {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** `filter:FORWARD:3`, as in `PacketOutcome.rule`. */
  readonly at: string;
  /** As -S prints it, behind `-A CHAIN`. */
  readonly text: string;
  readonly place: string;
  readonly packets: number;
  readonly bytes: number;
  readonly rule: Rule;
}

export function ruleCounts(rulesets: readonly Ruleset[]): RuleCount[] {
  const counts: RuleCount[] = [];
  for (const { family, tables } of rulesets) {
    for (const table of [...tables.values()].reverse()) {
      for (const chain of chainsInOrder(table)) {
        chain.rules.forEach((rule, i) => {
          counts.push({
            family,
            table: table.spec.name,
            chain: chain.name,
            at: `${table.spec.name}:${chain.name}:${i + 1}`,
            text: saveRule(rule, family).trimStart(),
            place: rulePlace(rule),
            packets: rule.packets,
            bytes: rule.bytes,
            rule,
          });
        });
      }
    }
  }
  return counts;
}
