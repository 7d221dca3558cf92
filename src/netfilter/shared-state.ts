/**
 * State that rules share by name: the lists of `recent`, the tables of `hashlimit`. What rules that replace others still
 * name survives; what no rule in force names is forgotten, as in Linux, where rules hold references.
 */
export class SharedState {
  private readonly things = new Map<string, unknown>();
  private current: Set<string> = new Set();

  /** For rules that are being put into force. */
  user(): SharedUser {
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
        for (const key of this.current) if (!named.has(key)) this.things.delete(key);
        for (const [key, thing] of made) this.things.set(key, thing);
        this.current = named;
        inForce = true;
      },
    };
  }
}

export interface SharedUser {
  shared<T>(key: string, make: () => T): T;
  /** The rules are in force: what only their forerunners named goes. */
  replacesOthers(): void;
}
