/** From the engine's words for a step (`filter:FORWARD:rule:3`) to the rule that stands there, its text and its place. */
import { formatPlace } from '../base/errors.ts';
import type { Family, TableName } from '../netfilter/hook.ts';
import type { Netfilter } from '../netfilter/netfilter.ts';
import { saveRule } from '../netfilter/syntax/save.ts';
import type { TraceStep } from './outcome.ts';

export function describeStep(netfilter: Netfilter, family: Family, step: string): TraceStep {
  // A chain's name may hold colons, table names and the last two parts can't.
  const parts = step.split(':');
  const number = Number(parts.pop());
  const kind = parts.pop();
  const table = parts.shift() as TableName;
  const chain = netfilter.ruleset(family)?.tables.get(table)?.chains.get(parts.join(':'));
  if (chain === undefined) return { at: step, text: '', place: '' };
  // The kernel calls an unconditional verdict `policy` or `return` as well: the number tells that it is a rule.
  const rule = chain.rules[number - 1];
  if (rule === undefined) {
    return {
      at: step,
      text: kind === 'policy' ? `-P ${chain.name} ${chain.policy ?? ''}` : 'end of the chain',
      place: '',
    };
  }
  return {
    at: step,
    text: `-A ${chain.name}${saveRule(rule, family)}`,
    place: rule.place === null ? '' : formatPlace(rule.place),
  };
}
