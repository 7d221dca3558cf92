/** Targets that change packets and marks, and the matches that look at what they left. */
import { SYN_OPTIONS, TimeLine, swapped } from '../../flow.ts';
import { tcp, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const ends of [
  { from: '10.0.0.2', to: '198.51.100.7' },
  { from: 'fd00:a::2', to: '2001:db8:9::7' },
]) {
  for (let port = 1; port <= 9; port += 1) {
    line.inside(udp(ends, 5000, port, text('p'.repeat(port)), { tos: 0x63 }));
    line.outside(udp(swapped(ends), port, 5000, text('back')));
  }
  line.inside(udp(ends, 5000, 10, text('hay needle hay')));
  for (const dport of [80, 81, 82]) {
    line.inside(tcp(ends, { sport: 4000, dport, seq: 1, flags: 'S', options: SYN_OPTIONS }));
    line.inside(tcp(ends, { sport: 4001, dport, seq: 1, flags: 'S' }));
    line.inside(tcp(ends, { sport: 4002, dport, seq: 1, flags: 'S', options: [2, 4, 2, 0] }));
  }
}

export const steps = line.steps;
