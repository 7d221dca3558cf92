/** Where a rule is to stand, and what rules there may ask for: the tables with their hooks, as the kernel has them. */
import type { Chance } from './chance.ts';
import type { Facts } from './facts.ts';

export type HookName = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';

export const TABLES: Readonly<Record<TableName, readonly HookName[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export interface Place {
  readonly chance: Chance;
  readonly facts: Facts;
  readonly family: 4 | 6;
  readonly table: TableName;
  /** The hooks from which the chain is reached. */
  readonly hooks: readonly HookName[];
  /** False in user chains, where iptables does not compare -i and -o with the chain. */
  readonly builtIn: boolean;
  /** The rule's `-p`, null when it has none or a negated one. */
  readonly protocol: number | null;
  /** The address to translate to are these: of the gateway, of the hosts seen, and of nobody. */
  readonly addresses: readonly string[];
}

/** The words of a match or target; null where it can't stand. */
export type Match = (place: Place) => string | null;
export type Target = Match;

export function reaches(place: Place, ...hooks: readonly HookName[]): boolean {
  return hooks.some((hook) => place.hooks.includes(hook));
}

/** Bytes of the IP header that the kernel draws for messages of its own, or that follow from what it draws. */
const DRAWN = { 4: [4, 5, 10, 11], 6: [1, 2, 3] } as const;

/** Four bytes of some frame, none of them drawn by the kernel where its own messages pass. */
export function wordOf(place: Place): Facts['words'][number] {
  const { chance, facts, family } = place;
  if (!reaches(place, 'OUTPUT', 'POSTROUTING')) return chance.pick(facts.words);
  const steady = facts.words.filter(({ at }) => !DRAWN[family].some((byte) => byte >= at && byte < at + 4));
  return chance.pick(steady.length > 0 ? steady : [{ at: 12, value: 0 }]);
}

/** `! ` now and then. */
export function not(chance: Chance): string {
  return chance.is(0.15) ? '! ' : '';
}

/** Text with quotes around it, as -restore wants it. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** A value of the capture with what is around it: `a`, `a:b`, `a:`, `:b`. */
export function span(chance: Chance, value: number, max: number): string {
  if (chance.is(0.5)) return String(value);
  if (chance.is(0.1)) return chance.pick([`${value}:`, `:${value}`]);
  const low = Math.max(0, value - chance.below(50));
  return `${low}:${Math.min(max, Math.max(low, value) + chance.below(50))}`;
}

const SCATTERED_MASKS = {
  4: ['255.0.255.255', '0.0.0.255', '255.255.0.3'],
  6: ['ffff::ffff', '::ff'],
} as const;

/** An address, or the network that it is in, now and then with a mask that is no prefix. */
export function network(chance: Chance, address: string): string {
  if (chance.is(0.5)) return address;
  const family = address.includes(':') ? 6 : 4;
  if (chance.is(0.1)) return `${address}/${chance.pick<string>(SCATTERED_MASKS[family])}`;
  const longest = family === 6 ? 128 : 32;
  return `${address}/${chance.between(longest / 4, longest)}`;
}
