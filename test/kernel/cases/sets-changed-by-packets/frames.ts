/** Packets that put themselves into sets and take themselves out, and what their elements map onto them; with time going by. */
import { TimeLine } from '../../flow.ts';
import { echo, tcp, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();

function round(): void {
  for (const host of ['10.0.0.2', '10.0.0.3', '10.0.0.9']) {
    for (const to of ['198.51.100.7', '198.51.100.8', '192.0.2.5']) {
      for (const dport of [22, 23, 80])
        line.inside(tcp({ from: host, to }, { sport: 1000, dport, seq: 1, flags: 'S' }));
      line.inside(udp({ from: host, to }, 1000, 53, []));
      line.inside(echo({ from: host, to }, false, 1, 1, []));
    }
  }
  for (const to of ['2001:db8:9::7', '2001:db8:9::8'])
    line.inside(udp({ from: 'fd00:a::2', to }, 1000, 53, []));
}

round();
line.wait(1.6);
round();
for (const dport of [24, 25, 26]) {
  line.inside(tcp({ from: '10.0.0.2', to: '198.51.100.7' }, { sport: 1, dport, seq: 1, flags: 'S' }));
}
round();

export const steps = line.steps;
