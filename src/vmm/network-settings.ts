/**
 * What a guest network is to be, as it is said in a file (network-file.ts) or by a program (running-network.ts), and what that
 * means. It is checked as a whole before anything is opened; every mistake is a SluiceError that begins with its path.
 *
 *     address: [192.168.122.1/24, "fd00:122::1/64"]
 *     guests:
 *       web: { socket: web.sock, mac: "02:00:00:00:00:11", ip: 192.168.122.11, rate: 100mbit }
 *       db: db.sock
 *     forwards: [8080=web:80]
 *     rules: |
 *       *filter …
 *     sets: create office hash:net     # that rules name; `accounting`, `labels` likewise
 *     limits: { connections: 256 }
 *     log: audit.jsonl
 */
import { parseHelperSettings, type HelperSettings } from '../alg/index.ts';
import { SluiceError, type Place } from '../base/errors.ts';
import {
  booleanAt,
  choiceAt,
  fail,
  integerAt,
  listAt,
  objectAt,
  onlyKeys,
  textAt,
  understoodAt,
  type PlainObject,
} from '../base/plain-object.ts';
import type { NamedObjects } from '../netfilter/named-objects.ts';
import { objectsToCome } from '../netfilter/object-settings.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { parseRestore } from '../netfilter/syntax/restore.ts';
import type { Reservation } from '../services/dhcp4-leases.ts';
import { parseAddress, parsePrefix } from '../stack/address.ts';
import {
  connectionsAt,
  guestAt,
  rateAt,
  reservationAt,
  type GuestPlan,
  type GuestSettings,
} from './guest-settings.ts';
import { parseAttachment, type Attachment } from './nics/attachment.ts';
import { SANDBOX_RULES, SANDBOX_SET } from './sandbox.ts';
import { commandsFor, NameSets } from './services/name-sets.ts';
import { parseResolver, type Resolver } from './services/dns-resolvers.ts';
import type { NameRules } from './services/name-policy.ts';
import { parseForward, type Forward } from './world/forward.ts';

export const TEMPLATES = ['sandbox'] as const;

/** As it is said; all of it may be left out. */
export interface NetworkSettings {
  /** The gateway's addresses towards the guests, with prefix. */
  readonly address?: readonly string[];
  /** Bytes of the largest datagram on the guests' network. */
  readonly mtu?: number;
  /** Guests are known as NAME and NAME.DOMAIN. */
  readonly domain?: string;
  /** Of addresses, in seconds. */
  readonly lease?: number;
  /** By name: where the VMM is, or more. */
  readonly guests?: Readonly<Record<string, string | GuestSettings>>;
  /** Ports of this machine that lead to guests: `8080=web:80`. */
  readonly forwards?: readonly string[];
  /** The way out by a cable, `tap:tap0` (the kernel) or whatever a guest may be attached by, in place of this machine's sockets. */
  readonly uplink?: string;
  /** Rules that come with a name, in place of one's own: `sandbox`. */
  readonly template?: (typeof TEMPLATES)[number];
  /** As iptables-save prints them; without rules everything is let through. */
  readonly rules?: string;
  readonly rules6?: string;
  /** Sets that rules name, as ipset save prints them. */
  readonly sets?: string;
  /** Accounting objects, as one tells nfacct. */
  readonly accounting?: readonly string[];
  /** Names of connections' labels, as connlabel.conf has them. */
  readonly labels?: string;
  /** Guests reach each other through the gateway, so that its rules hold between them (`-i lan -o lan`). */
  readonly isolate?: boolean;
  readonly sysctl?: Readonly<Record<string, number | boolean>>;
  /** `{ mode: 'strict' }` or `{ mode: 'linux' }`: of FTP and others, which rules put on connections. */
  readonly helpers?: Readonly<Record<string, unknown>>;
  /** What guests boot from the network: files of a folder, by TFTP; which one machines with a BIOS boot, and those with UEFI. */
  readonly boot?: { readonly folder: string; readonly file?: string; readonly efi?: string };
  /** Guests are told the time when they ask (NTP). */
  readonly ntp?: boolean;
  /** Who answers for all names but the network's own, `ADDRESS` or `ADDRESS:PORT`; this machine's resolvers unless said. */
  readonly resolvers?: readonly string[];
  /** Names that guests may ask for, and sets that hold the addresses they lead to. */
  readonly names?: {
    readonly allow?: readonly string[];
    readonly deny?: readonly string[];
    readonly only?: boolean;
    readonly sets?: Readonly<Record<string, readonly string[]>>;
  };
  /** Of each guest that says nothing else. */
  readonly limits?: { readonly connections?: number; readonly rate?: string };
  /** The file of the audit log. */
  readonly log?: string;
}

export interface BootPlan {
  readonly folder: string;
  readonly file: string;
  readonly efi: string;
}

