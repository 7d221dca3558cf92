/** Whom a command is to reach: an address or a name. */
import { parseAddress } from '../../stack/address.ts';
import { isName } from '../../wire/dns.ts';
import { UsageMistake } from './command.ts';

export function targetOf(word: string | undefined): string {
  if (word === undefined) throw new UsageMistake('an address or a name is missing');
  // What is made of digits and dots was meant to be an address.
  const isMeantAsAddress = /^[\d.]+$/.test(word) || word.includes(':');
  if (parseAddress(word) === undefined && (isMeantAsAddress || !isName(word)))
    throw new UsageMistake(`not an address and not a name: "${word}"`);
  return word;
}
