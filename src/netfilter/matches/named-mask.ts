/**
 * A 32-bit number with a mask, for which a file of the system may have names (`realm`, `devgroup`). Only the names that
 * such files come with are known here.
 */
import type { Given, ValueType } from '../extension.ts';
import { ValueError, badInteger } from '../syntax/value-error.ts';
import { hex, parseUnsigned, type Masked } from '../syntax/values/index.ts';

const MAX_U32 = 0xffff_ffff;
const ALL_BITS = -1;

export interface NamedMask extends ValueType<Masked> {
  /** With the name where there is one, unless `numeric`. */
  list(given: Given<Masked>, numeric: boolean): string;
}

/** `value[/mask]|name`; a name has no mask. */
export function namedMask(names: ReadonlyMap<string, number>): NamedMask {
  const print = (value: Masked, numeric: boolean): string => {
    if (value.mask !== ALL_BITS) return `${hex(value.value)}/${hex(value.mask)}`;
    const named = numeric ? undefined : [...names].find(([, number]) => number === value.value >>> 0);
    return named?.[0] ?? hex(value.value);
  };
  return {
    label: 'value[/mask]|name',
    parse(words, use) {
      const word = words[0]!;
      const named = names.get(word);
      if (named !== undefined) return { value: named | 0, mask: ALL_BITS };
      const slash = word.indexOf('/');
      const value = parseUnsigned(slash < 0 ? word : word.slice(0, slash));
      if (value < 0 || value > MAX_U32) {
        const message = `could not map name ${word} to an integer value for option "--${use.option}"`;
        throw new ValueError(`${use.extension}: ${message}.\n`);
      }
      const mask = slash < 0 ? MAX_U32 : parseUnsigned(word.slice(slash + 1));
      if (mask < 0 || mask > MAX_U32) throw badInteger(use);
      return { value: value | 0, mask: mask | 0 };
    },
    print: (value) => print(value, false),
    list: ({ value }, numeric) => print(value, numeric),
  };
}