/** As it is understood. */
export interface NetworkPlan {
  readonly addresses: readonly string[];
  readonly mtu: number | undefined;
  readonly domain: string | undefined;
  readonly leaseSeconds: number | undefined;
  readonly guests: readonly GuestPlan[];
  readonly reservations: readonly Reservation[];
  readonly forwards: readonly Forward[];
  readonly uplink: Attachment | undefined;
  readonly rulesets: readonly Ruleset[];
  /** Sets and accounting objects, as a gateway file has them. */
  readonly named: PlainObject;
  readonly isolate: boolean;
  readonly sysctl: Readonly<Record<string, number>>;
  readonly helpers: HelperSettings;
  readonly names: NameRules;
  readonly resolvers: readonly Resolver[] | undefined;
  readonly boot: BootPlan | undefined;
  readonly ntp: boolean;
  readonly connectionsPerGuest: number | undefined;
  readonly log: string | undefined;
  /** The control socket. */
  readonly control: string | undefined;
}

const KEYS = [
  ...[
    'address',
    'mtu',
    'domain',
    'lease',
    'guests',
    'forwards',
    'uplink',
    'template',
    'rules',
    'rules6',
    'sysctl',
  ],
  ...['sets', 'accounting', 'labels', 'isolate', 'helpers', 'names', 'resolvers', 'boot', 'ntp', 'limits'],
  ...['log', 'control'],
];
const DEFAULT_ADDRESSES = ['192.168.122.1/24', 'fd53:6c75:6963:7a00::1/64'];
const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
/** What the field of a DHCP message holds. */
const BOOT_FILE = /^[\x21-\x7e]{0,127}$/;
const MIN_MTU = 1280;
const MAX_MTU = 65520;
const MAX_SECONDS = 0x7fffffff;

/** Where the settings stand, for errors in the rules, whose lines are lines of a text within. */
export interface SettingsSource {
  readonly file: string;
  placeOf(path: string): Place;
}

const PROGRAM: SettingsSource = { file: 'rules', placeOf: () => ({}) };

export function readNetworkSettings(value: PlainObject, source: SettingsSource = PROGRAM): NetworkPlan {
  onlyKeys(value, '', KEYS);
  const optional = <T>(key: string, read: (value: unknown, path: string) => T): T | undefined =>
    value[key] === undefined ? undefined : read(value[key], key);
  const isSandbox = optional('template', (one, path) => choiceAt(one, path, TEMPLATES)) === 'sandbox';
  const guests = Object.entries(objectAt(value['guests'] ?? {}, 'guests'));
  const limits = objectAt(value['limits'] ?? {}, 'limits');
  onlyKeys(limits, 'limits', ['connections', 'rate']);
  const rate = limits['rate'] === undefined ? undefined : rateAt(limits['rate'], 'limits.rate');
  const names = namesOf(value['names'] ?? {}, isSandbox);
  const named = namedObjects(value, names);
  const objects = objectsToCome(named);
  const addresses = listAt(value['address'], 'address').map((one, i) => prefixAt(one, `address[${i}]`));
  return {
    addresses: addresses.length > 0 ? addresses : DEFAULT_ADDRESSES,
    mtu: optional('mtu', (one, path) => integerAt(one, path, MIN_MTU, MAX_MTU)),
    domain: optional('domain', textAt),
    leaseSeconds: optional('lease', (one, path) => integerAt(one, path, 1, MAX_SECONDS)),
    guests: guests.map(([name, guest]) => {
      const plan = guestAt(name, guest);
      return { ...plan, rate: plan.rate ?? rate };
    }),
    reservations: guests.flatMap(([name, guest]) => reservationAt(name, guest)),
    forwards: listAt(value['forwards'], 'forwards').map((one, i) =>
      understoodAt(`forwards[${i}]`, () => parseForward(textAt(one, `forwards[${i}]`))),
    ),
    uplink: optional('uplink', (one, path) => uplinkAt(one, path, value)),
    named,
    rulesets: isSandbox
      ? sandboxRules(value, objects)
      : [...rulesAt(value, 'rules', 4, source, objects), ...rulesAt(value, 'rules6', 6, source, objects)],
    isolate: optional('isolate', booleanAt) ?? isSandbox,
    sysctl: sysctlsAt(value['sysctl']),
    helpers: parseHelperSettings({ helpers: value['helpers'] }),
    names,
    resolvers: optional('resolvers', (all, path) =>
      listAt(all, path).map((one, i) => resolverAt(one, `${path}[${i}]`)),
    ),
    boot: optional('boot', bootAt),
    ntp: optional('ntp', booleanAt) ?? false,
    connectionsPerGuest:
      limits['connections'] === undefined
        ? undefined
        : connectionsAt(limits['connections'], 'limits.connections'),
    log: optional('log', textAt),
    control: optional('control', textAt),
  };
}

// ── Names and rules ─────────────────────────────────────────────────────────────────────────────────────────────

