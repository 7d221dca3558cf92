/**
 * `NAME[,NAME…]` as `state`, `conntrack` and `addrtype` take it: any beginning of a name will do, and the complaint
 * shows the list from the name on that is wrong.
 */
import type { ValueType } from '../extension.ts';
import { bitNames } from '../syntax/values/index.ts';

export function nameList(
  names: readonly (readonly [name: string, bits: number])[],
  bad: (rest: string) => Error,
  none?: string,
): ValueType<number> {
  const one = bitNames(names, { anyBeginning: true, ...(none === undefined ? {} : { none }) });
  return {
    label: one.label,
    choices: names.map(([name]) => name),
    parse(words, use) {
      const list = words[0]!;
      let bits = 0;
      let at = 0;
      for (const name of list.split(',')) {
        try {
          bits |= one.parse([name], use);
        } catch {
          throw bad(list.slice(at));
        }
        at += name.length + 1;
      }
      return bits;
    },
    print: (value, family) => one.print(value, family),
  };
}
