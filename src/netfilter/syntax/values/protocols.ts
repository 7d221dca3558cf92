/**
 * Protocol names of `-p` and of options that take a protocol. The names are those of IANA's registry as distributions
 * spell them in /etc/protocols, and are what iptables-save prints; a few are iptables' own and only read.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';
import { parseUnsigned } from './numbers.ts';

/** Printed and read. */
const NAMES: Readonly<Record<string, number>> = Object.freeze({
  icmp: 1,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  st: 5,
  tcp: 6,
  egp: 8,
  igp: 9,
  pup: 12,
  udp: 17,
  hmp: 20,
  'xns-idp': 22,
  rdp: 27,
  'iso-tp4': 29,
  dccp: 33,
  xtp: 36,
  ddp: 37,
  'idpr-cmtp': 38,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  idrp: 45,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  skip: 57,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  rspf: 73,
  vmtp: 81,
  eigrp: 88,
  ospf: 89,
  'ax.25': 93,
  ipip: 94,
  etherip: 97,
  encap: 98,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  l2tp: 115,
  isis: 124,
  sctp: 132,
  fc: 133,
  'mobility-header': 135,
  udplite: 136,
  'mpls-in-ip': 137,
  manet: 138,
  hip: 139,
  shim6: 140,
  wesp: 141,
  rohc: 142,
  ethernet: 143,
});

/** Read only. */
const OTHER_NAMES: Readonly<Record<string, number>> = Object.freeze({
  all: 0,
  ip: 0,
  hopopt: 0,
  icmpv6: 58,
  'ipv6-mh': 135,
  mh: 135,
});

const BY_NAME = new Map([...Object.entries(NAMES), ...Object.entries(OTHER_NAMES)]);
const BY_NUMBER = new Map(Object.entries(NAMES).map(([name, number]) => [number, name]));

/** Those that are printed, for completion. */
export const PROTOCOL_NAMES: readonly string[] = Object.keys(NAMES);

/** The number of a protocol by name (any case) or number; 0 stands for all. Throws in iptables' words. */
export function parseProtocol(word: string): number {
  const lower = word.toLowerCase();
  const named = BY_NAME.get(lower);
  if (named !== undefined) return named;
  const number = parseUnsigned(word);
  if (number < 0 || number > 255) throw new ValueError(`unknown protocol "${lower}" specified`);
  return number;
}

/** Its name, or the number where it has none. */
export function formatProtocol(number: number): string {
  return BY_NUMBER.get(number) ?? String(number);
}

/** `tcp`, `47`, `all` (0). */
export const protocol: ValueType<number> = {
  label: 'protocol',
  parse: (words) => parseProtocol(words[0]!),
  print: formatProtocol,
};
