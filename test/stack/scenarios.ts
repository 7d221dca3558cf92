/**
 * What is sent to a gateway, in named scenarios: run against the stack, and against the kernel by
 * `npx tsx test/stack/record.ts`, whose answers are kept in golden/kernel-answers.json.
 *
 * The network: eth0 is 10.254.0.1/24 and fd54::1/64 with a neighbour .2; eth1 is 10.253.0.1/24 and fd53::1/64 with a
 * neighbour .2, where the default routes go.
 */
import {
  address,
  checksum,
  echo,
  ethernet,
  fragments,
  icmp,
  ipv4Packet,
  mac,
  packet,
  tcp,
  u16,
  u32,
  udp,
  type Ends,
} from './make.ts';

export type Step = { readonly iface: string; readonly frame: Uint8Array } | { readonly wait: number };

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Changes to the gateway. */
  readonly gateway?: Readonly<Record<string, unknown>>;
  /** With connection tracking, and so with defragmentation. */
  readonly tracked?: boolean;
}

export const GATEWAY = {
  interfaces: {
    eth0: { mac: '02:00:00:00:00:01', addresses: ['10.254.0.1/24', 'fd54::1/64'], mtu: 1500 },
    eth1: { mac: '02:00:00:00:00:02', addresses: ['10.253.0.1/24', 'fd53::1/64'], mtu: 1500 },
  },
  neighbours: [
    { dev: 'eth0', ip: '10.254.0.2', mac: '02:00:00:00:01:01' },
    { dev: 'eth1', ip: '10.253.0.2', mac: '02:00:00:00:02:01' },
    { dev: 'eth0', ip: 'fd54::2', mac: '02:00:00:00:01:01' },
    { dev: 'eth1', ip: 'fd53::2', mac: '02:00:00:00:02:01' },
  ],
  routes: [
    { to: 'default', via: '10.253.0.2', dev: 'eth1' },
    { to: 'default', via: 'fd53::2', dev: 'eth1' },
    { to: '198.51.100.0/24', type: 'blackhole' },
    { to: '198.51.101.0/24', type: 'unreachable' },
    { to: '198.51.102.0/24', type: 'prohibit' },
    { to: '192.0.2.128/25', via: '10.254.0.3', dev: 'eth0' },
    { to: '203.0.113.0/24', via: '10.253.0.2', dev: 'eth1', mtu: 1000 },
    { to: '2001:db8:b::/48', type: 'blackhole' },
    { to: '2001:db8:c::/48', type: 'unreachable' },
    { to: '2001:db8:d::/48', type: 'prohibit' },
  ],
};

export const G0 = '02:00:00:00:00:01';
export const G1 = '02:00:00:00:00:02';
export const H0 = '02:00:00:00:01:01';
export const H1 = '02:00:00:00:02:01';
const ALL = 'ff:ff:ff:ff:ff:ff';

const OUT4: Ends = { from: '10.254.0.2', to: '192.0.2.7' };
const OUT6: Ends = { from: 'fd54::2', to: '2001:db8::7' };
const SELF4: Ends = { from: '10.254.0.2', to: '10.254.0.1' };
const SELF6: Ends = { from: 'fd54::2', to: 'fd54::1' };
const data = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);

function from0(bytes: readonly number[] | Uint8Array, to = G0): Step {
  return { iface: 'eth0', frame: ethernet(to, H0, [...bytes]) };
}

function raw(iface: string, bytes: readonly number[]): Step {
  return { iface, frame: Uint8Array.from(bytes) };
}

/** A frame whose type is given, whatever it carries. */
function typed(to: string, type: number, payload: readonly number[]): Step {
  return raw('eth0', [...mac(to), ...mac(H0), ...u16(type), ...payload]);
}

/** The same packet with some bytes of its IPv4 header replaced and the header checksum made right. */
function edited(bytes: readonly number[], changes: Readonly<Record<number, number>>): number[] {
  const copy = [...bytes];
  for (const [at, value] of Object.entries(changes)) copy[Number(at)] = value;
  const header = (copy[0]! & 15) * 4;
  copy.splice(10, 2, 0, 0);
  copy.splice(10, 2, ...u16(checksum(copy.slice(0, header))));
  return copy;
}

