/** `ip route`: routes shown, made, replaced, removed, and asked for. */
import { networkOf, sameWords, type IpPrefix } from '../../stack/address.ts';
import { parsePrefix } from '../../stack/address.ts';
import { Scope } from '../../stack/addresses.ts';
import type { Device } from '../../stack/device.ts';
import { Route, RouteOrigin, TABLE_LOCAL, TABLE_MAIN } from '../../stack/routing/route.ts';
import { readRouteWords, routeConfigOf } from '../../stack/routing/route-words.ts';
import { ROUTE_TYPES, type RouteType } from '../../stack/routing/route-types.ts';
import {
  garbage,
  ORIGIN_NAMES,
  parseIn,
  parseTable,
  SCOPE_NAMES,
  WordsMistake,
  wrong,
  type Words,
} from '../../stack/routing/words.ts';
import type { RouteMode } from '../../stack/rtnetlink/index.ts';
import { isShortFor, type IpCommand } from './options.ts';
import { runVerb } from './verbs.ts';
import { getRoute } from './route-get.ts';
import {
  inKernelOrder,
  mtuText,
  routeLines,
  tableOrder,
  wordsText,
  secondsLeft,
  type RouteShown,
} from './route-text.ts';

const VERBS = [
  'add',
  'change',
  'chg',
  'replace',
  'prepend',
  'append',
  'delete',
  'show',
  'lst',
  'list',
  'get',
  'flush',
];
const IPV6_LINK_METRIC = 256;

export function ipRoute(command: IpCommand, words: Words): void {
  runVerb<RouteMode>(
    { object: 'route', verbs: VERBS, show, get: getRoute, remove, flush, set: add },
    command,
    words,
  );
}

function add(command: IpCommand, words: Words, mode: RouteMode): void {
  const said = readRouteWords(words, command.options.family);
  for (const dev of [said.dev, ...said.paths.map((path) => path.dev)]) {
    if (dev !== undefined) command.device(dev);
  }
  if (said.to === undefined) said.to = { family: command.family, words: new Int32Array(4), length: 0 };
  command.host.netlink.routes.add(routeConfigOf(said), mode);
}

function remove(command: IpCommand, words: Words): void {
  const said = readRouteWords(words, command.options.family);
  if (said.dev !== undefined) command.device(said.dev);
  const isLocal = said.type === ROUTE_TYPES.local || said.type === ROUTE_TYPES.broadcast;
  command.host.netlink.routes.remove(said, said.table ?? (isLocal ? TABLE_LOCAL : TABLE_MAIN));
}

// ── Which ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Filter {
  /** 0: all tables. */
  table: number;
  isCache: boolean;
  device?: string;
  via?: Int32Array;
  origin?: number;
  scope?: number;
  type?: RouteType;
  metric?: number;
  source?: Int32Array;
  /** Within, around, or exactly that. */
  root?: IpPrefix;
  match?: IpPrefix;
  exact?: IpPrefix;
}

function readFilter(command: IpCommand, words: Words): Filter {
  const filter: Filter = { table: TABLE_MAIN, isCache: false };
  const { family } = command.options;
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'table': {
        const text = words.next();
        if (text === 'all') filter.table = 0;
        else if (text === 'cache') filter.isCache = true;
        else filter.table = parseTable(text);
        break;
      }
      case 'cache':
      case 'cached':
        filter.isCache = true;
        break;
      case 'dev':
      case 'oif':
      case 'iif':
        filter.device = command.device(words.next()).name;
        break;
      case 'via':
        filter.via = words.address(family).words;
        break;
      case 'src':
        filter.source = words.address(family).words;
        break;
      case 'proto':
      case 'protocol': {
        const text = words.next();
        if (text !== 'all') filter.origin = parseIn(ORIGIN_NAMES, text, '"protocol"');
        break;
      }
      case 'scope': {
        const text = words.next();
        if (text !== 'all') filter.scope = parseIn(SCOPE_NAMES, text, '"scope"');
        break;
      }
      case 'type': {
        const text = words.next();
        if (!Object.hasOwn(ROUTE_TYPES, text)) return wrong(text, 'node type value is invalid');
        filter.type = ROUTE_TYPES[text as keyof typeof ROUTE_TYPES];
        break;
      }
      case 'metric':
      case 'priority':
        filter.metric = words.number('metric', 0xffffffff);
        break;
      case 'root':
        filter.root = words.prefix(family);
        break;
      case 'match':
        filter.match = words.prefix(family);
        break;
      case 'exact':
        filter.exact = words.prefix(family);
        break;
      case 'to':
        break;
      default:
        if (filter.exact !== undefined) return garbage(word, 'to');
        filter.exact = exactly(word, command);
    }
  }
  return filter;
}

function exactly(text: string, command: IpCommand): IpPrefix {
  const family = command.options.family;
  if (text === 'default') return { family: family === 6 ? 6 : 4, words: new Int32Array(4), length: 0 };
  const prefix = parsePrefix(text);
  if (prefix === undefined || (family !== 0 && prefix.family !== family)) {
    throw new WordsMistake(`Error: any valid prefix is expected rather than "${text}".`, 1);
  }
  return prefix;
}

