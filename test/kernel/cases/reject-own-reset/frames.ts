/** REJECT's reset is rejected itself in OUTPUT: Linux quotes it with the checksum unfinished (IPv4 only), which a device would finish. */
import { TimeLine } from '../../flow.ts';
import { tcp, text } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const [from, to] of [
  ['10.0.0.2', '198.51.100.7'],
  ['fd00:a::2', '2001:db8:9::7'],
] as const) {
  for (const dport of [80, 81]) {
    line.inside(tcp({ from, to }, { sport: 1000, dport, seq: 7, flags: 'S' }));
    line.inside(
      tcp({ from, to }, { sport: 1001, dport, seq: 7, ack: 9, flags: 'PA', payload: text('data') }),
    );
  }
}

export const steps = line.steps;
