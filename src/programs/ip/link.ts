/** `ip link`: devices shown, and changed. */
import { parseMac, formatMac } from '../../wire/address.ts';
import type { Device } from '../../stack/device.ts';
import { makeDevice } from '../../stack/devices/make.ts';
import { parseNumber, WordsMistake, wrong, type Words } from '../../stack/routing/words.ts';
import { isShortFor, takeVerb, unknownCommand, type IpCommand } from './options.ts';
import { statisticsOf } from './statistics.ts';

const VERBS = ['add', 'set', 'change', 'replace', 'delete', 'show', 'lst', 'list'];
const MASTER_NONE = 'nomaster';

export function ipLink(command: IpCommand, words: Words): void {
  if (words.isEmpty) return show(command, words);
  const word = words.peek;
  const verb = takeVerb(words, VERBS);
  switch (verb) {
    case 'show':
    case 'lst':
    case 'list':
      return show(command, words);
    case 'add':
      return add(command, words);
    case 'set':
    case 'change':
      return set(command, words);
    case 'delete':
      return remove(command, words);
    default:
      return unknownCommand(word, 'link');
  }
}

// ── Showing ─────────────────────────────────────────────────────────────────────────────────────────────────────

function show(command: IpCommand, words: Words): void {
  let device: Device | undefined;
  let onlyUp = false;
  let kind: string | undefined;
  let master: string | undefined;
  while (!words.isEmpty) {
    const word = words.next();
    if (word === 'up') onlyUp = true;
    else if (word === 'type') kind = words.next();
    else if (word === 'master') master = command.device(words.next()).name;
    else device = shownDevice(command, word === 'dev' ? words.next() : word);
  }
  for (const one of command.host.devices.all()) {
    if ((device !== undefined && one !== device) || (onlyUp && !one.up)) continue;
    if (kind !== undefined && one.kind?.name !== kind) continue;
    if (master !== undefined && one.taker?.master.name !== master) continue;
    if (command.options.brief) command.out += briefLink(one);
    else command.print(linkLines(command, one, { isLink: true, isNamed: true, family: 0 }));
  }
}

export function shownDevice(command: IpCommand, name: string): Device {
  const device = command.host.devices.named(name);
  if (device === undefined) throw new WordsMistake(`Device "${name}" does not exist.`, 1);
  return device;
}

/** `eth0.5@eth0`. */
export function fullName({ name, kind }: Device): string {
  return kind?.lower === undefined ? name : `${name}@${kind.lower.name}`;
}

export function linkState(device: Device): string {
  if (!device.up) return 'DOWN';
  return device.isLoopback || !device.hasEthernet ? 'UNKNOWN' : 'UP';
}

export function linkFlags(device: Device): string {
  const kinds = device.isLoopback
    ? ['LOOPBACK']
    : device.hasEthernet
      ? ['BROADCAST', 'MULTICAST']
      : ['POINTOPOINT', 'NOARP'];
  const member = device.taker === null ? [] : device.taker.master.kind?.name === 'bond' ? ['SLAVE'] : [];
  const master = device.kind?.name === 'bond' ? ['MASTER'] : [];
  return [...kinds, ...master, ...member, ...(device.up ? ['UP', 'LOWER_UP'] : [])].join(',');
}

export interface LinkShown {
  /** `ip link`, which tells the mode, not `ip addr`. */
  readonly isLink: boolean;
  readonly isNamed: boolean;
  readonly family: number;
}

/** The lines in front of a device's addresses; of one family alone there is no address of the link among them. */
export function linkLines(command: IpCommand, device: Device, shown: LinkShown): string[] {
  const { statistics, details } = command.options;
  const { isLink, isNamed, family } = shown;
  // What the kernel's IPv6 tells of all its links lacks these.
  const isWhole = family !== 6 || isNamed;
  const head = [
    `${device.index}: ${fullName(device)}: <${linkFlags(device)}>`,
    `mtu ${device.mtu}`,
    ...(isWhole ? [`qdisc ${device.hasBeenUp ? 'noqueue' : 'noop'}`] : []),
    ...(device.taker === null ? [] : [`master ${device.taker.master.name}`]),
    `state ${linkState(device)}`,
    ...(isLink ? ['mode DEFAULT'] : []),
    ...(isWhole ? [`group ${device.group === 0 ? 'default' : device.group}`] : []),
    'qlen 1000',
  ].join(' ');
  const lines = [head];
  if (isLink || family === 0) {
    lines.push(
      `    ${linkAddress(device)}${details ? ` promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 ` : ''}`,
    );
    if (details && device.kind?.describe !== undefined) lines.push(`    ${device.kind.describe()} `);
  }
  if (statistics > 0 && isLink) lines.push(...statisticsOf(device, statistics > 1));
  return lines;
}

