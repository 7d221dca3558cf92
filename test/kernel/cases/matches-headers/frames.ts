/**
 * What matches read from headers and payloads, in PREROUTING and in FORWARD: every rule only counts. Frames for other
 * stations, groups and all; headers cut short (the packet is dropped at once) and fragments come last.
 */
import { MAC, TimeLine } from '../../flow.ts';
import {
  echo,
  ethernet,
  fragments,
  icmp,
  packet,
  tcp,
  text,
  u16,
  u32,
  udp,
} from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };
const LATIN = [0xe4, 0xf6, 0xfc, 0x20, 0xc4, 0xd6, 0xdc, 0x20, 0xdf, 0x20, 0xff, 0x20, 0xd7, 0x20, 0xf7];
const PAYLOADS = [
  'needle in front',
  'a haystack with a NeedLe in it',
  'aaaaab aabab ababab bcbcbcb neeedle',
  'at the very end',
  '',
].map(text);

for (const ends of [v4, v6]) {
  const other =
    ends === v4 ? { from: '10.0.0.3', to: '203.0.113.254' } : { from: 'fd00:a::3', to: '2001:db8:1::fe' };
  const back =
    ends === v4 ? { from: '198.51.100.7', to: '10.0.0.2' } : { from: '2001:db8:9::7', to: 'fd00:a::2' };
  const own = ends === v4 ? ['10.0.0.1', '203.0.113.1'] : ['fd00:a::1', '2001:db8:1::1'];
  for (const payload of [...PAYLOADS, LATIN]) {
    line.inside(udp(ends, 1000, 53, payload, { tos: 0x10 }));
    line.inside(tcp(ends, { sport: 1500, dport: 80, seq: 1, flags: 'PA', payload }, { ttl: 3, tos: 0xb8 }));
    line.outside(udp(back, 53, 1000, payload, { ttl: 255, tos: 0x11 }));
  }
  line.inside(udp(other, 65535, 2000, text('needle'), { tos: 0xff }));
  line.inside(tcp(other, { sport: 2000, dport: 65535, seq: 1, flags: 'S' }, { ttl: 65 }));
  if (ends === v4) line.inside(udp(ends, 1000, 53, text('needle'), { options: [0x94, 4, 0, 0] }));
  line.inside(echo(ends, false, 3, 4, text('needle')));
  line.inside(echo(ends, true, 3, 4, []));
  const inner = udp(back, 53, 1000, []);
  if (ends === v4) line.inside(icmp(ends, 3, 4, [...u16(0), ...u16(1300), ...inner]));
  line.inside(icmp(ends, ends === v4 ? 3 : 1, ends === v4 ? 1 : 4, [...u32(0), ...inner]));
  line.inside(icmp(ends, 255, 3, u32(0)));
  for (const to of own) {
    line.inside(udp({ ...ends, to }, 1000, 9, text('to the gateway')));
    line.outside(echo({ from: back.from, to }, true, 1, 1, text('an answer')));
  }
  line.inside(packet(ends, 132, [...u16(10), ...u16(20), ...u32(0), ...u32(0), ...u32(0)]));
  line.inside(packet(ends, 33, [...u16(10), ...u16(20), 3, 0, 0, 0, ...u32(0), ...u32(0)]));
  line.inside(packet(ends, 136, [...u16(7), ...u16(8), ...u16(8), ...u16(0)]));
  line.inside(packet(ends, 99, []));

  const group = ends === v4 ? '224.0.0.251' : 'ff02::fb';
  const groupMac = ends === v4 ? '01:00:5e:00:00:fb' : '33:33:00:00:00:fb';
  const toGroup = udp({ from: ends.from, to: group }, 5353, 5353, text('needle'));
  line.frame('eth0', ethernet(groupMac, MAC.inside, toGroup));
  line.frame('eth0', ethernet(MAC.eth0, MAC.inside, toGroup));
  line.frame('eth0', ethernet('02:00:00:00:00:99', MAC.inside, udp(ends, 1, 2, [])));
  line.frame('eth0', ethernet('ff:ff:ff:ff:ff:ff', '02:00:00:00:77:77', udp(ends, 1, 2, text('for all'))));
  if (ends === v4) {
    const all = udp({ from: '10.0.0.2', to: '10.0.0.255' }, 1, 2, text('to all inside'));
    line.frame('eth0', ethernet('ff:ff:ff:ff:ff:ff', MAC.inside, all));
    const everyone = udp({ from: '0.0.0.0', to: '255.255.255.255' }, 68, 67, text('who am I'));
    line.frame('eth0', ethernet('ff:ff:ff:ff:ff:ff', MAC.inside, everyone));
  } else {
    line.frame('eth0', ethernet(groupMac, MAC.inside, udp({ from: '::', to: group }, 1, 2, [])));
    line.inside(udp({ from: 'fd00:a::2', to: 'fe80::9' }, 1, 2, text('link local')));
    line.inside(udp({ from: 'fd00:a::2', to: '::ffff:0:1' }, 1, 2, text('mapped')));
  }

  for (const piece of fragments(udp(ends, 1000, 53, text('needle '.repeat(10)), { id: 9 }), 32))
    line.inside(piece);
  for (const piece of fragments(echo(ends, false, 9, 9, text('needle '.repeat(10))), 32)) line.inside(piece);
  for (const protocol of [6, 17, 132, 33, ends === v4 ? 1 : 58]) {
    for (const length of [0, 1, 3, 4, 7, 8, 11, 12, 19]) {
      line.inside(
        packet(
          ends,
          protocol,
          [...u16(1000), ...u16(80), ...u32(8), ...u32(0), ...u32(0), ...u32(0)].slice(0, length),
        ),
      );
    }
  }
}

export const steps = line.steps;
