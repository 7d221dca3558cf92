/** Connections in the forms of `-o`: lines, XML, and options to make them again. */
import { calendarTime, ctime, twoDigits } from '../../base/calendar.ts';
import type { Conntrack } from '../../netfilter/conntrack/conntrack.ts';
import { AF_INET, AF_INET6, PROTOCOL_NAMES, secondsLeft } from '../../netfilter/conntrack/describe.ts';
import { CtStatus } from '../../netfilter/conntrack/ct-info.ts';
import { HAS_COUNTERS, type Connections } from '../../netfilter/conntrack/connections.ts';
import type { EventKind } from '../../netfilter/conntrack/events.ts';
import { PROTO_OCTETS } from '../../netfilter/conntrack/record.ts';
import { sctpTag } from '../../netfilter/conntrack/sctp.ts';
import type { LabelNames } from '../../netfilter/conntrack/label-names.ts';
import { SCTP_STATE_NAMES } from '../../netfilter/conntrack/sctp-states.ts';
import { TCP_STATE_NAMES } from '../../netfilter/conntrack/tcp-states.ts';
import { Tuple } from '../../netfilter/conntrack/tuple.ts';
import { formatIp } from '../../wire/address.ts';
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  IPPROTO_DCCP,
} from '../../wire/ip-protocol.ts';
import { BadWords } from './request.ts';
import { sameEnd } from './selection.ts';
import { STATUSES } from './words.ts';

export const FORMATS = [
  'xml',
  'extended',
  'timestamp',
  'id',
  'ktimestamp',
  'labels',
  'save',
  'userspace',
] as const;
export type Format = (typeof FORMATS)[number];
export type Formats = ReadonlySet<Format>;

/** `-o xml,id`. Throws BadWords. */
export function parseFormats(text: string | undefined): Formats {
  const formats = new Set<Format>();
  for (const name of text === undefined ? [] : text.split(',')) {
    if (!(FORMATS as readonly string[]).includes(name)) throw new BadWords(`Bad parameter \`${name}'`);
    formats.add(name as Format);
  }
  if (formats.has('save') && formats.size > 1) {
    throw new BadWords('cannot combine save output with any other output type, use -o save only', 1);
  }
  return formats;
}

const original = new Tuple();
const reply = new Tuple();

/** Why a line is printed: it is listed, or something happened. */
export interface Occasion {
  /** Names of labels, where these are shown. */
  readonly labels: LabelNames | null;
  readonly event: EventKind | null;
  /** The letter of the command that would do it again (-o save). */
  readonly letter: 'A' | 'U' | 'D';
  readonly moreUses: number;
}

export function printConnection(
  conntrack: Conntrack,
  entry: number,
  formats: Formats,
  occasion: Occasion,
): string {
  if (formats.has('save')) return asOptions(conntrack, entry, occasion.letter);
  if (formats.has('xml')) return asXml(conntrack, entry, formats, occasion);
  const line = conntrack.describeWith(entry, {
    family: formats.has('extended'),
    unmarked: occasion.event === null,
    uses: occasion.event === null,
    moreUses: occasion.moreUses,
    start: formats.has('ktimestamp') ? ctime : null,
    id: formats.has('id') ? idOf(conntrack, entry) : null,
  });
  const labels = labelsOf(conntrack, entry, occasion);
  return labels === null ? line : `${line} labels${labels.length === 0 ? '' : `=${labels.join(',')}`}`;
}

/** The names of its labels; null where it has none, or none are shown. */
function labelsOf(conntrack: Conntrack, entry: number, { labels: names, event }: Occasion): string[] | null {
  const labels = names === null || event === 'DESTROY' ? [] : conntrack.labels.of(entry);
  return labels.length === 0 ? null : labels.flatMap((label) => names?.nameOf(label) ?? []);
}

