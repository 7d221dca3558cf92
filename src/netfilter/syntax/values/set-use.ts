/** Which set, and which side of the packet for each part of its elements: `allowed src,dst`. Source: iptables-extensions(8). */
import type { ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';
import { byteLength } from './text.ts';

export interface SetUse {
  readonly set: string;
  readonly sides: readonly ('src' | 'dst')[];
}

const NAME_BYTES = 31;
const MOST_SIDES = 6;

export const setUse: ValueType<SetUse> = {
  label: 'name src|dst[,…]',
  words: 2,
  parse([set = '', text = '']) {
    if (byteLength(set) > NAME_BYTES) {
      throw new ValueError(`setname \`${set}' too long, max ${NAME_BYTES} characters.`);
    }
    const sides = text.split(',');
    if (sides.length > MOST_SIDES) throw new ValueError(`Can't be more src/dst options than ${MOST_SIDES}.`);
    if (!sides.every((side) => side === 'src' || side === 'dst')) {
      // Spelt as iptables spells it.
      throw new ValueError("You must spefify (the comma separated list of) 'src' or 'dst'.");
    }
    return { set, sides };
  },
  print: ({ set, sides }) => `${set} ${sides.join(',')}`,
};