function passes(filter: Filter, route: Route): boolean {
  const ways = route.paths ?? [route];
  return (
    (filter.device === undefined || (route.paths === null && route.device.name === filter.device)) &&
    (filter.via === undefined || ways.some((way) => way.hasGateway && sameWords(way.gateway, filter.via!))) &&
    (filter.origin === undefined || route.origin === filter.origin) &&
    (filter.scope === undefined || route.scope === filter.scope) &&
    (filter.type === undefined || route.type === filter.type) &&
    (filter.metric === undefined || route.metric === filter.metric) &&
    (filter.source === undefined || sameWords(route.preferredSource, filter.source)) &&
    (filter.exact === undefined || route.isTo(filter.exact)) &&
    (filter.root === undefined || isWithin(route, filter.root)) &&
    (filter.match === undefined || (route.length <= filter.match.length && route.covers(filter.match.words)))
  );
}

function isWithin(route: Route, root: IpPrefix): boolean {
  return (
    route.length >= root.length &&
    sameWords(networkOf(route.words, root.length), networkOf(root.words, root.length))
  );
}

function familyOf(command: IpCommand, filter: Filter): 4 | 6 {
  const prefix = filter.exact ?? filter.root ?? filter.match;
  return prefix?.family ?? command.family;
}

/** The routes of a family's tables, with those that IPv6 has by itself on each link. */
function routesOf(command: IpCommand, family: 4 | 6, table: number): Route[] {
  const tables = family === 6 ? command.host.routes6 : command.host.routes4;
  const own = family === 6 ? linkRoutes(command) : [];
  const all = new Set([...tables.tableIds, ...own.map((route) => route.table)]);
  const ids = (table === 0 ? [...all] : [table]).sort(tableOrder);
  return ids.flatMap((id) =>
    inKernelOrder([
      ...tables.all(id).filter((route) => isShown(route)),
      ...own.filter((one) => one.table === id),
    ]),
  );
}

/** What a device that is down would lead to is not in force; several next hops are, while one of them is. */
function isShown(route: Route): boolean {
  return route.isAlive || route.table === TABLE_LOCAL;
}

function linkRoutes(command: IpCommand): Route[] {
  const { devices, addresses } = command.host;
  const links = devices
    .all()
    .filter((one) => one.up && !one.isLoopback && addresses.withTentative(one).length > 0);
  const route = (text: string, type: RouteType, table: number) => (device: (typeof links)[number]) =>
    new Route({
      to: parsePrefix(text)!,
      type,
      table,
      device,
      metric: IPV6_LINK_METRIC,
      origin: RouteOrigin.KERNEL,
    });
  return [
    ...links.map(route('fe80::/64', ROUTE_TYPES.unicast, TABLE_MAIN)),
    ...links.map(route('ff00::/8', ROUTE_TYPES.multicast, TABLE_LOCAL)),
    ...linkAnycast(command, links),
  ];
}

/** A router answers to the subnet-router address of every link, too (RFC 4291 2.6.1). */
function linkAnycast(command: IpCommand, links: readonly Device[]): Route[] {
  const { addresses, settings } = command.host;
  if (!settings.isRouter6) return [];
  const to = parsePrefix('fe80::/128')!;
  return links
    .filter((device) => addresses.of(device, 6).some(({ scope }) => scope === Scope.LINK))
    .map(
      (device) =>
        new Route({ to, type: ROUTE_TYPES.anycast, table: TABLE_LOCAL, device, origin: RouteOrigin.KERNEL }),
    );
}

function show(command: IpCommand, words: Words): void {
  const filter = readFilter(command, words);
  const family = familyOf(command, filter);
  if (filter.isCache) return showCache(command, family);
  const shown: RouteShown = {
    table: filter.table === 0 ? undefined : filter.table,
    device: filter.device,
    via: filter.via,
    origin: filter.origin,
  };
  const families: readonly (4 | 6)[] =
    filter.table === 0 && command.options.family === 0 && family === 4 ? [4, 6] : [family];
  for (const one of families) {
    for (const route of routesOf(command, one, filter.table)) {
      if (passes(filter, route)) command.print(routeLines(command, route, shown));
    }
  }
}

/** Next hops that redirects named, and path MTUs. */
function showCache(command: IpCommand, family: 4 | 6): void {
  const { redirects, pathMtus, devices } = command.host;
  for (const { destination, gateway, device, until } of redirects.all()) {
    const isV6 = destination.slice(1).some((word) => word !== 0);
    if (isV6 !== (family === 6)) continue;
    const texts = [wordsText(family, destination), wordsText(family, gateway)];
    command.print([
      `${texts[0]} via ${texts[1]} dev ${device.name} `,
      `    cache <redirected> expires ${secondsLeft(command.host, until)}sec `,
    ]);
  }
  for (const known of pathMtus.all()) {
    const { remote, until } = known;
    if (known.family !== family) continue;
    const route = (family === 6 ? command.host.routes6 : command.host.routes4).lookup(
      remote[0]!,
      remote[1]!,
      remote[2]!,
      remote[3]!,
    );
    const via = route?.hasGateway === true ? `via ${wordsText(family, route.gateway)} ` : '';
    command.print([
      `${wordsText(family, remote)} ${via}dev ${(route?.device ?? devices.loopback).name} `,
      `    cache expires ${secondsLeft(command.host, until)}sec mtu ${mtuText(known)} `,
    ]);
  }
}

function flush(command: IpCommand, words: Words): void {
  if (words.isEmpty) throw new WordsMistake('"ip route flush" requires arguments.', 255);
  if (isShortFor(words.peek, 'cache')) {
    command.host.redirects.forget();
    command.host.pathMtus.forget();
    return;
  }
  const filter = readFilter(command, words);
  const family = familyOf(command, filter);
  const tables = family === 6 ? command.host.routes6 : command.host.routes4;
  for (const route of filter.table === 0 ? tables.all() : [...tables.all(filter.table)]) {
    if (passes(filter, route)) tables.remove(route);
  }
}
