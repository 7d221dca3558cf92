/**
 * The types of sets, declared once: names, what their elements are made of, the options of `create`, and what Linux says of
 * them (revision, memory). Parser, printer and the sets themselves follow this. Sources: ipset(8) of ipset 7.17, and what
 * Linux 6.18 answers. Memory of the types that few kernels are built with (ip,mark; mac; ip,mac; net,net; net,port,net)
 * is that of their nearest relatives.
 */
import type { Family } from '../hook.ts';

/** What stands between the commas of an element. */
export type Part = 'ip' | 'net' | 'port' | 'mac' | 'mark' | 'iface' | 'set';

/** Options of `create` besides `family`, by the words that say them. */
export type CreateOption =
  | 'range'
  | 'size'
  | 'hashsize'
  | 'maxelem'
  | 'netmask'
  | 'bitmask'
  | 'markmask'
  | 'timeout'
  | 'counters'
  | 'comment'
  | 'skbinfo'
  | 'forceadd'
  | 'bucketsize'
  | 'initval';

export interface SetType {
  readonly name: string;
  /** Names of old that are read as this one. */
  readonly aliases: readonly string[];
  readonly revision: number;
  readonly method: 'bitmap' | 'hash' | 'list';
  readonly parts: readonly Part[];
  /** Null for types that hold no addresses, or both kinds. */
  readonly families: readonly Family[] | null;
  /** In the order in which they are printed. */
  readonly create: readonly CreateOption[];
  /** Bytes of one element without extensions. */
  readonly elementBytes: Readonly<Record<Family, number>>;
  /** Bytes of an empty set; of a hash, without its regions. */
  readonly baseBytes: Readonly<Record<Family, number>>;
}

const EXTENSIONS = ['timeout', 'counters', 'comment', 'forceadd', 'skbinfo'] as const;
const TAIL = ['bucketsize', 'initval'] as const;
const HASH: readonly CreateOption[] = ['hashsize', 'maxelem', ...EXTENSIONS, ...TAIL];
const MASKED: readonly CreateOption[] = ['hashsize', 'maxelem', 'netmask', 'bitmask', ...EXTENSIONS, ...TAIL];
/** Later revisions took the masks up behind all others. */
const MASKED_LAST: readonly CreateOption[] = [...HASH, 'netmask', 'bitmask'];
const BOTH: readonly Family[] = [4, 6];

function hash(
  name: string,
  revision: number,
  create: readonly CreateOption[],
  elementBytes: readonly [number, number],
  baseBytes: readonly [number, number],
  aliases: readonly string[] = [],
): SetType {
  return {
    name,
    aliases,
    revision,
    method: 'hash',
    parts: name.slice('hash:'.length).split(',') as Part[],
    families: name === 'hash:mac' ? null : BOTH,
    create,
    elementBytes: { 4: elementBytes[0], 6: elementBytes[1] },
    baseBytes: { 4: baseBytes[0], 6: baseBytes[1] },
  };
}

function plain(
  name: string,
  method: 'bitmap' | 'list',
  families: SetType['families'],
  create: readonly CreateOption[],
  elementBytes: number,
  baseBytes: number,
  aliases: readonly string[],
): SetType {
  const parts = name.slice(name.indexOf(':') + 1).split(',') as Part[];
  const bytes = { 4: elementBytes, 6: elementBytes };
  const base = { 4: baseBytes, 6: baseBytes };
  return {
    name,
    aliases,
    revision: 3,
    method,
    parts,
    families,
    create,
    elementBytes: bytes,
    baseBytes: base,
  };
}

const PLAIN_EXTENSIONS = ['timeout', 'counters', 'comment', 'skbinfo'] as const;

export const SET_TYPES: readonly SetType[] = [
  plain('bitmap:ip', 'bitmap', [4], ['range', 'netmask', ...PLAIN_EXTENSIONS], 0, 88, ['ipmap']),
  plain('bitmap:ip,mac', 'bitmap', [4], ['range', ...PLAIN_EXTENSIONS], 8, 80, ['macipmap']),
  plain('bitmap:port', 'bitmap', null, ['range', ...PLAIN_EXTENSIONS], 0, 72, ['portmap']),
  hash('hash:ip', 6, MASKED, [4, 16], [192, 200], ['iphash']),
  hash('hash:net', 7, HASH, [8, 20], [432, 1216], ['nethash']),
  hash('hash:ip,port', 7, MASKED_LAST, [8, 20], [192, 208], ['ipporthash']),
  hash('hash:net,port', 8, HASH, [8, 20], [432, 1216], ['netporthash']),
  hash('hash:ip,port,ip', 6, HASH, [12, 36], [184, 208], ['ipportiphash']),
  hash('hash:ip,port,net', 8, HASH, [12, 36], [440, 1232], ['ipportnethash']),
  hash('hash:net,net', 4, MASKED_LAST, [16, 40], [440, 1232]),
  hash('hash:net,port,net', 3, HASH, [16, 40], [440, 1232], ['netportnethash']),
  hash('hash:net,iface', 8, HASH, [28, 40], [464, 1240]),
  hash('hash:mac', 1, HASH, [8, 8], [184, 184]),
  hash('hash:ip,mac', 1, HASH, [12, 24], [184, 208]),
  hash('hash:ip,mark', 3, ['markmask', ...HASH], [8, 20], [192, 208]),
  plain('list:set', 'list', null, ['size', ...PLAIN_EXTENSIONS], 48, 80, ['setlist']),
];

const BY_NAME = new Map(
  SET_TYPES.flatMap((type) => [type.name, ...type.aliases].map((name) => [name, type])),
);

export function setTypeNamed(name: string): SetType | undefined {
  return BY_NAME.get(name);
}

/** Do elements hold networks, so that `nomatch` may be said of them? */
export function holdsNetworks(type: SetType): boolean {
  return type.parts.includes('net');
}
