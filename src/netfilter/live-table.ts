/**
 * A table put into force: its rules with the matches and targets at work. Both engines run on this; the reference walks
 * it as it is, compile.ts flattens it.
 */
import type {
  Info,
  MatchExtension,
  MatchTest,
  Services,
  TargetAction,
  TargetExtension,
} from './extension.ts';
import { HOOK_NAMES } from './hook.ts';
import { Layout } from './layout.ts';
import { jumpTargets, reachableHooks } from './reach.ts';
import type { Chain, Rule, Table } from './rule.ts';

export interface LiveRule {
  readonly rule: Rule;
  /** One for each of `rule.matches`, in order. */
  readonly tests: readonly MatchTest[];
  /** Of rules with an extension as target. */
  readonly action: TargetAction | null;
  /** Number of the chain that the rule jumps or goes to, -1 for none. */
  readonly to: number;
}

export interface LiveTable {
  readonly layout: Layout;
  /** Rules by chain number and position. */
  readonly rules: readonly (readonly LiveRule[])[];
  /** By hook: number of the chain that hangs on it, -1 for none. */
  readonly entry: readonly number[];
  readonly needsConntrack: boolean;
  readonly needsWhole: boolean;
}

function asksForConntrack(used: {
  readonly extension: MatchExtension | TargetExtension;
  readonly info: Info;
}): boolean {
  const needs = used.extension.needsConntrack;
  return typeof needs === 'function' ? needs(used.info) : needs === true;
}

/** Checks the table's shape and makes its extensions. Throws SluiceError; nothing outside has changed then. */
export function bringToLife(table: Table, services: Services): LiveTable {
  const layout = new Layout(table);
  const jumps = jumpTargets(layout);
  const hooks = reachableHooks(layout);
  let needsConntrack = false;
  let needsWhole = false;

  const live = (rule: Rule, chain: Chain, slot: number): LiveRule => {
    const use = {
      family: table.family,
      table: table.spec.name,
      chain: chain.name,
      hooks: hooks[slot]!,
      protocol: rule.protocol,
    };
    const { target } = rule;
    if (rule.matches.some(asksForConntrack)) needsConntrack = true;
    if (target.kind === 'extension' && asksForConntrack(target)) needsConntrack = true;
    if (rule.matches.some(({ extension }) => extension.needsWhole === true)) needsWhole = true;
    if (target.kind === 'extension' && target.extension.needsWhole === true) needsWhole = true;
    return {
      rule,
      tests: rule.matches.map(({ extension, info }) => extension.create(info, services, use)),
      action: target.kind === 'extension' ? target.extension.create(target.info, services, use) : null,
      to: jumps[slot]!,
    };
  };

  const rules = layout.chains.map((chain, number) =>
    chain.rules.map((rule, index) => live(rule, chain, layout.starts[number]! + index)),
  );
  const entry = HOOK_NAMES.map((_, hook) => layout.chains.findIndex((chain) => chain.hook === hook));
  return { layout, rules, entry, needsConntrack, needsWhole };
}
