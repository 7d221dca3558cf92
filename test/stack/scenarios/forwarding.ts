/** What is forwarded, and what its next link is too small for. */
import { icmp, ipv4Packet, u32, udp } from '../make.ts';
import { GATEWAY, H0, ALL, OUT4, OUT6, data, from0, piece, UDP40, one, type Scenario } from './network.ts';

export const FORWARDING: readonly Scenario[] = [
  one('a UDP datagram is forwarded', from0(udp(OUT4, 1000, 2000, data(10)))),
  one(
    'a padded frame leaves without its padding',
    from0([...udp(OUT4, 1000, 2000, data(3)), ...new Array<number>(20).fill(0xee)]),
  ),
  one('an IPv6 datagram is forwarded', from0(udp(OUT6, 1000, 2000, data(10)))),
  one('time to live 2 is forwarded as 1', from0(udp(OUT4, 1, 2, [], { ttl: 2 }))),
  one(
    'time to live 1 is answered with time exceeded',
    from0(udp(OUT4, 1, 2, data(20), { ttl: 1, tos: 0x2e })),
  ),
  one('time to live 0 is answered with time exceeded', from0(udp(OUT4, 1, 2, data(20), { ttl: 0 }))),
  one('hop limit 1 is answered with time exceeded', from0(udp(OUT6, 1, 2, data(20), { ttl: 1, tos: 0xb8 }))),
  one('hop limit 0 is answered with time exceeded', from0(udp(OUT6, 1, 2, data(20), { ttl: 0 }))),
  one(
    'an ICMP error whose time is exceeded gets no answer',
    from0(icmp(OUT4, 3, 1, [...u32(0), ...data(28)], { ttl: 1 })),
  ),
  one('an echo request whose time is exceeded gets an answer', from0(icmp(OUT4, 8, 0, data(28), { ttl: 1 }))),
  one(
    'an ICMPv6 error whose hops are used up gets no answer',
    from0(icmp(OUT6, 1, 0, [...u32(0), ...data(48)], { ttl: 1 })),
  ),
  one(
    'an unknown ICMP type whose time is exceeded gets no answer',
    from0(icmp(OUT4, 77, 0, data(28), { ttl: 1 })),
  ),
  one('a long packet is quoted up to 576 bytes', from0(udp(OUT4, 1, 2, data(1200), { ttl: 1 }))),
  one('a long IPv6 packet is quoted up to 1280 bytes', from0(udp(OUT6, 1, 2, data(1400), { ttl: 1 }))),
  one('a broadcast frame with a unicast packet is not forwarded', from0(udp(OUT4, 1, 2, []), ALL)),
  one('a broadcast frame with a unicast IPv6 packet is not forwarded', from0(udp(OUT6, 1, 2, []), ALL)),
  one(
    'a multicast packet is not forwarded',
    from0(udp({ from: '10.254.0.2', to: '239.1.2.3' }, 1, 2, []), '01:00:5e:01:02:03'),
  ),
  one('a frame for somebody else is ignored', from0(udp(OUT4, 1, 2, []), '02:00:00:00:09:09')),
  one('a blackhole says nothing', from0(udp({ ...OUT4, to: '198.51.100.1' }, 1, 2, []))),
  one('an unreachable route says host unreachable', from0(udp({ ...OUT4, to: '198.51.101.1' }, 1, 2, []))),
  one('a prohibit route says filtered', from0(udp({ ...OUT4, to: '198.51.102.1' }, 1, 2, []))),
  one('an IPv6 blackhole says nothing', from0(udp({ ...OUT6, to: '2001:db8:b::1' }, 1, 2, []))),
  one('an IPv6 unreachable route says no route', from0(udp({ ...OUT6, to: '2001:db8:c::1' }, 1, 2, []))),
  one('an IPv6 prohibit route says prohibited', from0(udp({ ...OUT6, to: '2001:db8:d::1' }, 1, 2, []))),
  one('without a route the network is unreachable', from0(udp(OUT4, 1, 2, [])), { gateway: { routes: [] } }),
  one('without a route IPv6 has no route', from0(udp(OUT6, 1, 2, [])), { gateway: { routes: [] } }),
  {
    name: 'many packets without a route are answered with a burst only',
    gateway: { routes: [] },
    steps: Array.from({ length: 8 }, () => from0(udp(OUT4, 1, 2, []))),
  },
  one(
    'a packet that returns to its link is redirected',
    from0(udp({ ...OUT4, to: '192.0.2.200' }, 1, 2, data(10))),
    {
      gateway: {
        neighbours: [...GATEWAY.neighbours, { dev: 'eth0', ip: '10.254.0.3', mac: '02:00:00:00:01:03' }],
      },
    },
  ),
  {
    name: 'redirects back off',
    gateway: {
      neighbours: [...GATEWAY.neighbours, { dev: 'eth0', ip: '10.254.0.3', mac: '02:00:00:00:01:03' }],
    },
    steps: Array.from({ length: 3 }, () => from0(udp({ ...OUT4, to: '192.0.2.200' }, 1, 2, data(10)))),
  },
  one(
    'an IPv6 packet that returns to its link is redirected',
    from0(udp({ ...OUT6, to: 'fd54::3' }, 1, 2, data(10))),
    {
      gateway: {
        neighbours: [...GATEWAY.neighbours, { dev: 'eth0', ip: 'fd54::3', mac: '02:00:00:00:01:03' }],
      },
    },
  ),
  one(
    'an IPv6 packet with a link-local source does not leave',
    from0(udp({ ...OUT6, from: 'fe80::ff:fe00:101' }, 1, 2, data(10))),
    {
      gateway: { neighbours: [...GATEWAY.neighbours, { dev: 'eth0', ip: 'fe80::ff:fe00:101', mac: H0 }] },
    },
  ),
  one('forwarding switched off drops in silence', from0(udp(OUT4, 1, 2, [])), {
    gateway: { sysctl: { 'net.ipv4.ip_forward': 0 } },
  }),
  one('IPv6 forwarding switched off drops in silence', from0(udp(OUT6, 1, 2, [])), {
    gateway: { sysctl: { 'net.ipv6.conf.all.forwarding': 0 } },
  }),
];

export const MTU: readonly Scenario[] = [
  one(
    'DF and too long for the route: fragmentation needed',
    from0(udp({ ...OUT4, to: '203.0.113.1' }, 1, 2, data(1000), { dontFragment: true })),
  ),
  one(
    'no DF and too long for the route: fragments',
    from0(udp({ ...OUT4, to: '203.0.113.1' }, 1, 2, data(1400))),
  ),
  one(
    'exactly the MTU passes whole',
    from0(udp({ ...OUT4, to: '203.0.113.1' }, 1, 2, data(972), { dontFragment: true })),
  ),
  one(
    'a fragment is fragmented again',
    from0(piece(1400, true, data(1200), 9, { ...OUT4, to: '203.0.113.1' })),
  ),
  one(
    'options that are not copied stay in the first fragment',
    from0(
      ipv4Packet({ ...OUT4, to: '203.0.113.1' }, 17, [...UDP40, ...data(1200)], {
        options: [7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0],
      }),
    ),
  ),
  one('IPv6 too long for the interface: packet too big', from0(udp(OUT6, 1, 2, data(1400))), {
    gateway: { interfaces: { ...GATEWAY.interfaces, eth1: { ...GATEWAY.interfaces.eth1, mtu: 1300 } } },
  }),
  one('a frame longer than the interface takes is dropped', from0(udp(OUT4, 1, 2, data(1477)))),
  one('a frame four bytes longer than the interface takes passes', from0(udp(OUT4, 1, 2, data(1476)))),
];
