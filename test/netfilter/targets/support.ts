/** What the tests of single targets need, besides what those of matches do (../matches/support.ts). */
import { strict as assert } from 'node:assert';
import {
  listTable,
  makeRuleset,
  RuleError,
  runCommand,
  saveRule,
} from '../../../src/netfilter/syntax/index.ts';
import type { Family } from '../../../src/netfilter/hook.ts';

export interface Row {
  /** Behind `-A`: the chain first. */
  readonly rule: string;
  /** What -S prints behind the chain, where it is not the rule itself. */
  readonly saved?: string;
  /** What stands behind the addresses in -nL. */
  readonly listed: string;
  readonly family?: Family;
  readonly table?: string;
}

export interface Refusal {
  readonly rule: string;
  readonly says: string;
  readonly family?: Family;
  readonly table?: string;
}

function tableWith({ rule, family = 4, table = 'mangle' }: Pick<Row, 'rule' | 'family' | 'table'>) {
  const ruleset = makeRuleset(family);
  runCommand(['-t', table, '-A', ...rule.split(' ')], { ruleset });
  return [...ruleset.tables.values()][0]!;
}

/** One test a row. */
export function prints(rows: readonly Row[]): void {
  for (const row of rows) {
    const { rule, saved = rule.slice(rule.indexOf(' ') + 1), family = 4 } = row;
    it(`prints ${rule} as -S and -L do`, () => {
      const table = tableWith(row);
      const [chain = ''] = rule.split(' ');
      assert.equal(saveRule(table.chains.get(chain)!.rules[0]!, family), ` ${saved}`);
      const [, , line = ''] = listTable(table, { chain, numeric: true }).split('\n');
      assert.ok(line.endsWith(` ${row.listed}`), line);
    });
  }
}

export function refuses(rows: readonly Refusal[]): void {
  for (const row of rows) {
    it(`refuses ${row.rule}: ${row.says}`, () => {
      assert.throws(
        () => tableWith(row),
        (error) => error instanceof RuleError && error.message.startsWith(row.says),
      );
    });
  }
}
