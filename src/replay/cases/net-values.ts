/**
 * Values of a case file that speak of networks: networks, ports, protocols, TCP flags, ICMP types, numbers of packets,
 * translations.
 */
import type { Node } from 'yaml';
import type { Family } from '../../netfilter/hook.ts';
import {
  formatProtocol,
  icmpType,
  icmpv6Type,
  parseProtocol,
  type IcmpType,
} from '../../netfilter/syntax/values/index.ts';
import { ValueError } from '../../netfilter/syntax/value-error.ts';
import { formatIp, maskWord, parseIp } from '../../wire/address.ts';
import * as tcp from '../../wire/tcp.ts';
import { didYouMean } from '../../base/did-you-mean.ts';
import type { ValueType, YamlReader } from './yaml-reader.ts';

/** An address, or a network in CIDR notation. */
export interface Network {
  readonly text: string;
  readonly family: Family;
  readonly words: Int32Array;
  readonly prefix: number;
}

export const network: ValueType<Network> = {
  words: 'an address or a network (10.0.0.0/8)',
  read: (reader, node) => {
    const text = reader.textOf(node, 'an address or a network');
    const [address = '', length, ...more] = text.split('/');
    const words = new Int32Array(4);
    const family = parseIp(address, words);
    const bits = family === 6 ? 128 : 32;
    const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
    if (family !== 0 && prefix <= bits && more.length === 0) return { text, family, words, prefix };
    return reader.fail(node, `expected an address or a network such as 10.0.0.0/8, not "${text}"`);
  },
  print: ({ text }) => text,
};

export function networkHolds({ family, words, prefix }: Network, of: Family, address: Int32Array): boolean {
  if (family !== of) return false;
  for (let i = 0; i < (family === 6 ? 4 : 1); i++) {
    if (((words[i]! ^ address[i]!) & maskWord(prefix, i)) !== 0) return false;
  }
  return true;
}

/** Numbers from `first` to `last`. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export function rangeHolds({ first, last }: Range, value: number): boolean {
  return value >= first && value <= last;
}

function rangeOf(words: string, min: number, max: number): ValueType<Range> {
  return {
    words,
    read: (reader, node) => {
      const source = reader.textOf(node, words);
      const parts = /^(\d+)(?:-(\d+))?$/.exec(source);
      const first = Number(parts?.[1] ?? NaN);
      const last = Number(parts?.[2] ?? first);
      if (first >= min && last <= max && first <= last) return { first, last };
      return reader.fail(node, `expected ${words}, not "${source}"`);
    },
    print: ({ first, last }) => (first === last ? String(first) : `${first}-${last}`),
  };
}

export const port = rangeOf('a port or a range (1024-65535)', 0, 65535);
export const packetNumbers = rangeOf('a packet number or a range (3-9)', 1, Number.MAX_SAFE_INTEGER);

/** What `proto:` may name beside the protocols of IP; told by the EtherType. */
export const LINK_PROTOCOLS = { arp: 0x0806, ip: 0x0800, ipv6: 0x86dd } as const;
export type LinkProtocol = keyof typeof LINK_PROTOCOLS;
const COMMON_PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'gre', 'esp', 'ah', 'udplite'];

export const proto: ValueType<LinkProtocol | number> = {
  words: 'a protocol (`tcp`, `udp`, `icmp`, `icmpv6` …, a number, `arp`, `ip`, `ipv6`)',
  read: (reader, node) => {
    const word = reader.textOf(node, 'a protocol');
    if (Object.hasOwn(LINK_PROTOCOLS, word)) return word as LinkProtocol;
    try {
      return parseProtocol(word);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const meant = didYouMean(word, [...COMMON_PROTOCOLS, ...Object.keys(LINK_PROTOCOLS)]);
      return reader.fail(node, `unknown protocol "${word}"${meant}`);
    }
  },
  print: (value) => (typeof value === 'string' ? value : formatProtocol(value)),
};

export const TCP_FLAGS = {
  SYN: tcp.SYN,
  ACK: tcp.ACK,
  FIN: tcp.FIN,
  RST: tcp.RST,
  PSH: tcp.PSH,
  URG: tcp.URG,
  ECE: tcp.ECE,
  CWR: tcp.CWR,
} as const;

