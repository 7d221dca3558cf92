/** The gateway between the two sides of a capture: whoever is inside is behind eth0, everybody else behind eth1. */
import type { Gateway } from '../kernel/gateway-file.ts';
import type { Chance } from './chance.ts';

export const OWN = {
  4: { eth0: '100.127.0.1', eth1: '203.0.113.1' },
  6: { eth0: 'fd99:a::1', eth1: '2001:db8:1::1' },
} as const;
/** The routers next to the gateway; whatever comes from a side comes from their addresses and MACs. */
export const NEXT = {
  4: { eth0: '100.127.0.2', eth1: '203.0.113.254' },
  6: { eth0: 'fd99:a::2', eth1: '2001:db8:1::fe' },
} as const;
export const MAC = {
  eth0: '02:00:00:00:00:01',
  eth1: '02:00:00:00:00:02',
  nextToEth0: '02:00:00:00:01:01',
  nextToEth1: '02:00:00:00:02:02',
} as const;
export type Side = 'eth0' | 'eth1';
export const SIDES: readonly Side[] = ['eth0', 'eth1'];

export function nextMac(side: Side): string {
  return side === 'eth0' ? MAC.nextToEth0 : MAC.nextToEth1;
}

/** Sysctls that change what connection tracking, forwarding and NAT do, with values to try. */
const SYSCTLS: readonly (readonly [key: string, values: readonly (string | number)[]])[] = [
  ['net.netfilter.nf_conntrack_tcp_loose', [0, 1]],
  ['net.netfilter.nf_conntrack_tcp_be_liberal', [0, 1]],
  ['net.netfilter.nf_conntrack_log_invalid', [255, 6, 17]],
  ['net.netfilter.nf_conntrack_acct', [1]],
  ['net.netfilter.nf_conntrack_checksum', [0]],
  ['net.netfilter.nf_conntrack_tcp_max_retrans', [1, 2]],
  ['net.netfilter.nf_conntrack_tcp_ignore_invalid_rst', [1]],
  ['net.ipv4.icmp_errors_use_inbound_ifaddr', [1]],
  ['net.ipv4.icmp_echo_ignore_all', [1]],
  ['net.ipv4.ip_default_ttl', [33]],
  ['net.ipv4.conf.all.rp_filter', [1, 2]],
  ['net.ipv4.conf.all.send_redirects', [0]],
];

export function makeGateway(chance: Chance, inside: readonly string[]): Gateway {
  const mtu = chance.weighted<number>([
    [6, 1500],
    [1, 1400],
    [1, 1280],
  ]);
  return {
    interfaces: {
      eth0: { mac: MAC.eth0, addresses: [`${OWN[4].eth0}/24`, `${OWN[6].eth0}/64`], mtu: 1500 },
      eth1: { mac: MAC.eth1, addresses: [`${OWN[4].eth1}/24`, `${OWN[6].eth1}/64`], mtu },
    },
    neighbours: SIDES.flatMap((dev) => [
      { dev, ip: NEXT[4][dev], mac: nextMac(dev) },
      { dev, ip: NEXT[6][dev], mac: nextMac(dev) },
    ]),
    routes: [
      { to: 'default', via: NEXT[4].eth1, dev: 'eth1' },
      { to: 'default', via: NEXT[6].eth1, dev: 'eth1' },
      ...inside.map((address) =>
        address.includes(':')
          ? { to: `${address}/128`, via: NEXT[6].eth0, dev: 'eth0' }
          : { to: `${address}/32`, via: NEXT[4].eth0, dev: 'eth0' },
      ),
    ],
    sysctl: {
      'net.ipv4.ip_forward': 1,
      'net.ipv6.conf.all.forwarding': 1,
      ...Object.fromEntries(
        SYSCTLS.filter(() => chance.is(0.04)).map(([key, values]) => [key, chance.pick(values)]),
      ),
    },
  };
}
