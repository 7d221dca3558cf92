/** Whom a program is to reach: an address, or a name that the host asks for. */
import type { Family } from '../netfilter/hook.ts';
import { parseAddress, type IpAddress } from '../stack/address.ts';
import { isName } from '../wire/dns.ts';
import type { LiveNode } from './live-node.ts';

/**
 * Tells the address, or why there is none; at once for an address. Returns false for a word that can be neither.
 * @param family - of a name's addresses; an address of the other family is none
 */
export function reach(
  node: LiveNode,
  word: string,
  family: Family | undefined,
  done: (address: IpAddress | undefined, error: string) => void,
): boolean {
  const address = parseAddress(word);
  if (address !== undefined) {
    const isWanted = family === undefined || address.family === family;
    if (isWanted) done(address, '');
    return isWanted;
  }
  // What is made of digits and dots was meant to be an address.
  const isMeantAsAddress = /^[\d.]+$/.test(word) || word.includes(':');
  const lookUp = node.kind === 'host' ? node.lookUp : undefined;
  if (lookUp === undefined || isMeantAsAddress || !isName(word)) return false;
  lookUp(word, family ?? 4, ({ addresses, error }) => done(addresses[0], error));
  return true;
}
