/** How a guest network is described on a command line, and how it describes itself to a VMM. */
import { parseRestore } from '../netfilter/syntax/restore.ts';
import { parseIp4, parseMac } from '../wire/address.ts';
import type { GuestNetwork } from './network.ts';
import type { StreamAddress } from './nics/stream-nic.ts';
import type { Reservation } from '../services/dhcp4-leases.ts';

const CONNECT = 'connect:';

/** `PATH`, `tcp:HOST:PORT`, either with `connect:` before it. Throws RangeError. */
export function parseStreamAddress(text: string): { address: StreamAddress; listen: boolean } {
  const listen = !text.startsWith(CONNECT);
  const place = listen ? text : text.slice(CONNECT.length);
  if (!place.startsWith('tcp:')) return { address: { path: place }, listen };
  const match = /^tcp:(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(place);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw new RangeError(`"${place}" is not tcp:HOST:PORT`);
  return { address: { host: (match[1] ?? match[2])!, port }, listen };
}

/** `MAC=IP` or `MAC=IP,NAME`. Throws RangeError. */
export function parseReservation(text: string): Reservation {
  const [, mac, ip, name] = /^([^=]+)=([^,]+)(?:,([a-z0-9-]+))?$/i.exec(text) ?? [];
  const address = ip === undefined ? undefined : parseIp4(ip);
  if (mac === undefined || parseMac(mac) === undefined || address === undefined) {
    throw new RangeError(`"${text}" is not MAC=IP or MAC=IP,NAME`);
  }
  return { mac: mac.toLowerCase(), address, name: name?.toLowerCase() };
}

/** What to add to QEMU's command line. */
export function qemuArguments(name: string, address: StreamAddress, listen: boolean, mac?: string): string[] {
  const place =
    'path' in address
      ? `addr.type=unix,addr.path=${address.path.replaceAll(',', ',,')}`
      : `addr.type=inet,addr.host=${address.host},addr.port=${address.port}`;
  return [
    '-netdev',
    `stream,id=${name},server=${listen ? 'off' : 'on'},${place}`,
    '-device',
    `virtio-net-pci,netdev=${name}${mac === undefined ? '' : `,mac=${mac}`}`,
  ];
}

export interface RulesText {
  readonly family: 4 | 6;
  readonly text: string;
  readonly file?: string;
}

/** Puts rules in force; throws SluiceError with file and line, and then nothing has changed. */
export function loadRules(network: GuestNetwork, rules: readonly RulesText[]): void {
  const parsed = rules.map(({ text, ...from }) => parseRestore(text, from));
  for (const ruleset of parsed) network.gateway.load(ruleset);
}
