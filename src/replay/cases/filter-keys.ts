/**
 * The filter of `all`, `any`, `none` and `where`: which packets an expectation speaks of. It looks at the frame as it came
 * in, and at a few things that are known of it afterwards. Every key given has to hold; of a list, one member.
 *
 * One declaration a key: its type, its words for the reference, its test.
 */
import type { Family } from '../../netfilter/hook.ts';
import { describeFrame } from '../../wire/describe.ts';
import { hasPorts } from '../../wire/dissect.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import * as tcp from '../../wire/tcp.ts';
import {
  icmpTypes,
  LINK_PROTOCOLS,
  network,
  networkHolds,
  port,
  proto,
  rangeHolds,
  TCP_FLAGS,
  tcpFlag,
  type Network,
  type Range,
} from './net-values.ts';
import { STATES, VERDICTS } from './packet-words.ts';
import type { Subject } from './subject.ts';
import { entryOf, listOf, oneOf, pattern, patternMatches, text } from './values.ts';
import type { Entry, Key } from './yaml-reader.ts';

export interface FilterKey<T> extends Key<T> {
  test(value: T, subject: Subject): boolean;
}

function key<T>(parts: FilterKey<T>): FilterKey<T> {
  return parts;
}

const PLAIN_KEYS = {
  in: key({
    type: listOf(text),
    about: 'the interface it arrived on',
    example: 'eth0',
    test: (names, { outcome }) => names.includes(outcome.in),
  }),
  proto: key({
    type: listOf(proto),
    about: 'its protocol; of IPv6, what the extension headers end in',
    example: 'tcp',
    test: (protocols, { pkt }) =>
      protocols.some((one) =>
        typeof one === 'string'
          ? pkt.etherType === LINK_PROTOCOLS[one]
          : pkt.family !== 0 && pkt.proto === one,
      ),
  }),
  src: key({
    type: listOf(network),
    about: 'its source address',
    example: '10.254.0.0/24',
    test: (networks, { pkt, src }) => inOne(networks, pkt.family, src),
  }),
  dst: key({
    type: listOf(network),
    about: 'its destination address',
    example: '[10.253.0.2, "fd53::2"]',
    test: (networks, { pkt, dst }) => inOne(networks, pkt.family, dst),
  }),
  host: key({
    type: listOf(network),
    about: 'its source or its destination address',
    example: '10.253.0.2',
    test: (networks, { pkt, src, dst }) =>
      inOne(networks, pkt.family, src) || inOne(networks, pkt.family, dst),
  }),
  sport: key({
    type: listOf(port),
    about: 'its source port',
    example: '1024-65535',
    test: (ports, subject) => portIn(ports, subject, subject.pkt.sport),
  }),
  dport: key({
    type: listOf(port),
    about: 'its destination port',
    example: '[80, 443]',
    test: (ports, subject) => portIn(ports, subject, subject.pkt.dport),
  }),
  port: key({
    type: listOf(port),
    about: 'its source or its destination port',
    example: '53',
    test: (ports, subject) =>
      portIn(ports, subject, subject.pkt.sport) || portIn(ports, subject, subject.pkt.dport),
  }),
  flags: key({
    type: listOf(tcpFlag),
    about: 'TCP flags; all of those listed have to be as said',
    example: '[SYN, "!ACK"]',
    test: (flags, { pkt }) => {
      if (pkt.proto !== IPPROTO_TCP || pkt.l4Ok === 0) return false;
      const bits = tcp.flags(pkt.bytes, pkt.l4);
      return flags.every(({ name, set }) => ((bits & TCP_FLAGS[name]) !== 0) === set);
    },
  }),
  icmp: key({
    type: listOf(icmpTypes),
    about: 'the type of the ICMP or ICMPv6 message',
    example: 'echo-request',
    test: (types, { pkt }) => {
      if (pkt.l4Ok === 0 || (pkt.proto !== IPPROTO_ICMP && pkt.proto !== IPPROTO_ICMPV6)) return false;
      const type = pkt.bytes[pkt.l4]!;
      const code = pkt.bytes[pkt.l4 + 1]!;
      return types.some(({ v4, v6 }) => {
        const wanted = pkt.proto === IPPROTO_ICMP ? v4 : v6;
        return wanted?.type === type && code >= wanted.lowCode && code <= wanted.highCode;
      });
    },
  }),
  text: key({
    type: pattern,
    about: "the packet in tcpdump's words",
    example: '/length 0$/',
    test: (wanted, { outcome }) => patternMatches(wanted, describeFrame(outcome.frame)),
  }),
  state: key({
    type: listOf(oneOf(STATES)),
    about: 'its state, as `-m conntrack --ctstate` says it',
    example: 'NEW',
    test: (states, { outcome }) => outcome.conntrack !== null && states.includes(outcome.conntrack.state),
  }),
  verdict: key({
    type: listOf(oneOf(VERDICTS)),
    about: 'what became of it',
    example: 'DROP',
    test: (verdicts, { outcome }) => verdicts.includes(outcome.verdict),
  }),
} as const;

export const FILTER_KEYS = {
  ...PLAIN_KEYS,
  not: key({
    type: entryOf(PLAIN_KEYS, 'a filter'),
    about: 'a filter that does not hold',
    example: '{ src: 10.254.0.0/24 }',
    test: (entry, subject) => !keysHold(PLAIN_KEYS, entry, subject),
  }),
} as const;

export type Filter = Entry<typeof FILTER_KEYS>;

/** Every key given holds. A filter without keys takes every packet. */
export function filterHolds(filter: Filter, subject: Subject): boolean {
  return keysHold(FILTER_KEYS, filter, subject);
}

function keysHold(
  keys: Readonly<Record<string, { test(value: never, subject: Subject): boolean }>>,
  entry: { readonly values: object },
  subject: Subject,
): boolean {
  return Object.entries(entry.values).every(([name, value]) => keys[name]!.test(value as never, subject));
}

function inOne(networks: readonly Network[], family: number, address: Int32Array): boolean {
  if (family === 0) return false;
  return networks.some((one) => networkHolds(one, family as Family, address));
}

function portIn(ports: readonly Range[], { pkt }: Subject, number: number): boolean {
  return pkt.l4Ok !== 0 && hasPorts(pkt.proto) && ports.some((range) => rangeHolds(range, number));
}
