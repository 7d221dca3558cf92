/** `route` and `netstat -r` (net-tools): the main routing table in their columns, and its routes made and removed. */
import { formatIp4, maskWord, prefixOfMask } from '../../wire/address.ts';
import type { Host } from '../../stack/host.ts';
import { TABLE_LOCAL, TABLE_MAIN, type Route } from '../../stack/routing/route.ts';
import { routeConfigOf, type RouteWords } from '../../stack/routing/route-words.ts';
import { ROUTE_TYPES } from '../../stack/routing/route-types.ts';
import { readPrefix, Words, WordsMistake } from '../../stack/routing/words.ts';
import { NetlinkError } from '../../stack/rtnetlink/index.ts';
import { parseAddress } from '../../stack/address.ts';
import type { ToolResult } from './ip.ts';
import { inKernelOrder, wordsText } from './route-text.ts';

const STATUS_USAGE = 4;
const STATUS_FAILED = 7;

export function runRoute(host: Host, args: readonly string[]): ToolResult {
  try {
    const flags = args.filter((word) => word.startsWith('-') && !['-net', '-host'].includes(word));
    const rest = args.filter((word) => !flags.includes(word));
    const isV6 = flags.includes('-6') || flags.includes('-A') || flags.includes('--inet6');
    const words = new Words(rest.filter((word) => word !== 'inet6' && word !== 'inet'));
    if (words.isEmpty) return { out: isV6 ? table6(host) : table4(host), err: '', status: 0 };
    const verb = words.next();
    if (verb !== 'add' && verb !== 'del')
      return { out: '', err: `route: unknown command ${verb}\n`, status: STATUS_USAGE };
    change(host, verb, words, isV6);
    return { out: '', err: '', status: 0 };
  } catch (error) {
    if (error instanceof NetlinkError) {
      const call = args.includes('del') ? 'SIOCDELRT' : 'SIOCADDRT';
      return { out: '', err: `${call}: ${error.reason}\n`, status: STATUS_FAILED };
    }
    if (error instanceof WordsMistake)
      return { out: '', err: `route: ${error.message}\n`, status: STATUS_USAGE };
    throw error;
  }
}

// ── Showing ─────────────────────────────────────────────────────────────────────────────────────────────────────

const HEAD_4 = 'Kernel IP routing table\nDestination     Gateway         Genmask         Flags';

interface Row {
  readonly route: Route;
  readonly way: Route;
}

function mainRoutes(host: Host): Row[] {
  const routes = inKernelOrder(host.routes4.all(TABLE_MAIN).filter((route) => route.isAlive));
  return routes
    .filter(({ type }) => type !== ROUTE_TYPES.throw)
    .map((route) => ({ route, way: route.paths?.[0] ?? route }));
}

export function table4(host: Host): string {
  const lines = mainRoutes(host).map(({ route, way }) => {
    const isRefused = route.type === ROUTE_TYPES.unreachable || route.type === ROUTE_TYPES.prohibit;
    const isHole = route.type === ROUTE_TYPES.blackhole;
    const cells = [
      ...columns(route, way, isRefused),
      (isRefused ? '!' : flagsOf(route, way)).padEnd(5),
      String(route.metric).padEnd(6),
      (isRefused ? '-' : '0').padEnd(2),
      '      0',
    ];
    const device = isRefused ? '-' : isHole ? '*' : way.device.name;
    return `${cells.join(' ')} ${device}`;
  });
  return `${HEAD_4} Metric Ref    Use Iface\n${lines.map((line) => `${line}\n`).join('')}`;
}

/** `netstat -r`. */
export function netstat4(host: Host): string {
  const lines = mainRoutes(host).map(({ route, way }) => {
    const isRefused = route.type === ROUTE_TYPES.unreachable || route.type === ROUTE_TYPES.prohibit;
    const head = [...columns(route, way, isRefused), (isRefused ? '!' : flagsOf(route, way)).padEnd(7)].join(
      ' ',
    );
    if (isRefused) return `${head}   - -          - -`;
    return `${head}   0 0          0 ${route.type === ROUTE_TYPES.blackhole ? '*' : way.device.name}`;
  });
  return `${HEAD_4}   MSS Window  irtt Iface\n${lines.map((line) => `${line}\n`).join('')}`;
}

