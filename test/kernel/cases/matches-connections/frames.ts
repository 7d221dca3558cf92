/**
 * What `conntrack`, `state`, `connmark` and `connbytes` know of connections: TCP and UDP through NAT (IPv6 without), a
 * port forward, echoes, errors of known and unknown connections, packets exempted from tracking and such that belong to
 * nothing. Every rule only counts.
 */
import { TimeLine } from '../../flow.ts';
import { echo, icmp, tcp, text, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();

for (const family of [4, 6]) {
  const v4 = family === 4;
  const [host, other, far] = v4
    ? ['10.0.0.2', '10.0.0.3', '198.51.100.7']
    : ['fd00:a::2', 'fd00:a::3', '2001:db8:9::7'];
  const outer = v4 ? '203.0.113.1' : host;
  const outerOther = v4 ? '203.0.113.1' : other;
  const there = { from: host, to: far };
  const back = { from: far, to: outer };

  line.inside(tcp(there, { sport: 1000, dport: 80, seq: 100, flags: 'S' }));
  line.outside(tcp(back, { sport: 80, dport: 1000, seq: 500, ack: 101, flags: 'SA' }));
  line.inside(tcp(there, { sport: 1000, dport: 80, seq: 101, ack: 501, flags: 'A' }));
  line.inside(
    tcp(there, { sport: 1000, dport: 80, seq: 101, ack: 501, flags: 'PA', payload: text('x'.repeat(300)) }),
  );
  line.outside(
    tcp(back, { sport: 80, dport: 1000, seq: 501, ack: 401, flags: 'PA', payload: text('y'.repeat(900)) }),
  );
  line.inside(tcp(there, { sport: 1000, dport: 80, seq: 401, ack: 1401, flags: 'FA' }));
  line.outside(tcp(back, { sport: 80, dport: 1000, seq: 1401, ack: 402, flags: 'FA' }));
  line.inside(tcp(there, { sport: 1000, dport: 80, seq: 402, ack: 1402, flags: 'A' }));

  for (const port of [2048, 2049]) {
    line.inside(udp(there, 1500, port, text('question')));
    line.outside(udp(back, port, 1500, text('a somewhat longer answer')));
    line.inside(udp(there, 1500, port, text('and another question')));
  }
  line.inside(udp({ from: other, to: far }, 80, 2048, []));
  line.outside(udp({ from: far, to: outerOther }, 2048, 80, text('answer')));
  const sent = udp({ from: outer, to: far }, 1500, 2049, text('question'));
  line.outside(icmp(back, v4 ? 3 : 1, v4 ? 1 : 0, [...u32(0), ...sent]));
  line.outside(icmp(back, v4 ? 3 : 1, v4 ? 1 : 0, [...u32(0), ...udp({ from: outer, to: far }, 9, 9, [])]));

  line.inside(echo(there, false, 77, 1, text('ping')));
  line.outside(echo(back, true, 77, 1, text('ping')));
  line.outside(echo(back, true, 78, 1, text('nobody asked')));

  if (v4) {
    const into = { from: far, to: '203.0.113.1' };
    line.outside(tcp(into, { sport: 1234, dport: 77, seq: 1, flags: 'S' }));
    line.inside(tcp(there, { sport: 80, dport: 1234, seq: 9, ack: 2, flags: 'SA' }));
    line.outside(tcp(into, { sport: 1234, dport: 77, seq: 2, ack: 10, flags: 'A' }));
  }

  line.inside(udp(there, 1500, 4000, text('not tracked')));
  line.inside(udp(there, 1500, 4001, text('in a zone of its own')));
  line.inside(tcp(there, { sport: 1001, dport: 80, seq: 5, flags: 'FSR' }));
  line.inside(tcp(there, { sport: 1002, dport: 80, seq: 5, ack: 7, flags: 'A' }));
  line.inside(tcp(there, { sport: 1003, dport: 80, seq: 5, flags: 'R' }));
}
line.wait(2.5);
for (const [host, outer, far] of [
  ['10.0.0.2', '203.0.113.1', '198.51.100.7'],
  ['fd00:a::2', 'fd00:a::2', '2001:db8:9::7'],
] as const) {
  line.inside(udp({ from: host, to: far }, 1500, 2048, text('still there')));
  line.outside(udp({ from: far, to: outer }, 2048, 1500, text('yes')));
}

export const steps = line.steps;
