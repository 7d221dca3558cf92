/** The words of `ip route add`, as far as routes here have what they say; what they have not is refused by name. */
import type { Family } from '../../netfilter/hook.ts';
import { networkOf, type IpAddress, type IpPrefix } from '../address.ts';
import { Scope } from '../addresses.ts';
import { RouteOrigin, TABLE_LOCAL, TABLE_MAIN } from './route.ts';
import { ROUTE_TYPES, type RouteType } from './route-types.ts';
import {
  garbage,
  ORIGIN_NAMES,
  parseIn,
  parseTable,
  SCOPE_NAMES,
  Words,
  WordsMistake,
  wrong,
} from './words.ts';

export interface PathConfig {
  readonly via: IpAddress | undefined;
  readonly dev: string | undefined;
  readonly weight: number;
  readonly onLink: boolean;
}

export interface RouteConfig {
  readonly family: Family;
  /** With the bits behind the prefix length cleared. */
  readonly to: IpPrefix;
  readonly type: RouteType;
  readonly table: number;
  readonly via: IpAddress | undefined;
  readonly dev: string | undefined;
  readonly src: IpAddress | undefined;
  /** 0 for the highest preference; IPv6 routes without one get 1024, as `ip -6 route add` does. */
  readonly metric: number;
  /** 0: the device's. */
  readonly mtu: number;
  readonly origin: number;
  /** Undefined: what follows from type and gateway. */
  readonly scope: number | undefined;
  readonly onLink: boolean;
  /** Several next hops; empty for the one that `via` and `dev` say. */
  readonly paths: readonly PathConfig[];
}

export const IPV6_DEFAULT_METRIC = 1024;
const UINT32_MAX = 0xffffffff;
const MAX_MTU = 65535;
const MAX_WEIGHT = 256;

/** What was said, word by word; for deleting only that counts. */
export interface RouteWords {
  family: Family | 0;
  type?: RouteType;
  to?: IpPrefix;
  table?: number;
  via?: IpAddress;
  dev?: string;
  src?: IpAddress;
  metric?: number;
  mtu?: number;
  origin?: number;
  scope?: number;
  onLink?: boolean;
  paths: PathConfig[];
}

export function readRouteWords(words: Words, family: Family | 0): RouteWords {
  const route: RouteWords = { family, paths: [] };
  if (Object.hasOwn(ROUTE_TYPES, words.peek)) route.type = typeNamed(words.next());
  let isDefault = false;
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'via':
        if (words.peek === 'inet' || words.peek === 'inet6') words.next();
        route.via = words.address(route.family);
        route.family = route.via.family;
        break;
      case 'dev':
      case 'oif':
        route.dev = words.next();
        break;
      case 'src':
        route.src = words.address(route.family);
        route.family = route.src.family;
        break;
      case 'metric':
      case 'priority':
      case 'preference':
        route.metric = words.number('metric', UINT32_MAX);
        break;
      case 'mtu':
        if (words.peek === 'lock') words.next();
        route.mtu = words.number('mtu', MAX_MTU);
        break;
      case 'table':
        route.table = parseTable(words.next());
        break;
      case 'proto':
      case 'protocol':
        route.origin = parseIn(ORIGIN_NAMES, words.next(), '"protocol"');
        break;
      case 'scope':
        route.scope = parseIn(SCOPE_NAMES, words.next(), '"scope"');
        break;
      case 'onlink':
        route.onLink = true;
        break;
      case 'nexthop':
        route.paths.push(readPath(words, route));
        break;
      case 'tos':
      case 'dsfield':
      case 'advmss':
      case 'window':
      case 'rtt':
      case 'congctl':
      case 'quickack':
      case 'encap':
      case 'expires':
      case 'nhid':
      case 'pref':
        throw new WordsMistake(`Error: routes here have no "${word}".`, 1);
      default: {
        const text = word === 'to' ? words.next() : word;
        if (route.to !== undefined || isDefault) return garbage(word, 'to');
        if (text === 'default') isDefault = true;
        else route.to = prefixOf(text, route);
      }
    }
  }
  if (isDefault || (route.to === undefined && route.type === undefined && route.paths.length > 0)) {
    route.to = { family: route.family === 0 ? 4 : route.family, words: new Int32Array(4), length: 0 };
  }
  if (route.to !== undefined) route.family = route.to.family;
  return route;
}

function prefixOf(text: string, route: RouteWords): IpPrefix {
  const prefix = new Words([text]).prefix(route.family);
  route.family = prefix.family;
  return prefix;
}

function readPath(words: Words, route: RouteWords): PathConfig {
  let via: IpAddress | undefined;
  let dev: string | undefined;
  let weight = 1;
  let onLink = false;
  for (; !words.isEmpty && words.peek !== 'nexthop';) {
    const word = words.next();
    switch (word) {
      case 'via':
        via = words.address(route.family);
        route.family = via.family;
        break;
      case 'dev':
        dev = words.next();
        break;
      case 'weight':
        weight = words.number('weight', MAX_WEIGHT, 1);
        break;
      case 'onlink':
        onLink = true;
        break;
      default:
        throw new WordsMistake(`Error: "nexthop" or end of line is expected instead of "${word}"`);
    }
  }
  return { via, dev, weight, onLink };
}

function typeNamed(name: string): RouteType {
  return ROUTE_TYPES[name as keyof typeof ROUTE_TYPES];
}

/** A route to be made out of what was said. */
export function routeConfigOf(said: RouteWords): RouteConfig {
  const family: Family = said.family === 6 ? 6 : 4;
  const to = said.to ?? wrong('route', 'a destination is missing');
  const type = said.type ?? ROUTE_TYPES.unicast;
  const isLocal =
    type === ROUTE_TYPES.local || type === ROUTE_TYPES.broadcast || type === ROUTE_TYPES.anycast;
  const metric = said.metric ?? 0;
  return {
    family,
    to,
    type,
    table: said.table ?? (isLocal ? TABLE_LOCAL : TABLE_MAIN),
    via: said.via,
    dev: said.dev,
    src: said.src,
    metric: family === 6 && metric === 0 ? IPV6_DEFAULT_METRIC : metric,
    mtu: said.mtu ?? 0,
    origin: said.origin ?? RouteOrigin.BOOT,
    scope: said.scope,
    onLink: said.onLink ?? false,
    paths: said.paths,
  };
}

/** RT_SCOPE of a route for which none was named (iproute_modify). */
export function scopeOf(config: Pick<RouteConfig, 'scope' | 'type' | 'via' | 'paths' | 'family'>): number {
  if (config.scope !== undefined) return config.scope;
  if (config.type === ROUTE_TYPES.local) return Scope.HOST;
  if (config.type === ROUTE_TYPES.broadcast || config.type === ROUTE_TYPES.anycast) return Scope.LINK;
  const isDirect = config.via === undefined && config.paths.length === 0;
  return config.type === ROUTE_TYPES.unicast && isDirect && config.family === 4 ? Scope.LINK : Scope.UNIVERSE;
}

export function hasBitsBehindPrefix(to: IpPrefix): boolean {
  return networkOf(to.words, to.length).some((word, i) => word !== to.words[i]);
}