export interface FlagTest {
  readonly name: keyof typeof TCP_FLAGS;
  readonly set: boolean;
}

export const tcpFlag: ValueType<FlagTest> = {
  words: 'a TCP flag that is set (`SYN`) or not (`"!ACK"`)',
  read: (reader, node) => {
    const word = reader.textOf(node, 'a TCP flag');
    const set = !word.startsWith('!');
    const name = (set ? word : word.slice(1)).toUpperCase();
    if (Object.hasOwn(TCP_FLAGS, name)) return { name: name as keyof typeof TCP_FLAGS, set };
    return reader.fail(node, `unknown TCP flag "${word}"${didYouMean(name, Object.keys(TCP_FLAGS))}`);
  },
  print: ({ name, set }) => (set ? name : `!${name}`),
};

/** The type by that name in ICMP and in ICMPv6; null where it has no such type. */
export interface IcmpTypes {
  readonly text: string;
  readonly v4: IcmpType | null;
  readonly v6: IcmpType | null;
}

export const icmpTypes: ValueType<IcmpTypes> = {
  words: 'a type as `--icmp-type` and `--icmpv6-type` take it (`echo-request`, `3/4`)',
  read: (reader, node) => {
    const word = reader.textOf(node, 'an ICMP type');
    const types = { text: word, v4: typeOrNull(word, 4), v6: typeOrNull(word, 6) };
    if (types.v4 !== null || types.v6 !== null) return types;
    return reader.fail(node, `neither ICMP nor ICMPv6 has a type "${word}"`);
  },
  print: ({ text }) => text,
};

function typeOrNull(word: string, family: Family): IcmpType | null {
  const type = family === 4 ? icmpType : icmpv6Type;
  try {
    return type.parse([word], { family, protocol: null, extension: 'icmp', option: 'icmp-type' });
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}

/** An address, a port, or both; null where nothing is said of it. */
export interface EndpointTest {
  readonly address: string | null;
  readonly port: number | null;
}

/** What translation made of one end: `before` is null when only the result is said. */
export interface Change {
  readonly before: EndpointTest | null;
  readonly after: EndpointTest;
}

export const change: ValueType<Change> = {
  words: '`AFTER` or `BEFORE -> AFTER`, each an address, `address:port`, `[address]:port` or `:port`',
  read: (reader, node) => {
    const source = reader.textOf(node, 'an address');
    const [left, right, ...more] = source.split('->').map((part) => part.trim());
    if (more.length > 0) return reader.fail(node, `expected one "->" at most in "${source}"`);
    return right === undefined
      ? { before: null, after: readEndpoint(reader, node, left!) }
      : { before: readEndpoint(reader, node, left!), after: readEndpoint(reader, node, right) };
  },
  print: ({ before, after }) =>
    before === null ? printEndpoint(after) : `${printEndpoint(before)} -> ${printEndpoint(after)}`,
};

const ENDPOINT = /^(?:\[([^\]]*)\]|([^:]*)|(.*:.*:.*?))(?::(\d+))?$/;

function readEndpoint(reader: YamlReader, node: Node, source: string): EndpointTest {
  const fail = () =>
    reader.fail(node, `expected an address, address:port, [address]:port or :port, not "${source}"`);
  const words = new Int32Array(4);
  // An IPv6 address without brackets is an address alone, whatever its last colon looks like.
  const bare = parseIp(source, words);
  if (bare !== 0) return { address: formatIp(bare, words[0]!, words[1]!, words[2]!, words[3]!), port: null };
  const parts = ENDPOINT.exec(source);
  if (parts === null) return fail();
  const address = parts[1] ?? parts[2] ?? parts[3] ?? '';
  const number = parts[4] === undefined ? null : Number(parts[4]);
  if (number !== null && number > 65535) return fail();
  if (address === '') return number === null ? fail() : { address: null, port: number };
  const family = parseIp(address, words);
  if (family === 0) return fail();
  return { address: formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!), port: number };
}

export function printEndpoint({ address, port: number }: EndpointTest): string {
  if (number === null) return address ?? '';
  if (address === null) return `:${number}`;
  return address.includes(':') ? `[${address}]:${number}` : `${address}:${number}`;
}