/** A number that stays with the connection and that no other has for long: a hash of its tuples. */
export function idOf(conntrack: Conntrack, entry: number): number {
  conntrack.readTuple(entry, 0, original);
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcId, dstId, proto, zone } = original;
  let hash = entry;
  for (const word of [src0, src1, src2, src3, dst0, dst1, dst2, dst3, srcId, dstId, proto, zone]) {
    hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 15);
  }
  return hash >>> 0;
}

// ── XML ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const XML_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n';
export const XML_FOOT = '</conntrack>\n';

function asXml(conntrack: Conntrack, entry: number, formats: Formats, occasion: Occasion): string {
  const { event } = occasion;
  const { connections } = conntrack;
  const status = connections.status[entry]!;
  conntrack.readTuple(entry, 0, original);
  conntrack.readTuple(entry, 1, reply);
  const isApart = original.zone !== reply.zone;
  const direction = (name: string, tuple: Tuple, number: 0 | 1) => {
    const counters =
      status & HAS_COUNTERS
        ? tag(
            'counters',
            `${tag('packets', conntrack.packets(entry, number))}${tag('bytes', conntrack.bytes(entry, number))}`,
          )
        : '';
    const zone = isApart && tuple.zone !== 0 ? tag('zone', tuple.zone) : '';
    return `<meta direction="${name}">${layersXml(tuple)}${zone}${counters}</meta>`;
  };
  const { proto } = original;
  const mark = connections.mark[entry]! >>> 0;
  const started = connections.startOf(entry);
  const labels = labelsOf(conntrack, entry, occasion);
  const rest = [
    // The tool names the states of SCTP as if they were TCP's.
    proto === IPPROTO_TCP || proto === IPPROTO_SCTP
      ? tag('state', TCP_STATE_NAMES[connections.octets[entry * PROTO_OCTETS]!] ?? '')
      : '',
    tag('timeout', secondsLeft(connections.deadlineOf(entry), connections.now)),
    mark !== 0 || event === null ? tag('mark', mark) : '',
    labels === null ? '' : tag('labels', labels.map((label) => tag('label', label)).join('')),
    !isApart && original.zone !== 0 ? tag('zone', original.zone) : '',
    event === null ? tag('use', connections.usesOf(entry)) : '',
    tag('id', idOf(conntrack, entry)),
    status & CtStatus.ASSURED ? '<assured/>' : '',
    status & CtStatus.SEEN_REPLY ? '' : '<unreplied/>',
    started !== 0 && formats.has('ktimestamp') ? tag('timestamp', tag('start', `${started}000`)) : '',
    started === 0 ? '' : tag('deltatime', Math.floor((connections.now - started) / 1e6)),
  ].join('');
  const when = event !== null && formats.has('timestamp') ? whenXml(connections.now) : '';
  const type = event === null ? '' : ` type="${event.toLowerCase()}"`;
  return (
    `<flow${type}>${direction('original', original, 0)}${direction('reply', reply, 1)}` +
    `<meta direction="independent">${rest}</meta>${when}</flow>`
  );
}

function layersXml(tuple: Tuple): string {
  const { family, proto, srcId, dstId } = tuple;
  const [number, name] = family === 6 ? [AF_INET6, 'ipv6'] : [AF_INET, 'ipv4'];
  const addresses = `${tag('src', sourceOf(tuple))}${tag('dst', destinationOf(tuple))}`;
  const l3 = `<layer3 protonum="${number}" protoname="${name}">${addresses}</layer3>`;
  const l4 = hasPorts(proto)
    ? `${tag('sport', srcId)}${tag('dport', dstId)}`
    : proto === IPPROTO_GRE
      ? `${tag('srckey', `0x${srcId.toString(16)}`)}${tag('dstkey', `0x${dstId.toString(16)}`)}`
      : '';
  return `${l3}<layer4 protonum="${proto}" protoname="${PROTOCOL_NAMES[proto] ?? 'unknown'}">${l4}</layer4>`;
}

function whenXml(us: number): string {
  const { hour, minute, second, weekday, day, month, year } = calendarTime(us);
  return tag(
    'when',
    tag('hour', twoDigits(hour)) +
      tag('min', twoDigits(minute)) +
      tag('sec', twoDigits(second)) +
      tag('wday', weekday + 1) +
      tag('day', day) +
      tag('month', month) +
      tag('year', year),
  );
}

