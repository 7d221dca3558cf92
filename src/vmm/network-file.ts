/**
 * The file of a guest network, YAML or JSON (docs/guest-networks.md). It is checked as a whole before anything is opened;
 * every mistake is a SluiceError with its line.
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
import { parseConfigFile, type ConfigFile } from '../base/config-file.ts';
import { SluiceError } from '../base/errors.ts';
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
import type { NamedObjects } from '../netfilter/named-objects.ts';
import { objectsToCome } from '../netfilter/object-settings.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { parseRestore } from '../netfilter/syntax/restore.ts';
import { parsePrefix } from '../stack/address.ts';
import { parseIp4, parseMac } from '../wire/address.ts';
import { parseAttachment, type Attachment } from './nics/attachment.ts';
import type { Reservation } from '../services/dhcp4-leases.ts';
import type { NameRules } from './services/name-policy.ts';
import { parseForward, type Forward } from './world/forward.ts';

export interface GuestFile {
  readonly name: string;
  readonly attachment: Attachment;
  readonly mac: string | undefined;
  readonly rate: number | undefined;
  readonly trusted: boolean;
}

export interface NetworkFile {
  readonly addresses: readonly string[];
  readonly mtu: number | undefined;
  readonly domain: string | undefined;
  readonly leaseSeconds: number | undefined;
  readonly guests: readonly GuestFile[];
  readonly reservations: readonly Reservation[];
  readonly forwards: readonly Forward[];
  readonly rulesets: readonly Ruleset[];
  /** Sets and accounting objects, as a gateway file has them. */
  readonly named: PlainObject;
  readonly sysctl: Readonly<Record<string, number>>;
  readonly helpers: HelperSettings;
  readonly names: NameRules | undefined;
  readonly connectionsPerGuest: number | undefined;
  /** The audit log. */
  readonly log: string | undefined;
  /** The control socket. */
  readonly control: string | undefined;
}

const KEYS = [
  ...['address', 'mtu', 'domain', 'lease', 'guests', 'forwards', 'rules', 'rules6', 'sysctl', 'helpers'],
  ...['sets', 'accounting', 'labels', 'names', 'limits', 'log', 'control'],
];
const GUEST_KEYS = ['socket', 'mac', 'ip', 'rate', 'trusted'];
const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
const MIN_MTU = 1280;
const MAX_MTU = 65520;
const MAX_SECONDS = 0x7fffffff;
const MAX_CONNECTIONS = 65536;
const UNITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };

/** Throws SluiceError with file and line. */
export function parseNetworkFile(source: { readonly text: string; readonly file: string }): NetworkFile {
  const file = parseConfigFile(source);
  try {
    return networkOf(file);
  } catch (error) {
    throw file.locate(error);
  }
}

function networkOf(file: ConfigFile): NetworkFile {
  const value = objectAt(file.value ?? {}, 'network');
  onlyKeys(value, '', KEYS);
  const guests = Object.entries(objectAt(value['guests'] ?? {}, 'guests'));
  const limits = objectAt(value['limits'] ?? {}, 'limits');
  onlyKeys(limits, 'limits', ['connections']);
  const optional = <T>(key: string, read: (value: unknown, path: string) => T): T | undefined =>
    value[key] === undefined ? undefined : read(value[key], key);
  const { sets, accounting, labels } = value;
  const named = { sets, accounting, labels };
  const objects = objectsToCome(named);
  return {
    addresses: listAt(value['address'], 'address').map((one, i) => prefixAt(one, `address[${i}]`)),
    mtu: optional('mtu', (one, path) => integerAt(one, path, MIN_MTU, MAX_MTU)),
    domain: optional('domain', textAt),
    leaseSeconds: optional('lease', (one, path) => integerAt(one, path, 1, MAX_SECONDS)),
    guests: guests.map(([name, guest]) => guestAt(name, guest)),
    reservations: guests.flatMap(([name, guest]) => reservationAt(name, guest)),
    forwards: listAt(value['forwards'], 'forwards').map((one, i) =>
      understood(`forwards[${i}]`, () => parseForward(textAt(one, `forwards[${i}]`))),
    ),
    named,
    rulesets: [...rulesAt(value, 'rules', 4, file, objects), ...rulesAt(value, 'rules6', 6, file, objects)],
    sysctl: sysctlsAt(value['sysctl']),
    helpers: parseHelperSettings({ helpers: value['helpers'] }),
    names: optional('names', namesAt),
    connectionsPerGuest:
      limits['connections'] === undefined
        ? undefined
        : integerAt(limits['connections'], 'limits.connections', 1, MAX_CONNECTIONS),
    log: optional('log', textAt),
    control: optional('control', textAt),
  };
}