function arpFrame(operation: number, from: [string, string], to: [string, string], ethTo = ALL): Step {
  const body = [
    ...u16(1),
    ...u16(0x800),
    6,
    4,
    ...u16(operation),
    ...mac(from[0]),
    ...address(from[1]),
    ...mac(to[0]),
    ...address(to[1]),
  ];
  return raw('eth0', [...mac(ethTo), ...mac(from[0]), ...u16(0x806), ...body]);
}

function nd(
  ends: Ends,
  ethTo: string,
  type: number,
  flags: number,
  target: string,
  options: readonly number[],
  hops = 255,
  ethFrom = H0,
): Step {
  const message = icmp(ends, type, 0, [...u32(flags), ...address(target), ...options], { ttl: hops });
  return raw('eth0', [...mac(ethTo), ...mac(ethFrom), ...u16(0x86dd), ...message]);
}

const SYN = { sport: 1234, dport: 80, seq: 1000, flags: 'S' };
const NOBODY = '00:00:00:00:00:00';

/** IPv4 fragment by hand: a piece of a UDP datagram at an offset in bytes. */
function piece(
  offset: number,
  more: boolean,
  payload: readonly number[] | Uint8Array,
  id = 77,
  ends = OUT4,
  flags = 0,
): number[] {
  const whole = ipv4Packet(ends, 17, [...payload], { id });
  return edited(whole, { 6: ((offset >> 3) >> 8) | (more ? 0x20 : 0) | flags, 7: (offset >> 3) & 255 });
}

function piece6(
  offset: number,
  more: boolean,
  payload: readonly number[] | Uint8Array,
  id = 77,
  ends = OUT6,
  next = 17,
): number[] {
  return packet(ends, 44, [next, 0, ...u16(offset | (more ? 1 : 0)), ...u32(id), ...payload]);
}

const UDP40 = [...u16(1000), ...u16(2000), ...u16(40), 0, 0, ...data(32)];
const one = (name: string, step: Step, extra: Partial<Scenario> = {}): Scenario => ({
  name,
  steps: [step],
  ...extra,
});

