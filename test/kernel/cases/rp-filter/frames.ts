/** Reverse path filtering: strict on eth0, loose on eth1, none on eth2; sources from everywhere on each. */
import { MAC, TimeLine } from '../../flow.ts';
import { echo, ethernet, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SOURCES = [
  '10.0.0.2',
  '203.0.113.9',
  '192.168.0.2',
  '198.51.100.7',
  '192.0.2.1',
  '8.8.8.8',
  '10.0.0.1',
  '127.0.0.1',
];
const DESTINATIONS = ['10.0.0.2', '203.0.113.254', '192.168.0.2', '198.51.100.8', '192.0.2.2', '8.8.4.4'];
for (const [iface, to] of [
  ['eth0', MAC.eth0],
  ['eth1', MAC.eth1],
  ['eth2', '02:00:00:00:00:03'],
] as const) {
  for (const from of SOURCES) {
    for (const target of DESTINATIONS) {
      line.frame(iface, ethernet(to, '02:00:00:00:09:09', udp({ from, to: target }, 1, 2, text('path'))));
    }
    line.frame(
      iface,
      ethernet(to, '02:00:00:00:09:09', echo({ from, to: '10.0.0.1' }, false, 1, 1, text('ping'))),
    );
  }
}

export const steps = line.steps;
