/** `ip address`: the addresses of devices shown, given and taken. */
import { formatIp, formatIp4, maskWord } from '../../wire/address.ts';
import { addressBits, networkOf, sameWords, type IpPrefix } from '../../stack/address.ts';
import type { AddressOptions, OwnAddress } from '../../stack/addresses.ts';
import type { Device } from '../../stack/device.ts';
import {
  nameIn,
  parseIn,
  parseNumber,
  readPrefix,
  SCOPE_NAMES,
  WordsMistake,
  wrong,
  type Words,
} from '../../stack/routing/words.ts';
import { fullName, linkLines, linkState, shownDevice } from './link.ts';
import { takeVerb, unknownCommand, type IpCommand } from './options.ts';
import { statisticsOf } from './statistics.ts';

const VERBS = ['add', 'change', 'chg', 'replace', 'delete', 'show', 'lst', 'list', 'flush', 'save'];
const US_PER_SECOND = 1_000_000;
/** What a secondary IPv6 address is called: temporary; there are none. */
const FOREVER = 'forever';

export function ipAddress(command: IpCommand, words: Words): void {
  const word = words.peek;
  const verb = words.isEmpty ? 'show' : takeVerb(words, VERBS);
  switch (verb) {
    case 'show':
    case 'lst':
    case 'list':
      return show(command, words);
    case 'add':
      return add(command, words, 'add');
    case 'change':
    case 'chg':
    case 'replace':
      return add(command, words, 'replace');
    case 'delete':
      return remove(command, words);
    case 'flush':
      return flush(command, words);
    default:
      return unknownCommand(word, 'address');
  }
}

// ── Which ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Filter {
  device?: Device;
  onlyUp?: boolean;
  scope?: number;
  to?: IpPrefix;
  label?: string;
  kind?: string;
  master?: string;
  flags: ((own: OwnAddress) => boolean)[];
}

function readFilter(command: IpCommand, words: Words): Filter {
  const filter: Filter = { flags: [] };
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'up':
        filter.onlyUp = true;
        break;
      case 'scope':
        filter.scope = parseIn(SCOPE_NAMES, words.next(), '"scope"');
        break;
      case 'to':
        filter.to = words.prefix(command.options.family);
        break;
      case 'label':
        filter.label = words.next();
        break;
      case 'type':
        filter.kind = words.next();
        break;
      case 'master':
        filter.master = command.device(words.next()).name;
        break;
      case 'dynamic':
        filter.flags.push(({ isDynamic }) => isDynamic);
        break;
      case 'permanent':
        filter.flags.push(({ isDynamic }) => !isDynamic);
        break;
      case 'primary':
        filter.flags.push(({ secondary }) => !secondary);
        break;
      case 'secondary':
        filter.flags.push(({ secondary }) => secondary);
        break;
      case 'deprecated':
        filter.flags.push(({ isDeprecated }) => isDeprecated);
        break;
      case 'tentative':
        filter.flags.push(({ isTentative }) => isTentative);
        break;
      default:
        filter.device = shownDevice(command, word === 'dev' ? words.next() : word);
    }
  }
  return filter;
}

/** As the kernel lists them: IPv4 primaries first, then secondaries; IPv6 the widest scope first, of these the newest. */
export function addressesOf(command: IpCommand, device: Device): OwnAddress[] {
  const { addresses } = command.host;
  const v4 = addresses.of(device, 4);
  const v6 = [...addresses.withTentative(device)].reverse();
  return [
    ...v4.filter(({ secondary }) => !secondary),
    ...v4.filter(({ secondary }) => secondary),
    ...v6.sort((a, b) => a.scope - b.scope),
  ];
}

function chosen(command: IpCommand, device: Device, filter: Filter): OwnAddress[] {
  return addressesOf(command, device).filter(
    (own) =>
      command.wants(own.family) &&
      (filter.scope === undefined || own.scope === filter.scope) &&
      (filter.label === undefined || own.label === filter.label) &&
      (filter.to === undefined || isIn(own, filter.to)) &&
      filter.flags.every((flag) => flag(own)),
  );
}

