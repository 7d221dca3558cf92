/** How often rules name each set. A set that is named can be neither destroyed nor renamed. */
import type { Info } from '../extension.ts';
import type { Ruleset } from '../rule.ts';

export function setReferences(rulesets: Iterable<Ruleset>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (info: Info) => {
    for (const name of setsNamed(info)) counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (const { tables } of rulesets) {
    for (const table of tables.values()) {
      for (const chain of table.chains.values()) {
        for (const { matches, target } of chain.rules) {
          for (const { extension, info } of matches) if (extension.name === 'set') count(info);
          if (target.kind === 'extension' && target.extension.name === 'SET') count(target.info);
        }
      }
    }
  }
  return counts;
}

/** The sets that an extension's options name: values with the name of a set and the sides to look at. */
export function setsNamed(info: Info): readonly string[] {
  return Object.values(info).flatMap((given) => {
    const value = given?.value;
    const isUse =
      typeof value === 'object' && value !== null && 'set' in value && typeof value.set === 'string';
    return isUse ? [(value as { readonly set: string }).set] : [];
  });
}
