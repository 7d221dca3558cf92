/** How a guest network is described on a command line. */
import { parseRestore } from '../netfilter/syntax/restore.ts';
import { parseIp4, parseMac } from '../wire/address.ts';
import type { NetworkCore } from './network.ts';
import type { World } from './surroundings.ts';
import type { Reservation } from '../services/dhcp4-leases.ts';

/** `MAC=IP` or `MAC=IP,NAME`. Throws RangeError. */
export function parseReservation(text: string): Reservation {
  const [, mac, ip, name] = /^([^=]+)=([^,]+)(?:,([a-z0-9-]+))?$/i.exec(text) ?? [];
  const address = ip === undefined ? undefined : parseIp4(ip);
  if (mac === undefined || parseMac(mac) === undefined || address === undefined) {
    throw new RangeError(`"${text}" is not MAC=IP or MAC=IP,NAME`);
  }
  return { mac: mac.toLowerCase(), address, name: name?.toLowerCase() };
}

export interface RulesText {
  readonly family: 4 | 6;
  readonly text: string;
  readonly file?: string;
}

/** Puts rules in force; throws SluiceError with file and line, and then nothing has changed. */
export function loadRules(network: NetworkCore<World>, rules: readonly RulesText[]): void {
  const parsed = rules.map(({ text, ...from }) =>
    parseRestore(text, { ...from, objects: network.gateway.objects }),
  );
  for (const ruleset of parsed) network.gateway.load(ruleset);
}
