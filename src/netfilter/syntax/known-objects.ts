/**
 * What the rules of a table may name: sets and accounting objects, made by other programs, and the estimators that `-j RATEEST`
 * makes, in the table itself or in one that is in force.
 */
import type { KnownObjects, NamedObjects, ObjectKind } from '../named-objects.ts';
import type { Table } from '../rule.ts';

export function knownObjects(objects: NamedObjects | undefined, tables: Iterable<Table>): KnownObjects {
  return {
    has(kind: ObjectKind, name: string): boolean {
      if (kind === 'accounting') return objects !== undefined && objects.accounting.has(name);
      return hasEstimator(tables, name);
    },
    setFamily: (name) => objects?.sets.get(name)?.family,
  };
}

function hasEstimator(tables: Iterable<Table>, name: string): boolean {
  for (const table of tables) {
    for (const chain of table.chains.values()) {
      for (const { target } of chain.rules) {
        if (target.kind !== 'extension' || target.extension.name !== 'RATEEST') continue;
        if (target.info['name']?.value === name) return true;
      }
    }
  }
  return false;
}