function namesOf(value: unknown, isSandbox: boolean): NameRules {
  const names = objectAt(value, 'names');
  onlyKeys(names, 'names', ['allow', 'deny', 'only', 'sets']);
  const sets = Object.entries(objectAt(names['sets'] ?? {}, 'names.sets'));
  const allow = patternsAt(names['allow'], 'names.allow');
  const wanted = new Map(sets.map(([set, one]) => [set, patternsAt(one, `names.sets.${set}`)]));
  if (isSandbox) wanted.set(SANDBOX_SET, allow);
  // Where nothing is allowed everything is, which is no sandbox.
  if (isSandbox && allow.length === 0) fail('names.allow', 'a sandbox needs the names that it may reach');
  return {
    allow,
    deny: patternsAt(names['deny'], 'names.deny'),
    only: names['only'] === undefined ? isSandbox : booleanAt(names['only'], 'names.only'),
    sets: wanted,
  };
}

function patternsAt(value: unknown, path: string): string[] {
  return listAt(value, path).map((one, i) => {
    const text = textAt(one, `${path}[${i}]`).toLowerCase();
    if (!NAME.test(text)) fail(`${path}[${i}]`, `not a name, or "*." and a name: "${text}"`);
    return text;
  });
}

/** With the sets that names fill, unless they are there already. */
function namedObjects(value: PlainObject, { sets: wanted = new Map() }: NameRules): PlainObject {
  const { accounting, labels } = value;
  const named = { sets: value['sets'], accounting, labels };
  const { sets } = objectsToCome(named);
  const more = commandsFor(wanted, sets);
  const said = named.sets === undefined ? '' : `${textAt(named.sets, 'sets')}\n`;
  const all = more === '' ? named : { ...named, sets: said + more };
  new NameSets(wanted, objectsToCome(all).sets).check();
  return all;
}

function sandboxRules(value: PlainObject, objects: NamedObjects): Ruleset[] {
  const own = ['rules', 'rules6'].find((key) => value[key] !== undefined);
  if (own !== undefined) fail(own, 'the template "sandbox" brings its own');
  return ([4, 6] as const).map((family) =>
    parseRestore(SANDBOX_RULES[family], { family, file: 'sandbox', objects }),
  );
}

function rulesAt(
  value: PlainObject,
  key: string,
  family: 4 | 6,
  source: SettingsSource,
  objects: NamedObjects,
): Ruleset[] {
  if (value[key] === undefined) return [];
  try {
    return [parseRestore(textAt(value[key], key), { family, file: source.file, objects })];
  } catch (error) {
    if (!(error instanceof SluiceError) || error.place.line === undefined) throw error;
    // A block of text begins on the line behind its key.
    const line = (source.placeOf(key).line ?? 0) + error.place.line;
    throw new SluiceError(error.code, error.message, { file: source.file, line });
  }
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

function prefixAt(value: unknown, path: string): string {
  const text = textAt(value, path);
  const prefix = parsePrefix(text);
  if (prefix === undefined || !text.includes('/')) fail(path, `not an address with prefix length: "${text}"`);
  return text;
}

function bootAt(value: unknown, path: string): BootPlan {
  const boot = objectAt(value, path);
  onlyKeys(boot, path, ['folder', 'file', 'efi']);
  const file = (key: string) => {
    const name = textAt(boot[key] ?? '', `${path}.${key}`);
    if (!BOOT_FILE.test(name))
      fail(`${path}.${key}`, `not the name of a file, up to 127 characters: "${name}"`);
    return name;
  };
  return { folder: textAt(boot['folder'], `${path}.folder`), file: file('file'), efi: file('efi') };
}

/** With it goes nothing that this machine's sockets alone keep. */
function uplinkAt(value: unknown, path: string, { forwards, names, limits }: PlainObject): Attachment {
  if (forwards !== undefined) fail('forwards', 'are sockets of this machine, and the way out is "uplink"');
  const inside = (settings: unknown, key: string) =>
    typeof settings === 'object' && settings !== null && (settings as PlainObject)[key];
  if (inside(names, 'only') === true)
    fail('names.only', 'with "uplink" rules have to see to it, by "names.sets"');
  if (inside(limits, 'connections') !== undefined && inside(limits, 'connections') !== false)
    fail('limits.connections', 'with "uplink" rules have to see to it, by -m connlimit');
  return understoodAt(path, () => parseAttachment(textAt(value, path)));
}

function resolverAt(value: unknown, path: string): Resolver {
  const text = textAt(value, path);
  const resolver = parseResolver(text);
  if (parseAddress(resolver.address) === undefined) fail(path, `not ADDRESS or ADDRESS:PORT: "${text}"`);
  return resolver;
}

function sysctlsAt(value: unknown): Readonly<Record<string, number>> {
  const entries = Object.entries(objectAt(value ?? {}, 'sysctl'));
  return Object.fromEntries(
    entries.map(([name, one]) => [
      name,
      integerAt(typeof one === 'boolean' ? Number(one) : one, `sysctl.${name}`, -MAX_SECONDS, MAX_SECONDS),
    ]),
  );
}
