/**
 * The stack's sysctls, declared once: name, default, range, meaning. Source: the kernel's Documentation/networking/
 * ip-sysctl.rst; defaults as Linux 6.x has them (except ip_forward and conf.all.forwarding of a gateway file, see host.ts).
 * What is not listed is not implemented, and setting it is an error that says so.
 */
import type { SysctlSpec } from '../base/sysctl.ts';
import { TCP_SYSCTLS } from './tcp/sysctls.ts';

const INT_MAX = 2147483647;

type Unit = SysctlSpec['unit'];

function number(name: string, value: number, max: number, unit: Unit, about: string, min = 0): SysctlSpec {
  return { name, default: value, min, max, unit, about };
}

function flag(name: string, value: 0 | 1, about: string): SysctlSpec {
  return number(name, value, 1, 'flag', about);
}

const IPV4_CONF: readonly SysctlSpec[] = [
  flag('net.ipv4.conf.*.forwarding', 0, 'forward packets that arrive here; ip_forward unless set'),
  number(
    'net.ipv4.conf.*.rp_filter',
    0,
    2,
    undefined,
    'reverse path check: 0 none, 1 strict, 2 loose; the larger of all and interface counts',
  ),
  {
    ...flag(
      'net.ipv4.conf.*.accept_source_route',
      1,
      'take packets with source routes; all and interface, and all is 0 unless set',
    ),
    all: 0,
  },
  flag('net.ipv4.conf.*.send_redirects', 1, 'tell senders of a better first hop; all or interface'),
  flag(
    'net.ipv4.conf.*.shared_media',
    1,
    'redirect also to next hops of other subnets on the same link; all or interface',
  ),
  flag(
    'net.ipv4.conf.*.accept_local',
    0,
    'take packets whose source is an address of this host; all or interface',
  ),
  flag('net.ipv4.conf.*.route_localnet', 0, 'do not take 127/8 on the wire for martian; all or interface'),
  flag('net.ipv4.conf.*.bc_forwarding', 0, 'forward directed broadcasts; all and interface'),
  flag(
    'net.ipv4.conf.*.drop_unicast_in_l2_multicast',
    0,
    'drop unicast packets in broadcast frames; all or interface',
  ),
  number(
    'net.ipv4.conf.*.arp_ignore',
    0,
    8,
    undefined,
    'which ARP requests are answered: 0 for any address of the host, 1 of the interface, 2 also from the same subnet, 8 none',
  ),
  number(
    'net.ipv4.conf.*.arp_accept',
    0,
    2,
    undefined,
    'make neighbours of unasked announcements: 1 always, 2 from the same subnet',
  ),
  flag('net.ipv4.conf.*.arp_notify', 0, 'announce addresses when their interface comes; all or interface'),
  flag('net.ipv4.conf.*.proxy_arp', 0, 'answer ARP for what is routed elsewhere; all or interface'),
  flag(
    'net.ipv4.conf.*.proxy_arp_pvlan',
    0,
    'answer ARP for what is on the same interface (RFC 3069); all or interface',
  ),
  flag(
    'net.ipv4.conf.*.promote_secondaries',
    0,
    'the first secondary address takes the place of a primary one that is removed; all or interface',
  ),
  flag(
    'net.ipv4.conf.*.accept_redirects',
    1,
    'follow redirects; all or interface, of a router all and interface',
  ),
  flag(
    'net.ipv4.conf.*.log_martians',
    0,
    'accepted for compatibility: a martian is reported by its drop reason',
  ),
];

const IPV6_CONF: readonly SysctlSpec[] = [
  flag('net.ipv6.conf.*.forwarding', 0, 'be a router; the value of all decides about forwarding'),
  number('net.ipv6.conf.*.hop_limit', 64, 255, undefined, 'hop limit of own packets', 1),
  number('net.ipv6.conf.*.accept_source_route', 0, INT_MAX, undefined, 'take routing headers of type 2', -1),
  flag('net.ipv6.conf.*.drop_unicast_in_l2_multicast', 0, 'drop unicast packets in broadcast frames'),
  flag(
    'net.ipv6.conf.*.suppress_frag_ndisc',
    1,
    'ignore neighbour discovery that comes in fragments (RFC 6980)',
  ),
  flag('net.ipv6.conf.*.drop_unsolicited_na', 0, 'ignore neighbour advertisements that nobody asked for'),
  flag('net.ipv6.conf.*.proxy_ndp', 0, 'accepted for compatibility: there are no proxy entries'),
  flag('net.ipv6.conf.*.disable_ipv6', 0, 'no IPv6 on the interface'),
  number(
    'net.ipv6.conf.*.accept_ra',
    1,
    2,
    undefined,
    'heed router advertisements: 1 unless it is a router itself, 2 even then',
  ),
  flag('net.ipv6.conf.*.autoconf', 1, 'make addresses of the prefixes that routers advertise'),
  flag('net.ipv6.conf.*.accept_redirects', 1, 'follow redirects; a router does not'),
  number(
    'net.ipv6.conf.*.accept_dad',
    1,
    2,
    undefined,
    'ask whether an address is free before it is used; those of the configuration are used at once',
  ),
  number('net.ipv6.conf.*.dad_transmits', 1, INT_MAX, undefined, 'how often it is asked; 0 for not at all'),
  number(
    'net.ipv6.conf.*.router_solicitations',
    0,
    INT_MAX,
    undefined,
    'how often routers are asked for when an interface comes up; -1 until one answers (which is the default in Linux)',
    -1,
  ),
];

