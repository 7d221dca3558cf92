/**
 * The gateway file, as far as the host goes: interfaces, neighbours, routes, sysctls. A plain object (out of YAML or
 * JSON) is checked and made into a HostConfig; every mistake is a SluiceError that names its path in the file, such as
 * `interfaces.eth0.mtu`. Keys of other rooms (`helpers`, `switch`) are theirs to check.
 *
 *     interfaces: { eth0: { mac: "02:00:00:00:00:01", addresses: [10.254.0.1/24, "fd54::1/64"], mtu: 1500 } }
 *                   eth0.5: { type: vlan id 5, link: eth0 }, br0: { type: bridge }, eth1: { master: br0 }
 *     neighbours: [{ dev: eth0, ip: 10.254.0.2, mac: "02:00:00:00:01:01" }]       # or: assume
 *     routes:     [{ to: default, via: 10.254.0.2, dev: eth0, metric: 10, mtu: 1400, src: 10.254.0.1, type: unicast }]
 *                 - 10.9.0.0/16 via 10.254.0.3 table 100          # or the words of `ip route add`
 *     ipRules:    [from 10.0.0.0/8 lookup 100, fwmark 1 blackhole]    # the words of `ip rule add`
 *     sysctl:     { net.ipv4.ip_forward: 1 }
 */
import {
  booleanAt,
  fail,
  integerAt,
  listAt,
  objectAt,
  onlyKeys,
  textAt,
  type PlainObject,
} from '../base/plain-object.ts';
import type { Family } from '../netfilter/hook.ts';
import { parseMac } from '../wire/address.ts';
import { networkOf, parseAddress, parsePrefix, type IpAddress, type IpPrefix } from './address.ts';
import { LOOPBACK_NAME } from './device.ts';
import { TABLE_LOCAL, TABLE_MAIN, RouteOrigin } from './routing/route.ts';
import { ROUTE_TYPES } from './routing/route-types.ts';
import {
  IPV6_DEFAULT_METRIC,
  readRouteWords,
  routeConfigOf,
  type PathConfig,
  type RouteConfig,
} from './routing/route-words.ts';
import { readRuleWords } from './routing/rule-words.ts';
import type { Rule } from './routing/rules.ts';
import { parseTable, Words, WordsMistake } from './routing/words.ts';

export interface InterfaceConfig {
  readonly name: string;
  readonly mac: Uint8Array | undefined;
  /** Undefined: 1500 on the wire, what the kind of device leaves otherwise. */
  readonly mtu: number | undefined;
  readonly addresses: readonly IpPrefix[];
  readonly up: boolean;
  /** Of a device made of others: the words of `ip link add … type WORDS`; undefined for one on the wire. */
  readonly type: string | undefined;
  /** The device below. */
  readonly link: string | undefined;
  /** The bridge or bond that it is a member of. */
  readonly master: string | undefined;
  /** A bridge's settings, as of a learning switch. */
  readonly settings: PlainObject | undefined;
}

export interface NeighbourConfig {
  readonly dev: string;
  readonly address: IpAddress;
  readonly mac: Uint8Array;
}

export interface HostConfig {
  readonly interfaces: readonly InterfaceConfig[];
  readonly neighbours: readonly NeighbourConfig[];
  /**
   * `neighbours: assume`: every next hop is taken to exist, at an address made from its IP address (02:ff and the last
   * four bytes of it); nobody is asked. For captures replayed without their network.
   */
  readonly assumeNeighbours: boolean;
  readonly routes: readonly RouteConfig[];
  /** Rules of policy routing, besides those that every host begins with. */
  readonly rules: readonly Rule[];
  readonly sysctl: ReadonlyMap<string, number>;
}

const MIN_MTU = 68;
const MAX_MTU = 65535;
/** Linux: IFNAMSIZ, less its final zero byte. */
const MAX_NAME_LENGTH = 15;
const UINT32_MAX = 0xffffffff;
const MAX_WEIGHT = 256;

/** Checks the object and makes it a configuration; `undefined` and an empty object give a host with nothing but lo. */
export function parseHostConfig(value: unknown): HostConfig {
  const file = value === undefined || value === null ? {} : objectAt(value, 'gateway');
  const interfaces = Object.entries(objectAt(file['interfaces'] ?? {}, 'interfaces')).map(([name, iface]) =>
    parseInterface(name, iface),
  );
  const names = new Set([LOOPBACK_NAME, ...interfaces.map(({ name }) => name)]);
  const assumeNeighbours = file['neighbours'] === 'assume';
  return {
    interfaces,
    neighbours: assumeNeighbours
      ? []
      : listAt(file['neighbours'], 'neighbours').map((entry, i) =>
          parseNeighbour(entry, `neighbours[${i}]`, names),
        ),
    assumeNeighbours,
    routes: listAt(file['routes'], 'routes').flatMap((entry, i) =>
      parseRoute(entry, `routes[${i}]`, names, interfaces),
    ),
    rules: listAt(file['ipRules'], 'ipRules').map((entry, i) => parseRule(entry, `ipRules[${i}]`)),
    sysctl: parseSysctls(file['sysctl']),
  };
}