function columns(route: Route, way: Route, isRefused: boolean): string[] {
  return [
    formatIp4(route.words[0]!),
    isRefused ? '-' : formatIp4(way.gateway[0]!),
    formatIp4(maskWord(route.length, 0)),
  ].map((text) => text.padEnd(15));
}

function flagsOf(route: Route, way: Route): string {
  return `U${way.hasGateway ? 'G' : ''}${route.length === 32 ? 'H' : ''}`;
}

function table6(host: Host): string {
  const head =
    'Kernel IPv6 routing table\nDestination                    Next Hop                   Flag Met Ref  Use If\n';
  const ids = [TABLE_MAIN, TABLE_LOCAL];
  const lines = ids
    .flatMap((id) => inKernelOrder(host.routes6.all(id).filter((route) => route.isAlive)))
    .flatMap((route) => (route.paths ?? [route]).map((way) => ({ route, way })))
    .map(({ route, way }) => {
      const isRefused = route.type > ROUTE_TYPES.multicast;
      const flags = isRefused
        ? '!n'
        : `U${way.hasGateway ? 'G' : ''}${route.length === 128 && route.table === TABLE_MAIN ? 'H' : ''}${
            route.table === TABLE_LOCAL ? 'n' : ''
          }`;
      const cells = [
        `${wordsText(6, route.words)}/${route.length}`.padEnd(30),
        wordsText(6, way.gateway).padEnd(26),
        flags.padEnd(4),
        String(route.metric).padEnd(4),
        '1'.padEnd(3),
        '    0',
      ];
      return `${cells.join(' ')} ${way.device.name}\n`;
    });
  return head + lines.join('');
}

// ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

function change(host: Host, verb: 'add' | 'del', words: Words, isV6: boolean): void {
  const said: RouteWords = { family: isV6 ? 6 : 4, paths: [] };
  let isNet = false;
  let text = words.next();
  if (text === '-net' || text === '-host') {
    isNet = text === '-net';
    text = words.next();
  }
  let length: number | undefined;
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'gw':
      case 'gateway':
        said.via = words.address(said.family);
        break;
      case 'netmask': {
        const mask = parseAddress(words.next())?.words[0];
        length = mask === undefined ? -1 : prefixOfMask(mask);
        if (length < 0) throw new WordsMistake('bogus netmask');
        break;
      }
      case 'metric':
        said.metric = words.number('metric', 0xffffffff);
        break;
      case 'mss':
        said.mtu = words.number('mss', 65535);
        break;
      case 'reject':
        said.type = ROUTE_TYPES.unreachable;
        break;
      case 'dev':
        said.dev = words.next();
        break;
      default:
        said.dev = word;
    }
  }
  said.to = destination(text, length, isNet, isV6);
  if (said.dev !== undefined && host.devices.named(said.dev) === undefined) throw new NetlinkError('ENODEV');
  const { routes } = host.netlink;
  if (verb === 'add') routes.add(routeConfigOf(said), 'add');
  else routes.remove(said, TABLE_MAIN);
}

function destination(
  text: string,
  length: number | undefined,
  isNet: boolean,
  isV6: boolean,
): NonNullable<RouteWords['to']> {
  const prefix = readPrefix(text, isV6 ? 6 : 4);
  const isWhole = text.includes('/') || text === 'default';
  if (isWhole) return prefix;
  if (length !== undefined) return { ...prefix, length };
  if (prefix.family === 4 && prefix.words[0] === 0) return { ...prefix, length: 0 };
  return isNet && prefix.family === 4 ? { ...prefix, length: classLength(prefix.words[0]!) } : prefix;
}

/** Networks without a mask are of the old classes. */
function classLength(word: number): number {
  if (word >>> 31 === 0) return 8;
  return word >>> 30 === 2 ? 16 : 24;
}
