/**
 * State that rules share by name, those of IPv4 with those of IPv6: the lists of `recent`, the tables of `hashlimit`. What
 * rules that replace others still name survives; what no rule in force names is forgotten, as in Linux, where rules
 * hold references.
 */

export class SharedState {
  private readonly things = new Map<string, unknown>();
  /** What the rules in force of each owner (a table of a family) name. */
  private readonly current = new Map<string, ReadonlySet<string>>();

  /** For rules that are being put into force in place of all that these owners had. */
  user(owners: readonly string[]): SharedUser {
    const named = new Map(owners.map((owner) => [owner, new Set<string>()]));
    const made = new Map<string, unknown>();
    let inForce = false;
    return {
      sharedFor:
        (owner) =>
        <T>(key: string, make: () => T): T => {
          named.get(owner)!.add(key);
          const known = this.things.get(key) ?? made.get(key);
          if (known !== undefined) return known as T;
          const thing = make();
          (inForce ? this.things : made).set(key, thing);
          return thing;
        },
      replacesOthers: () => {
        const before = owners.flatMap((owner) => [...(this.current.get(owner) ?? [])]);
        for (const [owner, names] of named) this.current.set(owner, names);
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
  /** What `Services.shared` is for the rules of an owner. */
  sharedFor(owner: string): <T>(key: string, make: () => T) => T;
  /** The rules are in force: what only their forerunners named goes. */
  replacesOthers(): void;
}
