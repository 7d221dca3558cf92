/** Gives a host what its configuration says: devices with their addresses, routes, rules. */
import { parsePrefix } from './address.ts';
import type { HostConfig } from './config.ts';
import type { Host } from './host.ts';

export function configureHost(host: Host, config: HostConfig): void {
  const { devices, netlink, settings } = host;
  const loopback = devices.loopback;
  netlink.addresses.place(parsePrefix('127.0.0.1/8')!, loopback);
  netlink.addresses.place(parsePrefix('::1/128')!, loopback);
  for (const iface of config.interfaces) {
    const device = devices.add(iface.name, iface.mac, iface.mtu);
    device.up = device.hasBeenUp = iface.up;
    const isDisabled = settings.v6(device).disabled;
    netlink.addresses.addLinkLocal(device);
    for (const address of iface.addresses) {
      if (address.family === 4 || !isDisabled) netlink.addresses.place(address, device);
    }
  }
  for (const route of config.routes) netlink.routes.configure(route);
  for (const rule of config.rules) netlink.routes.addRule(rule);
}
