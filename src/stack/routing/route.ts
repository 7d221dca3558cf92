/**
 * A route, and what it says of the packets that take it (Linux: fib_info and fib6_info). With several next hops it leads by
 * none itself: `paths` holds a route for each, and multipath.ts chooses.
 */
import type { Family } from '../../netfilter/hook.ts';
import { networkOf, sameWords, type IpPrefix } from '../address.ts';
import type { Device } from '../device.ts';
import { ROUTE_TYPES, type RouteType } from './route-types.ts';

/** RT_TABLE_* of rtnetlink(7). */
export const TABLE_DEFAULT = 253;
export const TABLE_MAIN = 254;
export const TABLE_LOCAL = 255;

/** RTPROT_*: who made the route. */
export const RouteOrigin = { REDIRECT: 1, KERNEL: 2, BOOT: 3, STATIC: 4, RA: 9, DHCP: 16 } as const;

export interface RouteSpec {
  readonly to: IpPrefix;
  readonly type: RouteType;
  readonly table: number;
  /** Where it leads; the loopback device for routes that lead nowhere. */
  readonly device: Device;
  readonly gateway?: Int32Array | undefined;
  readonly metric?: number | undefined;
  /** 0: the device's. */
  readonly mtu?: number | undefined;
  readonly source?: Int32Array | undefined;
  readonly origin?: number | undefined;
  /** RT_SCOPE_*, of IPv4. */
  readonly scope?: number | undefined;
  /** The gateway is taken to be on the link, whatever the addresses say. */
  readonly onLink?: boolean | undefined;
  /** Share of the packets, among the paths of one route. */
  readonly weight?: number | undefined;
  readonly paths?: readonly RouteSpec[] | undefined;
  /** When it ends (a router advertisement's lifetime); 0 for never. */
  readonly expires?: number | undefined;
}

const NO_ADDRESS = new Int32Array(4);

export class Route {
  readonly family: Family;
  readonly words: Int32Array;
  readonly length: number;
  readonly type: RouteType;
  readonly table: number;
  readonly device: Device;
  readonly hasGateway: boolean;
  readonly gateway: Int32Array;
  readonly metric: number;
  readonly mtu: number;
  /** The source that own packets get on this way, when the route names one; all 0 otherwise. */
  readonly preferredSource: Int32Array;
  readonly origin: number;
  readonly scope: number;
  readonly onLink: boolean;
  readonly weight: number;
  readonly paths: readonly Route[] | null;
  readonly expires: number;
  /** IPv4: the source that own packets get (FIB_RES_PREFSRC), known once all addresses are. */
  source4: number;

  constructor(spec: RouteSpec) {
    this.family = spec.to.family;
    this.words = networkOf(spec.to.words, spec.to.length);
    this.length = spec.to.length;
    this.type = spec.type;
    this.table = spec.table;
    this.device = spec.device;
    this.hasGateway = spec.gateway !== undefined;
    this.gateway = spec.gateway ?? NO_ADDRESS;
    this.metric = spec.metric ?? 0;
    this.mtu = spec.mtu ?? 0;
    this.preferredSource = spec.source ?? NO_ADDRESS;
    this.origin = spec.origin ?? RouteOrigin.BOOT;
    this.scope = spec.scope ?? 0;
    this.onLink = spec.onLink ?? false;
    this.weight = spec.weight ?? 1;
    this.paths = spec.paths === undefined ? null : spec.paths.map((path) => new Route(path));
    this.expires = spec.expires ?? 0;
    this.source4 = 0;
  }

  /** Bytes of the largest datagram this way takes. */
  get effectiveMtu(): number {
    return this.mtu !== 0 ? this.mtu : this.device.mtu;
  }

  /** Leads somewhere: by a device that is up, or to an answer. What is local stays so while its device is down. */
  get isAlive(): boolean {
    if (this.paths !== null) return this.paths.some((path) => path.isAlive);
    return this.device.up || this.table === TABLE_LOCAL || !leadsOn(this.type);
  }

  covers(words: Int32Array): boolean {
    return sameWords(networkOf(words, this.length), this.words);
  }

  isTo(to: IpPrefix): boolean {
    return this.length === to.length && sameWords(this.words, networkOf(to.words, to.length));
  }

  leadsBy(device: Device): boolean {
    return this.device === device || (this.paths?.some((path) => path.device === device) ?? false);
  }
}

/** False for routes that are answers: blackhole, unreachable, prohibit, throw. */
export function leadsOn(type: RouteType): boolean {
  return type <= ROUTE_TYPES.multicast;
}
