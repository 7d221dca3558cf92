/** Every type of REJECT, for forwarded packets and for the gateway's own, and what may not be answered at all. */
import { TimeLine } from '../../flow.ts';
import { echo, fragments, icmp, tcp, text, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const to of ['198.51.100.7', '10.0.0.1']) {
  const ends = { from: '10.0.0.2', to };
  for (let dport = 1001; dport <= 1008; dport += 1)
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
  line.inside(icmp(ends, 3, 3, [...u32(0), ...udp({ from: to, to: '10.0.0.2' }, 9, 9, [])]));
  for (const piece of fragments(udp(ends, 2000, 1003, text('z'.repeat(64))), 32)) line.inside(piece);
  line.inside(udp(ends, 2000, 1003, text('options'), { options: [7, 7, 4, 0, 0, 0, 0, 0] }));
}
// A broken checksum is not answered: what it says cannot be believed.
const broken = tcp({ from: '10.0.0.2', to: '198.51.100.7' }, { sport: 2002, dport: 80, seq: 1, flags: 'S' });
broken[36]! ^= 0xff;
line.inside(broken);
const brokenUdp = udp({ from: '10.0.0.2', to: '198.51.100.7' }, 2002, 1003, text('broken'));
brokenUdp[26]! ^= 0xff;
line.inside(brokenUdp);

export const steps = line.steps;
