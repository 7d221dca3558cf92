/**
 * What a host of a lab file offers:
 *
 *     services:
 *       80: a line to say                # TCP: says it and closes; or "echo"
 *       udp/7: echo                      # UDP: says back what it is told, or the line
 *       dhcp: { range: 10.0.0.100-10.0.0.200, lease: 1h, router: 10.0.0.1, reservations: { "02:…": 10.0.0.7 } }
 *       dns: { www.example: 10.0.0.5, mail.example: [10.0.0.6, "fd00::6"] }
 *
 * DHCP serves one interface (`interface`, else the first with an IPv4 address), a list several: addresses of its network, unless `range`
 * says which. Router and name server are the host itself, unless `router` and `dns` name others; `router: false` is none.
 */
import { didYouMean } from '../../base/did-you-mean.ts';
import { fail, objectAt, onlyKeys, textAt, type PlainObject } from '../../base/plain-object.ts';
import { parseIp4, parseMac } from '../../wire/address.ts';
import { isName } from '../../wire/dns.ts';
import { parseAddress } from '../../stack/address.ts';
import type { HostConfig } from '../../stack/config.ts';
import { durationAt } from '../duration.ts';
import { macText } from '../raw-topology.ts';

/** What a host answers on a port. */
export interface Service {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Says back what it is told; or says its line (and closes, over TCP). */
  readonly answer: 'echo' | { readonly line: string };
}

export interface DhcpService {
  readonly interface: string;
  /** Signed 32-bit integers; 0 for no router. */
  readonly first: number;
  readonly last: number;
  readonly address: number;
  readonly mask: number;
  readonly router: number;
  readonly nameServers: readonly number[];
  readonly domain: string;
  readonly leaseSeconds: number;
  readonly reservations: readonly {
    readonly mac: string;
    readonly address: number;
    readonly name?: string;
  }[];
}

/** Addresses by name. */
export type DnsService = ReadonlyMap<string, readonly string[]>;

export interface Services {
  readonly plain: readonly Service[];
  /** One for each interface that is served. */
  readonly dhcp: readonly DhcpService[];
  readonly dns: DnsService | null;
}

const MAX_PORT = 65535;
const DHCP_KEYS = ['interface', 'range', 'lease', 'router', 'dns', 'domain', 'reservations'];
const US_PER_SECOND = 1_000_000;
const DEFAULT_LEASE = '1h';

export function servicesAt(value: unknown, path: string, config: HostConfig): Services {
  const object = objectAt(value ?? {}, path);
  const { dhcp, dns, ...plain } = object;
  const names = dns === undefined ? null : dnsAt(dns, `${path}.dns`);
  return {
    plain: Object.entries(plain).map(([key, answer]) => serviceAt(key, answer, path)),
    dns: names,
    dhcp: dhcp === undefined ? [] : everyDhcpAt(dhcp ?? {}, `${path}.dhcp`, config, names !== null),
  };
}

function serviceAt(key: string, answer: unknown, path: string): Service {
  const parts = /^(?:(tcp|udp)\/)?(\d+)$/.exec(key);
  const port = Number(parts?.[2]);
  if (parts === null || port < 1 || port > MAX_PORT) {
    const meant = didYouMean(key, ['dhcp', 'dns']);
    fail(`${path}.${key}`, `services stand under ports such as 80 or udp/53, or are dhcp and dns${meant}`);
  }
  const text = textAt(answer, `${path}.${key}`);
  return {
    protocol: parts[1] === 'udp' ? 'udp' : 'tcp',
    port,
    answer: text === 'echo' ? text : { line: text },
  };
}

// ── DNS ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function dnsAt(value: unknown, path: string): DnsService {
  return new Map(
    Object.entries(objectAt(value ?? {}, path)).map(([name, given]) => {
      const where = `${path}.${name}`;
      if (!isName(name)) fail(where, 'cannot be a name');
      const addresses = Array.isArray(given) ? given : [given];
      return [name.toLowerCase(), addresses.map((address) => addressAt(address, where))] as const;
    }),
  );
}

function addressAt(value: unknown, path: string): string {
  const text = textAt(value, path);
  if (parseAddress(text) === undefined) fail(path, `not an address: "${text}"`);
  return text;
}

