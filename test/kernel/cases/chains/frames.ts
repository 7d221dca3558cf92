/** User chains: jump, goto, RETURN from every depth, rules without a target, policies, tables one after another. */
import { TimeLine } from '../../flow.ts';
import { tcp, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const ends of [
  { from: '10.0.0.2', to: '198.51.100.7' },
  { from: 'fd00:a::2', to: '2001:db8:9::7' },
]) {
  for (let port = 1; port <= 23; port += 1) line.inside(udp(ends, 1000, port, text('x'.repeat(port))));
  line.inside(tcp(ends, { sport: 1, dport: 2, seq: 3, flags: 'S' }));
}

export const steps = line.steps;
