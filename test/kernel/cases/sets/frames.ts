/** Packets that are in some sets and not in others: both families, protocols with ports and without, fragments, cut headers. */
import { TimeLine } from '../../flow.ts';
import { echo, fragments, icmp, packet, tcp, udp, u16 } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const GRE = 47;
const SCTP = 132;

function from(host: string, to: string): void {
  const ends = { from: host, to };
  line.inside(tcp(ends, { sport: 1000, dport: 80, seq: 1, flags: 'S' }));
  line.inside(tcp(ends, { sport: 80, dport: 1001, seq: 1, flags: 'S' }));
  line.inside(udp(ends, 1000, 53, [1, 2, 3]));
  line.inside(echo(ends, false, 7, 1, [1, 2, 3, 4]));
  line.inside(packet(ends, SCTP, [...u16(1000), ...u16(80), 0, 0, 0, 0, 0, 0, 0, 0]));
  line.inside(packet(ends, GRE, [0, 0, 8, 0]));
  // Too short for ports, and for type and code.
  line.inside(packet(ends, 17, [0, 80]));
  line.inside(packet(ends, ends.from.includes(':') ? 58 : 1, [8]));
}

for (const to of ['198.51.100.7', '198.51.100.8', '198.51.7.7', '192.0.2.1']) {
  from('10.0.0.2', to);
  from('10.0.0.3', to);
}
for (const host of ['fd00:a::2', 'fd00:a::3']) from(host, '2001:db8:9::7');
for (const piece of fragments(
  udp({ from: '10.0.0.2', to: '198.51.100.7' }, 1000, 53, new Uint8Array(64)),
  24,
)) {
  line.inside(piece);
}
line.inside(icmp({ from: '10.0.0.2', to: '10.0.0.1' }, 8, 0, [0, 1, 0, 1]));
line.outside(icmp({ from: '192.0.2.9', to: '203.0.113.1' }, 8, 0, [0, 1, 0, 1]));
line.outside(
  tcp({ from: '198.51.100.7', to: '10.0.0.2' }, { sport: 80, dport: 1000, seq: 1, ack: 2, flags: 'SA' }),
);

export const steps = line.steps;