function namesAt(value: unknown, path: string): NameRules {
  const names = objectAt(value, path);
  onlyKeys(names, path, ['allow', 'deny', 'only']);
  const list = (key: string) =>
    listAt(names[key], `${path}.${key}`).map((one, i) => {
      const text = textAt(one, `${path}.${key}[${i}]`).toLowerCase();
      if (!NAME.test(text)) fail(`${path}.${key}[${i}]`, `not a name, or "*." and a name: "${text}"`);
      return text;
    });
  return {
    allow: list('allow'),
    deny: list('deny'),
    only: names['only'] === undefined ? false : booleanAt(names['only'], `${path}.only`),
  };
}

function prefixAt(value: unknown, path: string): string {
  const text = textAt(value, path);
  const prefix = parsePrefix(text);
  if (prefix === undefined || !text.includes('/')) fail(path, `not an address with prefix length: "${text}"`);
  return text;
}

/** `web: PATH` is `web: { socket: PATH }`. */
function settingsOf(name: string, value: unknown): PlainObject {
  const path = `guests.${name}`;
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) fail(path, 'a name is made of letters, digits, "_", "." and "-"');
  const settings = typeof value === 'string' ? { socket: value } : objectAt(value, path);
  onlyKeys(settings, path, GUEST_KEYS);
  return settings;
}

function guestAt(name: string, value: unknown): GuestFile {
  const path = `guests.${name}`;
  const settings = settingsOf(name, value);
  const { rate, trusted } = settings;
  return {
    name,
    attachment: understood(`${path}.socket`, () =>
      parseAttachment(textAt(settings['socket'], `${path}.socket`)),
    ),
    mac: settings['mac'] === undefined ? undefined : macAt(settings['mac'], `${path}.mac`),
    rate: rate === undefined ? undefined : rateAt(rate, `${path}.rate`),
    trusted: trusted === undefined ? false : booleanAt(trusted, `${path}.trusted`),
  };
}

/** An address of its own needs a hardware address that it is known by. */
function reservationAt(name: string, value: unknown): Reservation[] {
  const path = `guests.${name}`;
  const { ip, mac } = settingsOf(name, value);
  if (ip === undefined) return [];
  if (mac === undefined) fail(`${path}.ip`, 'needs "mac": by it the guest is known');
  const text = textAt(ip, `${path}.ip`);
  const address = parseIp4(text) ?? fail(`${path}.ip`, `not an IPv4 address: "${text}"`);
  return [{ mac: macAt(mac, `${path}.mac`), address, name: name.toLowerCase() }];
}

function macAt(value: unknown, path: string): string {
  const text = textAt(value, path);
  const mac = parseMac(text);
  if (mac === undefined || (mac[0]! & 1) !== 0)
    fail(path, `not a MAC address that a guest may have: "${text}"`);
  return text.toLowerCase();
}

/** `10mbit`, as tc writes rates. */
export function parseRate(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kmg]?bit)$/i.exec(text) ?? [];
  if (number === undefined || Number(number) === 0) {
    throw new RangeError(`"${text}" is not a rate, such as 10mbit`);
  }
  return Number(number) * UNITS[unit!.toLowerCase()]!;
}

function rateAt(value: unknown, path: string): number {
  return understood(path, () => parseRate(textAt(value, path)));
}

function rulesAt(
  value: PlainObject,
  key: string,
  family: 4 | 6,
  file: ConfigFile,
  objects: NamedObjects,
): Ruleset[] {
  if (value[key] === undefined) return [];
  try {
    return [parseRestore(textAt(value[key], key), { family, file: file.file, objects })];
  } catch (error) {
    if (!(error instanceof SluiceError) || error.place.line === undefined) throw error;
    // A block of text begins on the line behind its key.
    const line = (file.placeOf(key).line ?? 0) + error.place.line;
    throw new SluiceError(error.code, error.message, { file: file.file, line });
  }
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

function understood<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return fail(path, error.message);
    throw error;
  }
}
