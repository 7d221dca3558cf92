/**
 * The ways to write a change of a mark, which MARK and CONNMARK share: all come to one, clear the bits of the mask, then
 * exclusive-or the value in (`--set-xmark value/mask`), and are printed so.
 */
import type { ValueType } from '../extension.ts';
import { bits32, masked, maskedAlways, type Masked } from '../syntax/values/index.ts';

/** Reads like `from`, and means what `convert` makes of it. */
function means<V>(from: ValueType<V>, convert: (value: V) => Masked): ValueType<Masked> {
  return {
    label: from.label,
    parse: (words, use) => convert(from.parse(words, use)),
    print: maskedAlways.print,
  };
}

/** Options to spread into a declaration; `xmark` is the one that is kept. */
export const markWays = {
  xmark: { value: maskedAlways, name: 'set-xmark', about: 'clears the mask, exclusive-ors the value' },
  set: {
    value: means(masked, ({ value, mask }) => ({ value, mask: mask | value })),
    name: 'set-mark',
    as: 'xmark',
    about: 'clears the mask, sets the value',
  },
  and: {
    value: means(bits32, (v) => ({ value: 0, mask: ~v })),
    name: 'and-mark',
    as: 'xmark',
    about: 'binary AND',
  },
  or: {
    value: means(bits32, (v) => ({ value: v, mask: v })),
    name: 'or-mark',
    as: 'xmark',
    about: 'binary OR',
  },
  xor: {
    value: means(bits32, (v) => ({ value: v, mask: 0 })),
    name: 'xor-mark',
    as: 'xmark',
    about: 'binary XOR',
  },
} as const;

/** How `-L` names a change, by what it comes to: `set 0x1`, `and 0xf`, `or 0x10`, `xor 0x1`, `xset 0x1/0xff`. */
export function listMarkChange({ value, mask }: Masked): string {
  const hex = (v: number) => `0x${(v >>> 0).toString(16)}`;
  if (value === 0) return `and ${hex(~mask)}`;
  if (value === mask) return `or ${hex(value)}`;
  if (mask === 0) return `xor ${hex(value)}`;
  if (mask === -1) return `set ${hex(value)}`;
  return `xset ${hex(value)}/${hex(mask)}`;
}