function tag(name: string, content: string | number): string {
  return `<${name}>${content}</${name}>`;
}

// ── Options ─────────────────────────────────────────────────────────────────────────────────────────────────────

function asOptions(conntrack: Conntrack, entry: number, letter: string): string {
  const { connections } = conntrack;
  const status = connections.status[entry]!;
  conntrack.readTuple(entry, 0, original);
  conntrack.readTuple(entry, 1, reply);
  const names = [...STATUSES].filter(([, bit]) => bit !== 0 && (status & bit) !== 0).map(([name]) => name);
  const isSource = (status & CtStatus.SRC_NAT) !== 0 && !sameEnd(original, 'src', reply, 'dst');
  const isDestination = (status & CtStatus.DST_NAT) !== 0 && !sameEnd(original, 'dst', reply, 'src');
  const words = [
    `-${letter}`,
    `-t ${secondsLeft(connections.deadlineOf(entry), connections.now)}`,
    `-u ${names.length === 0 ? 'UNSET' : names.join(',')}`,
    ...zoneOptions(),
    `-s ${sourceOf(original)}`,
    `-d ${destinationOf(original)}`,
    `${isDestination ? '-g' : '-r'} ${sourceOf(reply)}`,
    `${isSource ? '-n' : '-q'} ${destinationOf(reply)}`,
    `-p ${PROTOCOL_NAMES[original.proto] ?? original.proto}`,
    ...protocolOptions(connections, entry),
  ];
  return words.join(' ');
}

function zoneOptions(): string[] {
  if (original.zone === reply.zone) return original.zone === 0 ? [] : [`-w ${original.zone}`];
  return [
    ...(original.zone === 0 ? [] : [`--orig-zone ${original.zone}`]),
    ...(reply.zone === 0 ? [] : [`--reply-zone ${reply.zone}`]),
  ];
}

function protocolOptions(connections: Connections, entry: number): string[] {
  const state = connections.octets[entry * PROTO_OCTETS]!;
  const { proto, srcId, dstId } = original;
  if (proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6) {
    const name = PROTOCOL_NAMES[proto]!;
    return [`--${name}-type ${dstId >>> 8}`, `--${name}-code ${dstId & 0xff}`, `--${name}-id ${srcId}`];
  }
  if (proto === IPPROTO_GRE) {
    return [
      `--srckey ${srcId}`,
      `--dstkey ${dstId}`,
      `--reply-key-src ${reply.srcId}`,
      `--reply-key-dst ${reply.dstId}`,
    ];
  }
  if (!hasPorts(proto)) return [];
  const ports = [
    `--sport ${srcId}`,
    `--dport ${dstId}`,
    `--reply-port-src ${reply.srcId}`,
    `--reply-port-dst ${reply.dstId}`,
  ];
  if (proto === IPPROTO_TCP) return [...ports, `--state ${TCP_STATE_NAMES[state]!}`];
  if (proto === IPPROTO_DCCP) return [];
  if (proto !== IPPROTO_SCTP) return ports;
  const tags = [0, 1].map((direction) => sctpTag(connections, entry, direction) >>> 0);
  return [
    ...ports,
    `--state ${SCTP_STATE_NAMES[state]!}`,
    `--orig-vtag ${tags[0]!}`,
    `--reply-vtag ${tags[1]!}`,
  ];
}

// ── What all need ───────────────────────────────────────────────────────────────────────────────────────────────

function hasPorts(proto: number): boolean {
  return [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_DCCP].includes(proto);
}

function sourceOf({ family, src0, src1, src2, src3 }: Tuple): string {
  return formatIp(family, src0, src1, src2, src3);
}

function destinationOf({ family, dst0, dst1, dst2, dst3 }: Tuple): string {
  return formatIp(family, dst0, dst1, dst2, dst3);
}
