/** How a guest network is laid out: its switch, its gateway's two interfaces, and the link between gateway and world. */
import { SluiceError } from '../base/errors.ts';
import { parseHostConfig } from '../stack/config.ts';
import { parseSwitchConfig } from '../vswitch/index.ts';
import type { GuestConfig } from './network-options.ts';
import { withoutLength } from './prefixes.ts';
import type { Uplink } from './surroundings.ts';

export const LAN = 'lan';
export const WAN = 'wan';

/** Both ends of the link between gateway and world; under the second of each, guests reach this machine. */
export const UPLINK_ADDRESSES = [
  ['100.64.0.1/30', '100.64.0.2/30'],
  ['fd53:6c75:6963:6500::1/64', 'fd53:6c75:6963:6500::2/64'],
] as const;
export const GATEWAY_LAN_MAC = '02:53:6c:00:00:01';
const GATEWAY_WAN_MAC = '02:53:6c:00:00:02';
export const WORLD_MAC = '02:53:6c:00:00:03';
export const POINT_TO_POINT: Uplink = {
  mac: GATEWAY_WAN_MAC,
  addresses: UPLINK_ADDRESSES.map(([gateway]) => gateway),
  machine: UPLINK_ADDRESSES.map(([, world]) => withoutLength(world)),
  routes: UPLINK_ADDRESSES.map(([, world]) => ({
    to: world.includes(':') ? '::/0' : '0.0.0.0/0',
    via: withoutLength(world),
  })),
  neighbours: [],
  sysctl: {},
};
const GATEWAY_PORT = 'gateway';

/** The gateway answers ARP for guests on the same wire (RFC 3069), and does not show them a shorter way. */
export const BETWEEN_GUESTS = {
  'net.ipv4.conf.lan.proxy_arp_pvlan': 1,
  'net.ipv4.conf.all.send_redirects': 0,
  'net.ipv4.conf.lan.send_redirects': 0,
} as const;

export function switchOf(guests: readonly GuestConfig[], mtu: number, isolated: boolean) {
  // Names are the user's: none is there before.
  const ports: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  ports[GATEWAY_PORT] = { mtu };
  for (const { name } of guests) {
    if (Object.hasOwn(ports, name)) throw new SluiceError('NETWORK', `guests: "${name}" is there twice`);
    ports[name] = { mtu, isolated };
  }
  return parseSwitchConfig({ model: 'learning', ports }, 'switch', 'guests');
}

export function gatewayConfig(
  addresses: readonly string[],
  mtu: number,
  sysctl: Readonly<Record<string, number>>,
  uplink: Uplink,
) {
  const onWan = { dev: WAN };
  return parseHostConfig({
    interfaces: {
      [LAN]: { mac: GATEWAY_LAN_MAC, mtu, addresses },
      [WAN]: { mac: uplink.mac, mtu, addresses: uplink.addresses },
    },
    routes: uplink.routes.map((route) => ({ ...route, ...onWan })),
    neighbours: uplink.neighbours.map((neighbour) => ({ ...neighbour, ...onWan })),
    sysctl,
  });
}
