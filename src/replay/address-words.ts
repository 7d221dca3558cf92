/** Addresses and networks as users give them beside the captures, checked before anything is made of them. */
import { SluiceError } from '../base/errors.ts';
import { parseAddress, parsePrefix } from '../stack/address.ts';

/** `A,B` as well as several words. Throws a SluiceError that names the option and the word. */
export function readNetworks(words: readonly string[], option: string): string[] {
  return readList(words, option, 'an address or network', parsePrefix);
}

export function readAddresses(words: readonly string[], option: string): string[] {
  return readList(words, option, 'an address', parseAddress);
}

function readList(
  words: readonly string[],
  option: string,
  what: string,
  parse: (word: string) => unknown,
): string[] {
  const list = words.flatMap((word) => word.split(',')).filter((word) => word !== '');
  for (const word of list) {
    if (parse(word) === undefined) throw new SluiceError('USAGE', `${option}: not ${what}: "${word}"`);
  }
  return list;
}
