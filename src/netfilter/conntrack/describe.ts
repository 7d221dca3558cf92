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
import { ExpectFlag, type Expectation } from './expectations.ts';
import { SCTP_STATE_NAMES } from './sctp-states.ts';
import { TCP_STATE_NAMES } from './tcp-states.ts';
import { Tuple } from './tuple.ts';
import { zoneOfKind } from './tuple-store.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;

/** As conntrack(8) names them. */
export const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  [IPPROTO_ICMP]: 'icmp',
  [IPPROTO_TCP]: 'tcp',
  [IPPROTO_UDP]: 'udp',
  [IPPROTO_DCCP]: 'dccp',
  [IPPROTO_GRE]: 'gre',
  [IPPROTO_ICMPV6]: 'icmpv6',
  [IPPROTO_SCTP]: 'sctp',
  [IPPROTO_UDPLITE]: 'udplite',
};

const original = new Tuple();
const reply = new Tuple();

/** What a line shows besides what all lines show. */
export interface LineParts {
  /** `ipv4     2 ` in front (-o extended). */
  readonly family: boolean;
  /** `mark=0` too; a mark is always shown. */
  readonly unmarked: boolean;
  readonly uses: boolean;
  /** References besides those that the table knows of: of who asks. */
  readonly moreUses: number;
  /** The start in local time (-o ktimestamp). */
  readonly start: ((us: number) => string) | null;
  /** `id=…` (-o id). */
  readonly id: number | null;
}

const EXTENDED: LineParts = { family: true, unmarked: true, uses: true, moreUses: 0, start: null, id: null };

/** One line, without its end; the helper's name is empty for none. Reports print it packet by packet: no arrays. */
export function describeConnection(
  connections: Connections,
  entry: number,
  helper: string,
  parts: LineParts = EXTENDED,
): string {
  const status = connections.status[entry]!;
  connections.tuples.read(entry * 2, original);
  connections.tuples.read(entry * 2 + 1, reply);
  const { proto } = original;
  const zones = zoneTexts(connections, entry);
  const started = connections.startOf(entry);
  const mark = connections.mark[entry]! >>> 0;
  return (
    (parts.family ? familyText(original.family) : '') +
    `${(PROTOCOL_NAMES[proto] ?? 'unknown').padEnd(8)} ${proto} ` +
    secondsLeft(connections.deadlineOf(entry), connections.now) +
    stateText(connections, entry, proto) +
    tupleText(original, '') +
    zones.original +
    countersText(connections, entry, 0) +
    (status & CtStatus.SEEN_REPLY ? '' : ' [UNREPLIED]') +
    tupleText(reply, '') +
    zones.reply +
    countersText(connections, entry, 1) +
    (status & CtStatus.ASSURED ? ' [ASSURED]' : '') +
    (mark !== 0 || parts.unmarked ? ` mark=${mark}` : '') +
    zones.both +
    (started === 0 ? '' : ` delta-time=${Math.floor((connections.now - started) / 1_000_000)}`) +
    (started === 0 || parts.start === null ? '' : ` [start=${parts.start(started)}]`) +
    (helper === '' ? '' : ` helper=${helper}`) +
    (parts.uses ? ` use=${connections.usesOf(entry) + parts.moreUses}` : '') +
    (parts.id === null ? '' : ` id=${parts.id}`)
  );
}

function familyText(family: number): string {
  return family === 6 ? `ipv6     ${AF_INET6} ` : `ipv4     ${AF_INET} `;
}

export function secondsLeft(deadline: number, now: number): number {
  return Math.max(0, Math.floor((deadline - now) / 1_000_000));
}

// Each text below begins with a space, or is empty.

function stateText(connections: Connections, entry: number, proto: number): string {
  const state = connections.octets[entry * PROTO_OCTETS]!;
  if (proto === IPPROTO_TCP) return ` ${TCP_STATE_NAMES[state]!}`;
  return proto === IPPROTO_SCTP ? ` ${SCTP_STATE_NAMES[state]!}` : '';
}

function countersText(connections: Connections, entry: number, direction: number): string {
  if ((connections.status[entry]! & HAS_COUNTERS) === 0) return '';
  return ` packets=${connections.packets(entry, direction)} bytes=${connections.bytes(entry, direction)}`;
}

/** `prefix` stands before the names of the addresses (`mask-src=`). */
function tupleText(tuple: Tuple, prefix: string): string {
  const { family, srcId, dstId } = tuple;
  const src = formatIp(family, tuple.src0, tuple.src1, tuple.src2, tuple.src3);
  const dst = formatIp(family, tuple.dst0, tuple.dst1, tuple.dst2, tuple.dst3);
  const text = ` ${prefix}src=${src} ${prefix}dst=${dst}`;
  switch (tuple.proto) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_SCTP:
    case IPPROTO_DCCP:
      return `${text} sport=${srcId} dport=${dstId}`;
    case IPPROTO_GRE:
      return `${text} srckey=0x${srcId.toString(16)} dstkey=0x${dstId.toString(16)}`;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return `${text} type=${dstId >>> 8} code=${dstId & 0xff} id=${srcId}`;
    default:
      return text;
  }
}

interface ZoneTexts {
  readonly original: string;
  readonly reply: string;
  readonly both: string;
}

const NO_ZONES: ZoneTexts = { original: '', reply: '', both: '' };

/** A zone of one direction stands behind that direction's tuple, a zone of both behind the mark. */
function zoneTexts(connections: Connections, entry: number): ZoneTexts {
  const there = zoneOfKind(connections.tuples.kind(entry * 2));
  const back = zoneOfKind(connections.tuples.kind(entry * 2 + 1));
  if (there === back) return there === 0 ? NO_ZONES : { ...NO_ZONES, both: ` zone=${there}` };
  return {
    original: there === 0 ? '' : ` zone-orig=${there}`,
    reply: back === 0 ? '' : ` zone-reply=${back}`,
    both: '',
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
  return (
    `${secondsLeft(expectation.deadline, connections.now)} proto=${tuple.proto}` +
    tupleText(tuple, '') +
    tupleText(mask, 'mask-') +
    tupleText(masterTuple, 'master-') +
    flagsText(expectation.flags) +
    ` class=${expectation.policyClass}` +
    (expectation.owner === null ? '' : ` helper=${expectation.owner.name}`)
  );
}

function flagsText(flags: number): string {
  const names = Object.entries(ExpectFlag).flatMap(([name, bit]) => (flags & bit ? [name] : []));
  return names.length === 0 ? '' : ` ${names.join(',')}`;
}