function linkAddress(device: Device): string {
  if (device.isLoopback) return 'link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00';
  if (device.hasEthernet) return `link/ether ${formatMac(device.mac, 0)} brd ff:ff:ff:ff:ff:ff`;
  return device.kind?.linkText?.() ?? 'link/none ';
}

function briefLink(device: Device): string {
  const address = device.hasEthernet ? formatMac(device.mac, 0) : '';
  return `${fullName(device).padEnd(16)} ${linkState(device).padEnd(14)} ${address} <${linkFlags(device)}> \n`;
}

// ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

function set(command: IpCommand, words: Words): void {
  const { links } = command.host.netlink;
  if (words.peek === 'dev') words.next();
  if (words.isEmpty) throw new WordsMistake('Not enough information: "dev" argument is required.');
  const device = command.device(words.next());
  const changes: (() => void)[] = [];
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'up':
        changes.push(() => links.setUp(device, true));
        break;
      case 'down':
        changes.push(() => links.setUp(device, false));
        break;
      case 'mtu': {
        const text = words.next();
        const mtu = parseNumber(text) ?? wrong(text, 'Invalid "mtu" value\n');
        changes.push(() => links.setMtu(device, mtu));
        break;
      }
      case 'address': {
        const mac = macOf(words.next());
        changes.push(() => links.setMac(device, mac));
        break;
      }
      case 'name': {
        const name = words.next();
        changes.push(() => links.rename(device, name));
        break;
      }
      case 'group': {
        const text = words.next();
        const group = text === 'default' ? 0 : (parseNumber(text) ?? wrong(text, 'Invalid "group" value\n'));
        changes.push(() => void (device.group = group));
        break;
      }
      case 'master': {
        const master = command.device(words.next());
        changes.push(() => links.setMaster(device, master));
        break;
      }
      case MASTER_NONE:
        changes.push(() => links.setMaster(device, null));
        break;
      default:
        throw new WordsMistake(`Error: either "dev" is duplicate, or "${word}" is a garbage.`);
    }
  }
  // What cannot be read changes nothing; the link goes up or down when everything else is done.
  for (const change of changes) change();
}

/** `add [link DEV] [name] NAME [address MAC] [mtu N] [up] type KIND …`. */
function add(command: IpCommand, words: Words): void {
  let name: string | undefined;
  let link: string | undefined;
  let mac: Uint8Array | undefined;
  let mtu: number | undefined;
  let isUp = false;
  while (!words.isEmpty && words.peek !== 'type') {
    const word = words.next();
    switch (word) {
      case 'link':
        link = command.device(words.next()).name;
        break;
      case 'address':
        mac = macOf(words.next());
        break;
      case 'mtu':
        mtu = words.number('mtu', 0xffffffff);
        break;
      case 'up':
        isUp = true;
        break;
      default:
        name = word === 'name' || word === 'dev' ? words.next() : word;
    }
  }
  if (words.isEmpty) throw new WordsMistake('Not enough information: "type" argument is required');
  words.next();
  if (name === undefined) throw new WordsMistake('Not enough information: "name" argument is required.');
  const device = makeDevice(command.host, { name, link, mac, mtu }, words);
  if (isUp) command.host.netlink.links.setUp(device, true);
}

function macOf(text: string): Uint8Array {
  const mac = parseMac(text);
  if (mac === undefined) throw new WordsMistake(`"${text}" is invalid lladdr.`, 1);
  return mac;
}

function remove(command: IpCommand, words: Words): void {
  if (isShortFor(words.peek, 'dev')) words.next();
  if (words.isEmpty) throw new WordsMistake('Not enough information: "dev" argument is required.');
  command.host.netlink.links.remove(command.device(words.next()));
}
