/**
 * Addresses given to devices and taken from them while the host lives (Linux: inet_rtm_newaddr, inet6_rtm_newaddr and what
 * they bring: routes, groups, gratuitous ARP and duplicate address detection where they are asked for).
 */
import { call } from '../../base/call.ts';
import type { Timer } from '../../base/clock.ts';
import type { Family } from '../../netfilter/hook.ts';
import { networkOf, sameWords, type IpPrefix } from '../address.ts';
import { OwnAddress, type AddressOptions } from '../addresses.ts';
import type { Device } from '../device.ts';
import { linkLocalOf } from '../host-addressing.ts';
import type { Host } from '../host.ts';
import { connectedRoutes } from '../routing/connected.ts';
import type { Route, RouteSpec } from '../routing/route.ts';
import { NetlinkError } from './errors.ts';

export class AddressControl {
  private readonly host: Host;
  /** The routes that each address brought. */
  private readonly brought = new Map<OwnAddress, Route[]>();

  private readonly timers = new Map<OwnAddress, Timer>();

  constructor(host: Host) {
    this.host = host;
  }

  private tables(family: Family) {
    return family === 6 ? this.host.routes6 : this.host.routes4;
  }

  /** Throws NetlinkError. */
  add(prefix: IpPrefix, device: Device, options: AddressOptions = {}): OwnAddress {
    const { host } = this;
    const { family, words } = prefix;
    const there = host.addresses.of(device, family).find((own) => sameWords(own.words, words));
    if (there !== undefined && (family === 6 || there.length === prefix.length)) {
      throw new NetlinkError(
        'EEXIST',
        family === 4 ? 'ipv4: Address already assigned.' : 'ipv6: address already assigned.',
      );
    }
    if (family === 6 && host.settings.v6(device).disabled) {
      throw new NetlinkError('EPERM', 'ipv6: IPv6 is disabled on this device.');
    }
    return this.give(prefix, device, options);
  }

  /** To a host that lives: an IPv6 address is asked for first. */
  give(prefix: IpPrefix, device: Device, options: AddressOptions): OwnAddress {
    const { host } = this;
    if (prefix.family === 6 && options.noDad !== true && host.duplicates.isOn(device)) {
      const own = new OwnAddress(prefix, device, false, options);
      host.duplicates.start(own, call(this, 'assign', own));
      return own;
    }
    return this.place(prefix, device, options);
  }

  /** The address and what it brings, unchecked. */
  place(prefix: IpPrefix, device: Device, options: AddressOptions = {}): OwnAddress {
    const own = this.host.addresses.add(prefix, device, options);
    this.settle(own);
    return own;
  }

  /** Nobody else has it: it is the host's from now on. */
  assign(own: OwnAddress): void {
    const { addresses } = this.host;
    addresses.all.push(own);
    addresses.changed();
    this.settle(own);
  }

  private settle(own: OwnAddress): void {
    this.bring(own);
    if (own.validUntil !== Infinity || own.preferredUntil !== Infinity) this.schedule(own);
  }

  /** Lifetimes end at their times; called again when they change. */
  schedule(own: OwnAddress): void {
    const { clock } = this.host;
    const next = Math.min(own.validUntil, own.isDeprecated ? Infinity : own.preferredUntil);
    own.isDeprecated = own.preferredUntil <= clock.now;
    this.timers.get(own)?.cancel();
    if (next === Infinity) return;
    this.timers.set(own, clock.at(Math.max(next, clock.now), call(this, 'age', own)));
  }

  /** The timer's: one of its lifetimes is over. */
  age(own: OwnAddress): void {
    const { clock, addresses } = this.host;
    if (own.validUntil <= clock.now) return this.drop(own);
    own.isDeprecated = own.preferredUntil <= clock.now;
    addresses.changed();
    this.schedule(own);
  }

  private bring(own: OwnAddress): void {
    const tables = this.tables(own.family);
    const isRouter = this.host.settings.isRouter6;
    const routes = connectedRoutes(own, this.host.addresses, isRouter).filter((spec) => !this.isThere(spec));
    this.brought.set(
      own,
      routes.map((spec) => tables.insert(spec)),
    );
    tables.changed();
  }

