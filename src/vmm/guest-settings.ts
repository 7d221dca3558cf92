/**
 * What is said of one guest: how it is attached, and what it may.
 *
 *     web: { socket: web.sock, mac: "02:00:00:00:00:11", ip: 192.168.122.11, rate: 100mbit, connections: 64 }
 *     db: db.sock                     # short for { socket: db.sock }
 *     router: { socket: …, trusted: true }
 */
import {
  booleanAt,
  fail,
  integerAt,
  objectAt,
  onlyKeys,
  textAt,
  understoodAt,
  type PlainObject,
} from '../base/plain-object.ts';
import type { Reservation } from '../services/dhcp4-leases.ts';
import { parseIp4, parseMac } from '../wire/address.ts';
import { parseAttachment, type Attachment } from './nics/attachment.ts';
import type { Nic } from './nics/nic.ts';

/** As it is said. */
export interface GuestSettings {
  /** Where its VMM is (nics/attachment.ts): a path, `tcp:HOST:PORT`, `connect:…`, `udp:…`, `ws:…`. */
  readonly socket?: string;
  /** In place of a socket: a card of the program's own. */
  readonly nic?: Nic;
  /** The only hardware address that it may have; else the first that it shows is its own. */
  readonly mac?: string;
  /** The IPv4 address that it gets by DHCP; needs `mac`. */
  readonly ip?: string;
  /** What it may send, as tc writes rates: `100mbit`. */
  readonly rate?: string;
  /** TCP connections to the world at a time. */
  readonly connections?: number;
  /** True: it may have any addresses and say what it likes, as a router of its own would. */
  readonly trusted?: boolean;
}

/** As it is understood. */
export interface GuestPlan {
  readonly name: string;
  readonly attachment: Attachment;
  readonly mac?: string | undefined;
  /** Bits a second. */
  readonly rate?: number | undefined;
  readonly connections?: number | undefined;
  readonly trusted?: boolean;
}

const KEYS = ['socket', 'nic', 'mac', 'ip', 'rate', 'connections', 'trusted'];
const UNITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const MAX_CONNECTIONS = 65536;

/** `web: PATH` is `web: { socket: PATH }`. */
function settingsOf(name: string, value: unknown): PlainObject {
  const path = `guests.${name}`;
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) fail(path, 'a name is made of letters, digits, "_", "." and "-"');
  const settings = typeof value === 'string' ? { socket: value } : objectAt(value, path);
  onlyKeys(settings, path, KEYS);
  return settings;
}

export function guestAt(name: string, value: unknown): GuestPlan {
  const path = `guests.${name}`;
  const settings = settingsOf(name, value);
  const optional = <T>(key: string, read: (value: unknown, path: string) => T): T | undefined =>
    settings[key] === undefined ? undefined : read(settings[key], `${path}.${key}`);
  return {
    name,
    attachment: attachmentOf(settings, path),
    mac: optional('mac', macAt),
    rate: optional('rate', rateAt),
    connections: optional('connections', connectionsAt),
    trusted: optional('trusted', booleanAt) ?? false,
  };
}

function attachmentOf({ socket, nic }: PlainObject, path: string): Attachment {
  if (nic === undefined)
    return understoodAt(`${path}.socket`, () => parseAttachment(textAt(socket, `${path}.socket`)));
  if (socket !== undefined) fail(`${path}.nic`, 'there is a "socket", too');
  if (typeof (nic as Partial<Nic>).transmit !== 'function')
    fail(`${path}.nic`, 'must be a Nic, which programs alone have; files say "socket"');
  return { kind: 'own', nic: nic as Nic };
}

/** An address of its own needs a hardware address that it is known by. */
export function reservationAt(name: string, value: unknown): Reservation[] {
  const path = `guests.${name}`;
  const { ip, mac } = settingsOf(name, value);
  if (ip === undefined) return [];
  if (mac === undefined) fail(`${path}.ip`, 'needs "mac": by it the guest is known');
  const text = textAt(ip, `${path}.ip`);
  const address = parseIp4(text) ?? fail(`${path}.ip`, `not an IPv4 address: "${text}"`);
  return [{ mac: macAt(mac, `${path}.mac`), address, name: name.toLowerCase() }];
}

export function macAt(value: unknown, path: string): string {
  const text = textAt(value, path);
  const mac = parseMac(text);
  if (mac === undefined || (mac[0]! & 1) !== 0)
    fail(path, `not a MAC address that a guest may have: "${text}"`);
  return text.toLowerCase();
}

export function connectionsAt(value: unknown, path: string): number {
  return integerAt(value, path, 1, MAX_CONNECTIONS);
}

/** `10mbit`, as tc writes rates. */
export function parseRate(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kmg]?bit)$/i.exec(text) ?? [];
  if (number === undefined || Number(number) === 0) {
    throw new RangeError(`"${text}" is not a rate, such as 10mbit`);
  }
  return Number(number) * UNITS[unit!.toLowerCase()]!;
}

export function rateAt(value: unknown, path: string): number {
  return understoodAt(path, () => parseRate(textAt(value, path)));
}
