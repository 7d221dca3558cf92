/** `arp` (net-tools 2.10) on a host of ours: its IPv4 neighbours shown, set and removed. */
import { formatIp4, formatMac, parseMac } from '../../wire/address.ts';
import { parseAddress, type IpAddress } from '../../stack/address.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { NeighbourState, type Neighbour } from '../../stack/neighbour.ts';
import { NetlinkError } from '../../stack/rtnetlink/index.ts';
import type { ToolResult } from './ip.ts';

export function runArp(host: Host, args: readonly string[]): ToolResult {
  const ok = (out: string): ToolResult => ({ out, err: '', status: 0 });
  const flags = args.filter((word) => /^-[ndsaev]+$/.test(word)).join('');
  const [first, ...rest] = args.filter((word) => !word.startsWith('-'));
  if (flags.includes('s')) return set(host, first, rest);
  if (flags.includes('d')) return remove(host, first, rest);
  const only = first === undefined ? undefined : parseAddress(first);
  const entries = listed(host).filter(({ w0 }) => only === undefined || w0 === only.words[0]);
  if (entries.length === 0 && first !== undefined) return ok(`${first} (${first}) -- no entry\n`);
  const proxies = first === undefined ? host.proxies.all().filter(({ address }) => address.family === 4) : [];
  if (flags.includes('a')) {
    return ok([...entries.map(bsdLine), ...proxies.map(bsdProxy)].map((line) => `${line}\n`).join(''));
  }
  if (entries.length === 0 && proxies.length === 0) return ok('');
  const head = 'Address                  HWtype  HWaddress           Flags Mask            Iface';
  return ok([head, ...entries.map(line), ...proxies.map(proxyLine)].map((text) => `${text}\n`).join(''));
}

function listed(host: Host): Neighbour[] {
  return [...host.neighbours4.entries()]
    .filter(
      ({ state, isConfigured, device }) =>
        (state !== NeighbourState.PERMANENT || isConfigured) && !device.isLoopback,
    )
    .sort((a, b) => (a.w0 >>> 0) - (b.w0 >>> 0));
}

function isKnown({ state }: Neighbour): boolean {
  return state !== NeighbourState.INCOMPLETE && state !== NeighbourState.FAILED;
}

function line(one: Neighbour): string {
  const address = formatIp4(one.w0).padEnd(23);
  if (!isKnown(one))
    return `${address}          (incomplete)                              ${one.device.name}`;
  const flags = one.state === NeighbourState.PERMANENT ? 'CM' : 'C';
  return `${address}  ether   ${formatMac(one.mac, 0)}   ${flags.padEnd(6)}                ${one.device.name}`;
}

function proxyLine({ address, device }: { address: IpAddress; device: Device }): string {
  return `${formatIp4(address.words[0]!).padEnd(23)}  *       <from_interface>    ${'MP'.padEnd(6)}                ${device.name}`;
}

function bsdLine(one: Neighbour): string {
  const mac = isKnown(one) ? `${formatMac(one.mac, 0)} [ether] ` : '<incomplete> ';
  return `? (${formatIp4(one.w0)}) at ${mac}${one.state === NeighbourState.PERMANENT ? 'PERM ' : ''}on ${one.device.name}`;
}

function bsdProxy({ address, device }: { address: IpAddress; device: Device }): string {
  return `? (${formatIp4(address.words[0]!)}) at <from_interface> PERM PUB on ${device.name}`;
}

function deviceFor(host: Host, address: IpAddress, words: readonly string[]): Device | undefined {
  const named = words[words.indexOf('dev') + 1];
  if (words.includes('dev') && named !== undefined) return host.devices.named(named);
  const route = host.routes4.lookup(address.words[0]!, 0, 0, 0);
  return route === undefined || route.hasGateway ? undefined : route.device;
}

function set(host: Host, text: string | undefined, rest: readonly string[]): ToolResult {
  const address = text === undefined ? undefined : parseAddress(text);
  const mac = rest[0] === undefined ? undefined : parseMac(rest[0]);
  if (address === undefined) return { out: '', err: `arp: need host name\n`, status: 255 };
  if (mac === undefined) return { out: '', err: 'arp: invalid hardware address\n', status: 255 };
  const device = deviceFor(host, address, rest);
  if (device === undefined) return { out: '', err: 'SIOCSARP: Network is unreachable\n', status: 255 };
  host.netlink.neighbours.set(address, device, mac, NeighbourState.PERMANENT, 'replace');
  return { out: '', err: '', status: 0 };
}

function remove(host: Host, text: string | undefined, rest: readonly string[]): ToolResult {
  const address = text === undefined ? undefined : parseAddress(text);
  if (address === undefined) return { out: '', err: 'arp: need host name\n', status: 255 };
  const device = deviceFor(host, address, rest);
  if (device === undefined)
    return { out: '', err: 'SIOCDARP(dontpub): Network is unreachable\n', status: 255 };
  try {
    host.netlink.neighbours.remove(address, device);
    return { out: '', err: '', status: 0 };
  } catch (error) {
    if (error instanceof NetlinkError) return { out: '', err: `No ARP entry for ${text!}\n`, status: 255 };
    throw error;
  }
}
