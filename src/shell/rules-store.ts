/** Where iptables and its like find rules and leave them: a state file, or an instance that runs. */
import type { Family } from '../netfilter/hook.ts';
import type { Ruleset } from '../netfilter/rule.ts';

export interface RulesStore {
  /** The tables as they are now, for the caller to change; what has changed counts from `save` on. */
  ruleset(family: Family): Ruleset;
  /** From here to `unlock` nobody else changes the rules. `wait`: seconds, 0 for ever, null not at all. */
  lock(wait: number | null): void;
  /** Makes the rulesets what they are now: all of it, or a SluiceError and nothing. */
  save(): void;
  unlock(): void;
}
