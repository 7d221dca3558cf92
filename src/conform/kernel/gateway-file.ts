/**
 * The gateway file as the kernel harness reads it: interfaces, neighbours, routes and sysctls, in YAML or JSON.
 *
 * Not the product's reader: the oracle shares no code with what it judges. What only the product acts on
 * (`helpers`) is passed over here.
 */
import { parse } from 'yaml';

export interface GatewayInterface {
  readonly mac?: string;
  readonly addresses?: readonly string[];
  readonly mtu?: number;
}

export interface GatewayNeighbour {
  readonly dev: string;
  readonly ip: string;
  readonly mac: string;
}

export interface GatewayRoute {
  readonly to: string;
  readonly type?: string;
  readonly via?: string;
  readonly dev?: string;
  readonly src?: string;
  readonly metric?: number;
  readonly mtu?: number;
}

export interface Gateway {
  readonly interfaces: Readonly<Record<string, GatewayInterface>>;
  readonly neighbours?: readonly GatewayNeighbour[];
  readonly routes?: readonly GatewayRoute[];
  readonly sysctl?: Readonly<Record<string, string | number>>;
  /** What is given to `ipset restore` before the rules are loaded. */
  readonly sets?: string;
  /** What is given to `nfacct add`, each. */
  readonly accounting?: readonly string[];
  /** Which helpers Sluice is to have: the kernel has but its own. */
  readonly helpers?: { readonly mode: string };
}

/** Linux limits interface names to 15 bytes; the rest keeps them safe to write into a shell script. */
const INTERFACE_NAME = /^[A-Za-z0-9_.-]{1,15}$/;
const PLAIN_WORD = /^[A-Za-z0-9_.:/*-]+$/;

export function parseGateway(text: string, fileName: string): Gateway {
  const value: unknown = parse(text);
  if (typeof value !== 'object' || value === null || !('interfaces' in value)) {
    throw new Error(`${fileName}: a gateway file has a mapping named "interfaces"`);
  }
  const gateway = value as Gateway;
  checkGateway(gateway, fileName);
  return gateway;
}

/** Everything in a gateway ends up in commands run as root, so whatever is not a plain word is refused. */
export function checkGateway(gateway: Gateway, fileName = 'gateway'): void {
  const check = (what: string, word: string | number | undefined, form: RegExp): void => {
    if (word !== undefined && !form.test(String(word))) throw new Error(`${fileName}: ${what}: "${word}"`);
  };
  for (const [name, iface] of Object.entries(gateway.interfaces)) {
    check('not an interface name', name, INTERFACE_NAME);
    check('not a MAC address', iface.mac, PLAIN_WORD);
    check('not an MTU', iface.mtu, /^\d+$/);
    for (const address of iface.addresses ?? []) check('not an address', address, PLAIN_WORD);
  }
  for (const neighbour of gateway.neighbours ?? []) {
    for (const word of [neighbour.dev, neighbour.ip, neighbour.mac])
      check('not a neighbour', word, PLAIN_WORD);
  }
  for (const route of gateway.routes ?? []) {
    for (const word of Object.values(route)) check('not a route', word as string | number, PLAIN_WORD);
  }
  for (const words of gateway.accounting ?? [])
    check('not an accounting object', words, /^[A-Za-z0-9_. -]+$/);
  for (const [key, value] of Object.entries(gateway.sysctl ?? {})) {
    check('not a sysctl', key, PLAIN_WORD);
    check(`not a value of ${key}`, value, /^[A-Za-z0-9_. \t-]*$/);
  }
}

/** `net.ipv4.conf.eth0.rp_filter` as a path under /proc/sys; with slashes, dots are part of names (sysctl(8)). */
export function sysctlPath(key: string): string {
  const path = key.includes('/') ? key : key.replaceAll('.', '/');
  if (path.split('/').some((part) => part === '' || part === '..')) throw new Error(`not a sysctl: "${key}"`);
  return `/proc/sys/${path}`;
}

/** The `ip route add` command of a route in one family, none where it is not of it (`default` by itself is of both). */
export function routeCommand(route: GatewayRoute, family: 4 | 6): string[] {
  const hint = route.to === 'default' ? (route.via ?? route.src) : route.to;
  if (hint !== undefined && hint.includes(':') !== (family === 6)) return [];
  const words = ['route add'];
  if (route.type !== undefined) words.push(route.type);
  words.push(route.to);
  for (const key of ['via', 'dev', 'src', 'metric', 'mtu'] as const) {
    if (route[key] !== undefined) words.push(key, String(route[key]));
  }
  return [words.join(' ')];
}
