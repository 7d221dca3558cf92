/** A route as `ip route` prints it, with the spaces that iproute2 leaves at the ends of lines. */
import { formatIp } from '../../wire/address.ts';
import { addressBits } from '../../stack/address.ts';
import type { Host } from '../../stack/host.ts';
import type { KnownMtu } from '../../stack/path-mtu.ts';
import { RouteOrigin, TABLE_LOCAL, TABLE_MAIN, type Route } from '../../stack/routing/route.ts';
import { ROUTE_TYPES, routeTypeName } from '../../stack/routing/route-types.ts';
import { nameIn, ORIGIN_NAMES, SCOPE_NAMES, tableName } from '../../stack/routing/words.ts';
import type { IpCommand } from './options.ts';

/** What the command asked for is not said again. */
export interface RouteShown {
  readonly table?: number | undefined;
  readonly device?: string | undefined;
  readonly via?: Int32Array | undefined;
  readonly origin?: number | undefined;
}

export function wordsText(family: number, words: Int32Array): string {
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

export function mtuText({ mtu, isLocked }: KnownMtu): string {
  return isLocked ? `lock ${mtu}` : String(mtu);
}

export function destinationText({ family, words, length }: Route): string {
  if (length === 0) return 'default';
  const text = wordsText(family, words);
  return length === addressBits(family) ? text : `${text}/${length}`;
}

export function routeLines(command: IpCommand, route: Route, shown: RouteShown): string[] {
  const { details } = command.options;
  const { family, type, paths } = route;
  const isV6 = family === 6;
  const parts: string[] = [];
  if (type !== ROUTE_TYPES.unicast || details) parts.push(routeTypeName(type));
  parts.push(destinationText(route));
  if (paths === null) parts.push(...wayText(route, shown));
  if (showsTable(route, shown)) parts.push(`table ${tableName(route.table)}`);
  const isOrigin = shown.origin === undefined && (route.origin !== RouteOrigin.BOOT || details);
  if (isOrigin) parts.push(`proto ${nameIn(ORIGIN_NAMES, route.origin)}`);
  if (!isV6 && (route.scope !== 0 || details)) parts.push(`scope ${nameIn(SCOPE_NAMES, route.scope)}`);
  if (route.preferredSource.some((word) => word !== 0)) {
    parts.push(`src ${wordsText(family, route.preferredSource)}`);
  }
  if (isV6 || route.metric !== 0) parts.push(`metric ${route.metric}`);
  if (paths === null && route.onLink) parts.push('onlink');
  if (paths === null && !route.device.up && leads(route) && route.table !== TABLE_LOCAL)
    parts.push('linkdown');
  if (route.mtu !== 0) parts.push(`mtu ${route.mtu}`);
  if (route.expires !== 0) parts.push(`expires ${secondsLeft(command.host, route.expires)}sec`);
  const line = `${parts.join(' ')} `;
  return [
    isV6 ? `${line}pref medium` : line,
    ...(paths ?? []).map(
      (path) => `\tnexthop ${[...wayText(path, {}), `weight ${path.weight}`, ...pathFlags(path)].join(' ')} `,
    ),
  ];
}

function wayText(route: Route, shown: RouteShown): string[] {
  const via =
    route.hasGateway && shown.via === undefined ? [`via ${wordsText(route.family, route.gateway)}`] : [];
  const dev = leads(route) && shown.device === undefined ? [`dev ${route.device.name}`] : [];
  return [...via, ...dev];
}

/** IPv4 routes that are answers have no device; IPv6's have the loopback device. */
function leads(route: Route): boolean {
  return route.family === 6 || route.type <= ROUTE_TYPES.multicast;
}

function pathFlags(path: Route): string[] {
  return [...(path.onLink ? ['onlink'] : []), ...(path.device.up ? [] : ['dead', 'linkdown'])];
}

function showsTable(route: Route, shown: RouteShown): boolean {
  return shown.table === undefined && route.table !== TABLE_MAIN;
}

export function secondsLeft(host: Host, until: number): number {
  return Math.max(0, Math.floor((until - host.clock.now) / 1_000_000));
}

/**
 * In the kernel's order: IPv4 by destination, of equal addresses the longer prefix first; IPv6 what lies in another network
 * before that network, so that the default route is the last.
 */
export function inKernelOrder(routes: readonly Route[]): Route[] {
  return [...routes].sort((a, b) => {
    const isInside = a.family === 6 && (a.covers(b.words) || b.covers(a.words));
    const order = isInside ? 0 : compareWords(a.words, b.words);
    return order || b.length - a.length || a.metric - b.metric;
  });
}

function compareWords(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return a[i]! >>> 0 < b[i]! >>> 0 ? -1 : 1;
  return 0;
}

/** Table local is the last of a list of all; the others stand in the order of their numbers. */
export function tableOrder(a: number, b: number): number {
  const rank = (table: number) => (table === TABLE_LOCAL ? 255 : table & 255);
  return rank(a) - rank(b);
}
