/**
 * Long echo replies of the gateway's own that OUTPUT translates onto another way: they were cut for the first one, and leave in
 * those pieces where they fit the second. eth0 takes 1400 bytes, eth1 1500; then the other way round.
 */
import { TimeLine } from '../../flow.ts';
import { echo, fragments } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const payload = (length: number): number[] => Array.from({ length }, (_, i) => (i * 5) & 0xff);

for (const [near, far, inner, outer] of [
  ['10.0.0.2', '198.51.100.7', '10.0.0.1', '203.0.113.1'],
  ['fd00:a::2', '2001:db8:9::7', 'fd00:a::1', '2001:db8:1::1'],
] as const) {
  let id = 100;
  for (const length of [1340, 1365, 1400, 1440, 1480, 2700, 2760, 2800, 2900, 4100]) {
    const pieces = (from: string, to: string) =>
      fragments(echo({ from, to }, false, id, 1, payload(length)), 1200, ++id);
    for (const piece of pieces(near, inner)) line.inside(piece);
    for (const piece of pieces(far, outer)) line.outside(piece);
  }
}

export const steps = line.steps;
