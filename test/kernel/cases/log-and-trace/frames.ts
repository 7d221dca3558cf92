/** What LOG and TRACE write about packets of every kind. */
import { SYN_OPTIONS, TimeLine } from '../../flow.ts';
import { echo, fragments, icmp, packet, tcp, text, u16, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const ends = { from: '10.0.0.2', to: '198.51.100.7' };
const local = { from: '10.0.0.2', to: '10.0.0.1' };
line.inside(
  tcp(ends, { sport: 1, dport: 7777, seq: 1, flags: 'S', options: SYN_OPTIONS }, { dontFragment: true }),
);
line.inside(
  tcp(
    ends,
    { sport: 1, dport: 80, seq: 4_000_000_000, ack: 17, flags: 'FSRPAUEC', window: 5 },
    { tos: 0x1c },
  ),
);
line.inside(udp(ends, 1000, 53, text('query'), { options: [0x94, 4, 0, 0], id: 65535 }));
line.inside(udp(ends, 1000, 9, text('discard')));
line.inside(echo(ends, false, 3, 4, text('ping')));
line.inside(
  icmp(ends, 3, 1, [...u32(0), ...udp({ from: '198.51.100.7', to: '10.0.0.2' }, 5, 6, text('inner'))]),
);
line.inside(
  icmp(ends, 3, 4, [...u16(0), ...u16(1300), ...udp({ from: '198.51.100.7', to: '10.0.0.2' }, 5, 6, [])]),
);
line.inside(icmp(ends, 5, 1, [10, 0, 0, 9, ...udp({ from: '198.51.100.7', to: '10.0.0.2' }, 5, 6, [])]));
line.inside(icmp(ends, 12, 0, [20, 0, 0, 0, ...udp({ from: '198.51.100.7', to: '10.0.0.2' }, 5, 6, [])]));
line.inside(packet(ends, 50, [...u32(0x1234), ...u32(1)]));
line.inside(packet(ends, 51, [6, 4, 0, 0, ...u32(0x5678), ...u32(1)]));
line.inside(packet(ends, 132, [...u16(10), ...u16(20), ...u32(0), ...u32(0)]));
line.inside(packet(ends, 47, [0, 0, 8, 0]));
line.inside(packet(ends, 136, [...u16(7), ...u16(8), ...u16(8), ...u16(0)]));
line.inside(packet(ends, 6, u16(80)));
for (const piece of fragments(udp(ends, 1000, 53, text('f'.repeat(60)), { id: 77 }), 32)) line.inside(piece);
line.inside(echo(local, false, 1, 1, text('to the gateway')));
line.inside(udp(local, 1, 2, text('to a closed port')));

const ends6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };
line.inside(
  tcp(ends6, { sport: 1, dport: 7777, seq: 1, flags: 'S', options: SYN_OPTIONS }, { flowLabel: 0xabcde }),
);
line.inside(udp(ends6, 1000, 53, text('query'), { tos: 0x88 }));
line.inside(echo(ends6, false, 3, 4, text('ping')));
line.inside(
  icmp(ends6, 1, 4, [...u32(0), ...udp({ from: '2001:db8:9::7', to: 'fd00:a::2' }, 5, 6, text('inner'))]),
);
line.inside(
  icmp(ends6, 2, 0, [...u32(1280), ...udp({ from: '2001:db8:9::7', to: 'fd00:a::2' }, 5, 6, text('inner'))]),
);
line.inside(packet(ends6, 50, [...u32(0x1234), ...u32(1)]));
line.inside(packet(ends6, 0, [17, 0, 1, 4, 0, 0, 0, 0, ...u16(1), ...u16(2), ...u16(8), ...u16(0)]));
line.inside(packet(ends6, 59, []));
for (const piece of fragments(udp(ends6, 1000, 53, text('f'.repeat(60))), 32)) line.inside(piece);
line.inside(echo({ from: 'fd00:a::2', to: 'fd00:a::1' }, false, 1, 1, text('to the gateway')));

export const steps = line.steps;