function parseRule(value: unknown, path: string): Rule {
  return inWords(path, () => readRuleWords(new Words(wordsOf(textAt(value, path))), 0));
}

function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** What is wrong with words of iproute2's, with the place where they stand. */
function inWords<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WordsMistake) return fail(path, error.message.replace(/^Error: /, '').trim());
    throw error;
  }
}

function parseInterface(name: string, value: unknown): InterfaceConfig {
  const path = `interfaces.${name}`;
  if (name === '' || name.length > MAX_NAME_LENGTH || /[\s/:]/.test(name)) {
    fail(path, 'not an interface name');
  }
  if (name === LOOPBACK_NAME) fail(path, 'the loopback interface is there by itself');
  const iface = objectAt(value ?? {}, path);
  onlyKeys(iface, path, ['mac', 'addresses', 'mtu', 'up', 'type', 'link', 'master', 'settings']);
  return {
    name,
    mac: iface['mac'] === undefined ? undefined : macAt(iface['mac'], `${path}.mac`),
    mtu: iface['mtu'] === undefined ? undefined : integerAt(iface['mtu'], `${path}.mtu`, MIN_MTU, MAX_MTU),
    addresses: listAt(iface['addresses'], `${path}.addresses`).map((address, i) => {
      const parsed = parsePrefix(textAt(address, `${path}.addresses[${i}]`));
      return (
        parsed ?? fail(`${path}.addresses[${i}]`, `not an address with prefix length: "${String(address)}"`)
      );
    }),
    up: booleanAt(iface['up'] ?? true, `${path}.up`),
    type: iface['type'] === undefined ? undefined : textAt(iface['type'], `${path}.type`),
    link: iface['link'] === undefined ? undefined : textAt(iface['link'], `${path}.link`),
    master: iface['master'] === undefined ? undefined : textAt(iface['master'], `${path}.master`),
    settings: iface['settings'] === undefined ? undefined : objectAt(iface['settings'], `${path}.settings`),
  };
}

function parseNeighbour(value: unknown, path: string, names: ReadonlySet<string>): NeighbourConfig {
  const entry = objectAt(value, path);
  onlyKeys(entry, path, ['dev', 'ip', 'mac']);
  return {
    dev: deviceAt(entry['dev'], `${path}.dev`, names),
    address: addressAt(entry['ip'], `${path}.ip`),
    mac: macAt(entry['mac'], `${path}.mac`),
  };
}

function parseRoute(
  value: unknown,
  path: string,
  names: ReadonlySet<string>,
  interfaces: readonly InterfaceConfig[],
): RouteConfig[] {
  if (typeof value === 'string') return [routeOfWords(value, path, names, interfaces)];
  const route = objectAt(value, path);
  onlyKeys(route, path, ['to', 'via', 'dev', 'src', 'metric', 'mtu', 'type', 'table', 'nexthops', 'onlink']);
  const typeName = textAt(route['type'] ?? 'unicast', `${path}.type`);
  if (!Object.hasOwn(ROUTE_TYPES, typeName)) fail(`${path}.type`, `no such route type: "${typeName}"`);
  const type = ROUTE_TYPES[typeName as keyof typeof ROUTE_TYPES];
  const via = route['via'] === undefined ? undefined : addressAt(route['via'], `${path}.via`);
  const src = route['src'] === undefined ? undefined : addressAt(route['src'], `${path}.src`);
  const dev =
    route['dev'] === undefined
      ? deviceTowards(via, interfaces)
      : deviceAt(route['dev'], `${path}.dev`, names);
  const paths = listAt(route['nexthops'], `${path}.nexthops`).map((entry, i) =>
    parsePath(entry, `${path}.nexthops[${i}]`, names, interfaces),
  );
  const needsDevice = type === ROUTE_TYPES.unicast || type === ROUTE_TYPES.broadcast;
  if (needsDevice && dev === undefined && paths.length === 0)
    fail(path, 'a route needs "dev", or a "via" on a connected network');
  const isLocal = type === ROUTE_TYPES.local || type === ROUTE_TYPES.broadcast;
  const table =
    route['table'] === undefined
      ? isLocal
        ? TABLE_LOCAL
        : TABLE_MAIN
      : inWords(`${path}.table`, () => parseTable(String(route['table'])));
  const to = textAt(route['to'], `${path}.to`);
  return destinations(to, `${path}.to`, via ?? src ?? paths[0]?.via).map((prefix) => {
    if (
      [via, src, ...paths.map((hop) => hop.via)].some(
        (one) => one !== undefined && one.family !== prefix.family,
      )
    )
      fail(path, 'the addresses of a route are of one family');
    const metric = integerAt(route['metric'] ?? 0, `${path}.metric`, 0, UINT32_MAX);
    return {
      family: prefix.family,
      to: { ...prefix, words: networkOf(prefix.words, prefix.length) },
      type,
      table,
      via,
      dev,
      src,
      metric: prefix.family === 6 && metric === 0 ? IPV6_DEFAULT_METRIC : metric,
      mtu: integerAt(route['mtu'] ?? 0, `${path}.mtu`, 0, MAX_MTU),
      origin: RouteOrigin.BOOT,
      scope: undefined,
      onLink: booleanAt(route['onlink'] ?? false, `${path}.onlink`),
      paths,
    };
  });
}

