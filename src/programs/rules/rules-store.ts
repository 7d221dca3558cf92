/** Where iptables, ipset and their like find rules and sets and leave them: a state file, or an instance that runs. */
import type { Family } from '../../netfilter/hook.ts';
import type { Rng } from '../../base/rng.ts';
import type { NamedObjects } from '../../netfilter/named-objects.ts';
import type { Ruleset } from '../../netfilter/rule.ts';

export interface RulesStore {
  /** The tables as they are now, for the caller to change; what has changed counts from `save` on. */
  ruleset(family: Family): Ruleset;
  /**
   * The tables as printTable prints them with counters, in the order of their making, where they are at hand so; null where
   * they are not. Printing 100,000 rules then needs no reading of them.
   */
  printedTables(family: Family): readonly string[] | null;
  /** Sets and accounting objects, for the caller to change. */
  readonly objects: NamedObjects;
  /** The rulesets in whose text the words stand: only of these may rules name sets or accounting objects. */
  rulesetsNaming(words: string): readonly Ruleset[];
  /** For what Linux would draw at random. */
  readonly rng: Rng;
  /** From here to `unlock` nobody else changes the rules. `wait`: seconds, 0 for ever, null not at all. */
  lock(wait: number | null): void;
  /** Makes the rulesets what they are now: all of it, or a SluiceError and nothing. */
  save(): void;
  unlock(): void;
}
