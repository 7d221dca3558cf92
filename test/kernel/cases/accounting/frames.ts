/** Packets that are counted in accounting objects, beyond the quotas of some. */
import { TimeLine } from '../../flow.ts';
import { udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (let i = 0; i < 9; i++) {
  line.inside(udp({ from: '10.0.0.2', to: '198.51.100.7' }, 1000, 53, new Uint8Array(i)));
  line.inside(udp({ from: 'fd00:a::2', to: '2001:db8:9::7' }, 1000, 53, []));
}

export const steps = line.steps;
