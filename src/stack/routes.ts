/**
 * The routing tables of one family: the routes of the configuration and those that addresses bring with them (Linux:
 * tables local and main; `ip route show table local`). Lookups are longest prefix first; of equal prefixes the local
 * table's route wins, then the smallest metric, then the first.
 *
 * What a lookup means for a packet (martians, forwarding, errors) is route4.ts and route6.ts. IPv6 link-local and
 * multicast destinations are not in here: they mean something on one link only.
 */
import type { Family } from '../netfilter/hook.ts';
import { maskWord } from '../wire/address.ts';
import { addressBits, networkOf, type IpPrefix } from './address.ts';
import { Scope, type AddressTable, type OwnAddress } from './addresses.ts';
import { ROUTE_TYPES, type RouteConfig, type RouteType } from './config.ts';
import type { Device, DeviceTable } from './device.ts';
import { PrefixMap } from './prefix-map.ts';

/** Metric of the prefix routes that IPv6 addresses bring (IP6_RT_PRIO_ADDRCONF). */
const IPV6_ADDRESS_METRIC = 256;

export class Route {
  readonly words: Int32Array;
  readonly length: number;
  readonly type: RouteType;
  /** True for table local. */
  readonly isLocalTable: boolean;
  /** Where it leads; the loopback device for routes that lead nowhere. */
  readonly device: Device;
  readonly hasGateway: boolean;
  readonly gateway: Int32Array;
  readonly metric: number;
  /** 0: the device's. */
  readonly mtu: number;
  /** The source that own packets get on this way, when the route names one; all 0 otherwise. */
  readonly preferredSource: Int32Array;
  /** IPv4: the source that own packets get (FIB_RES_PREFSRC), known once all addresses are. */
  source4: number;

  constructor(
    to: IpPrefix,
    type: RouteType,
    isLocalTable: boolean,
    device: Device,
    gateway: Int32Array | undefined,
    metric: number,
    mtu: number,
    preferredSource: Int32Array | undefined,
  ) {
    this.words = networkOf(to.words, to.length);
    this.length = to.length;
    this.type = type;
    this.isLocalTable = isLocalTable;
    this.device = device;
    this.hasGateway = gateway !== undefined;
    this.gateway = gateway ?? NO_ADDRESS;
    this.metric = metric;
    this.mtu = mtu;
    this.preferredSource = preferredSource ?? NO_ADDRESS;
    this.source4 = 0;
  }

  /** Bytes of the largest datagram this way takes. */
  get effectiveMtu(): number {
    return this.mtu !== 0 ? this.mtu : this.device.mtu;
  }
}

const NO_ADDRESS = new Int32Array(4);

export class RoutingTable {
  readonly family: Family;
  private readonly routes: Route[] = [];
  private readonly map = new PrefixMap<Route>();
  private readonly localMap = new PrefixMap<Route>();

  constructor(
    family: Family,
    configured: readonly RouteConfig[],
    devices: DeviceTable,
    addresses: AddressTable,
    isRouter: boolean,
  ) {
    this.family = family;
    for (const own of addresses.all) if (own.family === family) this.addConnected(own, addresses, isRouter);
    for (const config of configured) if (config.family === family) this.addConfigured(config, devices);
    this.routes.sort((a, b) => Number(b.isLocalTable) - Number(a.isLocalTable) || a.metric - b.metric);
    // A "throw" ends the search in its table, and there is no other one to go on with.
    this.map.build(this.routes);
    this.localMap.build(this.routes.filter((route) => route.isLocalTable));
    if (family === 4) for (const route of this.routes) route.source4 = source4(route, addresses);
  }

  private addConfigured(config: RouteConfig, devices: DeviceTable): void {
    const device = config.dev === undefined ? undefined : devices.named(config.dev);
    const isLocalTable = config.type === ROUTE_TYPES.local || config.type === ROUTE_TYPES.broadcast;
    this.routes.push(
      new Route(
        config.to,
        config.type,
        isLocalTable,
        device ?? devices.at(1)!,
        config.via?.words,
        config.metric,
        config.mtu,
        config.src?.words,
      ),
    );
  }

  private addConnected(own: OwnAddress, addresses: AddressTable, isRouter: boolean): void {
    const host = { family: this.family, words: own.words, length: addressBits(this.family) };
    const network = { family: this.family, words: networkOf(own.words, own.length), length: own.length };
    const source = this.family === 4 ? primaryOf(own, addresses) : undefined;
    const local = (to: IpPrefix, type: RouteType) =>
      this.routes.push(new Route(to, type, true, own.device, undefined, 0, 0, source));
    local(host, ROUTE_TYPES.local);
    if (own.device.isLoopback) {
      if (this.family === 4) local(network, ROUTE_TYPES.local);
      return;
    }
    if (own.length === host.length || own.secondary || own.scope === Scope.LINK) return;
    const metric = this.family === 6 ? IPV6_ADDRESS_METRIC : 0;
    this.routes.push(
      new Route(network, ROUTE_TYPES.unicast, false, own.device, undefined, metric, 0, source),
    );
    if (this.family === 4) {
      // The last address of the network is its broadcast address; networks of two have none (RFC 3021).
      const broadcast = Int32Array.of(network.words[0]! | ~maskWord(own.length, 0), 0, 0, 0);
      if (own.length < 31) local({ family: 4, words: broadcast, length: 32 }, ROUTE_TYPES.broadcast);
    } else if (isRouter && own.length < 127) {
      // The subnet-router anycast address (RFC 4291 2.6.1).
      local({ ...network, length: host.length }, ROUTE_TYPES.anycast);
    }
  }

  /** Hot: the route to an address, undefined when there is none. */
  lookup(w0: number, w1: number, w2: number, w3: number): Route | undefined {
    return this.map.lookup(w0, w1, w2, w3);
  }

  /** In table local only. */
  lookupLocal(w0: number, w1: number, w2: number, w3: number): Route | undefined {
    return this.localMap.lookup(w0, w1, w2, w3);
  }

  /** The best route to an address through one device: what a socket bound to the device would take. Cold. */
  lookupThrough(device: Device, words: Int32Array): Route | undefined {
    let best: Route | undefined;
    for (const route of this.routes) {
      if (route.device !== device || !covers(route, words)) continue;
      if (best === undefined || route.length > best.length) best = route;
    }
    return best;
  }

  all(): readonly Route[] {
    return this.routes;
  }
}

function covers(route: Route, words: Int32Array): boolean {
  return networkOf(words, route.length).every((word, i) => word === route.words[i]);
}

/** The first address of the same network on the device: a secondary address lends its network the primary's. */
function primaryOf(own: OwnAddress, addresses: AddressTable): Int32Array {
  if (!own.secondary) return own.words;
  const [w0, w1, w2, w3] = own.words;
  return addresses
    .of(own.device, 4)
    .find((other) => !other.secondary && other.length === own.length && other.contains(w0!, w1!, w2!, w3!))!
    .words;
}

function source4(route: Route, addresses: AddressTable): number {
  if (route.preferredSource[0] !== 0) return route.preferredSource[0]!;
  const scope = route.hasGateway ? Scope.UNIVERSE : Scope.LINK;
  return addresses.select4(route.device, route.gateway[0]!, scope);
}
