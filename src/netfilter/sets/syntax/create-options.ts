/** The options of `create`, read into settings with every default filled in, and printed from them. Source: ipset(8). */
import type { Rng } from '../../../base/rng.ts';
import type { Family } from '../../hook.ts';
import { formatAddress, parseAddress } from '../../syntax/values/addresses.ts';
import { networkEnds } from '../address-range.ts';
import type { IpSet } from '../ip-set.ts';
import { refuse, SetError } from '../set-error.ts';
import type { CreateOption, SetType } from '../set-types.ts';
import { MAX_TIMEOUT_S, type SetSettings } from '../settings.ts';
import { readAddress, type ResolveName } from './addresses.ts';
import { readNumber } from './numbers.ts';
import { readPlainPort } from './ports.ts';

const MAX_U32 = 0xffff_ffff;
const LEAST_BUCKETS = 64;
/** Linux finds no memory for more. */
const MOST_BUCKETS = 2 ** 25;
const LEAST_BUCKET_SLOTS = 2;
const MOST_BUCKET_SLOTS = 12;
const LEAST_LIST = 4;
const LARGEST_BITMAP = 65536;

/** Options without a value. */
export const FLAGS: readonly CreateOption[] = ['counters', 'comment', 'skbinfo', 'forceadd'];
/** Of ipset 4; read and passed over. */
export const IGNORED_OPTIONS = ['gc', 'probes', 'resize'] as const;

/** By option: its word, the empty string for flags. */
export type GivenOptions = ReadonlyMap<CreateOption, string>;

export function readSettings(
  type: SetType,
  family: Family,
  given: GivenOptions,
  rng: Rng,
  resolve: ResolveName | null,
): SetSettings {
  const number = (name: CreateOption, low: number, high: number, otherwise: number) => {
    const word = given.get(name);
    return word === undefined ? otherwise : readNumber(word, low, high);
  };
  const hasTimeout = given.has('timeout');
  const netmask = readNetmask(given.get('netmask'), family);
  const bitmask = given.get('bitmask');
  if (netmask !== null && bitmask !== undefined) {
    throw new SetError('Syntax error: bitmask and netmask are mutually exclusive, provide only one');
  }
  const range = type.method === 'bitmap' ? readRange(type, given, netmask, resolve) : ([0, 0] as const);
  return {
    family,
    range,
    size: Math.max(LEAST_LIST, number('size', 0, MAX_U32, 8)),
    hashsize: bucketsFor(number('hashsize', 0, MAX_U32, 1024)),
    maxelem: number('maxelem', 0, MAX_U32, 65536),
    netmask,
    bitmask: bitmask === undefined ? null : readBitmask(bitmask, family),
    markmask: number('markmask', 0, MAX_U32, MAX_U32),
    timeout: hasTimeout ? number('timeout', 0, MAX_TIMEOUT_S, 0) : null,
    counters: given.has('counters'),
    comment: given.has('comment'),
    skbinfo: given.has('skbinfo'),
    forceadd: given.has('forceadd'),
    bucketsize: slotsFor(number('bucketsize', 0, 255, MOST_BUCKET_SLOTS)),
    initval: type.method === 'hash' ? number('initval', 0, MAX_U32, rng.u32()) : 0,
  };
}

/** The pairs of word and value of a set's header, in the order of its type; a value of null stands for a flag. */
export function printedSettings(set: IpSet): readonly (readonly [name: string, value: string | null])[] {
  const { type, settings } = set;
  const pairs: (readonly [string, string | null])[] = [];
  if (type.families !== null && type.method === 'hash') {
    pairs.push(['family', settings.family === 4 ? 'inet' : 'inet6']);
  }
  for (const name of type.create) {
    const value = printOption(name, set);
    if (value !== undefined) pairs.push([name, value]);
  }
  return pairs;
}

