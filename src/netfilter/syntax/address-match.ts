/**
 * What `-s` and `-d` say: addresses with masks, several after commas, host names where somebody resolves them.
 */
import type { Family } from '../hook.ts';
import type { AddressMatch } from '../rule.ts';
import { located } from './getopt.ts';
import type { Ref, RefNot } from './plan.ts';
import { ValueError } from './value-error.ts';
import { badAddress, formatAddress, parseMaskedAddress, type MaskedAddress } from './values/addresses.ts';

/** Turns a host name into numeric addresses of the family; an empty list when it has none. */
export type Resolver = (name: string, family: Family) => readonly string[];

export interface AddressContext {
  readonly family: Family;
  readonly resolve: Resolver | null;
}

/** The addresses of a rule that says none. */
export const ANYWHERE: readonly null[] = [null];

/** The text that a plan's reference points at. */
export function textAt(ref: Ref, words: readonly string[]): string {
  const word = words[ref.word]!;
  return ref.offset === 0 ? word : word.slice(ref.offset);
}

/** What `-s` or `-d` says; null for an address that excludes nothing (`0.0.0.0/0`). */
export function addressMatches(
  given: RefNot<readonly (AddressMatch | null)[]>,
  words: readonly string[],
  context: AddressContext,
): readonly (AddressMatch | null)[] {
  const text = textAt(given.ref, words);
  const { last } = given;
  if (last.made !== null && last.word === text) return last.made;
  try {
    last.made = text.includes(',')
      ? text.split(',').flatMap((part) => one(part.trim(), given.not, context))
      : one(text, given.not, context);
  } catch (error) {
    throw located(error, given.ref.word);
  }
  last.word = text;
  return last.made;
}

function one(text: string, not: boolean, context: AddressContext): readonly (AddressMatch | null)[] {
  if (!isName(text)) return [asMatch(parseMaskedAddress(text, context.family), not)];
  return named(text, context).map((address) => asMatch(address, not));
}

function asMatch({ words, mask }: MaskedAddress, not: boolean): AddressMatch | null {
  const excludesNothing = mask[0] === 0 && mask[1] === 0 && mask[2] === 0 && mask[3] === 0;
  return excludesNothing && !not ? null : { words, mask, not };
}

/** What has a letter before the mask, and is no hexadecimal number or IPv6 address, can only be a name. */
function isName(text: string): boolean {
  return /^[^/:]*[a-zA-Z]/.test(text) && !/^0[xX]|:/.test(text);
}

/** The addresses of a host name. */
function named(text: string, context: AddressContext): MaskedAddress[] {
  const { family, resolve } = context;
  const slash = text.lastIndexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  if (resolve === null) {
    throw new ValueError(
      `host/network \`${host}' not found (names are not looked up here: write its address)`,
    );
  }
  const found = resolve(host, family);
  if (found.length === 0) throw badAddress(host);
  const mask = slash < 0 ? '' : text.slice(slash);
  const parsed = found.map((address) => parseMaskedAddress(address + mask, family));
  // Addresses that the mask makes equal count once.
  const seen = new Map(parsed.map((address) => [formatAddress(address.words, family), address]));
  return [...seen.values()];
}
