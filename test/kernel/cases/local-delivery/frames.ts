/** What the gateway itself answers: ARP, neighbour discovery, ping, closed ports, TTLs that run out, no route. */
import { MAC, TimeLine } from '../../flow.ts';
import {
  address,
  echo,
  ethernet,
  icmp,
  mac,
  packet,
  tcp,
  text,
  u16,
  u32,
  udp,
} from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const HOST = '10.0.0.2';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const arp = (
  op: number,
  to: string,
  sender: string,
  target: string,
  targetMac = '00:00:00:00:00:00',
): Uint8Array =>
  Uint8Array.from([
    ...[...mac(to), ...mac(MAC.inside), 8, 6, 0, 1, 8, 0, 6, 4, ...u16(op)],
    ...[...mac(MAC.inside), ...address(sender), ...mac(targetMac), ...address(target)],
  ]);

line.frame('eth0', arp(1, BROADCAST, HOST, '10.0.0.1'));
line.frame('eth0', arp(1, MAC.eth0, HOST, '10.0.0.1'));
line.frame('eth0', arp(1, BROADCAST, HOST, '10.0.0.77'));
line.frame('eth0', arp(1, BROADCAST, HOST, '203.0.113.1'));
line.frame('eth0', arp(1, BROADCAST, '0.0.0.0', '10.0.0.1'));

for (const to of ['10.0.0.1', '203.0.113.1', '10.0.0.255', '255.255.255.255', '224.0.0.1', '127.0.0.1']) {
  const ends = { from: HOST, to };
  line.inside(echo(ends, false, 1, 1, text('ping')));
  line.inside(udp(ends, 1000, 7, text('closed')));
  line.inside(udp(ends, 1000, 9, text('dropped')));
  line.inside(tcp(ends, { sport: 1000, dport: 7, seq: 5, flags: 'S' }));
  line.inside(tcp(ends, { sport: 1000, dport: 7, seq: 5, ack: 99, flags: 'A' }));
  line.inside(packet(ends, 253, text('no such protocol')));
}
line.inside(tcp({ from: HOST, to: '10.0.0.1' }, { sport: 1000, dport: 7, seq: 5, flags: 'RA' }));
line.inside(echo({ from: HOST, to: '10.0.0.1' }, true, 1, 1, text('reply')));
line.inside(
  icmp({ from: HOST, to: '10.0.0.1' }, 13, 0, [...u16(1), ...u16(1), ...u32(0), ...u32(0), ...u32(0)]).slice(
    0,
    28,
  ),
);
line.inside(icmp({ from: HOST, to: '10.0.0.1' }, 17, 0, [...u16(1), ...u16(1), ...u32(0)]));
line.inside(udp({ from: HOST, to: '10.0.0.1' }, 1000, 7, text('long '.repeat(200))));
line
  .inside(echo({ from: HOST, to: '10.0.0.1' }, false, 2, 1, text('tos')))
  .inside(udp({ from: HOST, to: '10.0.0.1' }, 1, 7, text('tos'), { tos: 0xb8 }));

// Forwarding that fails.
for (const ttl of [0, 1]) {
  line.inside(udp({ from: HOST, to: '198.51.100.7' }, 1, 2, text('ttl'), { ttl }));
  line.inside(
    icmp(
      { from: HOST, to: '198.51.100.7' },
      3,
      3,
      [...u32(0), ...udp({ from: '198.51.100.7', to: HOST }, 1, 2, [])],
      { ttl },
    ),
  );
}
line.inside(udp({ from: HOST, to: '198.51.100.7' }, 1, 2, text('x'.repeat(1472)), { dontFragment: true }));
// Sources and destinations that no router takes.
for (const from of ['127.0.0.1', '224.0.0.5', '255.255.255.255', '0.0.0.0', '10.0.0.1', '240.0.0.1']) {
  line.inside(udp({ from, to: '198.51.100.7' }, 1, 2, text('martian')));
}
line.inside(udp({ from: HOST, to: '240.0.0.1' }, 1, 2, text('class E')));
line.inside(udp({ from: HOST, to: '0.0.0.0' }, 1, 2, text('nowhere')));
// Back out of the interface that it came in on: forwarded, and the sender told of the shorter way.
line.inside(udp({ from: HOST, to: '10.0.0.3' }, 1, 2, text('redirect')));
// Headers that are wrong: length, checksum, version, header length, padding behind the packet.
const damaged = (at: number, value: number): number[] => {
  const bytes = udp({ from: HOST, to: '198.51.100.7' }, 1, 2, text('damaged'));
  bytes[at] = value;
  return bytes;
};
line.inside(damaged(3, 200)).inside(damaged(10, 0)).inside(damaged(0, 0x44));
line.inside([...damaged(8, 64), 0, 0, 0, 0, 0, 0, 0, 0]);
line.frame(
  'eth0',
  ethernet('02:00:00:00:00:99', MAC.inside, udp({ from: HOST, to: '198.51.100.7' }, 1, 2, text('other'))),
);
line.frame(
  'eth0',
  ethernet(BROADCAST, MAC.inside, udp({ from: HOST, to: '198.51.100.7' }, 1, 2, text('in a broadcast'))),
);
line.frame(
  'eth0',
  ethernet(BROADCAST, MAC.inside, udp({ from: HOST, to: '10.0.0.1' }, 1, 2, text('in a broadcast'))),
);
// A neighbour that is not known yet: asked for, and the packet sent when it answers.
line.outside(udp({ from: '198.51.100.7', to: '10.0.0.9' }, 1, 2, text('first')));
line.outside(udp({ from: '198.51.100.7', to: '10.0.0.9' }, 1, 2, text('second')));
line.frame('eth0', arp(2, MAC.eth0, '10.0.0.9', '10.0.0.1', MAC.eth0));

const HOST6 = 'fd00:a::2';
for (const to of ['fd00:a::1', '2001:db8:1::1', 'fe80::ff:fe00:1', 'ff02::1', 'fd00:a::']) {
  const ends = { from: HOST6, to };
  line.inside(echo(ends, false, 1, 1, text('ping')));
  line.inside(udp(ends, 1000, 7, text('closed')));
  line.inside(udp(ends, 1000, 9, text('dropped')));
  line.inside(tcp(ends, { sport: 1000, dport: 7, seq: 5, flags: 'S' }));
  line.inside(tcp(ends, { sport: 1000, dport: 7, seq: 5, ack: 99, flags: 'A' }));
  line.inside(packet(ends, 253, text('no such protocol')));
}
const solicitation = (target: string): number[] =>
  icmp({ from: HOST6, to: target }, 135, 0, [...u32(0), ...address(target), 1, 1, ...mac(MAC.inside)], {
    ttl: 255,
  });
line
  .inside(solicitation('fd00:a::1'))
  .inside(solicitation('fd00:a::77'))
  .inside(solicitation('2001:db8:1::1'));

export const steps = line.steps;
