/** Transport headers of every length, whole, in first and in later fragments: where LOG stops, it leaves out the mark, too. */
import { TimeLine } from '../../flow.ts';
import { packet, u16, u32 } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };
const zeros = (length: number): number[] => new Array<number>(length).fill(0);
const FRAGMENT = 44;

/** Flags and offset into a packet without options, and its checksum right again. */
function asFragment(whole: readonly number[], word: number): number[] {
  const made = [...whole];
  made.splice(6, 2, ...u16(word));
  made.splice(10, 2, 0, 0);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += (made[at]! << 8) | made[at + 1]!;
  made.splice(10, 2, ...u16(~((sum & 0xffff) + (sum >>> 16)) & 0xffff));
  return made;
}

for (const protocol of [1, 6, 17, 33, 47, 50, 51, 132, 136]) {
  for (const length of [0, 4, 7, 8, 12, 19, 20]) {
    const plain = packet(v4, protocol, zeros(length));
    line.inside(plain).inside(asFragment(plain, 0x2000)).inside(asFragment(plain, 0x2001));
  }
}
for (const type of [0, 3, 5, 8, 11, 12, 13, 17, 99]) {
  for (const length of [4, 8, 12, 20, 28]) line.inside(packet(v4, 1, [type, 4, ...zeros(length - 2)]));
}
for (const next of [0, 6, 17, 33, 43, 50, 51, 58, 59, 60, 132, 135, 136]) {
  for (const length of [0, 1, 4, 7, 8, 12, 19, 20]) {
    line.inside(packet(v6, next, zeros(length)));
    for (const word of [1, 9]) {
      line.inside(packet(v6, FRAGMENT, [next, 0, ...u16(word), ...u32(7), ...zeros(length)]));
    }
  }
}

export const steps = line.steps;
