/**
 * Rules of policy routing (ip-rule(8); Linux: net/core/fib_rules.c): in the order of their priority, the first that knows a
 * way decides. A rule says which packets it is for and what becomes of them: looked up in a table, refused, or sent on to
 * a later rule.
 */
import type { Family } from '../../netfilter/hook.ts';
import { networkOf, sameWords, type IpPrefix } from '../address.ts';
import { TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from './route.ts';

/** What a rule does (FR_ACT_*). */
export const RuleAction = {
  TABLE: 1,
  GOTO: 2,
  NOP: 3,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
} as const;
export type RuleAction = (typeof RuleAction)[keyof typeof RuleAction];

export interface Range {
  readonly first: number;
  readonly last: number;
}

export interface Rule {
  readonly family: Family;
  /** Undefined while it is not settled: the next one below the lowest of the others. */
  readonly priority: number | undefined;
  readonly not: boolean;
  readonly from: IpPrefix | undefined;
  readonly to: IpPrefix | undefined;
  /** Interfaces by name, so that a rule may come before its interface. */
  readonly iif: string | undefined;
  readonly oif: string | undefined;
  readonly mark: number;
  readonly markMask: number;
  readonly tos: number;
  readonly protocol: number;
  readonly sourcePorts: Range | undefined;
  readonly destinationPorts: Range | undefined;
  readonly action: RuleAction;
  readonly table: number;
  readonly target: number;
  /** Routes with a prefix of at most that length do not count; -1 for all count. */
  readonly suppressLength: number;
  readonly origin: number;
}

/** What a lookup is about. One instance serves all lookups of a table. */
export class FlowKey {
  readonly dst = new Int32Array(4);
  readonly src = new Int32Array(4);
  iif = 0;
  oif = 0;
  mark = 0;
  tos = 0;
  protocol = 0;
  sport = 0;
  dport = 0;
}

const RT_PROTO_KERNEL = 2;

export function plainRule(family: Family, priority: number, table: number): Rule {
  return {
    family,
    priority,
    not: false,
    from: undefined,
    to: undefined,
    iif: undefined,
    oif: undefined,
    mark: 0,
    markMask: 0,
    tos: 0,
    protocol: 0,
    sourcePorts: undefined,
    destinationPorts: undefined,
    action: RuleAction.TABLE,
    table,
    target: 0,
    suppressLength: -1,
    origin: RT_PROTO_KERNEL,
  };
}

/** The rules that a network namespace begins with. */
export function firstRules(family: Family): Rule[] {
  const rules = [plainRule(family, 0, TABLE_LOCAL), plainRule(family, 32766, TABLE_MAIN)];
  return family === 4 ? [...rules, plainRule(family, 32767, TABLE_DEFAULT)] : rules;
}

/** True when the rules are those of the beginning: then one lookup in all three tables answers. */
export function areFirstRules(family: Family, rules: readonly Rule[]): boolean {
  const first = firstRules(family);
  return first.length === rules.length && first.every((rule, i) => sameRule(rule, rules[i]!));
}

/** A rule that differs in nothing but who made it. */
export function sameRule(a: Rule, b: Rule): boolean {
  const text = (rule: Rule) =>
    JSON.stringify({ ...rule, origin: 0, from: prefixText(rule.from), to: prefixText(rule.to) });
  return text(a) === text(b);
}

function prefixText(prefix: IpPrefix | undefined): string {
  return prefix === undefined ? '' : `${prefix.words.join()}/${prefix.length}`;
}

export function matchesRule(rule: Rule, key: FlowKey, nameOf: (index: number) => string): boolean {
  const isMatch =
    isWithin(rule.from, key.src) &&
    isWithin(rule.to, key.dst) &&
    (rule.iif === undefined || rule.iif === nameOf(key.iif)) &&
    (rule.oif === undefined || rule.oif === nameOf(key.oif)) &&
    ((key.mark ^ rule.mark) & rule.markMask) === 0 &&
    (rule.tos === 0 || rule.tos === key.tos) &&
    (rule.protocol === 0 || rule.protocol === key.protocol) &&
    isIn(rule.sourcePorts, key.sport) &&
    isIn(rule.destinationPorts, key.dport);
  return isMatch !== rule.not;
}

function isWithin(prefix: IpPrefix | undefined, words: Int32Array): boolean {
  return (
    prefix === undefined || sameWords(networkOf(words, prefix.length), networkOf(prefix.words, prefix.length))
  );
}

function isIn(range: Range | undefined, value: number): boolean {
  return range === undefined || (value >= range.first && value <= range.last);
}

/** The priority of a rule that names none: one less than the first but the one of table local (fib_default_rule_pref). */
export function defaultPriority(rules: readonly Rule[]): number {
  const second = rules[1];
  return second === undefined || second.priority! === 0 ? 0 : second.priority! - 1;
}

/** Does the rule look at what differs among the packets of one connection? */
export function looksAtPackets(rule: Rule): boolean {
  return rule.tos !== 0 || rule.markMask !== 0;
}
