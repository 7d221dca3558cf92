/** Addresses that hold on one link only. */
import { echo, tcp, udp, type Ends } from '../make.ts';
import { GATEWAY, OUT4, OUT6, SELF6, data, from0, SYN, one, type Scenario } from './network.ts';

const STAY_LOCAL: Ends = { from: 'fd54::2', to: 'fe80::9' };
export const LINK_LOCAL: readonly Scenario[] = [
  {
    name: 'an IPv6 error without a limit spends what a redirect would need',
    steps: [
      from0(udp(OUT6, 1, 2, data(20), { ttl: 1 })),
      from0(udp({ ...OUT6, to: 'fd54::3' }, 1, 2, data(10))),
    ],
  },
  {
    name: 'an error without a limit and a redirect',
    steps: [
      from0(udp(OUT4, 1, 2, data(20), { ttl: 1 })),
      from0(udp({ ...OUT4, to: '192.0.2.200' }, 1, 2, data(10))),
    ],
  },
  {
    name: 'an error without a limit and one for lack of a route',
    steps: [
      from0(udp(OUT4, 1, 2, data(20), { ttl: 1 })),
      from0(udp({ ...OUT4, to: '198.51.101.1' }, 1, 2, [])),
      from0(udp({ ...OUT4, to: '198.51.101.1' }, 1, 2, [])),
    ],
  },
  {
    name: 'ten IPv6 redirects to one source',
    steps: Array.from({ length: 10 }, (_, i) => from0(udp({ ...OUT6, to: `fd54::3${i}` }, 1, 2, data(10)))),
  },
  one('an IPv6 packet to a link-local neighbour by way of us', from0(udp(STAY_LOCAL, 1, 2, data(10))), {
    gateway: {
      neighbours: [...GATEWAY.neighbours, { dev: 'eth0', ip: 'fe80::9', mac: '02:00:00:00:01:09' }],
    },
  }),
  one(
    'an IPv6 packet between link-local neighbours by way of us',
    from0(udp({ from: 'fe80::8', to: 'fe80::9' }, 1, 2, data(10))),
    {
      gateway: {
        neighbours: [
          ...GATEWAY.neighbours,
          { dev: 'eth0', ip: 'fe80::9', mac: '02:00:00:00:01:09' },
          { dev: 'eth0', ip: 'fe80::8', mac: '02:00:00:00:01:08' },
        ],
      },
    },
  ),
  {
    name: 'IPv6 redirects to an unknown neighbour',
    steps: [from0(udp({ ...OUT6, to: 'fd54::3' }, 1, 2, data(10)))],
  },
  {
    name: 'an IPv6 packet to a link-local stranger by way of us',
    steps: [from0(udp(STAY_LOCAL, 1, 2, data(10)))],
  },
  one(
    'UDP to the subnet-router anycast address without a socket',
    from0(udp({ ...SELF6, to: 'fd54::' }, 1, 2, data(10))),
  ),
  one('SYN to the subnet-router anycast address', from0(tcp({ ...SELF6, to: 'fd54::' }, SYN))),
  one(
    'the link-local anycast address is asked for an echo',
    from0(echo({ ...SELF6, to: 'fe80::' }, false, 1, 1, data(4))),
  ),
];
