/** Queues and logs that nobody reads: packets for a queue are dropped, or let through where bypass is asked for. */
import { TimeLine } from '../../flow.ts';
import { text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const ends of [
  { from: '10.0.0.2', to: '198.51.100.7' },
  { from: 'fd00:a::2', to: '2001:db8:9::7' },
]) {
  for (let port = 1; port <= 7; port += 1) line.inside(udp(ends, 1000, port, text('queued')));
}

export const steps = line.steps;
