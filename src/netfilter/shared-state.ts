/**
 * State that rules share by name, those of IPv4 with those of IPv6: the lists of `recent`, the tables of `hashlimit`. What
 * rules that replace others still name survives; what no rule in force names is forgotten, as in Linux, where rules
 * hold references.
 */
import type { Family } from './hook.ts';

export class SharedState {
  private readonly things = new Map<string, unknown>();
  /** What the rules in force of each family name. */
  private readonly current = new Map<Family, ReadonlySet<string>>();

  /** For rules of a family that are being put into force. */
  user(family: Family): SharedUser {
    const named = new Set<string>();
    const made = new Map<string, unknown>();
    let inForce = false;
    return {
      shared: <T>(key: string, make: () => T): T => {
        named.add(key);
        const known = this.things.get(key) ?? made.get(key);
        if (known !== undefined) return known as T;
        const thing = make();
        (inForce ? this.things : made).set(key, thing);
        return thing;
      },
      replacesOthers: () => {
        const before = this.current.get(family) ?? [];
        this.current.set(family, named);
        for (const key of before) if (!this.isNamed(key)) this.things.delete(key);
        for (const [key, thing] of made) this.things.set(key, thing);
        inForce = true;
      },
    };
  }

  private isNamed(key: string): boolean {
    return [...this.current.values()].some((names) => names.has(key));
  }
}

export interface SharedUser {
  shared<T>(key: string, make: () => T): T;
  /** The rules are in force: what only their forerunners named goes. */
  replacesOthers(): void;
}
