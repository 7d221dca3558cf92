/** `ifconfig` (net-tools 2.10) on a host of ours: devices shown, brought up and down, given IPv4 addresses. */
import { formatIp, formatIp4, formatMac, maskWord, prefixOfMask } from '../../wire/address.ts';
import { parseAddress, parsePrefix } from '../../stack/address.ts';
import { Scope } from '../../stack/addresses.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { Words, WordsMistake } from '../../stack/routing/words.ts';
import { NetlinkError } from '../../stack/rtnetlink/index.ts';
import type { ToolResult } from './ip.ts';

/** IFF_* of netdevice(7), in the order in which they are named. */
const FLAGS: readonly (readonly [string, number])[] = [
  ['UP', 1],
  ['BROADCAST', 2],
  ['LOOPBACK', 8],
  ['POINTOPOINT', 0x10],
  ['RUNNING', 0x40],
  ['NOARP', 0x80],
  ['MULTICAST', 0x1000],
];
const SCOPE_TEXTS: Readonly<Record<number, string>> = {
  [Scope.UNIVERSE]: '0x0<global>',
  [Scope.LINK]: '0x20<link>',
  [Scope.HOST]: '0x10<host>',
};
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function runIfconfig(host: Host, args: readonly string[]): ToolResult {
  const flags = args.filter((word) => /^-[asv]+$/.test(word));
  const words = new Words(args.filter((word) => !flags.includes(word)));
  const isAll = flags.some((flag) => flag.includes('a'));
  const isShort = flags.some((flag) => flag.includes('s'));
  const named = words.isEmpty ? undefined : words.next();
  const devices = host.devices
    .all()
    .filter((one) => (named === undefined ? isAll || one.up : one.name === named))
    .sort((a, b) => Number(a.isLoopback) - Number(b.isLoopback) || (a.name < b.name ? -1 : 1));
  if (named !== undefined && devices.length === 0) {
    return { out: '', err: `${named}: error fetching interface information: Device not found\n`, status: 1 };
  }
  if (words.isEmpty) {
    const out = isShort ? tableOf(devices, false) : devices.map((one) => `${describe(host, one)}\n`).join('');
    return { out, err: '', status: 0 };
  }
  try {
    change(host, devices[0]!, words);
    return { out: '', err: '', status: 0 };
  } catch (error) {
    if (error instanceof NetlinkError) return { out: '', err: `SIOCSIF: ${error.reason}\n`, status: 255 };
    if (error instanceof WordsMistake) return { out: '', err: `${error.message}\n`, status: 1 };
    throw error;
  }
}

// ── Showing ─────────────────────────────────────────────────────────────────────────────────────────────────────

function flagsOf(device: Device): readonly (readonly [string, number])[] {
  const names = device.isLoopback
    ? ['LOOPBACK']
    : device.hasEthernet
      ? ['BROADCAST', 'MULTICAST']
      : ['POINTOPOINT', 'NOARP'];
  return FLAGS.filter(
    ([name]) => names.includes(name) || (device.up && (name === 'UP' || name === 'RUNNING')),
  );
}

/** In its own order: what BROADCAST stands before RUNNING, MULTICAST last. */
function describe(host: Host, device: Device): string {
  const flags = flagsOf(device);
  const total = flags.reduce((sum, [, bit]) => sum + bit, 0);
  const lines = [
    `${device.name}: flags=${total}<${flags.map(([name]) => name).join(',')}>  mtu ${device.mtu}`,
  ];
  const [own] = host.addresses.of(device, 4);
  if (own !== undefined) {
    const mask = formatIp4(maskWord(own.length, 0));
    const broadcast = device.isLoopback ? '' : `  broadcast ${formatIp4(own.broadcast)}`;
    const peer = own.peer === undefined ? broadcast : `  destination ${formatIp4(own.peer[0]!)}`;
    lines.push(`inet ${formatIp4(own.words[0]!)}  netmask ${mask}${device.hasEthernet ? broadcast : peer}`);
  }
  const v6 = host.addresses
    .withTentative(device)
    .reverse()
    .sort((a, b) => a.scope - b.scope);
  for (const { words, length, scope } of v6) {
    const text = formatIp(6, words[0]!, words[1]!, words[2]!, words[3]!);
    lines.push(`inet6 ${text}  prefixlen ${length}  scopeid ${SCOPE_TEXTS[scope] ?? '0x40<site>'}`);
  }
  if (device.isLoopback) lines.push('loop  txqueuelen 1000  (Local Loopback)');
  else if (device.hasEthernet) lines.push(`ether ${formatMac(device.mac, 0)}  txqueuelen 1000  (Ethernet)`);
  else lines.push('unspec 00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00  txqueuelen 1000  (UNSPEC)');
  lines.push(
    `RX packets ${device.rxPackets}  bytes ${device.rxBytes} (${human(device.rxBytes)})`,
    `RX errors ${device.rxErrors}  dropped ${device.rxDropped}  overruns 0  frame 0`,
    `TX packets ${device.txPackets}  bytes ${device.txBytes} (${human(device.txBytes)})`,
    `TX errors ${device.txErrors}  dropped ${device.txDropped} overruns 0  carrier 0  collisions 0`,
  );
  return `${lines.join('\n        ')}\n`;
}

