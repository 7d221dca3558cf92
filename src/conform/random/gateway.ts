/** The standard gateway with now and then another MTU, and sysctls that change what it does. */
import type { Gateway } from '../kernel/gateway-file.ts';
import { standardGateway } from '../standard-gateway.ts';
import type { Chance } from './chance.ts';

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

const CHANGED = 0.04;

export function makeGateway(chance: Chance, inside: readonly string[]): Gateway {
  const mtu = chance.weighted<number>([
    [6, 1500],
    [1, 1400],
    [1, 1280],
  ]);
  const gateway = standardGateway(inside, undefined, mtu);
  const changed = SYSCTLS.filter(() => chance.is(CHANGED)).map(([key, values]) => [key, chance.pick(values)]);
  return { ...gateway, sysctl: { ...gateway.sysctl, ...Object.fromEntries(changed) } };
}
