/** Two hosts inside speak TCP, UDP and ICMP with a server outside; then the outside tries without being asked. */
import { SYN_OPTIONS, TcpConversation, TimeLine, swapped } from '../../flow.ts';
import { echo, icmp, tcp, text, u16, u32, udp, packet } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SERVER = '198.51.100.7';
const first = { from: '10.0.0.2', to: SERVER };
const firstSeen = { from: SERVER, to: '203.0.113.1' };
const second = { from: '10.0.0.3', to: SERVER };
const secondSeen = { from: SERVER, to: '203.0.113.10' };

for (const [ends, seen] of [
  [first, firstSeen],
  [second, secondSeen],
] as const) {
  new TcpConversation(
    { ends, port: 40001, peerPort: 80 },
    (p) => line.inside(p),
    { ends: seen, port: 80, peerPort: 40001 },
    (p) => line.outside(p),
  )
    .handshake(SYN_OPTIONS)
    .client('PA', text('GET / HTTP/1.0\r\n\r\n'))
    .server('A')
    .server('PA', text('HTTP/1.0 200 OK\r\n\r\nhello'))
    .client('A')
    .close();
  line.inside(udp(ends, 5353, 53, text('query of odd length')));
  line.outside(udp(seen, 53, 5353, text('an answer')));
  line.inside(udp(ends, 5353, 53, text('another')));
  for (const sequence of [1, 2]) {
    line.inside(echo(ends, false, 77, sequence, text('ping')));
    line.outside(echo(seen, true, 77, sequence, text('ping')));
  }
  line.inside(icmp(ends, 13, 0, [...u16(9), ...u16(1), ...u32(1000), ...u32(0), ...u32(0)]));
  line.outside(icmp(seen, 14, 0, [...u16(9), ...u16(1), ...u32(1000), ...u32(2), ...u32(3)]));
}
line.inside(udp(first, 123, 123, text('time?')));
line.outside(udp(firstSeen, 123, 40000, text('now')));
// A UDP checksum of zero means none (RFC 768) and stays so.
const unchecked = udp({ from: '10.0.0.2', to: SERVER }, 6000, 6001, text('no checksum'));
unchecked.splice(26, 2, 0, 0);
line.inside(unchecked);
// Protocols without ports: one connection per pair of addresses.
line.inside(packet(first, 47, [0, 0, 8, 0, 1, 2, 3, 4]));
line.outside(packet(firstSeen, 47, [0, 0, 8, 0, 4, 3, 2, 1]));
line.inside(packet(second, 253, text('experiment')));
line.outside(packet(secondSeen, 253, text('tnemirepxe')));
// Nobody asked for these.
line.outside(tcp(firstSeen, { sport: 80, dport: 41000, seq: 1, flags: 'S' }));
line.outside(udp(firstSeen, 53, 41000, text('spoof')));
line.outside(echo(firstSeen, true, 99, 1, text('reply to nothing')));
line.outside(udp(swapped(second), 53, 5353, text('straight to the private address')));

export const steps = line.steps;
