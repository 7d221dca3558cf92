/**
 * How a case names a rule: by its place (`filter:FORWARD:3`, `filter:FORWARD:policy`), by its chain (`filter:FORWARD`: any
 * rule of it, or its policy), or by its comment (the text of `-m comment`, or a /regular expression/ for it).
 */
import type { Rule, Ruleset } from '../../netfilter/rule.ts';
import { TABLE_NAMES, type TableName } from '../../netfilter/hook.ts';
import { ruleCounts } from '../report/rule-counts.ts';
import { didYouMean } from '../../base/did-you-mean.ts';
import { parsePattern, patternEquals, type Pattern } from './values.ts';
import type { ValueType } from './yaml-reader.ts';

export interface RulePosition {
  readonly kind: 'position';
  readonly table: TableName;
  readonly chain: string;
  /** Null stands for all of the chain, its policy included. */
  readonly rule: number | 'policy' | null;
}
export interface RuleComment {
  readonly kind: 'comment';
  readonly comment: Pattern;
}
export type RuleRef = RulePosition | RuleComment;

const POSITION = new RegExp(`^(${TABLE_NAMES.join('|')}):(.+?)(?::(\\d+|policy))?$`);

/** Null when the text is not of the form `table:chain[:rule]`. */
export function parsePosition(text: string): RulePosition | null {
  const parts = POSITION.exec(text);
  if (parts === null) return null;
  const [, table, chain, rule] = parts;
  const number = rule === undefined || rule === 'policy' ? (rule ?? null) : Number(rule);
  return { kind: 'position', table: table as TableName, chain: chain!, rule: number };
}

export const ruleRef: ValueType<RuleRef> = {
  words: 'a rule: `table:CHAIN:number`, `table:CHAIN:policy`, `table:CHAIN` or its comment',
  read: (reader, node) => {
    const text = reader.textOf(node, 'a rule');
    const position = parsePosition(text);
    if (position?.rule === 0) return reader.fail(node, 'rules are numbered from 1');
    if (position !== null) return position;
    // `fliter:FORWARD:3` is no comment.
    const [, table] = /^(\w+):[^:\s]+(?::(?:\d+|policy))?$/.exec(text) ?? [];
    if (table !== undefined) {
      const meant = didYouMean(table, TABLE_NAMES) || `: one of ${TABLE_NAMES.join(', ')}`;
      return reader.fail(node, `no table is called "${table}"${meant}`);
    }
    try {
      return { kind: 'comment', comment: parsePattern(text) };
    } catch (error) {
      return reader.fail(node, error instanceof Error ? error.message : String(error));
    }
  },
  print: printRef,
};

export function printRef(ref: RuleRef): string {
  if (ref.kind === 'comment') return `the rule commented ${JSON.stringify(ref.comment.source)}`;
  return `${ref.table}:${ref.chain}${ref.rule === null ? '' : `:${ref.rule}`}`;
}

/** `at` as in `PacketOutcome.rule`; `comment` of the rule there, null when it has none. */
export function refHolds(ref: RuleRef, at: string, comment: string | null): boolean {
  if (ref.kind === 'comment') return comment !== null && patternEquals(ref.comment, comment);
  const position = parsePosition(at);
  if (position === null || position.table !== ref.table) return false;
  return position.chain === ref.chain && (ref.rule === null || ref.rule === position.rule);
}

export function commentOf(rule: Rule | null): string | null {
  const use = rule?.matches.find(({ extension }) => extension.name === 'comment');
  const value = use?.info['comment']?.value;
  return typeof value === 'string' ? value : null;
}

/** What is wrong with a reference, given the rules that were loaded; null when it names something. */
export function refMistake(ref: RuleRef, rulesets: readonly Ruleset[]): string | null {
  const counts = ruleCounts(rulesets);
  if (ref.kind === 'comment') {
    const comments = counts.map(({ rule }) => commentOf(rule)).filter((comment) => comment !== null);
    if (comments.some((comment) => patternEquals(ref.comment, comment))) return null;
    return `no rule has the comment ${ref.comment.source}${didYouMean(ref.comment.source, comments)}`;
  }
  const { table, chain, rule } = ref;
  const tables = rulesets.flatMap(({ tables }) => tables.get(table) ?? []);
  if (tables.length === 0) return `the rules have no table ${table}`;
  const chains = tables.flatMap(({ chains }) => chains.get(chain) ?? []);
  if (chains.length === 0) {
    const names = tables.flatMap(({ chains }) => [...chains.keys()]);
    return `table ${table} has no chain ${chain}${didYouMean(chain, names)}`;
  }
  if (rule === 'policy' && chains.every(({ policy }) => policy === null)) {
    return `${table}:${chain} is a user chain and has no policy`;
  }
  const most = Math.max(...chains.map(({ rules }) => rules.length));
  if (typeof rule === 'number' && rule > most) {
    return `${table}:${chain} has ${most} ${most === 1 ? 'rule' : 'rules'}, not ${rule}`;
  }
  return null;
}
