/**
 * The options of conntrack(8): what they are called, what they take, and which command takes them. Reading is request.ts.
 * The order of OPTIONS is that in which the tool looks for what is missing or not allowed.
 */
export const COMMANDS = ['L', 'I', 'A', 'U', 'D', 'G', 'F', 'E', 'C', 'S'] as const;
export type Command = (typeof COMMANDS)[number];

export const COMMAND_NAMES: Readonly<Record<Command, string>> = {
  L: 'dump',
  I: 'create',
  A: 'add',
  U: 'update',
  D: 'delete',
  G: 'get',
  F: 'flush',
  E: 'event',
  C: 'count',
  S: 'stats',
};

export const TABLES = ['conntrack', 'expect', 'dying', 'unconfirmed'] as const;
export type Table = (typeof TABLES)[number];

export type OptionName =
  | 'src'
  | 'dst'
  | 'reply-src'
  | 'reply-dst'
  | 'protonum'
  | 'timeout'
  | 'status'
  | 'event-mask'
  | 'tuple-src'
  | 'tuple-dst'
  | 'mask-src'
  | 'mask-dst'
  | 'zero'
  | 'src-nat'
  | 'dst-nat'
  | 'any-nat'
  | 'mark'
  | 'secmark'
  | 'id'
  | 'family'
  | 'output'
  | 'buffer-size'
  | 'zone'
  | 'label'
  | 'label-add'
  | 'label-del'
  | 'orig-zone'
  | 'reply-zone';

export interface OptionSpec {
  readonly name: OptionName;
  readonly letter: string | null;
  readonly others: readonly string[];
  readonly value: 'none' | 'required' | 'optional';
  /** Commands that take it: of connections, and behind a slash of expectations. */
  readonly on: string;
  readonly about: string;
}

const option = (names: string, value: OptionSpec['value'], on: string, about: string): OptionSpec => {
  const words = names.split(' ');
  const letter = words.find((word) => word.length === 1) ?? null;
  const [name, ...others] = words.filter((word) => word.length > 1);
  return { name: name as OptionName, letter, others, value, on, about };
};

/** One that has a value. */
const wants = (names: string, on: string, about: string): OptionSpec => option(names, 'required', on, about);

export const OPTIONS: readonly OptionSpec[] = [
  wants('src s orig-src', 'LIAUDGE/IDG', 'source address in the original direction, with a prefix length'),
  wants('dst d orig-dst', 'LIAUDGE/IDG', 'destination address in the original direction'),
  wants('reply-src r', 'LIAUDGE/IDG', 'source address in the reply direction'),
  wants('reply-dst q', 'LIAUDGE/IDG', 'destination address in the reply direction'),
  wants('protonum p proto', 'LIAUDGE/IDG', 'protocol, by name or number'),
  wants('timeout t', 'IAUD/I', 'seconds'),
  wants('status u', 'LIAUD/', 'ASSURED, SEEN_REPLY, FIXED_TIMEOUT, EXPECTED, OFFLOAD, UNSET, with commas'),
  wants('event-mask e', 'E/E', 'ALL, NEW, UPDATES, DESTROY, with commas'),
  wants('tuple-src', '/I', 'source address of an expectation'),
  wants('tuple-dst', '/I', 'destination address of an expectation'),
  wants('mask-src', 'LUDE/I', 'which bits of the source address count'),
  wants('mask-dst', 'LUDE/I', 'which bits of the destination address count'),
  option('zero z', 'none', 'L/', 'zeroes the counters that are shown'),
  option('src-nat n', 'optional', 'LIAUDE/', 'source address was translated, to this one if given'),
  option('dst-nat g', 'optional', 'LIAUDE/', 'destination address was translated'),
  option('any-nat j', 'optional', 'LE/', 'either address was translated'),
  wants('mark m', 'LIAUDE/', 'mark, or MARK/MASK'),
  wants('secmark c', 'LE/', 'security mark'),
  wants('id i', 'UDG/', 'number of the connection, as -o id shows it'),
  wants('family f', 'LUDFE/L', 'ipv4 or ipv6'),
  wants('output o', 'LUDGE/LE', 'extended, xml, save, timestamp, ktimestamp, id, labels, with commas'),
  wants('buffer-size b', 'E/', 'bytes of the socket: of no use here'),
  wants('zone w', 'LIADE/', 'zone'),
  wants('label l', 'LUDGE/', 'labels that it has, with commas'),
  wants('label-add', 'IAU/', 'labels to add, with commas'),
  option('label-del', 'optional', 'U/', 'labels to take away; all unless given'),
  wants('orig-zone', 'LIADE/', 'zone of the original direction'),
  wants('reply-zone', 'LIADE/', 'zone of the reply direction'),
];

/** What has to be given: for connections, and for expectations. */
export const REQUIRED: Readonly<Partial<Record<Command, readonly (readonly OptionName[])[]>>> = {
  I: [
    ['protonum', 'timeout'],
    ['src', 'dst', 'protonum', 'timeout', 'tuple-src', 'tuple-dst', 'mask-src', 'mask-dst'],
  ],
  A: [['protonum', 'timeout'], []],
  G: [['protonum'], ['src', 'dst', 'protonum']],
  D: [[], ['src', 'dst', 'protonum']],
};

/** Options that a protocol brings along, as they are kept. */
export type ProtocolOption =
  | 'sport'
  | 'dport'
  | 'reply-port-src'
  | 'reply-port-dst'
  | 'state'
  | 'type'
  | 'code'
  | 'icmp-id'
  | 'orig-vtag'
  | 'reply-vtag'
  | 'other';

const PORTS: Readonly<Record<string, ProtocolOption>> = {
  sport: 'sport',
  'orig-port-src': 'sport',
  dport: 'dport',
  'orig-port-dst': 'dport',
  'reply-port-src': 'reply-port-src',
  'reply-port-dst': 'reply-port-dst',
  // Of expectations, which programs can not make.
  'tuple-port-src': 'other',
  'tuple-port-dst': 'other',
  'mask-port-src': 'other',
  'mask-port-dst': 'other',
};

const KEYS: Readonly<Record<string, ProtocolOption>> = {
  srckey: 'sport',
  'orig-key-src': 'sport',
  dstkey: 'dport',
  'orig-key-dst': 'dport',
  'reply-key-src': 'reply-port-src',
  'reply-key-dst': 'reply-port-dst',
};

const icmpOptions = (name: string): Readonly<Record<string, ProtocolOption>> => ({
  [`${name}-type`]: 'type',
  [`${name}-code`]: 'code',
  [`${name}-id`]: 'icmp-id',
});

/** By the protocol's number: all that have options of their own. */
export const PROTOCOL_OPTIONS: ReadonlyMap<number, Readonly<Record<string, ProtocolOption>>> = new Map([
  [1, icmpOptions('icmp')],
  [6, { ...PORTS, state: 'state' }],
  [17, PORTS],
  [33, { ...PORTS, state: 'state', role: 'other' }],
  [47, KEYS],
  [58, icmpOptions('icmpv6')],
  [132, { ...PORTS, state: 'state', 'orig-vtag': 'orig-vtag', 'reply-vtag': 'reply-vtag' }],
  [136, PORTS],
]);
