/** Devices changed while the host lives: up and down, MTU, address, name, removal (Linux: do_setlink and its notifiers). */
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import { MIN_MTU_6 } from '../path-mtu.ts';
import { leadsOn } from '../routing/route.ts';
import { ROUTE_TYPES } from '../routing/route-types.ts';
import type { AddressControl } from './addresses.ts';
import { NetlinkError } from './errors.ts';

const MIN_MTU = 68;
const MAX_MTU = 65535;
/** IFNAMSIZ, less its final zero byte. */
const MAX_NAME_LENGTH = 15;

export class LinkControl {
  private readonly host: Host;
  private readonly addresses: AddressControl;

  constructor(host: Host, addresses: AddressControl) {
    this.host = host;
    this.addresses = addresses;
  }

  /** Whoever goes down loses its routes, the IPv6 addresses that are not link-local, and its neighbours. */
  setUp(device: Device, up: boolean): void {
    const { host } = this;
    if (device.up === up) return;
    device.up = up;
    if (up) {
      device.hasBeenUp = true;
      this.addresses.addLinkLocal(device);
      this.addresses.restore(device);
      host.routers.ask(device);
      this.addresses.announce(device);
    } else {
      for (const own of host.addresses.of(device, 6)) if (!device.isLoopback) this.addresses.drop(own);
      this.removeRoutes(device, false);
      host.neighbours4.forgetDevice(device);
      host.neighbours6.forgetDevice(device);
      host.filter?.interfaceLost(device.index, null);
    }
    device.taker?.linkChanged?.();
    this.changed();
  }

  private removeRoutes(device: Device, isGone: boolean): void {
    for (const tables of [this.host.routes4, this.host.routes6]) {
      for (const route of tables.all()) {
        const goes = route.paths === null ? route.device === device : !route.isAlive;
        // IPv4 still answers for the addresses of a device that is down.
        const stays = !isGone && route.family === 4 && route.type === ROUTE_TYPES.local;
        if (goes && leadsOn(route.type) && !stays) tables.remove(route);
      }
    }
  }

  setMtu(device: Device, mtu: number): void {
    if (mtu < MIN_MTU) throw new NetlinkError('EINVAL', 'mtu less than device minimum.');
    if (mtu > MAX_MTU && !device.isLoopback)
      throw new NetlinkError('EINVAL', 'mtu greater than device maximum.');
    device.mtu = mtu;
    // IPv6 needs more.
    if (mtu < MIN_MTU_6) for (const own of this.host.addresses.of(device, 6)) this.addresses.drop(own);
    this.changed();
  }

  setMac(device: Device, mac: Uint8Array): void {
    if ((mac[0]! & 1) !== 0) throw new NetlinkError('EADDRNOTAVAIL');
    device.setMac(mac);
    this.host.neighbours4.forgetDevice(device);
    this.host.neighbours6.forgetDevice(device);
    this.changed();
  }

  /** The device becomes a member of a bridge or bond, or of none. */
  setMaster(device: Device, master: Device | null): void {
    const { taker } = device;
    if (taker !== null) taker.master.kind?.release?.(device);
    if (master !== null) {
      if (master.kind?.enslave === undefined || master === device) throw new NetlinkError('EOPNOTSUPP');
      master.kind.enslave(device);
    }
    this.changed();
  }

  rename(device: Device, name: string): void {
    const { devices } = this.host;
    if (name === '' || name.length > MAX_NAME_LENGTH || /[\s/:]/.test(name)) throw new NetlinkError('EINVAL');
    if (devices.named(name) !== undefined) throw new NetlinkError('EEXIST');
    devices.rename(device, name);
    this.changed();
  }

  /** The device, its addresses, routes and neighbours; devices made of it go first. */
  remove(device: Device): void {
    const { host } = this;
    if (device.isLoopback) throw new NetlinkError('EOPNOTSUPP');
    for (const other of host.devices.all()) if (other.kind?.lower === device) this.remove(other);
    for (const own of host.addresses.all.filter((one) => one.device === device)) this.addresses.drop(own);
    device.kind?.remove?.();
    device.up = false;
    host.filter?.interfaceLost(device.index, null);
    this.removeRoutes(device, true);
    host.neighbours4.forgetDevice(device, true);
    host.neighbours6.forgetDevice(device, true);
    host.devices.remove(device);
    this.changed();
  }

  changed(): void {
    this.host.routes4.changed();
    this.host.routes6.changed();
  }
}