function parsePath(
  value: unknown,
  path: string,
  names: ReadonlySet<string>,
  interfaces: readonly InterfaceConfig[],
): PathConfig {
  const hop = objectAt(value, path);
  onlyKeys(hop, path, ['via', 'dev', 'weight', 'onlink']);
  const via = hop['via'] === undefined ? undefined : addressAt(hop['via'], `${path}.via`);
  const dev =
    hop['dev'] === undefined ? deviceTowards(via, interfaces) : deviceAt(hop['dev'], `${path}.dev`, names);
  if (dev === undefined) fail(path, 'a next hop needs "dev", or a "via" on a connected network');
  return {
    via,
    dev,
    weight: integerAt(hop['weight'] ?? 1, `${path}.weight`, 1, MAX_WEIGHT),
    onLink: booleanAt(hop['onlink'] ?? false, `${path}.onlink`),
  };
}

/** `10.9.0.0/16 via 10.0.0.1 table 100`. */
function routeOfWords(
  text: string,
  path: string,
  names: ReadonlySet<string>,
  interfaces: readonly InterfaceConfig[],
): RouteConfig {
  const route = inWords(path, () => routeConfigOf(readRouteWords(new Words(wordsOf(text)), 0)));
  const deviceOf = (dev: string | undefined, via: IpAddress | undefined) =>
    dev === undefined ? deviceTowards(via, interfaces) : deviceAt(dev, path, names);
  const dev = deviceOf(route.dev, route.via);
  const paths = route.paths.map((hop) => ({ ...hop, dev: deviceOf(hop.dev, hop.via) }));
  const isLost = paths.length > 0 ? paths.some((hop) => hop.dev === undefined) : dev === undefined;
  if (route.type === ROUTE_TYPES.unicast && isLost)
    fail(path, 'a route needs "dev", or a "via" on a connected network');
  return { ...route, dev, paths, to: { ...route.to, words: networkOf(route.to.words, route.to.length) } };
}

/** `default` is of the family of its next hop; with none, of both. */
function destinations(to: string, path: string, hint: IpAddress | undefined): IpPrefix[] {
  if (to !== 'default') return [parsePrefix(to) ?? fail(path, `not a network: "${to}"`)];
  const everything = (family: Family): IpPrefix => ({ family, words: new Int32Array(4), length: 0 });
  return hint === undefined ? [everything(4), everything(6)] : [everything(hint.family)];
}

/** The interface on whose networks the next hop lies. */
function deviceTowards(
  via: IpAddress | undefined,
  interfaces: readonly InterfaceConfig[],
): string | undefined {
  if (via === undefined) return undefined;
  return interfaces.find(({ addresses }) =>
    addresses.some(
      ({ family, words, length }) =>
        family === via.family &&
        networkOf(words, length).every((word, i) => word === networkOf(via.words, length)[i]),
    ),
  )?.name;
}

function parseSysctls(value: unknown): Map<string, number> {
  const sysctls = new Map<string, number>();
  for (const [name, setting] of Object.entries(objectAt(value ?? {}, 'sysctl'))) {
    const number = typeof setting === 'boolean' ? Number(setting) : Number(setting ?? NaN);
    if (!Number.isInteger(number)) fail(`sysctl.${name}`, `not a whole number: ${JSON.stringify(setting)}`);
    // sysctl(8) takes both spellings; with slashes, dots are part of names.
    sysctls.set(name.includes('/') ? name.replaceAll('/', '.') : name, number);
  }
  return sysctls;
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

function macAt(value: unknown, path: string): Uint8Array {
  const mac = parseMac(textAt(value, path)) ?? fail(path, `not a MAC address: "${String(value)}"`);
  if ((mac[0]! & 1) !== 0) fail(path, `a group address is nobody's own: "${String(value)}"`);
  return mac;
}

function addressAt(value: unknown, path: string): IpAddress {
  return parseAddress(textAt(value, path)) ?? fail(path, `not an IP address: "${String(value)}"`);
}

function deviceAt(value: unknown, path: string, names: ReadonlySet<string>): string {
  const name = textAt(value, path);
  return names.has(name) ? name : fail(path, `no such interface: "${name}"`);
}