const ICMP: readonly SysctlSpec[] = [
  flag('net.ipv4.icmp_echo_ignore_all', 0, 'answer no echo requests'),
  flag(
    'net.ipv4.icmp_echo_ignore_broadcasts',
    1,
    'answer no echo and timestamp requests to broadcast and multicast addresses',
  ),
  flag(
    'net.ipv4.icmp_errors_use_inbound_ifaddr',
    0,
    'ICMP errors come from the primary address of the interface the cause arrived on',
  ),
  number(
    'net.ipv4.icmp_ratelimit',
    1000,
    INT_MAX,
    'milliseconds',
    'least time between ICMP errors to one destination; 0 for no limit',
  ),
  number('net.ipv4.icmp_ratemask', 6168, INT_MAX, undefined, 'ICMP types that are limited, a bit each'),
  number(
    'net.ipv4.icmp_msgs_per_sec',
    1000,
    INT_MAX,
    'messages per second',
    'limit over all destinations of the types in icmp_ratemask',
  ),
  number('net.ipv4.icmp_msgs_burst', 50, INT_MAX, 'entries', 'burst that icmp_msgs_per_sec allows'),
  number(
    'net.ipv6.icmp.ratelimit',
    100,
    INT_MAX,
    'milliseconds',
    'least time between ICMPv6 errors to one /128; 0 for no limit',
  ),
  flag('net.ipv6.icmp.echo_ignore_all', 0, 'answer no echo requests'),
  flag('net.ipv6.icmp.echo_ignore_multicast', 0, 'answer no echo requests to multicast addresses'),
  flag('net.ipv6.icmp.echo_ignore_anycast', 0, 'answer no echo requests to anycast addresses'),
];

const ROUTE: readonly SysctlSpec[] = [
  flag('net.ipv4.ip_forward', 0, 'forward packets between interfaces'),
  number('net.ipv4.ip_default_ttl', 64, 255, undefined, 'time to live of own packets', 1),
  number(
    'net.ipv4.route.error_cost',
    1000,
    INT_MAX,
    'milliseconds',
    'what an "unreachable" for lack of a route costs its receiver\'s allowance',
  ),
  number(
    'net.ipv4.route.error_burst',
    5000,
    INT_MAX,
    'milliseconds',
    'the most allowance a receiver of "unreachable" can save up',
  ),
  number(
    'net.ipv4.route.redirect_load',
    20,
    INT_MAX,
    'milliseconds',
    'time before the second redirect to one host; it doubles with each',
  ),
  number(
    'net.ipv4.route.redirect_number',
    9,
    INT_MAX,
    'entries',
    'redirects sent to a host that does not listen',
  ),
  number(
    'net.ipv4.route.redirect_silence',
    20480,
    INT_MAX,
    'milliseconds',
    'after so long without redirects the count begins anew',
  ),
  number(
    'net.ipv4.route.gc_timeout',
    300,
    INT_MAX,
    'seconds',
    'how long a better next hop that a redirect named is used without being confirmed',
    1,
  ),
  number(
    'net.ipv4.fib_multipath_hash_policy',
    0,
    1,
    undefined,
    'what chooses among several next hops: 0 the addresses, 1 also protocol and ports',
  ),
  number(
    'net.ipv6.fib_multipath_hash_policy',
    0,
    1,
    undefined,
    'what chooses among several next hops: 0 the addresses, 1 also protocol and ports',
  ),
  number('net.ipv4.route.min_pmtu', 552, 65535, 'bytes', 'the smallest path MTU that is believed', 68),
  number('net.ipv4.route.mtu_expires', 600, INT_MAX, 'seconds', 'how long a path MTU is believed', 1),
  flag('net.ipv6.auto_flowlabels', 1, 'own IPv6 packets carry a flow label (drawn at random)'),
];