// ── DHCP ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One, or a list of them. */
function everyDhcpAt(value: unknown, path: string, config: HostConfig, servesNames: boolean): DhcpService[] {
  if (!Array.isArray(value)) return [dhcpAt(value, path, config, servesNames)];
  const all = value.map((one, i) => dhcpAt(one, `${path}[${i}]`, config, servesNames));
  all.forEach((one, i) => {
    if (all.findIndex((other) => other.interface === one.interface) < i)
      fail(`${path}[${i}].interface`, `${one.interface} is served already`);
  });
  return all;
}

function dhcpAt(value: unknown, path: string, config: HostConfig, servesNames: boolean): DhcpService {
  const dhcp = objectAt(value, path);
  onlyKeys(dhcp, path, DHCP_KEYS);
  const { name, address, mask } = servedBy(dhcp['interface'], `${path}.interface`, config);
  const [first, last] = rangeAt(dhcp['range'], `${path}.range`, address, mask);
  const { router, dns, domain } = dhcp;
  const names = dns === undefined ? (servesNames ? [address] : []) : listOf(dns);
  return {
    interface: name,
    address,
    mask,
    first,
    last,
    router: router === false ? 0 : router === undefined ? address : ip4At(router, `${path}.router`),
    nameServers: names.map((one) => (typeof one === 'number' ? one : ip4At(one, `${path}.dns`))),
    domain: domain === undefined ? '' : textAt(domain, `${path}.domain`),
    leaseSeconds: durationAt(dhcp['lease'] ?? DEFAULT_LEASE, `${path}.lease`) / US_PER_SECOND,
    reservations: reservationsAt(dhcp['reservations'], `${path}.reservations`),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** The interface that is served, and its address. */
function servedBy(value: unknown, path: string, { interfaces }: HostConfig) {
  const able = interfaces.flatMap(({ name, addresses }) => {
    const own = addresses.find(({ family }) => family === 4);
    if (own === undefined) return [];
    const mask = own.length === 0 ? 0 : (-1 << (32 - own.length)) | 0;
    return [{ name, address: own.words[0]!, mask }];
  });
  const known = able.map(({ name }) => name);
  const wanted = value === undefined ? known[0] : textAt(value, path);
  const found = able.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  if (wanted === undefined) return fail(path, 'there is no interface with an IPv4 address to serve');
  return fail(path, `no interface "${wanted}" with an IPv4 address${didYouMean(wanted, known)}`);
}

function rangeAt(value: unknown, path: string, address: number, mask: number): [first: number, last: number] {
  const network = address & mask;
  if (value === undefined) return [(network + 1) | 0, ((network | ~mask) - 1) | 0];
  const [from = '', to = '', ...more] = textAt(value, path).split('-');
  const first = parseIp4(from.trim());
  const last = parseIp4(to.trim());
  if (first === undefined || last === undefined || more.length > 0)
    fail(path, 'not a range such as 10.0.0.100-10.0.0.200');
  if ((first & mask) !== network || (last & mask) !== network)
    fail(path, 'is not in the network of the interface');
  if (last >>> 0 < first >>> 0) fail(path, 'ends before it begins');
  return [first, last];
}

function ip4At(value: unknown, path: string): number {
  const text = textAt(value, path);
  return parseIp4(text) ?? fail(path, `not an IPv4 address: "${text}"`);
}

/** `{ "02:00:00:00:00:01": 10.0.0.7, "02:…:02": { address: 10.0.0.8, name: mail } }` */
function reservationsAt(value: unknown, path: string): DhcpService['reservations'] {
  return Object.entries(objectAt(value ?? {}, path)).map(([key, given]) => {
    const where = `${path}.${key}`;
    const mac = parseMac(key) ?? fail(where, `not a MAC address: "${key}"`);
    const entry: PlainObject = typeof given === 'string' ? { address: given } : objectAt(given, where);
    onlyKeys(entry, where, ['address', 'name']);
    const { name } = entry;
    return {
      mac: macText(mac),
      address: ip4At(entry['address'], `${where}.address`),
      ...(name === undefined ? {} : { name: textAt(name, `${where}.name`) }),
    };
  });
}
