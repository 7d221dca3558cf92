/** ARP and neighbour discovery. */
import { address, ethernet, mac, u16, udp } from '../make.ts';
import {
  G0,
  G1,
  H0,
  H1,
  ALL,
  OUT4,
  OUT6,
  SELF6,
  data,
  from0,
  raw,
  arpFrame,
  nd,
  NOBODY,
  one,
  type Scenario,
} from './network.ts';

const STRANGER = '02:00:00:00:01:09';
const LINK_OPTION = [1, 1, ...mac(STRANGER)];
const TARGET_OPTION = [2, 1, ...mac(STRANGER)];
export const NEIGHBOURS: readonly Scenario[] = [
  one('ARP request for our address', arpFrame(1, [STRANGER, '10.254.0.9'], [NOBODY, '10.254.0.1'])),
  one(
    'ARP request for our address on the other side',
    arpFrame(1, [STRANGER, '10.254.0.9'], [NOBODY, '10.253.0.1']),
  ),
  one('the same with arp_ignore 1', arpFrame(1, [STRANGER, '10.254.0.9'], [NOBODY, '10.253.0.1']), {
    gateway: { sysctl: { 'net.ipv4.conf.all.arp_ignore': 1 } },
  }),
  one('ARP probe for our address', arpFrame(1, [STRANGER, '0.0.0.0'], [NOBODY, '10.254.0.1'])),
  one('ARP request for somebody else', arpFrame(1, [STRANGER, '10.254.0.9'], [NOBODY, '10.254.0.77'])),
  one(
    'L2-7: ARP request from our own address',
    arpFrame(1, [STRANGER, '10.254.0.1'], [NOBODY, '10.254.0.1']),
  ),
  one('L2-7: ARP cut short', raw('eth0', [...mac(ALL), ...mac(H0), 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 1, 2, 3])),
  one(
    'L2-7: ARP with a hardware address of 5 bytes',
    raw('eth0', [...mac(ALL), ...mac(H0), 8, 6, 0, 1, 8, 0, 5, 4, 0, 1, ...new Array<number>(20).fill(1)]),
  ),
  one('proxy ARP, asked directly', arpFrame(1, [STRANGER, '10.254.0.9'], [NOBODY, '10.253.0.77'], G0), {
    gateway: { sysctl: { 'net.ipv4.conf.eth0.proxy_arp': 1 } },
  }),
  {
    name: 'proxy ARP answers a broadcast after a while',
    gateway: { sysctl: { 'net.ipv4.conf.eth0.proxy_arp': 1 } },
    steps: [arpFrame(1, [STRANGER, '10.254.0.9'], [NOBODY, '10.253.0.77']), { wait: 1 }],
  },
  {
    name: 'an unknown next hop is asked for, and the packet waits',
    steps: [
      from0(udp({ ...OUT4, to: '10.253.0.50' }, 1, 2, data(8))),
      raw('eth1', [
        ...mac(G1),
        ...mac('02:00:00:00:02:50'),
        8,
        6,
        ...u16(1),
        ...u16(0x800),
        6,
        4,
        0,
        2,
        ...mac('02:00:00:00:02:50'),
        ...address('10.253.0.50'),
        ...mac(G1),
        ...address('10.253.0.1'),
      ]),
      from0(udp({ ...OUT4, to: '10.253.0.50' }, 1, 2, data(9))),
    ],
  },
  {
    name: 'who asks for us is known from then on',
    steps: [
      arpFrame(1, [STRANGER, '10.254.0.9'], [NOBODY, '10.254.0.1']),
      { iface: 'eth1', frame: ethernet(G1, H1, udp({ from: '192.0.2.7', to: '10.254.0.9' }, 2, 1, [])) },
    ],
  },
  {
    name: 'a next hop that never answers: host unreachable',
    steps: [
      from0(udp({ ...OUT4, to: '10.253.0.60' }, 1, 2, data(8))),
      from0(udp({ ...OUT4, to: '10.253.0.60' }, 1, 2, data(9))),
      { wait: 3.3 },
    ],
  },
  {
    name: 'an IPv6 next hop that never answers: address unreachable',
    steps: [from0(udp({ ...OUT6, to: 'fd53::60' }, 1, 2, data(8))), { wait: 3.3 }],
  },
  one(
    'neighbour solicitation for our address',
    nd(
      { from: 'fd54::9', to: 'ff02::1:ff00:1' },
      '33:33:ff:00:00:01',
      135,
      0,
      'fd54::1',
      LINK_OPTION,
      255,
      STRANGER,
    ),
  ),
  one(
    'neighbour solicitation for our link-local address',
    nd(
      { from: 'fe80::9', to: 'ff02::1:ff00:1' },
      '33:33:ff:00:00:01',
      135,
      0,
      'fe80::ff:fe00:1',
      LINK_OPTION,
      255,
      STRANGER,
    ),
  ),
  one('unicast neighbour solicitation', nd(SELF6, G0, 135, 0, 'fd54::1', [])),
  one(
    'duplicate address detection of our address',
    nd({ from: '::', to: 'ff02::1:ff00:1' }, '33:33:ff:00:00:01', 135, 0, 'fd54::1', [], 255, STRANGER),
  ),
  {
    name: 'a solicitation for the subnet-router anycast address is answered after a while',
    steps: [
      nd(
        { from: 'fd54::9', to: 'ff02::1:ff00:0' },
        '33:33:ff:00:00:00',
        135,
        0,
        'fd54::',
        LINK_OPTION,
        255,
        STRANGER,
      ),
      { wait: 1.2 },
    ],
  },
  one('L3-11: solicitation with hop limit 64', nd(SELF6, G0, 135, 0, 'fd54::1', LINK_OPTION, 64)),
  one(
    'L3-11: solicitation with an option of length 0',
    nd(SELF6, G0, 135, 0, 'fd54::1', [1, 0, 1, 2, 3, 4, 5, 6]),
  ),
  one(
    'solicitation for the address of another interface',
    nd(
      { from: 'fd54::9', to: 'ff02::1:ff00:1' },
      '33:33:ff:00:00:01',
      135,
      0,
      'fd53::1',
      LINK_OPTION,
      255,
      STRANGER,
    ),
  ),
  {
    name: 'L3-11: an unsolicited advertisement makes no neighbour',
    steps: [
      nd(
        { from: 'fd54::9', to: 'ff02::1' },
        '33:33:00:00:00:01',
        136,
        0x20000000,
        'fd54::9',
        TARGET_OPTION,
        255,
        STRANGER,
      ),
      { iface: 'eth1', frame: ethernet(G1, H1, udp({ from: '2001:db8::7', to: 'fd54::9' }, 2, 1, [])) },
    ],
  },
  {
    name: 'an advertisement releases what waits',
    steps: [
      { iface: 'eth1', frame: ethernet(G1, H1, udp({ from: '2001:db8::7', to: 'fd54::9' }, 2, 1, [])) },
      nd({ from: 'fd54::9', to: 'fd54::1' }, G0, 136, 0x60000000, 'fd54::9', TARGET_OPTION, 255, STRANGER),
    ],
  },
  one(
    'L3-11: a router advertisement is ignored',
    nd(
      { from: 'fe80::9', to: 'ff02::1' },
      '33:33:00:00:00:01',
      134,
      0x40080708,
      'fd54::9',
      LINK_OPTION,
      255,
      STRANGER,
    ),
  ),
];
