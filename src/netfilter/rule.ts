/**
 * Rules as data: what the parser makes, what iptables-save prints, what the engine compiles. Nothing here runs.
 * One Ruleset holds the tables of one family (IPv4 and IPv6 are separate worlds, as in Linux).
 */
import type { Place } from '../base/errors.ts';
import type { Family, Hook, TableName, TableSpec } from './hook.ts';
import type { MatchExtension, TargetExtension, Info } from './extension.ts';

/** `-s`/`-d`: four words each, an IPv4 address in word 0. `mask` may be any bits, not only a prefix. */
export interface AddressMatch {
  readonly words: Int32Array;
  readonly mask: Int32Array;
  readonly not: boolean;
}

/** `-i`/`-o`: the name as written; a trailing `+` matches every name that begins with what stands before it. */
export interface InterfaceMatch {
  readonly name: string;
  readonly not: boolean;
}

export interface MatchUse {
  readonly extension: MatchExtension;
  readonly info: Info;
}

export const STANDARD_TARGETS = ['ACCEPT', 'DROP', 'QUEUE', 'RETURN'] as const;
export type StandardTarget = (typeof STANDARD_TARGETS)[number];

export type RuleTarget =
  /** No `-j`: the rule only counts (and its matches have their effects). */
  | { readonly kind: 'none' }
  | { readonly kind: 'standard'; readonly verdict: StandardTarget }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'extension'; readonly extension: TargetExtension; readonly info: Info };

/** Created by `makeRule`, so that all rules have one shape; counters are the only fields that change. */
export interface Rule {
  readonly source: AddressMatch | null;
  readonly destination: AddressMatch | null;
  readonly inInterface: InterfaceMatch | null;
  readonly outInterface: InterfaceMatch | null;
  /** IP protocol number; null for any (`-p all`). For IPv6, what the header chain ends in. */
  readonly protocol: { readonly number: number; readonly not: boolean } | null;
  /** IPv4 `-f`: second and further fragments only, or (`not`) anything but those. */
  readonly fragment: { readonly not: boolean } | null;
  readonly matches: readonly MatchUse[];
  readonly target: RuleTarget;
  packets: number;
  bytes: number;
  /** Where the rule was written, for reports. */
  readonly place: Place | null;
}

export function makeRule(parts: Partial<Rule>): Rule {
  return {
    source: parts.source ?? null,
    destination: parts.destination ?? null,
    inInterface: parts.inInterface ?? null,
    outInterface: parts.outInterface ?? null,
    protocol: parts.protocol ?? null,
    fragment: parts.fragment ?? null,
    matches: parts.matches ?? [],
    target: parts.target ?? { kind: 'none' },
    packets: parts.packets ?? 0,
    bytes: parts.bytes ?? 0,
    place: parts.place ?? null,
  };
}

export interface Chain {
  readonly name: string;
  /** The hook that a built-in chain hangs on; null for a user chain. */
  readonly hook: Hook | null;
  /** Of built-in chains; a user chain has none and returns at its end. */
  policy: 'ACCEPT' | 'DROP' | null;
  /** Packets and bytes that fell through to the policy. */
  packets: number;
  bytes: number;
  readonly rules: Rule[];
}

export interface Table {
  readonly family: Family;
  readonly spec: TableSpec;
  /** Built-in chains in hook order, then user chains in the order of their making. */
  readonly chains: Map<string, Chain>;
}

/** The tables of one family that exist; a table that nobody loaded is not there and costs nothing. */
export interface Ruleset {
  readonly family: Family;
  readonly tables: Map<TableName, Table>;
}