  /** Networks that addresses share have one route. */
  private isThere(spec: RouteSpec): boolean {
    return this.tables(spec.to.family)
      .all(spec.table)
      .some(
        (route) =>
          route.isTo(spec.to) &&
          route.type === spec.type &&
          route.device === spec.device &&
          route.metric === (spec.metric ?? 0),
      );
  }

  /** Throws NetlinkError. Secondary addresses go with their primary, or the first takes its place (promote_secondaries). */
  remove(prefix: IpPrefix, device: Device): void {
    const { family, words, length } = prefix;
    const { addresses } = this.host;
    const own = (family === 6 ? addresses.withTentative(device) : addresses.of(device, 4)).find(
      (one) => sameWords(one.words, words) && one.length === length,
    );
    if (own === undefined) {
      throw new NetlinkError(
        'EADDRNOTAVAIL',
        family === 4 ? 'ipv4: Address not found.' : 'ipv6: address not found.',
      );
    }
    this.drop(own);
  }

  drop(own: OwnAddress): void {
    const { host } = this;
    if (host.duplicates.forget(own)) return;
    const { addresses } = host;
    const followers =
      own.family === 4 && !own.secondary
        ? addresses.of(own.device, 4).filter((one) => one.secondary && sameNetwork(one, own))
        : [];
    this.takeAway(own);
    const promotes = host.settings.v4(own.device).promoteSecondaries;
    followers.forEach((follower, i) => {
      this.takeAway(follower);
      if (!promotes) return;
      addresses.all.push(follower);
      follower.secondary = i > 0;
      addresses.changed();
      this.bring(follower);
    });
    if (own.family === 4 && addresses.of(own.device, 4).length === 0) this.disable4(own.device);
  }

  /** A device without any IPv4 address speaks none: all its routes go (fib_disable_ip). */
  private disable4(device: Device): void {
    const { routes4, neighbours4 } = this.host;
    for (const route of routes4.all())
      if (route.paths === null && route.device === device) routes4.remove(route);
    neighbours4.forgetDevice(device);
    routes4.changed();
  }

  private takeAway(own: OwnAddress): void {
    const { addresses } = this.host;
    addresses.remove(own);
    this.host.filter?.interfaceLost(own.device.index, own);
    this.timers.get(own)?.cancel();
    this.timers.delete(own);
    const tables = this.tables(own.family);
    for (const route of this.brought.get(own) ?? []) tables.remove(route);
    this.brought.delete(own);
    // Another address of the same network keeps the route to it.
    for (const other of addresses.of(own.device, own.family)) if (sameNetwork(other, own)) this.bring(other);
    // IPv4: routes whose source it was have none any more (fib_sync_down_addr).
    for (const route of tables.all()) {
      if (own.family === 4 && sameWords(route.preferredSource, own.words)) tables.remove(route);
    }
    tables.changed();
  }

  /** The device is up again: its addresses' networks are reached by it. */
  restore(device: Device): void {
    for (const own of this.host.addresses.all) if (own.device === device) this.bring(own);
  }

  /** The device is up, or has another MAC address: neighbours are told (arp_notify). */
  announce(device: Device): void {
    if (!this.host.settings.v4(device).arpNotify || device.isLoopback) return;
    this.announce4(device);
  }

  private announce4(device: Device): void {
    for (const own of this.host.addresses.of(device, 4)) this.host.arp.announce(device, own.words[0]!);
  }

  /** The device is elsewhere now, whatever arp_notify says (Linux: NETDEV_NOTIFY_PEERS): addresses of both families. */
  announceAll(device: Device): void {
    this.announce4(device);
    if (this.host.settings.v6(device).disabled) return;
    // The newest first, as the kernel lists them.
    for (const own of this.host.addresses.of(device, 6).reverse()) this.host.nd.announce(device, own.words);
  }

  /** fe80::/64 with the interface identifier made from the MAC address, where the device has none. */
  addLinkLocal(device: Device): void {
    const { addresses, settings } = this.host;
    if (device.isLoopback || !device.hasEthernet || settings.v6(device).disabled) return;
    const prefix = linkLocalOf(device);
    if (!addresses.of(device, 6).some((own) => sameWords(own.words, prefix.words)))
      this.place(prefix, device);
  }
}

function sameNetwork(a: OwnAddress, b: OwnAddress): boolean {
  return (
    a.length === b.length &&
    sameWords(networkOf(a.peer ?? a.words, a.length), networkOf(b.peer ?? b.words, b.length))
  );
}
