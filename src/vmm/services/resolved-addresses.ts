/**
 * Where the answer to a question about a name leads: its addresses, through whatever aliases it goes. Records about other
 * names, which a resolver may add and an attacker would, lead nowhere.
 */
import type { Answer } from 'dns-packet';
import { formatAddress, parseAddress } from '../../stack/address.ts';
import { Prefixes } from '../prefixes.ts';

export interface ResolvedAddress {
  readonly address: string;
  /** For so long it holds: as long as every record on the way to it, within limits. */
  readonly seconds: number;
}

/** An address may be used for so long, whatever its record says: some clients connect late, some records never end. */
const LEAST_SECONDS = 60;
const MOST_SECONDS = 86_400;
/** Aliases of aliases; a chain that is longer is a loop or an attack. */
const MOST_ALIASES = 16;

/** RFC 6890: no name of the world leads there by right. */
const PRIVATE = new Prefixes([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...[
    '192.168.0.0/16',
    '224.0.0.0/3',
    '::/96',
    '::ffff:0:0/96',
    '64:ff9b::/96',
    'fc00::/7',
    'fe80::/10',
    'ff00::/8',
  ],
]);

/** Is it of a network, of a link or of a machine alone, so that no name of the world should lead there? */
export function isPrivate(address: string): boolean {
  return PRIVATE.has(address);
}

export function resolvedAddresses(name: string, answers: readonly Answer[]): ResolvedAddress[] {
  const aliases = new Map<string, number>([[plain(name), MOST_SECONDS]]);
  for (let size = 0; aliases.size > size && size < MOST_ALIASES;) {
    size = aliases.size;
    for (const answer of answers) {
      const seconds = aliases.get(plain(answer.name));
      if (answer.type !== 'CNAME' || seconds === undefined || aliases.has(plain(answer.data))) continue;
      aliases.set(plain(answer.data), Math.min(seconds, answer.ttl ?? 0));
    }
  }
  return answers.flatMap((answer) => {
    if (answer.type !== 'A' && answer.type !== 'AAAA') return [];
    const seconds = aliases.get(plain(answer.name));
    const address = parseAddress(answer.data);
    if (seconds === undefined || address === undefined) return [];
    const holds = Math.min(seconds, answer.ttl ?? 0);
    return [{ address: formatAddress(address), seconds: Math.max(LEAST_SECONDS, holds) }];
  });
}

/** Names are compared without case, and with or without the dot at their end. */
export function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
