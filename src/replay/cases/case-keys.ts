/**
 * The keys of a case file, declared: what they are called, what stands there, what they say. Reading, messages and the
 * reference in docs/regression-tests.md follow from here, from filter-keys.ts, packet-keys.ts and total-keys.ts.
 */
import { FILTER_KEYS } from './filter-keys.ts';
import { network, packetNumbers } from './net-values.ts';
import { PACKET_KEYS } from './packet-keys.ts';
import { TOTAL_KEYS } from './total-keys.ts';
import { count, entryOf, flag, listOf, oneOf, path, text, whole } from './values.ts';
import type { Entry, Key, ValueType } from './yaml-reader.ts';

/** Captures, with the interface each arrives on; null where the replay finds the sides by itself. */
export interface CaptureUse {
  readonly iface: string | null;
  readonly path: string;
}

const captures: ValueType<readonly CaptureUse[]> = {
  words: 'a path, a list of paths, or a map from interface to path',
  read: (reader, node) => {
    if (!reader.isMap(node)) {
      return reader.readList(node, (item) => ({ iface: null, path: path.read(reader, item) }));
    }
    return reader.pairs(node).map(({ key, value }) => ({
      iface: text.read(reader, key),
      path: path.read(reader, value),
    }));
  },
  print: (uses) => uses.map((use) => use.path).join(', '),
};

/** A text given in place, or a file. */
export type TextUse =
  | { readonly kind: 'path'; readonly path: string }
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Columns that the case file has before each line of it. */
      readonly indent: number;
    };

const rules: ValueType<TextUse> = {
  words: 'a path, or the rules themselves as a block of text (`|`)',
  read: (reader, node) => {
    const value = reader.textOf(node, 'a path or a block of text');
    if (!value.includes('\n')) return { kind: 'path', path: path.read(reader, node) };
    // Empty lines in front make the line numbers of messages and traces those of the case file.
    const { linesBefore, indent } = reader.blockOf(node);
    return { kind: 'text', text: '\n'.repeat(linesBefore) + value, indent };
  },
  print: () => 'rules',
};

export type GatewayUse =
  { readonly kind: 'path'; readonly path: string } | { readonly kind: 'value'; readonly value: unknown };

const gateway: ValueType<GatewayUse> = {
  words: 'a path, or what a gateway file holds',
  read: (reader, node) =>
    reader.isMap(node)
      ? { kind: 'value', value: reader.dataOf(node) }
      : { kind: 'path', path: path.read(reader, node) },
  print: () => 'gateway',
};

/** Which packets an expectation speaks of, or that it speaks of the whole. One of these stands in each expectation. */
export const SUBJECT_KEYS = {
  packet: { type: packetNumbers, about: 'this packet, counted from 1 over all captures', example: '3' },
  packets: { type: listOf(packetNumbers), about: 'each of these', example: '[1, 4-7]' },
  all: {
    type: entryOf(FILTER_KEYS, 'a filter'),
    about: 'every packet that the filter takes; it has to take one at least',
    example: '{ proto: tcp, dport: 22, in: eth1 }',
  },
  any: {
    type: entryOf(FILTER_KEYS, 'a filter'),
    about: 'at least one packet that the filter takes',
    example: '{ icmp: echo-request }',
  },
  none: {
    type: entryOf(FILTER_KEYS, 'a filter'),
    about: 'no packet that the filter takes',
    example: '{ src: 10.254.0.0/24, in: eth1 }',
  },
  count: {
    type: count,
    about: 'so many packets, of all or of those that the filter `where` takes',
    example: 'at least 2',
  },
  where: { type: entryOf(FILTER_KEYS, 'a filter'), about: 'the filter of `count`', example: '{ dport: 53 }' },
  totals: {
    type: entryOf(TOTAL_KEYS, 'totals'),
    about: 'the replay as a whole (see below)',
    example: '{ connections: 3 }',
  },
  golden: {
    type: path,
    about:
      'the frames that left each interface are those of this pcapng file, byte for byte and in order; `--update` writes it',
    example: 'expected.pcapng',
  },
  goldenJson: {
    type: path,
    about:
      'verdicts, rules, translations, frames, tables and connections are those of this file of JSON lines; `--update` writes it',
    example: 'expected.jsonl',
  },
} as const;

export const EXPECTATION_KEYS = { ...SUBJECT_KEYS, ...PACKET_KEYS } as const;
export type ExpectationEntry = Entry<typeof EXPECTATION_KEYS>;

const expectations: ValueType<readonly ExpectationEntry[]> = {
  words: 'a list of expectations',
  read: (reader, node) => {
    if (!reader.isList(node)) return reader.fail(node, 'expected a list: each expectation begins with "- "');
    const list = reader.readList(node, (item) => reader.readMap(item, EXPECTATION_KEYS, 'an expectation'));
    return list.length === 0 && reader.mistakes.length === 0
      ? reader.fail(node, 'a case without expectations proves nothing')
      : list;
  },
  print: (list) => `${list.length} expectations`,
};

export const CASE_KEYS = {
  name: { type: text, about: 'what the case shows, as a sentence', example: 'The LAN may browse' },
  about: { type: text, about: 'more words for the reader', example: 'Everybody inside may go out.' },
  captures: { type: captures, about: 'what comes in', example: '{ eth0: lan.pcap, eth1: wan.pcap }' },
  rules: { type: rules, about: 'the IPv4 rules, as iptables-save prints them', example: 'firewall.rules' },
  rules6: { type: rules, about: 'the same for IPv6', example: 'firewall6.rules' },
  gateway: { type: gateway, about: 'the gateway: interfaces, routes, neighbours', example: 'gateway.yaml' },
  inside: {
    type: listOf(network),
    about: 'which addresses are inside, where one capture holds both directions',
    example: '10.254.0.0/24',
  },
  insideInterface: {
    type: text,
    about: 'the name of the inner interface of an assumed gateway',
    example: 'lan0',
  },
  outsideInterface: { type: text, about: 'the name of the outer one', example: 'wan0' },
  host: {
    type: listOf(network),
    about: 'the capture was taken on the host with these addresses: its own traffic passes INPUT and OUTPUT',
    example: '10.254.0.2',
  },
  closedLoop: {
    type: flag,
    about: "re-address the other side's packets to the translation, since the capture never saw it",
    example: 'true',
  },
  checksums: {
    type: oneOf(['repair', 'verify']),
    about: 'fill in checksums that were left to the network card, or take all as they are',
    example: 'verify',
  },
  seed: {
    type: whole(0, 0xffffffff, 'a number (0-4294967295)'),
    about: 'seed of everything drawn at random',
    example: '7',
  },
  engine: {
    type: oneOf(['compiled', 'reference']),
    about: 'the compiled engine (the default), or the reference interpreter',
    example: 'reference',
  },
  cutCaptures: {
    type: oneOf(['refuse', 'accept']),
    about: 'whether a capture may end in the middle of a packet; `refuse` unless given',
    example: 'accept',
  },
  expect: {
    type: expectations,
    about: 'what has to come of it',
    example: '[{ packet: 1, verdict: ACCEPT }]',
  },
} as const satisfies Readonly<Record<string, Key<unknown>>>;
