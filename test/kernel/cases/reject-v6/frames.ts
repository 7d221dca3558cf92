/** Every type of REJECT, for forwarded packets and for the gateway's own, and what may not be answered at all. */
import { TimeLine } from '../../flow.ts';
import { echo, fragments, tcp, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const to of ['2001:db8:9::7', 'fd00:a::1']) {
  const ends = { from: 'fd00:a::2', to };
  for (let dport = 1001; dport <= 1007; dport += 1)
    line.inside(udp(ends, 2000, dport, text('x'.repeat(dport - 990))));
  line.inside(udp(ends, 2000, 1001, text('y'.repeat(1400))));
  line.inside(tcp(ends, { sport: 2001, dport: 1001, seq: 100, flags: 'S' }));
  line.inside(tcp(ends, { sport: 2001, dport: 80, seq: 100, flags: 'S' }));
  line.inside(tcp(ends, { sport: 2001, dport: 80, seq: 100, flags: 'SF', payload: text('data') }));
  line.inside(tcp(ends, { sport: 2001, dport: 80, seq: 100, ack: 900, flags: 'A', payload: text('data') }));
  line.inside(tcp(ends, { sport: 2001, dport: 80, seq: 100, ack: 900, flags: 'FPA' }, { ttl: 3, tos: 0x10 }));
  line.inside(tcp(ends, { sport: 2001, dport: 80, seq: 100, flags: 'R' }));
  line.inside(tcp(ends, { sport: 2001, dport: 80, seq: 100, ack: 5, flags: 'RA' }));
  line.inside(echo(ends, false, 1, 1, text('ping')));
  for (const piece of fragments(udp(ends, 2000, 1003, text('z'.repeat(64))), 32)) line.inside(piece);
  line.inside(udp(ends, 2000, 1003, text('labelled'), { flowLabel: 0x12345, tos: 0xb8 }));
}
// A broken checksum is not answered: what it says cannot be believed.
const broken = tcp(
  { from: 'fd00:a::2', to: '2001:db8:9::7' },
  { sport: 2002, dport: 80, seq: 1, flags: 'S' },
);
broken[56]! ^= 0xff;
line.inside(broken);

export const steps = line.steps;
