/** Address translation of IPv6: masquerade, SNAT, DNAT, NETMAP and REDIRECT, with replies and errors. */
import { SYN_OPTIONS, TcpConversation, TimeLine } from '../../flow.ts';
import { echo, fragments, icmp, packet, tcp, text, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SERVER = '2001:db8:9::7';
const PUBLIC = '2001:db8:1::1';
for (const [from, seenAs, port] of [
  ['fd00:a::2', PUBLIC, 30000],
  ['fd00:a::3', '2001:db8:1::33', 6000],
] as const) {
  const ends = { from, to: SERVER };
  const seen = { from: SERVER, to: seenAs };
  new TcpConversation(
    { ends, port: 4000, peerPort: 443 },
    (p) => line.inside(p),
    { ends: seen, port: 443, peerPort: 4000 },
    (p) => line.outside(p),
  )
    .handshake(SYN_OPTIONS)
    .client('PA', text('hello'))
    .server('PA', text('there'))
    .close();
  line.inside(udp(ends, 6000, 6001, text('datagram')));
  line.outside(udp(seen, 6001, port, text('answer')));
  line.inside(echo(ends, false, 5, 1, text('ping')));
  line.outside(echo(seen, true, 5, 1, text('ping')));
  const sent = udp({ from: seenAs, to: SERVER }, port, 6001, text('datagram'), { ttl: 60 });
  line.outside(icmp({ from: '2001:db8:9::1', to: seenAs }, 1, 4, [...u32(0), ...sent]));
  for (const piece of fragments(udp(ends, 6000, 6001, text('f'.repeat(200))), 104)) line.inside(piece);
  // Behind a destination options header.
  const inner = tcp(ends, { sport: 4001, dport: 443, seq: 1, flags: 'S' }).slice(40);
  line.inside(packet(ends, 60, [6, 0, 1, 4, 0, 0, 0, 0, ...inner]));
}
new TcpConversation(
  { ends: { from: SERVER, to: PUBLIC }, port: 50000, peerPort: 80 },
  (p) => line.outside(p),
  { ends: { from: 'fd00:a::2', to: SERVER }, port: 8080, peerPort: 50000 },
  (p) => line.inside(p),
)
  .handshake(SYN_OPTIONS)
  .client('PA', text('GET /'))
  .server('FA')
  .client('R');
line.outside(echo({ from: SERVER, to: '2001:db8:77::2' }, false, 9, 1, text('netmap')));
line.inside(echo({ from: 'fd00:a::2', to: SERVER }, true, 9, 1, text('netmap')));
// Redirected to a port where nobody listens: the error has to seem to come from the server.
line.inside(udp({ from: 'fd00:a::2', to: SERVER }, 7000, 53, text('query')));
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 1, dport: 81, seq: 1, flags: 'S' }));

export const steps = line.steps;
