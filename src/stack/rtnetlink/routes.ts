/**
 * Routes made, replaced and removed while the host lives (Linux: RTM_NEWROUTE, RTM_DELROUTE; fib_table_insert,
 * fib_table_delete, fib_create_info's checks, and ip6_route_add), and the rules that choose tables.
 */
import { AddressType } from '../../netfilter/host-services.ts';
import { networkOf, sameWords, type IpAddress } from '../address.ts';
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import { leadsOn, type Route, type RouteSpec } from '../routing/route.ts';
import {
  hasBitsBehindPrefix,
  scopeOf,
  type PathConfig,
  type RouteConfig,
  type RouteWords,
} from '../routing/route-words.ts';
import { sameRule, type Rule } from '../routing/rules.ts';
import type { RoutingTables } from '../routing/tables.ts';
import { NetlinkError } from './errors.ts';

/** What `ip route` calls it: whether there may be or must be one already, and on which side of it the new one stands. */
export type RouteMode = 'add' | 'append' | 'prepend' | 'change' | 'replace';

export class RouteControl {
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  private tables(family: number): RoutingTables {
    return family === 6 ? this.host.routes6 : this.host.routes4;
  }

  /** As configuration says it, unchecked: addresses and devices may come later. */
  configure(config: RouteConfig): void {
    this.tables(config.family).insert(this.specOf(config, (dev) => this.deviceNamed(dev)));
  }

  /** Throws NetlinkError. */
  add(config: RouteConfig, mode: RouteMode): Route {
    if (hasBitsBehindPrefix(config.to))
      throw new NetlinkError('EINVAL', 'Invalid prefix for given prefix length.');
    const spec = this.specOf(config, (dev, via, onLink) => this.deviceFor(config, dev, via, onLink));
    const tables = this.tables(config.family);
    const alike = tables
      .all(config.table)
      .filter((route) => route.isTo(config.to) && route.metric === config.metric);
    const [first] = alike;
    if (first === undefined) {
      if (mode === 'change') throw new NetlinkError('ENOENT');
      return tables.insert(spec);
    }
    switch (mode) {
      case 'add':
        throw new NetlinkError('EEXIST');
      case 'replace':
      case 'change': {
        const route = tables.insert(spec, first);
        tables.remove(first);
        return route;
      }
      default:
        if (alike.some((route) => leadsAlike(route, spec))) throw new NetlinkError('EEXIST');
        if (config.family === 6 && mode === 'append' && leadsOn(config.type)) return this.join(first, spec);
        return mode === 'prepend' ? tables.insert(spec, first) : tables.insert(spec);
    }
  }

  /** IPv6: routes of one destination and metric are the next hops of one. */
  private join(route: Route, spec: RouteSpec): Route {
    const tables = this.tables(6);
    const paths = [...(route.paths ?? [route]).map(specOfRoute), spec];
    const joined = tables.insert({ ...specOfRoute(route), gateway: undefined, paths }, route);
    tables.remove(route);
    return joined;
  }

  /** The first that has all that was said; throws NetlinkError ESRCH when there is none. */
  remove(said: RouteWords, table: number): void {
    const family = said.family === 6 ? 6 : 4;
    const tables = this.tables(family);
    const device = said.dev === undefined ? undefined : this.deviceNamed(said.dev);
    const { to } = said;
    if (to !== undefined && hasBitsBehindPrefix(to)) {
      throw new NetlinkError('EINVAL', 'Invalid prefix for given prefix length.');
    }
    const route = tables
      .all(table)
      .find(
        (one) =>
          (to === undefined || one.isTo(to)) &&
          (said.type === undefined || one.type === said.type) &&
          (said.metric === undefined || one.metric === said.metric) &&
          (said.origin === undefined || one.origin === said.origin) &&
          (said.scope === undefined || one.scope === said.scope) &&
          (said.src === undefined || sameWords(one.preferredSource, said.src.words)) &&
          (device === undefined || one.leadsBy(device)) &&
          (said.via === undefined || leadsVia(one, said.via)),
      );
    if (route === undefined) throw new NetlinkError('ESRCH');
    tables.remove(route);
  }

  private deviceNamed(name: string | undefined): Device {
    const { devices } = this.host;
    return (name === undefined ? undefined : devices.named(name)) ?? devices.loopback;
  }

  private specOf(
    config: RouteConfig,
    deviceOf: (dev: string | undefined, via: IpAddress | undefined, onLink: boolean) => Device,
  ): RouteSpec {
    const { to, type, table, metric, mtu, origin, onLink } = config;
    const common = {
      to,
      type,
      table,
      metric,
      mtu,
      origin,
      source: config.src?.words,
      scope: scopeOf(config),
    };
    const path = (hop: PathConfig): RouteSpec => ({
      ...common,
      device: deviceOf(hop.dev, hop.via, hop.onLink),
      gateway: hop.via?.words,
      onLink: hop.onLink,
      weight: hop.weight,
    });
    const paths = config.paths.length > 0 ? config.paths.map(path) : undefined;
    const device = paths?.[0]!.device ?? deviceOf(config.dev, config.via, onLink);
    return { ...common, device, gateway: config.via?.words, onLink, paths };
  }

