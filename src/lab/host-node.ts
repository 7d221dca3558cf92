/**
 * A host of a lab file: what a gateway file says of a host (interfaces, routes, neighbours, sysctls), in short forms, and
 * its rules and services.
 *
 *     interfaces: { eth0: 10.0.0.1/24, wan: dhcp, tap0: tap, eth1: { addresses: [10.1.0.1/24], mac: … } }
 *     gateway: 10.0.0.254                  # the default route
 *     rules: |                             # as iptables-save prints them
 *       *filter …
 *     sets: |                              # that rules name, as `ipset save` prints them
 *       create …
 *     services: { 80: echo, udp/7: echo }   # services/service-config.ts has them all
 *     nameservers: [10.0.0.53]
 *     helpers: { mode: linux }             # of connection tracking, as in a gateway file; rules attach them
 */
import { parseHelperSettings } from '../alg/index.ts';
import type { ConfigFile } from '../base/config-file.ts';
import { SluiceError } from '../base/errors.ts';
import { fail, listAt, objectAt, onlyKeys, textAt, type PlainObject } from '../base/plain-object.ts';
import type { NamedObjects } from '../netfilter/named-objects.ts';
import { objectsToCome } from '../netfilter/object-settings.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { parseRestore } from '../netfilter/syntax/restore.ts';
import { parseAddress } from '../stack/address.ts';
import { parseHostConfig } from '../stack/config.ts';
import { macText, type RawNode } from './raw-topology.ts';
import { servicesAt } from './services/service-config.ts';
import type { HostNode } from './topology.ts';

const KEYS = [
  'forwards',
  'interfaces',
  'gateway',
  'routes',
  'neighbours',
  'sysctl',
  'sets',
  'accounting',
  'labels',
  'rules',
  'rules6',
  'services',
  'nameservers',
  'helpers',
];
const FORWARDING = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];

/** In the place of an interface's address: it gets one by DHCP. */
const DHCP = 'dhcp';
/** In the same place: a TAP device, which is not there before somebody makes it. */
const TAP = 'tap';

/** `dhcp`, or `{ dhcp: true, mac: … }`. */
function usesDhcp(value: unknown): boolean {
  return value === DHCP || (typeof value === 'object' && (value as PlainObject | null)?.['dhcp'] === true);
}

/** @param number - the node's place in the file, from 1: its interfaces' addresses follow from it */
export function parseHostNode(
  { name, settings, path, inside }: RawNode,
  number: number,
  file: ConfigFile,
): HostNode {
  onlyKeys(settings, path, KEYS);
  const all = Object.entries(objectAt(settings['interfaces'] ?? {}, `${path}.interfaces`));
  const given = all.filter(([, value]) => value !== TAP);
  const interfaces = given.map(
    ([iface, value], i) => [iface, fullInterface(value, `${path}.interfaces.${iface}`, number, i)] as const,
  );
  const forwarding = Object.fromEntries(
    FORWARDING.map((key) => [key, settings['forwards'] === true ? 1 : 0]),
  );
  const object = {
    interfaces: Object.fromEntries(interfaces),
    routes: [...defaultRoute(settings, path), ...listAt(settings['routes'], `${path}.routes`)],
    neighbours: settings['neighbours'],
    sysctl: { ...forwarding, ...objectAt(settings['sysctl'] ?? {}, `${path}.sysctl`) },
  };
  const config = within(path, () => parseHostConfig(object));
  const { sets, accounting, labels } = settings;
  const named = { sets, accounting, labels };
  const objects = within(path, () => objectsToCome(named));
  return {
    kind: 'host',
    name,
    path,
    config,
    rulesets: [
      ...rulesAt(settings['rules'], `${path}.rules`, 4, file, objects),
      ...rulesAt(settings['rules6'], `${path}.rules6`, 6, file, objects),
    ],
    named,
    helpers: within(path, () => parseHelperSettings({ helpers: settings['helpers'] })),
    services: servicesAt(settings['services'], `${path}.services`, config),
    dhcpInterfaces: given.filter(([, value]) => usesDhcp(value)).map(([iface]) => iface),
    taps: all.filter(([, value]) => value === TAP).map(([iface]) => iface),
    nameServers: listAt(settings['nameservers'], `${path}.nameservers`).map((value, i) => {
      const where = `${path}.nameservers[${i}]`;
      return parseAddress(textAt(value, where)) ?? fail(where, `not an address: "${String(value)}"`);
    }),
    inside,
  };
}

function fullInterface(value: unknown, path: string, number: number, index: number): PlainObject {
  if (value === DHCP) return fullInterface({}, path, number, index);
  if (usesDhcp(value)) {
    const { dhcp: _, ...rest } = value as PlainObject;
    return fullInterface(rest, path, number, index);
  }
  const short =
    typeof value === 'string' ? { addresses: [value] } : Array.isArray(value) ? { addresses: value } : value;
  const mac = Uint8Array.of(2, 0, 0, number >>> 8, number, index);
  return { mac: macText(mac), ...objectAt(short ?? {}, path) };
}

function defaultRoute(settings: PlainObject, path: string): PlainObject[] {
  const via = settings['gateway'];
  return via === undefined ? [] : [{ to: 'default', via: textAt(via, `${path}.gateway`) }];
}

/** Complaints of the host's own reader, with the path of the node in front. */
function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'GATEWAY')
      throw new SluiceError(error.code, `${path}.${error.message}`);
    throw error;
  }
}

function rulesAt(
  value: unknown,
  path: string,
  family: 4 | 6,
  file: ConfigFile,
  objects: NamedObjects,
): Ruleset[] {
  if (value === undefined) return [];
  const text = textAt(value, path);
  try {
    return [parseRestore(text, { family, file: file.file, objects })];
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    // A block of text begins on the line behind its key.
    const key = file.placeOf(path).line ?? 0;
    throw new SluiceError(error.code, error.message, {
      file: file.file,
      line: key + (error.place.line ?? 1),
    });
  }
}
