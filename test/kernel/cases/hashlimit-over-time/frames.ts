/** Rates by address and port: bursts, what comes back in time, entries that are forgotten, bytes, and rates measured. */
import { TimeLine } from '../../flow.ts';
import { udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const payload = (length: number): number[] => new Array<number>(length).fill(7);
const families = [
  { host: (n: number) => `10.0.0.${n}`, to: '198.51.100.7' },
  { host: (n: number) => `fd00:a::${n}`, to: '2001:db8:9::7' },
];

/** Six of one host, two of its neighbour; the ports say which rule is meant. */
function burst(port: number, length = 100): void {
  for (const { host, to } of families) {
    for (const n of [2, 2, 2, 3, 2, 2, 2, 3])
      line.inside(udp({ from: host(n), to }, 1000, port, payload(length)));
  }
}

const PORTS = [1, 2, 3, 4, 5, 6, 7];
for (const port of PORTS) burst(port, port === 4 || port === 5 ? 700 : 100);
// Nothing is on an edge then: 1.6 and 3.2 packets' worth have come back, and 1.2 after the next wait. Bytes would be.
line.wait(1.6);
for (const port of [1, 2, 3, 6, 7]) burst(port);
line.wait(0.6);
burst(1);

export const steps = line.steps;
