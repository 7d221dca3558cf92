/**
 * The gateway between the two sides of a capture where nobody described one: whoever is inside is behind eth0, everybody
 * else behind eth1 (or what the rules call them), each side beyond a router.
 *
 * Addresses are from blocks that no capture of real traffic has: RFC 6598 and 5737, 4193 and 3849.
 */
import type { InterfaceNames } from '../replay/assumed-gateway.ts';
import type { Gateway } from './kernel/gateway-file.ts';

export const OWN = {
  4: { eth0: '100.127.0.1', eth1: '203.0.113.1' },
  6: { eth0: 'fd99:a::1', eth1: '2001:db8:1::1' },
} as const;
/** The routers next to the gateway; whatever comes from a side comes from their addresses and MACs. */
export const NEXT = {
  4: { eth0: '100.127.0.2', eth1: '203.0.113.254' },
  6: { eth0: 'fd99:a::2', eth1: '2001:db8:1::fe' },
} as const;
export const MAC = { eth0: '02:00:00:00:00:01', eth1: '02:00:00:00:00:02' } as const;
export const NEXT_MAC = { eth0: '02:00:00:00:01:01', eth1: '02:00:00:00:02:02' } as const;
export type Side = 'eth0' | 'eth1';
export const SIDES: readonly Side[] = ['eth0', 'eth1'];

const OWN_NAMES: InterfaceNames = { inside: 'eth0', outside: 'eth1' };

/** @param mtu - of the outer interface */
export function standardGateway(
  insideNetworks: readonly string[],
  names: InterfaceNames = OWN_NAMES,
  mtu = 1500,
): Gateway {
  const name = { eth0: names.inside, eth1: names.outside };
  return {
    interfaces: Object.fromEntries(
      SIDES.map((side) => [
        name[side],
        {
          mac: MAC[side],
          addresses: [`${OWN[4][side]}/24`, `${OWN[6][side]}/64`],
          mtu: side === 'eth1' ? mtu : 1500,
        },
      ]),
    ),
    neighbours: SIDES.flatMap((side) =>
      ([4, 6] as const).map((family) => ({ dev: name[side], ip: NEXT[family][side], mac: NEXT_MAC[side] })),
    ),
    routes: [
      { to: 'default', via: NEXT[4].eth1, dev: name.eth1 },
      { to: 'default', via: NEXT[6].eth1, dev: name.eth1 },
      ...insideNetworks.map((network) => {
        const family = network.includes(':') ? 6 : 4;
        const to = network.includes('/') ? network : `${network}/${family === 6 ? 128 : 32}`;
        return { to, via: NEXT[family].eth0, dev: name.eth0 };
      }),
    ],
    sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
    helpers: { mode: 'linux' },
  };
}