const FORWARDING: Scenario[] = [
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

const STAY_LOCAL: Ends = { from: 'fd54::2', to: 'fe80::9' };
const LINK_LOCAL: Scenario[] = [
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

const MTU: Scenario[] = [
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

const CHECKS: Scenario[] = [
  one('L3-1: version 5', from0(edited(udp(OUT4, 1, 2, []), { 0: 0x55 }))),
  one('L3-1: header length 16', from0(edited(udp(OUT4, 1, 2, []), { 0: 0x44 }))),
  one('L3-1: header longer than the packet', from0(edited(udp(OUT4, 1, 2, []), { 0: 0x4f }))),
  one('L3-1: total length below the header', from0(edited(udp(OUT4, 1, 2, []), { 3: 19 }))),
  one('L3-1: total length beyond the frame', from0(edited(udp(OUT4, 1, 2, []), { 3: 29 }))),
  one('a wrong header checksum', from0(udp(OUT4, 1, 2, []).map((byte, i) => (i === 10 ? byte ^ 1 : byte)))),
  one('L2-6: an empty IPv4 packet', typed(G0, 0x800, [])),
  one('L2-6: 802.3 with LLC', typed(G0, 40, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, ...udp(OUT4, 1, 2, [])])),
  one('L2-6: a tag with a VLAN id', typed(G0, 0x8100, [...u16(100), ...u16(0x800), ...udp(OUT4, 1, 2, [])])),
  one(
    'a priority tag is looked through',
    typed(G0, 0x8100, [...u16(0xe000), ...u16(0x800), ...udp(OUT4, 1, 2, [])]),
  ),
  one(
    'an 802.1ad priority tag before an 802.1Q one is looked through',
    typed(G0, 0x88a8, [...u16(0), ...u16(0x8100), ...u16(0), ...u16(0x800), ...udp(OUT4, 1, 2, [])]),
  ),
  one(
    'L2-6: fifty tags',
    typed(G0, 0x8100, [...Array.from({ length: 50 }, () => [0, 5, 0x81, 0]).flat(), ...udp(OUT4, 1, 2, [])]),
  ),
  one('an unknown EtherType', typed(G0, 0x9999, udp(OUT4, 1, 2, []))),
  one(
    'IPv6 version 4',
    typed(
      G0,
      0x86dd,
      udp(OUT6, 1, 2, []).map((byte, i) => (i === 0 ? 0x40 : byte)),
    ),
  ),
  one(
    'IPv6 payload longer than the frame',
    from0(udp(OUT6, 1, 2, []).map((byte, i) => (i === 5 ? 9 : byte))),
  ),
];

const martian = (name: string, from: string, to: string, extra: Partial<Scenario> = {}) =>
  one(name, from0(udp({ from, to }, 1, 2, data(8))), extra);

const MARTIANS: Scenario[] = [
  martian('L3-12: source is our own address', '10.254.0.1', '192.0.2.7'),
  martian('L3-12: source is our address on the other side', '10.253.0.1', '192.0.2.7'),
  martian('L3-12: source and destination are our own address', '10.254.0.1', '10.254.0.1'),
  martian('L3-12: source in 127/8', '127.0.0.5', '192.0.2.7'),
  martian('L3-12: destination in 127/8', '10.254.0.2', '127.0.0.1'),
  martian('destination in 127/8 with route_localnet', '10.254.0.2', '127.0.0.1', {
    gateway: { sysctl: { 'net.ipv4.conf.eth0.route_localnet': 1 } },
  }),
  martian('source 0.0.0.0', '0.0.0.0', '192.0.2.7'),
  martian('source 0.1.2.3', '0.1.2.3', '192.0.2.7'),
  martian('destination 0.1.2.3', '10.254.0.2', '0.1.2.3'),
  martian('source multicast', '224.0.0.5', '192.0.2.7'),
  martian('source limited broadcast', '255.255.255.255', '192.0.2.7'),
  martian('source the broadcast address of the link', '10.254.0.255', '192.0.2.7'),
  martian('source in 240/4', '240.0.0.1', '192.0.2.7'),
  martian('destination in 240/4', '10.254.0.2', '240.0.0.1'),
  martian('destination a broadcast address of the other side', '10.254.0.2', '10.253.0.255'),
  martian('destination a network address of the other side', '10.254.0.2', '10.253.0.0'),
  martian('rp_filter strict: source from the other side', '10.253.0.9', '192.0.2.7', {
    gateway: { sysctl: { 'net.ipv4.conf.all.rp_filter': 1 } },
  }),
  martian('rp_filter loose: source from the other side', '10.253.0.9', '192.0.2.7', {
    gateway: { sysctl: { 'net.ipv4.conf.all.rp_filter': 2 } },
  }),
  martian('rp_filter loose without a route back', '8.8.8.8', '10.253.0.2', {
    gateway: { routes: [], sysctl: { 'net.ipv4.conf.all.rp_filter': 2 } },
  }),
  martian('accept_local: source is our own address on the other side', '10.253.0.1', '192.0.2.7', {
    gateway: { sysctl: { 'net.ipv4.conf.eth0.accept_local': 1 } },
  }),
  martian('IPv6 source ::1', '::1', '2001:db8::7'),
  martian('IPv6 destination ::1', 'fd54::2', '::1'),
  martian('IPv6 source multicast', 'ff02::1', '2001:db8::7'),
  martian('IPv6 source ::', '::', '2001:db8::7'),
  martian('IPv6 source our own', 'fd54::1', '2001:db8::7'),
  martian('IPv6 destination interface-local multicast', 'fd54::2', 'ff01::1'),
];

const rr = (...options: number[]) => ({ options });
const OPTIONS: Scenario[] = [
  one('record route is filled in on the way', from0(udp4(OUT4, rr(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)))),
  one('a full record route passes', from0(udp4(OUT4, rr(7, 7, 8, 1, 2, 3, 4, 0)))),
  one(
    'record route is echoed by a time exceeded',
    from0(udp4(OUT4, { ...rr(7, 15, 4, ...new Array<number>(12).fill(0), 0), ttl: 1 })),
  ),
  one(
    'record route is echoed by an echo reply',
    from0(ipv4Packet(SELF4, 1, icmpBody(8, data(12)), rr(7, 15, 4, ...new Array<number>(12).fill(0), 0))),
  ),
  one('L3-2: option length 0', from0(udp4(OUT4, rr(7, 0, 4, 0)))),
  one('L3-2: option length 1', from0(udp4(OUT4, rr(1, 130, 1, 0)))),
  one('L3-2: option past the end', from0(udp4(OUT4, rr(7, 12, 4, 0)))),
  one('L3-2: option kind as the last byte', from0(udp4(OUT4, rr(1, 1, 1, 7)))),
  one('L3-2: loose source route', from0(udp4(SELF4, rr(131, 7, 4, 192, 0, 2, 7, 0)))),
  one('L3-2: strict source route', from0(udp4(OUT4, rr(137, 7, 4, 192, 0, 2, 7, 0)))),
  one('loose source route, accepted', from0(udp4(SELF4, rr(131, 7, 4, 192, 0, 2, 7, 0))), {
    gateway: {
      sysctl: { 'net.ipv4.conf.all.accept_source_route': 1, 'net.ipv4.conf.eth0.accept_source_route': 1 },
    },
  }),
  one('record route pointer below 4', from0(udp4(OUT4, rr(7, 7, 3, 0, 0, 0, 0, 0)))),
  one('record route with no room for one more', from0(udp4(OUT4, rr(7, 6, 4, 0, 0, 0, 0, 0)))),
  one('two record routes', from0(udp4(OUT4, rr(7, 3, 4, 7, 3, 4, 0, 0)))),
  one('timestamp overflow counts', from0(udp4(OUT4, rr(68, 8, 9, 0x10, 1, 2, 3, 4)))),
  one('timestamp overflow beyond 15', from0(udp4(OUT4, rr(68, 8, 9, 0xf0, 1, 2, 3, 4)))),
  one('timestamp with an unknown flag', from0(udp4(OUT4, rr(68, 12, 5, 2, ...new Array<number>(8).fill(0))))),
  one('router alert passes', from0(udp4(OUT4, rr(148, 4, 0, 0)))),
  one('security and unknown options pass', from0(udp4(OUT4, rr(130, 4, 1, 2, 200, 3, 9, 1)))),
  one('bytes behind the end of the list are cleared', from0(udp4(OUT4, rr(0, 1, 2, 3)))),
];

function udp4(ends: Ends, ip: Record<string, unknown>): number[] {
  return ipv4Packet(ends, 17, [...UDP40], ip);
}

function icmpBody(type: number, rest: Uint8Array): number[] {
  const body = [type, 0, 0, 0, ...rest];
  body.splice(2, 2, ...u16(checksum(body)));
  return body;
}

const ext = (ends: Ends, first: number, ...bytes: number[]) =>
  packet(ends, first, [...bytes, ...u16(1), ...u16(2), ...u16(8), 0, 0]);
const EXTENSIONS: Scenario[] = [
  one('hop-by-hop padding passes', from0(ext(OUT6, 0, 17, 0, 1, 4, 0, 0, 0, 0))),
  one('L3-7: hop-by-hop padding that is not zero', from0(ext(OUT6, 0, 17, 0, 1, 4, 0, 0, 9, 0))),
  one('L3-7: hop-by-hop option past the header', from0(ext(OUT6, 0, 17, 0, 5, 9, 0, 0, 0, 0))),
  one('hop-by-hop unknown option to be skipped', from0(ext(OUT6, 0, 17, 0, 0x1e, 4, 1, 2, 3, 4))),
  one('hop-by-hop unknown option to be discarded', from0(ext(OUT6, 0, 17, 0, 0x5e, 4, 1, 2, 3, 4))),
  one('hop-by-hop unknown option to be reported', from0(ext(OUT6, 0, 17, 0, 0x9e, 4, 1, 2, 3, 4))),
  one(
    'hop-by-hop unknown option to be reported unless multicast',
    from0(ext(OUT6, 0, 17, 0, 0xde, 4, 1, 2, 3, 4)),
  ),
  one('hop-by-hop header past the packet', from0(packet(OUT6, 0, [17, 9, 1, 4, 0, 0, 0, 0]))),
  one('a jumbo option in a small packet', from0(ext(OUT6, 0, 17, 0, 0xc2, 4, 0, 0, 0, 40))),
  one(
    'L3-7: RH0 is forwarded by a router',
    from0(ext(OUT6, 43, 17, 2, 0, 1, 0, 0, 0, 0, ...address('2001:db8::9'))),
  ),
  one(
    'L3-7: RH0 for us is refused',
    from0(ext(SELF6, 43, 17, 2, 0, 1, 0, 0, 0, 0, ...address('2001:db8::9'))),
  ),
  one(
    'RH0 with no segments left for us is passed over',
    from0(ext(SELF6, 43, 17, 2, 0, 0, 0, 0, 0, 0, ...address('2001:db8::9'))),
  ),
  one(
    'L3-7: sixty destination headers',
    from0(
      packet(SELF6, 60, [
        ...Array.from({ length: 60 }, (_, i) => [i === 59 ? 59 : 60, 0, 1, 4, 0, 0, 0, 0]).flat(),
      ]),
    ),
  ),
  one(
    'a second hop-by-hop header for us is unknown',
    from0(packet(SELF6, 0, [0, 0, 1, 4, 0, 0, 0, 0, 59, 0, 1, 4, 0, 0, 0, 0])),
  ),
  one('no next header for us', from0(packet(SELF6, 59, [1, 2, 3]))),
  one('an unknown next header for us', from0(packet(SELF6, 253, data(20)))),
  one(
    'destination options: unknown option to be reported',
    from0(packet(SELF6, 60, [59, 0, 0x9e, 4, 1, 2, 3, 4])),
  ),
];

const LOCAL: Scenario[] = [
  one('echo request', from0(echo(SELF4, false, 5, 6, data(40)))),
  one('echo request with type of service', from0(icmp(SELF4, 8, 0, data(20), { tos: 0xb9 }))),
  one(
    'echo request to our other address',
    from0(echo({ ...SELF4, to: '10.253.0.1' }, false, 5, 6, data(40))),
  ),
  one('a long echo request', from0(echo(SELF4, false, 5, 6, data(1472)))),
  one(
    'L3-12: echo request to broadcast',
    from0(echo({ ...SELF4, to: '10.254.0.255' }, false, 5, 6, data(8)), ALL),
  ),
  one(
    'echo request to broadcast, answered when told so',
    from0(echo({ ...SELF4, to: '10.254.0.255' }, false, 5, 6, data(8)), ALL),
    {
      gateway: { sysctl: { 'net.ipv4.icmp_echo_ignore_broadcasts': 0 } },
    },
  ),
  one(
    'echo request with a wrong checksum',
    from0(echo(SELF4, false, 5, 6, data(8)).map((b, i) => (i === 22 ? b ^ 1 : b))),
  ),
  one('ICMPv6 echo request', from0(echo(SELF6, false, 5, 6, data(40)))),
  one('ICMPv6 echo request with traffic class', from0(icmp(SELF6, 128, 0, data(20), { tos: 0xb9 }))),
  one(
    'ICMPv6 echo request to all nodes',
    from0(echo({ ...SELF6, to: 'ff02::1' }, false, 5, 6, data(8)), '33:33:00:00:00:01'),
  ),
  one(
    'ICMPv6 echo request to the subnet-router anycast address',
    from0(echo({ ...SELF6, to: 'fd54::' }, false, 5, 6, data(8))),
  ),
  one(
    'L3-10: an echo request whose length lies',
    from0([...echo(SELF6, false, 5, 6, data(8)).map((b, i) => (i === 5 ? 60 : b))]),
  ),
  one('UDP port without a socket', from0(udp(SELF4, 1000, 9, data(16), { tos: 0x10 }))),
  one(
    'UDP shorter than the packet: the rest is not quoted',
    from0(ipv4Packet(SELF4, 17, [...u16(1), ...u16(9), ...u16(12), 0, 0, ...data(20)])),
  ),
  one(
    'UDP with a lying length',
    from0(ipv4Packet(SELF4, 17, [...u16(1), ...u16(9), ...u16(60), 0, 0, ...data(20)])),
  ),
  one(
    'UDP with a wrong checksum',
    from0(udp(SELF4, 1000, 9, data(16)).map((b, i) => (i === 26 ? b ^ 1 : b))),
  ),
  one(
    'UDP to broadcast without a socket',
    from0(udp({ ...SELF4, to: '255.255.255.255' }, 1000, 9, data(16)), ALL),
  ),
  one('UDP over IPv6 without a socket', from0(udp(SELF6, 1000, 9, data(16), { tos: 0x10 }))),
  one(
    'UDP over IPv6 without a checksum',
    from0(packet(SELF6, 17, [...u16(1), ...u16(9), ...u16(12), 0, 0, 1, 2, 3, 4])),
  ),
  one('an unknown protocol', from0(ipv4Packet(SELF4, 253, data(20)))),
  one(
    'SYN to a closed port',
    from0(tcp(SELF4, { ...SYN, options: [2, 4, 5, 180], payload: [] }, { tos: 0x13 })),
  ),
  one('SYN with data to a closed port', from0(tcp(SELF4, { ...SYN, payload: data(5) }))),
  one('ACK to a closed port', from0(tcp(SELF4, { ...SYN, flags: 'A', ack: 77 }))),
  one('RST to a closed port', from0(tcp(SELF4, { ...SYN, flags: 'R' }))),
  one('SYN with a wrong checksum', from0(tcp(SELF4, SYN).map((b, i) => (i === 36 ? b ^ 1 : b)))),
  one('L4-1: data offset 4', from0(tcp(SELF4, SYN).map((b, i) => (i === 32 ? 0x40 : b)))),
  one('SYN over IPv6 to a closed port', from0(tcp(SELF6, SYN, { tos: 0x13 }))),
  one('FIN and ACK over IPv6 to a closed port', from0(tcp(SELF6, { ...SYN, flags: 'FA', ack: 99 }))),
  one(
    'a broadcast frame with an echo request for us is answered',
    from0(echo(SELF4, false, 5, 6, data(8)), ALL),
  ),
  one('a broadcast frame with UDP for us gets no error', from0(udp(SELF4, 1000, 9, data(16)), ALL)),
];

const STRANGER = '02:00:00:00:01:09';
const LINK_OPTION = [1, 1, ...mac(STRANGER)];
const TARGET_OPTION = [2, 1, ...mac(STRANGER)];
const NEIGHBOURS: Scenario[] = [
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

const big = udp(OUT4, 1000, 2000, data(3000));
const big6 = udp(OUT6, 1000, 2000, data(3000));
const fragsOf = (bytes: readonly number[], size: number) =>
  fragments(bytes, size).map((bytes_) => from0(bytes_));
const tracked = (name: string, steps: readonly Step[], extra: Partial<Scenario> = {}): Scenario => ({
  name,
  steps,
  tracked: true,
  ...extra,
});
const FRAGMENTS: Scenario[] = [
  { name: 'without tracking fragments are forwarded one by one', steps: fragsOf(big, 1480) },
  tracked('tracked fragments leave together, as they came', fragsOf(big, 1480)),
  tracked('tracked fragments in reverse order', fragsOf(big, 1480).reverse()),
  tracked('tracked fragments of odd sizes', fragsOf(big, 504)),
  tracked('tracked fragments with a duplicate', [fragsOf(big, 1480)[0]!, ...fragsOf(big, 1480)]),
  tracked(
    'tracked fragments too large for the way',
    fragments(udp({ ...OUT4, to: '203.0.113.1' }, 1, 2, data(2500)), 1400).map((f) => from0(f)),
  ),
  tracked('tracked fragments with DF', [
    from0(piece(0, true, [...UDP40], 5, OUT4, 0x40)),
    from0(piece(40, false, data(16), 5, OUT4, 0x40)),
  ]),
  tracked('L3-3: overlapping fragments', [
    from0(piece(0, true, [...UDP40])),
    from0(piece(32, false, data(24))),
    from0(piece(40, false, data(16))),
  ]),
  tracked('L3-3: a second end', [
    from0(piece(0, true, [...UDP40])),
    from0(piece(80, false, data(8))),
    from0(piece(40, false, data(16))),
    from0(piece(40, true, data(40))),
  ]),
  tracked('L3-3: beyond 65535 bytes', [
    from0(piece(65528, false, data(16))),
    from0(piece(0, true, [...UDP40])),
  ]),
  tracked('L3-4: a tiny first fragment', [
    from0(piece(0, true, UDP40.slice(0, 8))),
    from0(piece(8, false, UDP40.slice(8))),
  ]),
  tracked('ECN: congestion in one fragment shows in all', [
    from0(edited(piece(0, true, [...UDP40]), { 1: 2 })),
    from0(edited(piece(40, false, data(16)), { 1: 3 })),
  ]),
  tracked('ECN: not capable and congestion do not go together', [
    from0(edited(piece(0, true, [...UDP40]), { 1: 0 })),
    from0(edited(piece(40, false, data(16)), { 1: 3 })),
  ]),
  tracked('options come back in all fragments as the first had them', [
    from0(edited(ipv4Packet(OUT4, 17, [...UDP40], { id: 4, options: [148, 4, 0, 0] }), { 6: 0x20 })),
    from0(piece(40, false, data(16), 4)),
  ]),
  tracked('IPv6 fragments leave together', fragsOf(big6, 1400)),
  tracked('IPv6 fragments in reverse order', fragsOf(big6, 1400).reverse()),
  tracked('IPv6 fragments smaller than the smallest MTU', fragsOf(big6, 504)),
  tracked('L3-6: an atomic IPv6 fragment', [
    from0(piece6(0, false, [...u16(1), ...u16(2), ...u16(8), ...u16(0x1234)])),
  ]),
  {
    name: 'L3-6: an atomic IPv6 fragment without tracking',
    steps: [from0(piece6(0, false, [...u16(1), ...u16(2), ...u16(8), ...u16(0x1234)]))],
  },
  tracked('L3-3: overlapping IPv6 fragments', [
    from0(piece6(0, true, UDP40)),
    from0(piece6(32, false, data(24))),
    from0(piece6(40, false, data(16))),
  ]),
  tracked('an IPv6 fragment that is no multiple of eight', [from0(piece6(0, true, data(35)))]),
  tracked('L3-6: an IPv6 first fragment without its transport header', [
    from0(piece6(0, true, [...u16(1), 0, 0, 0, 0, 0, 0, 0], 8, OUT6, 6)),
    from0(piece6(8, false, data(20), 8, OUT6, 6)),
  ]),
  {
    name: 'fragments for us are put together',
    steps: fragments(echo(SELF4, false, 1, 1, data(2000)), 1480).map((f) => from0(f)),
  },
  {
    name: 'IPv6 fragments for us are put together',
    steps: fragments(echo(SELF6, false, 1, 1, data(2000)), 1400).map((f) => from0(f)),
  },
  {
    name: 'an IPv6 fragment for us that is no multiple of eight',
    steps: [from0(piece6(0, true, data(35), 3, SELF6))],
  },
  {
    name: 'an IPv6 fragment for us beyond 65535 bytes',
    steps: [from0(piece6(65528, false, data(16), 3, SELF6))],
  },
  {
    name: 'an atomic IPv6 fragment for us',
    steps: [from0(piece6(0, false, udp(SELF6, 1, 2, data(4)).slice(40), 3, SELF6))],
  },
];

export const SCENARIOS: readonly Scenario[] = [
  ...FORWARDING,
  ...LINK_LOCAL,
  ...MTU,
  ...CHECKS,
  ...MARTIANS,
  ...OPTIONS,
  ...EXTENSIONS,
  ...LOCAL,
  ...NEIGHBOURS,
  ...FRAGMENTS,
];

/** Scenarios in which half a minute passes; recorded, too, but with a namespace of their own that waits. */
export const SLOW_SCENARIOS: readonly Scenario[] = [
  tracked('forwarded fragments that time out are not reported', [
    from0(piece(0, true, [...UDP40])),
    { wait: 34 },
  ]),
  tracked('fragments for us that time out are reported', [
    from0(piece(0, true, [...UDP40], 77, SELF4)),
    { wait: 34 },
  ]),
  {
    name: 'untracked fragments for us that time out are reported',
    steps: [from0(piece(0, true, [...UDP40], 77, SELF4)), { wait: 34 }],
  },
  tracked('forwarded IPv6 fragments that time out', [from0(piece6(0, true, UDP40)), { wait: 64 }]),
  tracked('IPv6 fragments for us that time out', [from0(piece6(0, true, UDP40, 77, SELF6)), { wait: 64 }]),
  {
    name: 'untracked IPv6 fragments for us that time out',
    steps: [from0(piece6(0, true, UDP40, 77, SELF6)), { wait: 64 }],
  },
  tracked('fragments without the first that time out are not reported', [
    from0(piece(40, true, data(16), 77, SELF4)),
    { wait: 34 },
  ]),
];
