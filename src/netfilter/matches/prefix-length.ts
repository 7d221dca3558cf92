/**
 * A prefix length as `connlimit` and HMARK take it: a number or a mask. In IPv4 iptables takes a number above 32, and a mask
 * with holes, for all bits.
 */
import type { ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { formatMask, parseMask, parseUnsigned } from '../syntax/values/index.ts';

export const prefixLength: ValueType<number> = {
  label: 'prefix|mask',
  parse(words, use) {
    const word = words[0]!;
    const bits = use.family === 4 ? 32 : 128;
    const number = parseUnsigned(word);
    if (number >= 0 && (number <= bits || use.family === 4)) return Math.min(number, bits);
    const mask = parseMask(word, use.family);
    if (mask === null) {
      throw new ValueError(
        `${use.extension}: bad value for option "--${use.option}", neither a valid network mask nor valid CIDR (0-${bits}).\n`,
      );
    }
    const length = Number(formatMask(mask, use.family));
    return Number.isNaN(length) ? bits : length;
  },
  print: String,
};
