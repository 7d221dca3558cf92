/**
 * Connections and expectations as `conntrack -L -o extended` and `conntrack -L expect` print them.
 * Source: conntrack(8), and the program's output beside ours (test/netfilter/conntrack).
 */
import { formatIp } from '../../wire/address.ts';
import {
  IPPROTO_DCCP,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../wire/ip-protocol.ts';
import { HAS_COUNTERS, type Connections } from './connections.ts';
import { PROTO_OCTETS } from './record.ts';
import { CtStatus } from './ct-info.ts';
import type { Expectation } from './expectations.ts';
import { SCTP_STATE_NAMES } from './sctp-states.ts';
import { TCP_STATE_NAMES } from './tcp-states.ts';
import { Tuple } from './tuple.ts';
import { zoneOfKind } from './tuple-store.ts';

const AF_INET = 2;
const AF_INET6 = 10;

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  [IPPROTO_ICMP]: 'icmp',
  [IPPROTO_TCP]: 'tcp',
  [IPPROTO_UDP]: 'udp',
  [IPPROTO_DCCP]: 'dccp',
  [IPPROTO_GRE]: 'gre',
  [IPPROTO_ICMPV6]: 'icmpv6',
  [IPPROTO_SCTP]: 'sctp',
  [IPPROTO_UDPLITE]: 'udplite',
};

/** One line, without its end; the helper's name is empty for none. */
export function describeConnection(connections: Connections, entry: number, helper: string): string {
  const status = connections.status[entry]!;
  const original = new Tuple();
  const reply = new Tuple();
  connections.tuples.read(entry * 2, original);
  connections.tuples.read(entry * 2 + 1, reply);
  const family = original.family === 6 ? `ipv6     ${AF_INET6}` : `ipv4     ${AF_INET}`;
  const name = PROTOCOL_NAMES[original.proto] ?? 'unknown';
  const left = Math.max(0, Math.floor((connections.deadlineOf(entry) - connections.now) / 1_000_000));

  const words = [`${family} ${name.padEnd(8)} ${original.proto} ${left}`];
  const state = stateName(connections, entry, original.proto);
  if (state !== '') words.push(state);
  const zones = zoneWords(connections, entry);
  words.push(...directionWords(connections, entry, 0, original), ...zones.original);
  if ((status & CtStatus.SEEN_REPLY) === 0) words.push('[UNREPLIED]');
  words.push(...directionWords(connections, entry, 1, reply), ...zones.reply);
  if (status & CtStatus.ASSURED) words.push('[ASSURED]');
  words.push(`mark=${connections.mark[entry]! >>> 0}`);
  words.push(...zones.both);
  const started = connections.startOf(entry);
  if (started !== 0) words.push(`delta-time=${Math.floor((connections.now - started) / 1_000_000)}`);
  if (helper !== '') words.push(`helper=${helper}`);
  words.push(`use=${connections.usesOf(entry)}`);
  return words.join(' ');
}

function stateName(connections: Connections, entry: number, proto: number): string {
  const state = connections.octets[entry * PROTO_OCTETS]!;
  if (proto === IPPROTO_TCP) return TCP_STATE_NAMES[state]!;
  return proto === IPPROTO_SCTP ? SCTP_STATE_NAMES[state]! : '';
}

function directionWords(connections: Connections, entry: number, direction: number, tuple: Tuple): string[] {
  const words = tupleWords(tuple);
  if (connections.status[entry]! & HAS_COUNTERS) {
    words.push(
      `packets=${connections.packets(entry, direction)}`,
      `bytes=${connections.bytes(entry, direction)}`,
    );
  }
  return words;
}

function tupleWords(tuple: Tuple): string[] {
  const { family, srcId, dstId } = tuple;
  const src = formatIp(family, tuple.src0, tuple.src1, tuple.src2, tuple.src3);
  const dst = formatIp(family, tuple.dst0, tuple.dst1, tuple.dst2, tuple.dst3);
  const words = [`src=${src}`, `dst=${dst}`];
  switch (tuple.proto) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_SCTP:
    case IPPROTO_DCCP:
      words.push(`sport=${srcId}`, `dport=${dstId}`);
      break;
    case IPPROTO_GRE:
      words.push(`srckey=0x${srcId.toString(16)}`, `dstkey=0x${dstId.toString(16)}`);
      break;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      words.push(`type=${dstId >>> 8}`, `code=${dstId & 0xff}`, `id=${srcId}`);
      break;
    default:
      break;
  }
  return words;
}

interface ZoneWords {
  readonly original: readonly string[];
  readonly reply: readonly string[];
  readonly both: readonly string[];
}

/** A zone of one direction stands behind that direction's tuple, a zone of both behind the mark. */
function zoneWords(connections: Connections, entry: number): ZoneWords {
  const original = zoneOfKind(connections.tuples.kind(entry * 2));
  const reply = zoneOfKind(connections.tuples.kind(entry * 2 + 1));
  if (original === reply) {
    return { original: [], reply: [], both: original === 0 ? [] : [`zone=${original}`] };
  }
  return {
    original: original === 0 ? [] : [`zone-orig=${original}`],
    reply: reply === 0 ? [] : [`zone-reply=${reply}`],
    both: [],
  };
}

export function describeExpectation(connections: Connections, expectation: Expectation): string {
  const { tuple, master } = expectation;
  const masterTuple = new Tuple();
  connections.tuples.read(master * 2, masterTuple);
  // Only the source is compared by a mask; the destination's shows as all ones.
  const mask = new Tuple().copy(expectation.mask);
  mask.family = tuple.family;
  mask.proto = tuple.proto;
  mask.dst0 = mask.dst1 = mask.dst2 = mask.dst3 = -1;
  mask.dstId = 0xffff;
  const left = Math.max(0, Math.floor((expectation.deadline - connections.now) / 1_000_000));
  const words = [
    `${left}`,
    `proto=${tuple.proto}`,
    ...tupleWords(tuple),
    ...tupleWords(mask).map((word) => word.replace(/^(src|dst)=/, 'mask-$1=')),
    ...tupleWords(masterTuple).map((word) => word.replace(/^(src|dst)=/, 'master-$1=')),
  ];
  words.push(`class=${expectation.policyClass}`);
  if (expectation.owner !== null) words.push(`helper=${expectation.owner.name}`);
  return words.join(' ');
}