const FRAGMENTS: readonly SysctlSpec[] = [
  number(
    'net.ipv4.ipfrag_high_thresh',
    4194304,
    INT_MAX,
    'bytes',
    'memory for IPv4 reassembly; fragments beyond are dropped',
  ),
  number('net.ipv4.ipfrag_time', 30, INT_MAX, 'seconds', 'time to collect the fragments of a datagram'),
  number(
    'net.ipv4.ipfrag_max_dist',
    64,
    INT_MAX,
    'entries',
    'fragments of one source that may pass between two of one datagram; 0 for no limit',
  ),
  number('net.ipv6.ip6frag_high_thresh', 4194304, INT_MAX, 'bytes', 'memory for IPv6 reassembly'),
  number('net.ipv6.ip6frag_time', 60, INT_MAX, 'seconds', 'time to collect the fragments of a datagram'),
  number(
    'net.netfilter.nf_conntrack_frag6_high_thresh',
    4194304,
    INT_MAX,
    'bytes',
    'memory for the reassembly that connection tracking does',
  ),
  number(
    'net.netfilter.nf_conntrack_frag6_timeout',
    60,
    INT_MAX,
    'seconds',
    'time to collect the fragments for connection tracking',
  ),
];

const NEIGHBOURS: readonly SysctlSpec[] = ['ipv4', 'ipv6'].flatMap((family) => {
  const name = (last: string) => `net.${family}.neigh.*.${last}`;
  return [
    number(name('mcast_solicit'), 3, INT_MAX, 'entries', 'questions to all before a neighbour is given up'),
    number(
      name('ucast_solicit'),
      3,
      INT_MAX,
      'entries',
      'questions to a known neighbour before it is given up',
    ),
    number(name('retrans_time_ms'), 1000, INT_MAX, 'milliseconds', 'time between two questions', 1),
    number(
      name('base_reachable_time_ms'),
      30000,
      INT_MAX,
      'milliseconds',
      'a confirmed neighbour is trusted for half to one and a half of it',
      1,
    ),
    number(
      name('delay_first_probe_time'),
      5,
      INT_MAX,
      'seconds',
      'time for other proof before a stale neighbour is asked',
    ),
    number(
      name('unres_qlen_bytes'),
      212992,
      INT_MAX,
      'bytes',
      'packets that wait for one neighbour; older ones give way',
    ),
    number(
      name('locktime'),
      family === 'ipv4' ? 100 : 0,
      INT_MAX,
      'milliseconds',
      "a neighbour's new address is not changed again for so long (hundredths of a second for IPv4: ticks)",
    ),
    number(
      name('proxy_delay'),
      80,
      INT_MAX,
      undefined,
      'hundredths of a second within which, at random, a question to all is answered for somebody else',
    ),
    number(name('gc_thresh3'), 1024, INT_MAX, 'entries', 'most neighbours that are kept', 1),
  ];
});

/** Of br_netfilter, with the values that a kernel has while that module is not loaded. */
const BRIDGE: readonly SysctlSpec[] = [
  flag('net.bridge.bridge-nf-call-iptables', 0, 'rules see IPv4 packets that a bridge of this host bridges'),
  flag('net.bridge.bridge-nf-call-ip6tables', 0, 'rules see IPv6 packets that a bridge of this host bridges'),
  flag('net.bridge.bridge-nf-call-arptables', 0, 'arptables see bridged packets; there are none'),
  flag(
    'net.bridge.bridge-nf-pass-vlan-input-dev',
    0,
    'rules see a VLAN device of the bridge as input interface',
  ),
  flag('net.bridge.bridge-nf-filter-vlan-tagged', 0, 'also those in frames with a VLAN tag'),
  flag('net.bridge.bridge-nf-filter-pppoe-tagged', 0, 'also those in PPPoE sessions'),
];

const UDP: readonly SysctlSpec[] = [
  number(
    'net.ipv6.max_hbh_opts_number',
    8,
    INT_MAX,
    'entries',
    'options of a hop-by-hop header, padding aside',
  ),
  number(
    'net.ipv6.max_dst_opts_number',
    8,
    INT_MAX,
    'entries',
    'options of a destination header, padding aside',
  ),
  number('net.core.netdev_max_backlog', 1000, INT_MAX, 'entries', 'packets of a host to itself that wait', 1),
  number('net.core.rmem_default', 212992, INT_MAX, 'bytes', 'receive buffer of a UDP socket', 2304),
];

export const STACK_SYSCTLS: readonly SysctlSpec[] = [
  ...ROUTE,
  ...IPV4_CONF,
  ...IPV6_CONF,
  ...ICMP,
  ...FRAGMENTS,
  ...NEIGHBOURS,
  ...TCP_SYSCTLS,
  ...UDP,
  ...BRIDGE,
];
