/** Gives a host what its configuration says: devices with their addresses, routes, rules. */
import { SluiceError } from '../base/errors.ts';
import { CONFIG_ERROR, fail } from '../base/plain-object.ts';
import { parsePrefix } from './address.ts';
import type { HostConfig, InterfaceConfig } from './config.ts';
import { makeDevice } from './devices/make.ts';
import type { Host } from './host.ts';
import { NeighbourState } from './neighbour.ts';
import { Words } from './routing/words.ts';

const DEFAULT_MTU = 1500;

export function configureHost(host: Host, config: HostConfig): void {
  const { devices, netlink } = host;
  netlink.addresses.place(parsePrefix('127.0.0.1/8')!, devices.loopback);
  netlink.addresses.place(parsePrefix('::1/128')!, devices.loopback);
  // What is made of others comes behind what it is made of.
  for (const iface of config.interfaces) if (iface.type === undefined) addWire(host, iface);
  for (const iface of config.interfaces) if (iface.type !== undefined) addMade(host, iface);
  for (const iface of config.interfaces) if (iface.master !== undefined) enslave(host, iface);
  for (const { dev, address, mac } of config.neighbours) {
    netlink.neighbours.set(address, devices.named(dev)!, mac, NeighbourState.PERMANENT, 'replace');
  }
  for (const route of config.routes) netlink.routes.configure(route);
  for (const rule of config.rules) netlink.routes.addRule(rule);
}

function addWire(host: Host, iface: InterfaceConfig): void {
  const device = host.devices.add(iface.name, iface.mac, iface.mtu ?? DEFAULT_MTU);
  device.up = device.hasBeenUp = iface.up;
  addAddresses(host, iface);
}

function addMade(host: Host, iface: InterfaceConfig): void {
  const { name, mac, mtu, link, settings } = iface;
  const device = about(name, () =>
    makeDevice(host, { name, mac, mtu, link, settings }, new Words(iface.type!.trim().split(/\s+/))),
  );
  device.up = device.hasBeenUp = iface.up;
  addAddresses(host, iface);
}

function addAddresses(host: Host, iface: InterfaceConfig): void {
  const device = host.devices.named(iface.name)!;
  const { addresses } = host.netlink;
  const isDisabled = host.settings.v6(device).disabled;
  addresses.addLinkLocal(device);
  for (const address of iface.addresses) {
    if (address.family === 4 || !isDisabled) addresses.place(address, device);
  }
}

function enslave(host: Host, { name, master }: InterfaceConfig): void {
  const { devices, netlink } = host;
  const above = devices.named(master!);
  if (above === undefined) fail(`interfaces.${name}.master`, `no such interface: "${master!}"`);
  about(name, () => netlink.links.setMaster(devices.named(name)!, above));
}

/** What the device's own reader says is wrong, with its place in the file. */
function about<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code === CONFIG_ERROR) throw error;
    return fail(`interfaces.${name}`, error.message.replace(/^Error: |^RTNETLINK answers: /, '').trim());
  }
}
