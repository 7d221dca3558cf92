/** IPv6 forwarding: a connection, hop limits, packets too big, no routes, extension headers, link-local sources. */
import { MAC, SYN_OPTIONS, TcpConversation, TimeLine, swapped } from '../../flow.ts';
import { echo, ethernet, icmp, packet, tcp, text, u16, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const ends = { from: 'fd00:a::2', to: '2001:db8:9::7' };
const back = swapped(ends);
new TcpConversation(
  { ends, port: 4000, peerPort: 443 },
  (p) => line.inside(p),
  { ends: back, port: 443, peerPort: 4000 },
  (p) => line.outside(p),
)
  .handshake(SYN_OPTIONS)
  .client('PA', text('hello'), {}, { flowLabel: 0x54321, tos: 0x02 })
  .server('A')
  .close();
line.inside(echo(ends, false, 1, 1, text('ping')));
line.outside(echo(back, true, 1, 1, text('ping')));
line.outside(echo(back, false, 2, 1, text('nobody asked')));
for (const ttl of [0, 1, 2]) line.inside(udp(ends, 1, 2, text('hop limit'), { ttl }));
line.inside(tcp(ends, { sport: 1, dport: 2, seq: 1, flags: 'S' }, { ttl: 1 }));
line.inside(icmp(ends, 1, 4, [...u32(0), ...udp(back, 1, 9, [])], { ttl: 1 }));
line.inside(udp(ends, 1, 2, text('b'.repeat(1352))));
line.inside(udp(ends, 1, 2, text('b'.repeat(1353))));
for (const to of ['2001:db8:8::1', '2001:db8:a::1', '2001:db8:b::1', '2001:db8:c::1']) {
  line.inside(udp({ from: 'fd00:a::2', to }, 1, 2, text('no way there')));
}
// Hop-by-hop (pad), destination options and routing headers before UDP.
const datagram = [...u16(5), ...u16(6), ...u16(8)];
line.inside(packet(ends, 0, [17, 0, 1, 4, 0, 0, 0, 0, ...datagram, 0x00, 0x00]));
line.inside(packet(ends, 60, [17, 0, 1, 4, 0, 0, 0, 0, ...datagram, 0x00, 0x00]));
line.inside(packet(ends, 43, [17, 0, 0, 0, 0, 0, 0, 0, ...datagram, 0x00, 0x00]));
line.inside(packet(ends, 0, [17, 0, 0x9e, 4, 0, 0, 0, 0, ...datagram, 0x00, 0x00]));
// Addresses that may not be forwarded, or not to there.
line.inside(udp({ from: 'fe80::2', to: '2001:db8:9::7' }, 1, 2, text('link-local')));
line.inside(udp({ from: '::', to: '2001:db8:9::7' }, 1, 2, text('unspecified')));
line.inside(udp({ from: '::1', to: '2001:db8:9::7' }, 1, 2, text('loopback')));
line.inside(udp({ from: 'ff02::1', to: '2001:db8:9::7' }, 1, 2, text('multicast')));
// Lengths that lie, a version that is wrong, somebody else's frame, bytes behind the packet.
const long = udp(ends, 1, 2, text('long'));
long.splice(4, 2, 0, 200);
const padded = [...udp(ends, 1, 2, text('padded')), 0, 0, 0, 0, 0, 0];
const wrong = udp(ends, 1, 2, text('version'));
wrong[0] = 0x50;
line.inside(long).inside(padded);
line.frame('eth0', Uint8Array.from([...ethernet(MAC.eth0, MAC.inside, ends6()).subarray(0, 14), ...wrong]));
line.frame('eth0', ethernet('02:00:00:00:00:99', MAC.inside, udp(ends, 1, 2, text('not for us'))));
function ends6(): number[] {
  return udp(ends, 1, 2, []);
}

export const steps = line.steps;
