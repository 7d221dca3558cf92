/** What this machine has to do so that the kernel is the way out of a network: commands for the far end of a TAP uplink. */
import { networkOfPrefix, withoutLength } from './prefixes.ts';
import { UPLINK_ADDRESSES } from './network-plan.ts';
import type { NetworkPlan } from './network-settings.ts';

/** None where the uplink is no TAP device. */
export function uplinkCommands({ uplink, addresses }: Pick<NetworkPlan, 'uplink' | 'addresses'>): string[] {
  if (uplink?.kind !== 'tap') return [];
  const { device, namespace } = uplink.address;
  const inside = namespace === undefined ? '' : `nsenter --net=${namespace} `;
  const networks = addresses.map((prefix) => ({ is6: prefix.includes(':'), to: networkOfPrefix(prefix) }));
  return [
    ...UPLINK_ADDRESSES.map(
      ([, far]) => `ip address add ${far} dev ${device}${far.includes(':') ? ' nodad' : ''}`,
    ),
    `ip link set ${device} up`,
    ...networks.map(
      ({ is6, to }) => `ip route add ${to} via ${withoutLength(UPLINK_ADDRESSES[is6 ? 1 : 0][0])}`,
    ),
    'sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
    ...networks.map(
      ({ is6, to }) =>
        `${is6 ? 'ip6tables' : 'iptables'} -t nat -A POSTROUTING -s ${to} ! -o ${device} -j MASQUERADE`,
    ),
  ].map((command) => inside + command);
}
