/** Packets for rules that ask what is around them (nodes of a cluster, the frame, rates, routes, sockets), and targets that only tell others. */
import { TimeLine } from '../../flow.ts';
import { ethernet, udp } from '../../../../src/conform/frames.ts';
import { MAC } from '../../flow.ts';

/** Several nodes share it. */
const SHARED = '01:00:5e:00:01:01';

const line = new TimeLine();
for (const [network, server] of [
  ['10.0.0.', '198.51.100.7'],
  ['fd00:a::', '2001:db8:9::7'],
] as const) {
  for (let last = 2; last < 12; last++) {
    const packet = udp({ from: `${network}${last}`, to: server }, 1000, 50 + (last % 4), [last]);
    line.inside(packet);
    line.frame('eth0', ethernet(SHARED, MAC.inside, packet));
  }
}
// Addresses made of the station's MAC address, and almost.
for (const own of ['ff:fe00:101', '200:ff:fe00:101', 'ff:fe00:102', 'fe:fe00:101']) {
  line.inside(udp({ from: `fd00:a::${own}`, to: '2001:db8:9::7' }, 1000, 53, []));
}

export const steps = line.steps;
