/**
 * The syntax tree of one line and the makers of its nodes, which grammar/iptables.ne calls. Leaves know the word that
 * they come from, so that every later complaint can point at it. plan.ts reads the tree; nothing else sees it.
 */

/** A value: the text of word number `word` from character `offset` on (`-j` and `ACCEPT` of `-jACCEPT` share a word). */
export interface Leaf {
  readonly type: string;
  readonly text: string;
  readonly word: number;
  readonly offset: number;
}

/** An option of an extension also says whose it is: the number of the extension among those of the line, and which. */
export interface ExtensionLeaf extends Leaf {
  readonly owner: number;
  readonly property: string;
}

export const ACTIONS = [
  'append',
  'check',
  'delete',
  'insert',
  'replace',
  'list',
  'list-rules',
  'zero',
  'flush',
  'new-chain',
  'delete-chain',
  'policy',
  'rename-chain',
] as const;
export type ActionName = (typeof ACTIONS)[number];

export type ConditionName = 'source' | 'destination' | 'protocol' | 'in' | 'out' | 'fragment';

export type Part =
  | {
      readonly kind: 'action';
      readonly action: ActionName;
      readonly option: Leaf;
      readonly values: readonly Leaf[];
    }
  | {
      readonly kind: 'condition';
      readonly name: ConditionName;
      readonly not: boolean;
      readonly option: Leaf;
      readonly value: Leaf | null;
    }
  | { readonly kind: 'match'; readonly option: Leaf; readonly name: Leaf }
  | { readonly kind: 'target'; readonly how: 'jump' | 'goto'; readonly option: Leaf; readonly name: Leaf }
  | {
      readonly kind: 'extension';
      readonly not: boolean;
      readonly option: ExtensionLeaf;
      readonly values: readonly Leaf[];
    }
  | {
      readonly kind: 'setting';
      readonly name: 'counters' | 'table' | 'show';
      readonly option: Leaf;
      readonly values: readonly Leaf[];
    };

export type Line =
  | { readonly kind: 'table'; readonly name: Leaf }
  | { readonly kind: 'chain'; readonly name: Leaf; readonly policy: Leaf; readonly counters: Leaf | null }
  | { readonly kind: 'commit' }
  | { readonly kind: 'command'; readonly counters: Leaf | null; readonly parts: readonly Part[] };

// The makers get what nearley hands over: the parts of the rule, in order, absent ones as null.

type Parts = readonly unknown[];

export function tableLine(d: Parts): Line {
  return { kind: 'table', name: d[0] as Leaf };
}

export function chainLine(d: Parts): Line {
  return { kind: 'chain', name: d[0] as Leaf, policy: d[1] as Leaf, counters: d[2] as Leaf | null };
}

export function commitLine(): Line {
  return { kind: 'commit' };
}

export function commandLine(d: Parts): Line {
  return {
    kind: 'command',
    counters: d[0] as Leaf | null,
    parts: (d[1] as readonly (readonly [Part])[]).map(([part]) => part),
  };
}

export function action(name: ActionName): (d: Parts) => Part {
  return (d) => ({
    kind: 'action',
    action: name,
    option: d[0] as Leaf,
    values: (d.slice(1).flat(1) as (Leaf | null)[]).filter((leaf) => leaf !== null),
  });
}

export function condition(name: ConditionName): (d: Parts) => Part {
  return (d) => ({
    kind: 'condition',
    name,
    not: d[0] !== null,
    option: d[1] as Leaf,
    value: (d[2] as Leaf | undefined) ?? null,
  });
}

export function match(d: Parts): Part {
  return { kind: 'match', option: d[0] as Leaf, name: d[1] as Leaf };
}

export function target(how: 'jump' | 'goto'): (d: Parts) => Part {
  return (d) => ({ kind: 'target', how, option: d[0] as Leaf, name: d[1] as Leaf });
}

export function extensionOption(d: Parts): Part {
  return {
    kind: 'extension',
    not: d[0] !== null,
    option: d[1] as ExtensionLeaf,
    values: d[2] as readonly Leaf[],
  };
}

export function setting(name: 'counters' | 'table' | 'show'): (d: Parts) => Part {
  return (d) => ({
    kind: 'setting',
    name,
    option: d[0] as Leaf,
    values: (d.slice(1) as (Leaf | null)[]).filter((leaf) => leaf !== null),
  });
}
