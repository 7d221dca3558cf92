/**
 * `-m recent`: lists of addresses that were seen, and how often of late. Linux: xt_recent. Time is counted in
 * jiffies, so that packets within one tick count as simultaneous.
 */
import type { Clock } from '../../base/clock.ts';
import {
  defineMatch,
  type Given,
  type InfoOf,
  type MatchTest,
  type Services,
  type ValueType,
} from '../extension.ts';
import type { Family } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { address, bytesOfText, flag, formatAddress, uint } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { HZ, jiffies } from './jiffies.ts';
import { RecentTable } from './recent-table.ts';

const MAX_NAME = 199;
/** As kernels before 6.11 have it, and iptables' own tests want it; later ones take 65535. */
const MAX_HIT_COUNT = 255;
const MAX_U32 = 0xffff_ffff;
const ALL_ONES = Int32Array.of(-1, -1, -1, -1);
const TTL_AT = 8;
const HOP_LIMIT_AT = 7;

const COMMANDS = ['set', 'rcheck', 'update', 'remove'] as const;
type CommandName = (typeof COMMANDS)[number];

/** What -L calls them. */
const LISTED = { set: 'SET', rcheck: 'CHECK', update: 'UPDATE', remove: 'REMOVE' } as const;

class RecentTest implements MatchTest {
  private readonly clock: Clock;
  private readonly table: RecentTable;
  private readonly command: CommandName;
  private readonly not: boolean;
  /** Jiffies to look back; -1 for all time. */
  private readonly span: number;
  private readonly hitCount: number;
  private readonly ttlToo: boolean;
  private readonly reaps: boolean;
  private readonly bySource: boolean;

  constructor(info: Info, clock: Clock, table: RecentTable) {
    const command = commandOf(info);
    this.clock = clock;
    this.table = table;
    this.command = command;
    this.not = info[command]!.not;
    // The kernel multiplies in 32 bits.
    this.span = info.seconds === undefined ? -1 : Math.imul(info.seconds.value, HZ) >>> 0;
    this.hitCount = info.hitcount?.value ?? 0;
    this.ttlToo = info.rttl !== undefined;
    this.reaps = info.reap !== undefined;
    this.bySource = isBySource(info);
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const { table } = this;
    const ttl = ttlOnArrival(pkt, at);
    const row = this.find(pkt, this.ttlToo ? ttl : 0);
    switch (this.command) {
      case 'set':
        if (row === 0) this.add(pkt, ttl);
        else table.update(row, ttl, jiffies(this.clock));
        return !this.not;
      case 'remove':
        if (row !== 0) table.remove(row);
        return (row !== 0) !== this.not;
      case 'rcheck':
      case 'update':
        return row === 0 ? this.not : this.judge(row, ttl);
    }
  }

  private judge(row: number, ttl: number): boolean {
    const { table } = this;
    const now = jiffies(this.clock);
    const since = this.span < 0 ? -Infinity : now - this.span;
    const matches = table.seen(row, this.hitCount, since) !== this.not;
    const updates = this.command === 'update' && matches;
    if (this.reaps) table.reap(since, updates ? row : -1);
    if (updates) table.update(row, ttl, now);
    return matches;
  }

  private find(pkt: PacketBuffer, ttl: number): number {
    return this.bySource
      ? this.table.find(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3, ttl)
      : this.table.find(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, ttl);
  }

  private add(pkt: PacketBuffer, ttl: number): void {
    const now = jiffies(this.clock);
    if (this.bySource) this.table.add(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3, ttl, now);
    else this.table.add(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, ttl, now);
  }
}

/** The time to live before this gateway took its one off: where a way out is known, of packets from elsewhere. */
function ttlOnArrival(pkt: PacketBuffer, at: HookState): number {
  const ttl = pkt.bytes[pkt.l3 + (pkt.family === 4 ? TTL_AT : HOP_LIMIT_AT)]!;
  return at.oif !== 0 && pkt.iif !== 0 ? (ttl + 1) & 0xff : ttl;
}

/** A file's name in /proc; longer ones are cut. Printed bare, as iptables does it. */
const listName: ValueType<string> = {
  label: 'name',
  parse(words) {
    let name = words[0]!;
    while (bytesOfText(name).length > MAX_NAME) name = name.slice(0, -1);
    return name;
  },
  print: (value) => value,
};

const command = (about: string) => ({ value: flag, negate: true, group: 'command', about }) as const;