  /** fib_check_nh and ip6_route_check_nh: the way to the next hop has to be a link's. */
  private deviceFor(
    config: RouteConfig,
    dev: string | undefined,
    via: IpAddress | undefined,
    onLink: boolean,
  ): Device {
    const { host } = this;
    if (!leadsOn(config.type)) return host.devices.loopback;
    const named = dev === undefined ? undefined : host.devices.named(dev);
    if (dev !== undefined && named === undefined) throw new NetlinkError('ENODEV');
    if (named !== undefined && !named.up) {
      throw via === undefined
        ? new NetlinkError('ENETDOWN', config.family === 4 ? 'Device for nexthop is not up.' : undefined)
        : new NetlinkError('ENETDOWN', 'Nexthop device is not up.');
    }
    this.checkSource(config);
    if (via === undefined) {
      if (named === undefined) throw new NetlinkError('ENODEV');
      return named;
    }
    if (onLink && named !== undefined) return named;
    return config.family === 4 ? this.deviceTowards4(via, named) : this.deviceTowards6(via, named);
  }

  private checkSource({ family, src }: RouteConfig): void {
    if (src === undefined) return;
    const [w0, w1, w2, w3] = src.words;
    if (this.host.addresses.find(family, w0!, w1!, w2!, w3!) !== undefined) return;
    throw new NetlinkError('EINVAL', family === 4 ? 'Invalid prefsrc address.' : 'Invalid source address.');
  }

  private deviceTowards4(via: IpAddress, named: Device | undefined): Device {
    const { routes4 } = this.host;
    const route =
      named === undefined ? routes4.lookup(via.words[0]!, 0, 0, 0) : routes4.lookupThrough(named, via.words);
    const isLink = route?.type === AddressType.UNICAST && !route.hasGateway && route.paths === null;
    if (route === undefined || !(isLink || route.type === AddressType.LOCAL)) {
      throw new NetlinkError('ENETUNREACH', 'Nexthop has invalid gateway.');
    }
    return route.device;
  }

  private deviceTowards6(via: IpAddress, named: Device | undefined): Device {
    const { routes6, addresses } = this.host;
    const [w0, w1, w2, w3] = via.words;
    if (addresses.find(6, w0!, w1!, w2!, w3!) !== undefined) {
      throw new NetlinkError('EINVAL', 'Gateway can not be a local address.');
    }
    if ((w0! & 0xffc00000) === (0xfe800000 | 0)) {
      if (named === undefined) throw new NetlinkError('EINVAL', 'Link-local gateway requires an interface.');
      return named;
    }
    const route =
      named === undefined ? routes6.lookup(w0!, w1!, w2!, w3!) : routes6.lookupThrough(named, via.words);
    if (route === undefined || !leadsOn(route.type) || route.hasGateway)
      throw new NetlinkError('EHOSTUNREACH');
    return route.device;
  }

  // ── Rules ───────────────────────────────────────────────────────────────────────────────────────────────────

  addRule(rule: Rule): void {
    if (!this.tables(rule.family).addRule(rule)) throw new NetlinkError('EEXIST');
  }

  /** The first that has all that was said; a rule said in no more than its priority is found by it. */
  removeRule(said: Rule, hasAction: boolean): void {
    const tables = this.tables(said.family);
    const rule = tables.rules().find((one) => {
      const priority = said.priority ?? one.priority;
      const action = hasAction ? {} : { action: one.action, table: one.table, target: one.target };
      const known = { ...said, ...action, priority };
      return sameRule(isOnlyPriority(said) ? { ...one, priority } : known, one);
    });
    if (rule === undefined) throw new NetlinkError('ENOENT');
    tables.removeRule(rule);
  }
}

function isOnlyPriority({ priority, from, to, iif, oif, markMask, tos, protocol, not }: Rule): boolean {
  const says = [from, to, iif, oif].some((value) => value !== undefined) || not;
  return priority !== undefined && !says && markMask === 0 && tos === 0 && protocol === 0;
}

function leadsVia(route: Route, via: IpAddress): boolean {
  return (route.paths ?? [route]).some((path) => path.hasGateway && sameWords(path.gateway, via.words));
}

function leadsAlike(route: Route, spec: RouteSpec): boolean {
  const ways = route.paths ?? [route];
  return (
    route.type === spec.type &&
    ways.some(
      (way) =>
        way.device === spec.device &&
        way.hasGateway === (spec.gateway !== undefined) &&
        (spec.gateway === undefined || sameWords(way.gateway, spec.gateway)),
    )
  );
}

/** What a route was made of. */
export function specOfRoute(route: Route): RouteSpec {
  return {
    to: { family: route.family, words: networkOf(route.words, route.length), length: route.length },
    type: route.type,
    table: route.table,
    device: route.device,
    gateway: route.hasGateway ? route.gateway : undefined,
    metric: route.metric,
    mtu: route.mtu,
    source: route.preferredSource.some((word) => word !== 0) ? route.preferredSource : undefined,
    origin: route.origin,
    scope: route.scope,
    onLink: route.onLink,
    weight: route.weight,
    expires: route.expires,
  };
}
