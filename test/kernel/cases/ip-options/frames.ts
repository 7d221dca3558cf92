/** IPv4 options on packets that are forwarded, answered and refused: routers write into some and check all. */
import { TimeLine } from '../../flow.ts';
import { echo, text, udp, type Bytes } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const ends = { from: '10.0.0.2', to: '198.51.100.7' };
const local = { from: '10.0.0.2', to: '10.0.0.1' };
const OPTIONS: readonly Bytes[] = [
  [1, 1, 1, 0],
  [0x94, 4, 0, 0],
  // Record route: room for two addresses, one taken, full, pointer past the end, pointer too small.
  [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [7, 11, 8, 1, 2, 3, 4, 0, 0, 0, 0, 0],
  [7, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 0],
  [7, 7, 3, 0, 0, 0, 0, 0],
  [7, 2, 0, 0],
  // Time stamps with addresses only prespecified, since the others hold the time; an overflow of 15.
  [68, 12, 5, 3, 9, 9, 9, 9, 0, 0, 0, 0],
  [68, 4, 5, 0xf0],
  // Loose and strict source routes: not at their end, at their end, broken.
  [131, 7, 4, 192, 0, 2, 1, 0],
  [137, 7, 4, 192, 0, 2, 1, 0],
  [131, 7, 8, 192, 0, 2, 1, 0],
  [131, 6, 4, 192, 0, 2, 0, 0],
  // Unknown options, with and without the copied bit; lengths that lie.
  [30, 4, 1, 2],
  [158, 4, 1, 2],
  [30, 1, 0, 0],
  [30, 9, 0, 0],
  [130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
];
for (const options of OPTIONS) {
  line.inside(udp(ends, 5, 6, text('forwarded'), { options }));
  line.inside(udp(ends, 5, 7, text('refused'), { options }));
  line.inside(udp(ends, 5, 6, text('expired'), { options, ttl: 1 }));
  line.inside(udp(local, 5, 6, text('to a closed port'), { options }));
}
line.inside(echo(local, false, 1, 1, text('plain')));

export const steps = line.steps;
