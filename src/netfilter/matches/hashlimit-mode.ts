/** What has a rate of its own in a `hashlimit`: addresses and ports, as bits (XT_HASHLIMIT_HASH_*). */
import type { ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { printBits } from '../syntax/values/index.ts';

export const ModeBit = { DESTINATION: 1, DESTINATION_PORT: 2, SOURCE: 4, SOURCE_PORT: 8 } as const;

/** In the order of printing. */
const NAMES = [
  ['srcip', ModeBit.SOURCE],
  ['srcport', ModeBit.SOURCE_PORT],
  ['dstip', ModeBit.DESTINATION],
  ['dstport', ModeBit.DESTINATION_PORT],
] as const;

export const modeList: ValueType<number> = {
  label: 'srcip|srcport|dstip|dstport[,...]',
  parse(words, use) {
    let bits = 0;
    for (const word of words[0]!.split(',').filter((name) => name !== '')) {
      const found = NAMES.find(([name]) => name === word);
      if (found === undefined)
        throw new ValueError(`hashlimit: Bad value for "--${use.option}" option: "${words[0]!}"`);
      bits |= found[1];
    }
    return bits;
  },
  print: (value) => printBits(NAMES, value),
};