function isIn(own: OwnAddress, to: IpPrefix): boolean {
  return (
    own.family === to.family && sameWords(networkOf(own.words, to.length), networkOf(to.words, to.length))
  );
}

// ── Showing ─────────────────────────────────────────────────────────────────────────────────────────────────────

function show(command: IpCommand, words: Words): void {
  const filter = readFilter(command, words);
  const { oneLine, brief, statistics } = command.options;
  const family = filter.to?.family ?? command.options.family;
  const isNarrow =
    family !== 0 || filter.scope !== undefined || filter.to !== undefined || filter.flags.length > 0;
  for (const device of command.host.devices.all()) {
    if (filter.device !== undefined && device !== filter.device) continue;
    if (filter.onlyUp === true && !device.up) continue;
    if (filter.kind !== undefined && device.kind?.name !== filter.kind) continue;
    if (filter.master !== undefined && device.taker?.master.name !== filter.master) continue;
    const own = chosen(command, device, filter);
    if (isNarrow && own.length === 0) continue;
    if (brief) {
      command.out += briefLine(device, own);
      continue;
    }
    if (oneLine) {
      for (const address of own) {
        const [first, second] = addressLines(command, address);
        command.print([`${device.index}: ${device.name}${first!}`, second!]);
      }
      continue;
    }
    command.print([
      ...linkLines(command, device, { isLink: false, isNamed: filter.device !== undefined, family }),
      ...own.flatMap((address) => addressLines(command, address)),
      ...(statistics > 0 && family === 0 ? statisticsOf(device, statistics > 1) : []),
    ]);
  }
}

function briefLine(device: Device, own: readonly OwnAddress[]): string {
  const texts = own.map((address) => `${addressText(address)} `).join('');
  return `${fullName(device).padEnd(16)} ${linkState(device).padEnd(14)} ${texts}\n`;
}

/** `10.0.0.1/24`, `192.0.2.1 peer 192.0.2.2/32`. */
function addressText({ family, words, length, peer }: OwnAddress): string {
  const text = (of: Int32Array) => formatIp(family, of[0]!, of[1]!, of[2]!, of[3]!);
  return peer === undefined ? `${text(words)}/${length}` : `${text(words)} peer ${text(peer)}/${length}`;
}

function addressLines(command: IpCommand, own: OwnAddress): string[] {
  const { family, broadcast, scope, label } = own;
  const now = command.host.clock.now;
  const flags = [
    ...(own.secondary ? ['secondary'] : []),
    ...(own.isDynamic ? ['dynamic'] : []),
    ...(own.noDad ? ['nodad'] : []),
    ...(own.isTentative ? [own.dadFailed ? 'dadfailed tentative' : 'tentative'] : []),
    ...(own.isDeprecated ? ['deprecated'] : []),
    ...(own.fromAdvertisement ? ['mngtmpaddr'] : []),
    ...(own.hasPrefixRoute ? [] : ['noprefixroute']),
  ].map((flag) => `${flag} `);
  const text = [
    `    ${family === 4 ? 'inet' : 'inet6'} ${addressText(own)}`,
    ...(broadcast === 0 ? [] : [`brd ${formatIp4(broadcast)}`]),
    `scope ${nameIn(SCOPE_NAMES, scope)} ${flags.join('')}${family === 4 ? label : ''}`,
  ].join(' ');
  const left = (until: number) =>
    until === Infinity ? FOREVER : `${Math.max(0, Math.floor((until - now) / US_PER_SECOND))}sec`;
  return [text, `       valid_lft ${left(own.validUntil)} preferred_lft ${left(own.preferredUntil)}`];
}

// ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Said {
  prefix?: IpPrefix;
  device?: Device;
  options: { -readonly [key in keyof AddressOptions]: AddressOptions[key] };
}

function readAddress(command: IpCommand, words: Words): Said & { prefix: IpPrefix; device: Device } {
  const said: Said = { options: {} };
  let wantsBroadcast = false;
  const seconds = () => {
    const text = words.next();
    if (text === FOREVER) return Infinity;
    const value = parseNumber(text) ?? wrong(text, 'lifetime value is invalid');
    return command.host.clock.now + value * US_PER_SECOND;
  };
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'peer':
      case 'remote': {
        const peer = words.prefix(said.prefix?.family ?? command.options.family);
        said.options.peer = peer.words;
        if (said.prefix !== undefined) said.prefix = { ...said.prefix, length: peer.length };
        break;
      }
      case 'broadcast':
      case 'brd':
        if (words.peek === '+') {
          words.next();
          wantsBroadcast = true;
        } else said.options.broadcast = words.address(4).words[0]!;
        break;
      case 'scope':
        said.options.scope = parseIn(SCOPE_NAMES, words.next(), '"scope"');
        break;
      case 'dev':
        said.device = command.device(words.next());
        break;
      case 'label':
        said.options.label = words.next();
        break;
      case 'valid_lft':
        said.options.validUntil = seconds();
        break;
      case 'preferred_lft':
        said.options.preferredUntil = seconds();
        break;
      case 'noprefixroute':
        said.options.noPrefixRoute = true;
        break;
      case 'nodad':
        said.options.noDad = true;
        break;
      default:
        if (said.prefix !== undefined) {
          throw new WordsMistake(`Error: either "local" is duplicate, or "${word}" is a garbage.`);
        }
        said.prefix = readPrefix(word === 'local' ? words.next() : word, command.options.family);
    }
  }
  const { prefix, device } = said;
  if (device === undefined) {
    throw new WordsMistake('Not enough information: "dev" argument is required.', 1);
  }
  if (prefix === undefined) throw new WordsMistake('RTNETLINK answers: Operation not supported', 2);
  if (wantsBroadcast && prefix.family === 4) {
    said.options.broadcast = prefix.words[0]! | ~maskWord(prefix.length, 0);
  }
  return { ...said, prefix, device };
}

function add(command: IpCommand, words: Words, mode: 'add' | 'replace'): void {
  const { prefix, device, options } = readAddress(command, words);
  const { addresses } = command.host.netlink;
  const there = command.host.addresses
    .withTentative(device)
    .concat(command.host.addresses.of(device, 4))
    .find((own) => own.family === prefix.family && sameWords(own.words, prefix.words));
  if (mode === 'replace' && there !== undefined) {
    there.validUntil = options.validUntil ?? Infinity;
    there.preferredUntil = options.preferredUntil ?? Infinity;
    addresses.schedule(there);
    return;
  }
  addresses.add(prefix, device, options);
}

/** Without a length it is a host's, as `ip` has it. */
function remove(command: IpCommand, words: Words): void {
  const { prefix, device } = readAddress(command, words);
  const { addresses } = command.host.netlink;
  const isExact = prefix.length !== addressBits(prefix.family);
  const there = addressesOf(command, device).find(
    (own) => own.family === prefix.family && sameWords(own.words, prefix.words),
  );
  if (!isExact && there !== undefined) addresses.drop(there);
  else addresses.remove(prefix, device);
}

function flush(command: IpCommand, words: Words): void {
  const filter = readFilter(command, words);
  if (
    filter.device === undefined &&
    filter.to === undefined &&
    filter.scope === undefined &&
    filter.flags.length === 0
  ) {
    throw new WordsMistake('Flush requires arguments.', 1);
  }
  for (const device of command.host.devices.all()) {
    if (filter.device !== undefined && device !== filter.device) continue;
    for (const own of chosen(command, device, filter)) command.host.netlink.addresses.drop(own);
  }
}