const options = {
  set: command('adds the address, or notes that it was seen again; always matches'),
  rcheck: command('matches when the address is in the list'),
  update: command('the same, and notes that it was seen again when it matches'),
  remove: command('takes the address out; matches when it was in the list'),
  seconds: { value: uint(1, MAX_U32, 'seconds'), about: 'it was seen within so many seconds' },
  reap: { value: flag, about: 'also takes out the oldest address when it was not seen within the seconds' },
  hitcount: { value: uint(0, MAX_U32, 'hits'), about: 'it was seen so many times' },
  rttl: { value: flag, about: 'it was last seen with the same time to live' },
  name: { value: listName, about: 'the list; DEFAULT unless given' },
  mask: { value: address, label: 'netmask', about: 'only these bits of addresses are kept' },
  rsource: { value: flag, about: 'the source address (so it is unless given)' },
  rdest: { value: flag, about: 'the destination address' },
} as const;

type Info = InfoOf<typeof options>;

const nameOf = (info: Info) => info.name?.value ?? 'DEFAULT';
const commandOf = (info: Info) => COMMANDS.find((name) => info[name] !== undefined)!;

/** Of both words the last one written counts; properties stand in the order in which the options were written. */
function isBySource(info: Info): boolean {
  const sides = Object.keys(info).filter((name) => name === 'rsource' || name === 'rdest');
  return sides.at(-1) !== 'rdest';
}

function check(info: Info): void {
  const name = commandOf(info) as CommandName | undefined;
  if (name === undefined) {
    throw new ValueError("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'");
  }
  if (info.reap !== undefined && info.seconds === undefined) {
    throw new ValueError('recent: option "--reap" also requires "--seconds".');
  }
  const writes = name === 'set' || name === 'remove';
  if (writes && info.rttl !== undefined) {
    throw new ValueError(`recent: option "--rttl" cannot be used together with "--${name}".`);
  }
  const hits = info.hitcount?.value ?? 0;
  const list = nameOf(info);
  const isBadName = list === '' || list === '.' || list === '..' || list.includes('/');
  if ((writes && (info.seconds !== undefined || hits !== 0)) || hits > MAX_HIT_COUNT || isBadName) {
    throw new ValueError('Invalid argument', 'REFUSED');
  }
}

interface Words {
  readonly not: string;
  readonly seconds: number;
  readonly hits: number;
  readonly mask: string;
}

function words(info: Info, family: Family): Words {
  const full = family === 4 ? ALL_ONES.with(1, 0) : ALL_ONES;
  return {
    not: (info[commandOf(info)] as Given<true>).not ? '! ' : '',
    // Printed signed, as iptables does it.
    seconds: (info.seconds?.value ?? 0) | 0,
    hits: info.hitcount?.value ?? 0,
    mask: formatAddress(info.mask?.value ?? full, family),
  };
}

function save(info: Info, family: Family): string {
  const { not, seconds, hits, mask } = words(info, family);
  return [
    `${not}--${commandOf(info)}`,
    ...(seconds === 0 ? [] : [`--seconds ${seconds}`]),
    ...(info.reap === undefined ? [] : ['--reap']),
    ...(hits === 0 ? [] : [`--hitcount ${hits}`]),
    ...(info.rttl === undefined ? [] : ['--rttl']),
    `--name ${nameOf(info)} --mask ${mask}`,
    isBySource(info) ? '--rsource' : '--rdest',
  ].join(' ');
}

function list(info: Info, family: Family): string {
  const { not, seconds, hits, mask } = words(info, family);
  return [
    `${not}recent: ${LISTED[commandOf(info)]}`,
    ...(seconds === 0 ? [] : [`seconds: ${seconds}`]),
    ...(info.reap === undefined ? [] : ['reap']),
    ...(hits === 0 ? [] : [`hit_count: ${hits}`]),
    ...(info.rttl === undefined ? [] : ['TTL-Match']),
    `name: ${nameOf(info)} side: ${isBySource(info) ? 'source' : 'dest'} mask: ${mask}`,
  ].join(' ');
}

/** The list of that name, made by the first rule that names it. */
function tableOf(info: Info, services: Services): RecentTable {
  const hits = info.hitcount?.value ?? 0;
  const make = () => new RecentTable(info.mask?.value ?? ALL_ONES, hits);
  const table = services.shared(`recent:${nameOf(info)}`, make);
  table.join(hits);
  return table;
}

export const recent = defineMatch({
  name: 'recent',
  about: 'lists of addresses that were seen, and how often of late',
  stateful: true,
  options,
  check,
  save,
  list,
  create: (info, services) => new RecentTest(info, services.clock, tableOf(info, services)),
});
