/**
 * The rules of a host that runs, as iptables changes them: tables that a command leaves alone go on as they are, with what
 * their matches remember; one that it changed is made anew, as Linux replaces a table (a `limit` in it begins afresh).
 */
import type { Family } from '../../netfilter/hook.ts';
import { SeededRng, type Rng } from '../../base/rng.ts';
import type { NamedObjects } from '../../netfilter/named-objects.ts';
import type { Netfilter } from '../../netfilter/netfilter.ts';
import type { Ruleset } from '../../netfilter/rule.ts';
import { makeRuleset } from '../../netfilter/syntax/index.ts';
import type { RulesStore } from './rules-store.ts';

export class LiveRules implements RulesStore {
  readonly objects: NamedObjects;
  readonly rng: Rng;
  private readonly netfilter: Netfilter;
  private readonly drafts = new Map<Family, Ruleset>();

  /** `seed`: the instance's time will do. */
  constructor({ netfilter, objects }: { netfilter: Netfilter; objects: NamedObjects }, seed: number) {
    this.netfilter = netfilter;
    this.objects = objects;
    this.rng = new SeededRng(seed);
  }

  printedTables(): null {
    return null;
  }

  rulesetsNaming(): readonly Ruleset[] {
    return ([4, 6] as const).flatMap((family) => this.netfilter.ruleset(family) ?? []);
  }

  /** A new draft each time, counters up to date: since the last, other commands and packets may have come. */
  ruleset(family: Family): Ruleset {
    const draft = makeRuleset(family);
    for (const [name, table] of this.netfilter.ruleset(family)?.tables ?? []) draft.tables.set(name, table);
    this.drafts.set(family, draft);
    return draft;
  }

  /** From a draft to its `save` nothing waits, so nobody else can come in between. */
  lock(): void {}

  save(): void {
    for (const [family, draft] of this.drafts) {
      const current = this.netfilter.ruleset(family)?.tables;
      const changed = [...draft.tables.values()].filter((table) => table !== current?.get(table.spec.name));
      if (changed.length > 0) this.netfilter.replace(family, changed);
    }
    this.drafts.clear();
  }

  unlock(): void {
    this.drafts.clear();
  }
}