function human(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** `ifconfig -s` and `netstat -i`. */
export function tableOf(devices: readonly Device[], isNetstat: boolean): string {
  const head = `${isNetstat ? 'Iface             MTU' : 'Iface      MTU'}    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg`;
  const rows = devices.map((one) => {
    const figures = [
      String(one.mtu).padStart(5),
      String(one.rxPackets).padStart(8),
      String(one.rxErrors).padStart(6),
      String(one.rxDropped).padStart(6),
      '0     ',
      String(one.txPackets).padStart(8),
      String(one.txErrors).padStart(6),
      String(one.txDropped).padStart(6),
      '     0',
    ].join(' ');
    const letters = `${one.isLoopback ? 'L' : 'BM'}${one.up ? 'RU' : ''}`;
    return `${one.name.padEnd(15)} ${figures} ${letters}`;
  });
  return `${[head, ...rows].join('\n')}\n`;
}

// ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

function change(host: Host, device: Device, words: Words): void {
  const { links, addresses } = host.netlink;
  let address: Int32Array | undefined;
  let length: number | undefined;
  let broadcast: number | undefined;
  while (!words.isEmpty) {
    const word = words.next();
    switch (word) {
      case 'up':
        links.setUp(device, true);
        break;
      case 'down':
        links.setUp(device, false);
        break;
      case 'mtu':
        links.setMtu(device, words.number('mtu', 65536));
        break;
      case 'netmask': {
        const mask = parseAddress(words.next())?.words[0] ?? 0;
        length = prefixOfMask(mask);
        if (length < 0) throw new WordsMistake('SIOCSIFNETMASK: Invalid argument');
        break;
      }
      case 'broadcast':
        broadcast = words.address(4).words[0]!;
        break;
      case 'add': {
        const prefix = parsePrefix(words.next());
        if (prefix?.family !== 6) throw new WordsMistake('SIOCSIFADDR: Invalid argument');
        addresses.add(prefix, device);
        break;
      }
      case 'del': {
        const prefix = parsePrefix(words.next());
        if (prefix?.family !== 6) throw new WordsMistake('SIOCDIFADDR: Invalid argument');
        addresses.remove(prefix, device);
        break;
      }
      default: {
        const prefix = parsePrefix(word === 'inet' ? words.next() : word);
        if (prefix === undefined)
          throw new WordsMistake(`${word}: Unknown host\nifconfig: \`--help' gives usage information.`);
        address = prefix.words;
        if (word.includes('/')) length = prefix.length;
      }
    }
  }
  setAddress(host, device, address, length, broadcast);
}

/** The device has one IPv4 address from then on, and is up. */
function setAddress(
  host: Host,
  device: Device,
  address: Int32Array | undefined,
  length: number | undefined,
  broadcast: number | undefined,
): void {
  const { addresses, links } = host.netlink;
  const [own] = host.addresses.of(device, 4);
  const words = address ?? own?.words;
  if (words === undefined || (address === undefined && length === undefined && broadcast === undefined))
    return;
  if (own !== undefined) addresses.drop(own);
  if (words[0] === 0) return;
  const bits = length ?? (address === undefined ? own!.length : classLength(words[0]!));
  const last = words[0]! | ~maskWord(bits, 0);
  addresses.add({ family: 4, words, length: bits }, device, { broadcast: broadcast ?? last });
  links.setUp(device, true);
}

function classLength(word: number): number {
  if (word >>> 31 === 0) return 8;
  return word >>> 30 === 2 ? 16 : 24;
}