/** Undefined for what is left out. */
function printOption(name: CreateOption, set: IpSet): string | null | undefined {
  const { settings } = set;
  switch (name) {
    case 'range':
      return settings.range.map((end) => printEnd(set.type, end)).join('-');
    case 'size':
      return String(settings.size);
    case 'hashsize':
      return String(set.hashsize);
    case 'maxelem':
      return String(settings.maxelem);
    case 'netmask':
      return settings.netmask === null ? undefined : String(settings.netmask);
    case 'bitmask':
      return settings.bitmask === null ? undefined : formatAddress(settings.bitmask, settings.family);
    case 'markmask':
      return hex32(settings.markmask);
    case 'timeout':
      return settings.timeout === null ? undefined : String(settings.timeout);
    case 'counters':
    case 'comment':
    case 'skbinfo':
    case 'forceadd':
      return settings[name] ? null : undefined;
    case 'bucketsize':
      return String(settings.bucketsize);
    case 'initval':
      return hex32(settings.initval);
  }
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

function printEnd(type: SetType, end: number): string {
  return type.name === 'bitmap:port' ? String(end) : formatAddress(Int32Array.of(end | 0, 0, 0, 0), 4);
}

/** A power of two. */
function bucketsFor(hashsize: number): number {
  if (hashsize > MOST_BUCKETS) throw new SetError('Kernel error received: Cannot allocate memory');
  return 2 ** Math.ceil(Math.log2(Math.max(LEAST_BUCKETS, hashsize)));
}

/** Even, since buckets grow by two. */
function slotsFor(bucketsize: number): number {
  const wanted = Math.min(MOST_BUCKET_SLOTS, Math.max(LEAST_BUCKET_SLOTS, bucketsize));
  return wanted + (wanted % 2);
}

function readNetmask(word: string | undefined, family: Family): number | null {
  if (word === undefined) return null;
  const most = family === 4 ? 32 : 128;
  try {
    return readNumber(word, 1, most);
  } catch (error) {
    const said = (error as SetError).message;
    throw new SetError(`${said}\nSyntax error: netmask is out of the inclusive range of 1-${most}`);
  }
}

function readBitmask(word: string, family: Family): Int32Array {
  const mask = parseAddress(word, family);
  if (mask !== null && mask.some((part) => part !== 0)) return mask;
  throw new SetError(`Syntax error: bitmask is not valid for family = ${family === 4 ? 'inet' : 'inet6'}`);
}

function readRange(
  type: SetType,
  given: GivenOptions,
  netmask: number | null,
  resolve: ResolveName | null,
): readonly [number, number] {
  const word = given.get('range');
  if (word === undefined) throw new SetError("Mandatory option `range' is missing", 2);
  if (type.name === 'bitmap:port') {
    const { first, last } = readPlainPort(word);
    const end = last ?? first;
    return first <= end ? [first, end] : [end, first];
  }
  const spec = readAddress(word, 4, { network: true, range: true }, resolve);
  if (spec.last === null && spec.prefix === null) {
    throw new SetError(`Syntax error: IP/cidr or IP-IP range must be specified: ${word}`);
  }
  const from = spec.first[0]! >>> 0;
  const to = spec.last === null ? from : spec.last[0]! >>> 0;
  const [first, last] =
    spec.last === null ? networkEnds(from, spec.prefix!) : from <= to ? [from, to] : [to, from];
  return netmask === null ? withinLimit(first, last, 1) : maskedRange(first, last, netmask);
}

function maskedRange(first: number, last: number, netmask: number): readonly [number, number] {
  const [low] = networkEnds(first, netmask);
  const [, high] = networkEnds(last, netmask);
  // A bit has to stand for less than the whole range.
  if (low === high - 2 ** (32 - netmask) + 1 && netmask < 32 && last - first + 1 < 2 ** (32 - netmask)) {
    throw refuse('OUT_OF_RANGE');
  }
  return withinLimit(low, high, 2 ** (32 - netmask));
}

function withinLimit(first: number, last: number, each: number): readonly [number, number] {
  if ((last - first + 1) / each > LARGEST_BITMAP) throw refuse('RANGE_TOO_LARGE');
  return [first, last];
}
