/**
 * `-m hashlimit`: a rate of packets or bytes for every source, destination or port (or group of them). Linux: xt_hashlimit
 * (revision 3). Rules that give the same name share one table; where that is full, packets are dropped (hotdrop).
 */
import type { Clock } from '../../base/clock.ts';
import {
  defineMatch,
  type Given,
  type InfoOf,
  type MatchTest,
  type RuleUse,
  type Services,
} from '../extension.ts';
import type { Family } from '../hook.ts';
import { lacksTransport } from '../header-chain.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { cutText, flag, uint } from '../syntax/values/index.ts';
import { maskWord } from '../../wire/address.ts';
import { readU16 } from '../../wire/bytes.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { creditsOf, HashlimitAnswer, HashlimitTable } from './hashlimit-table.ts';
import {
  badBurst,
  bytesOfCost,
  formatByteBurst,
  formatByteRate,
  formatPeriod,
  hashBurst,
  hashRate,
  isPacketBurst,
  SCALE,
  usualExpireMs,
  type HashRate,
} from './hashlimit-values.ts';
import { modeList, ModeBit } from './hashlimit-mode.ts';
import { jiffies } from './jiffies.ts';
import { portsOffset } from './ports-offset.ts';

const DEFAULT_BURST = 5;
const DEFAULT_COLLECT_MS = 1000;
/** Buckets of a machine with more than a gigabyte of memory; the table holds eight times as many entries. */
const DEFAULT_BUCKETS = 8192;
/** Of buckets and entries; more are cut to this, and printed so. */
const MAX_SIZE = 1_048_576;
const ENTRIES_PER_BUCKET = 8;
const NAME_MAX = 254;
const U32_MAX = 0xffff_ffff;

class HashlimitTest implements MatchTest {
  private readonly clock: Clock;
  private readonly table: HashlimitTable;
  private readonly mode: number;
  private readonly above: boolean;
  private readonly sourceMask: Int32Array;
  private readonly destinationMask: Int32Array;

  constructor(info: Info, family: Family, clock: Clock, table: HashlimitTable) {
    this.clock = clock;
    this.table = table;
    this.mode = info.mode?.value ?? 0;
    this.above = isAbove(info);
    this.sourceMask = maskWords(info.srcmask?.value ?? bitsOf(family));
    this.destinationMask = maskWords(info.dstmask?.value ?? bitsOf(family));
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (!this.writeKey(pkt)) {
      at.hotdrop = true;
      return false;
    }
    const answer = this.table.ask(pkt, jiffies(this.clock));
    if (answer === HashlimitAnswer.FULL) at.hotdrop = true;
    return answer !== HashlimitAnswer.FULL && (answer === HashlimitAnswer.ABOVE) === this.above;
  }

  /** False when ports are asked for, and the packet has no transport header or is too short for them. */
  private writeKey(pkt: PacketBuffer): boolean {
    const { mode, sourceMask, destinationMask } = this;
    const { key } = this.table;
    key.fill(0);
    if ((mode & ModeBit.SOURCE) !== 0) {
      key[0] = pkt.src0 & sourceMask[0]!;
      key[1] = pkt.src1 & sourceMask[1]!;
      key[2] = pkt.src2 & sourceMask[2]!;
      key[3] = pkt.src3 & sourceMask[3]!;
    }
    if ((mode & ModeBit.DESTINATION) !== 0) {
      key[4] = pkt.dst0 & destinationMask[0]!;
      key[5] = pkt.dst1 & destinationMask[1]!;
      key[6] = pkt.dst2 & destinationMask[2]!;
      key[7] = pkt.dst3 & destinationMask[3]!;
    }
    if ((mode & (ModeBit.SOURCE_PORT | ModeBit.DESTINATION_PORT)) === 0) return true;
    if (lacksTransport(pkt)) return false;
    const offset = portsOffset(pkt.proto);
    if (offset < 0) return true;
    const ports = pkt.l4 + offset;
    if (ports + 4 > pkt.l3End) return false;
    const source = (mode & ModeBit.SOURCE_PORT) === 0 ? 0 : readU16(pkt.bytes, ports);
    const destination = (mode & ModeBit.DESTINATION_PORT) === 0 ? 0 : readU16(pkt.bytes, ports + 2);
    key[8] = (source << 16) | destination;
    return true;
  }
}

const bitsOf = (family: Family) => (family === 4 ? 32 : 128);

function maskWords(prefix: number): Int32Array {
  return Int32Array.from({ length: 4 }, (_, i) => maskWord(prefix, i));
}

const u32 = uint(0, U32_MAX);
const size = {
  ...u32,
  parse: (...args: Parameters<typeof u32.parse>) => Math.min(u32.parse(...args), MAX_SIZE),
};
const rate = (name: string, about: string) =>
  ({ value: hashRate, name, negate: true, group: 'rate', about }) as const;

const options = {
  upto: { ...rate('hashlimit-upto', 'matches up to this rate'), aliases: ['hashlimit'] },
  above: rate('hashlimit-above', 'matches above this rate'),
  burst: {
    value: hashBurst,
    name: 'hashlimit-burst',
    about: 'how much may come at once; 5 packets unless given',
  },
  mode: {
    value: modeList,
    name: 'hashlimit-mode',
    about: 'what has a rate of its own; all together unless given',
  },
  name: {
    value: cutText(NAME_MAX, 'name'),
    name: 'hashlimit-name',
    required: true,
    about: 'name of the table',
  },
  size: { value: size, name: 'hashlimit-htable-size', about: 'buckets of the table' },
  max: { value: size, name: 'hashlimit-htable-max', about: 'entries of the table at most' },
  collect: { value: u32, name: 'hashlimit-htable-gcinterval', about: 'milliseconds between two collections' },
  expire: { value: u32, name: 'hashlimit-htable-expire', about: 'milliseconds that idle entries live' },
  srcmask: { value: uint(0, 128, 'prefix'), name: 'hashlimit-srcmask', about: 'prefix that groups sources' },
  dstmask: {
    value: uint(0, 128, 'prefix'),
    name: 'hashlimit-dstmask',
    about: 'prefix that groups destinations',
  },
  rateMatch: { value: flag, name: 'hashlimit-rate-match', about: 'the rate is that of the last interval' },
  interval: {
    value: {
      ...u32,
      parse(words: readonly string[], use: Parameters<typeof u32.parse>[1]) {
        const value = u32.parse(words, use);
        if (value === 0)
          throw new ValueError(`hashlimit: Bad value for "--${use.option}" option: "${words[0]!}"`);
        return value;
      },
    },
    name: 'hashlimit-rate-interval',
    about: 'seconds of that interval',
  },
} as const;

type Info = InfoOf<typeof options>;

const rateOf = (info: Info): Given<HashRate> => (info.upto ?? info.above)!;
/** `! --hashlimit-upto` says above, and the other way round. */
const isAbove = (info: Info) => (info.above !== undefined) !== rateOf(info).not;

/** Seconds; 1 where nothing says otherwise. */
function intervalOf(info: Info): number {
  const { isBytes, unit } = rateOf(info).value;
  return info.interval?.value ?? (info.rateMatch !== undefined && !isBytes ? unit : 1);
}

/** What the kernel is told. In rate-match mode the count is taken for one a second; the interval says the rest. */
function averageOf(info: Info): number {
  const { isBytes, average, count } = rateOf(info).value;
  return info.rateMatch === undefined || isBytes ? average : Math.floor(SCALE / count);
}

/** Packets; with bytes, how many times the rate (0: none was given). */
function burstOf(info: Info): number {
  const { isBytes, average } = rateOf(info).value;
  if (!isBytes) return info.burst?.value ?? DEFAULT_BURST;
  return info.burst === undefined ? 0 : Math.ceil(info.burst.value / bytesOfCost(average));
}

const expireOf = (info: Info) => info.expire?.value ?? usualExpireMs(rateOf(info).value);
const collectOf = (info: Info) => info.collect?.value ?? DEFAULT_COLLECT_MS;

function check(info: Info, use: RuleUse): void {
  if ((info.upto ?? info.above) === undefined) throw new ValueError('You have to specify --hashlimit');
  const { isBytes, average, count } = rateOf(info).value;
  if (!isBytes && !isPacketBurst(burstOf(info))) throw badBurst();
  if (isBytes && info.burst !== undefined && info.burst.value < bytesOfCost(average)) {
    throw new ValueError(`burst cannot be smaller than ${bytesOfCost(average)}b`);
  }
  if (info.rateMatch !== undefined && !isBytes && count > SCALE) throw new ValueError('Rate too fast');
  const name = info.name!.value;
  const isBadName = name === '.' || name === '..' || name.includes('/');
  const bits = bitsOf(use.family);
  const masksFit = [info.srcmask, info.dstmask].every((mask) => (mask?.value ?? 0) <= bits);
  if (isBadName || !masksFit || collectOf(info) === 0 || expireOf(info) === 0) {
    throw new ValueError('Invalid argument', 'REFUSED');
  }
  if (!isBytes && info.rateMatch === undefined && creditsOf(average * burstOf(info)) >= 2 ** 64) {
    throw new ValueError('Numerical result out of range', 'REFUSED');
  }
}

/** The rate and the milliseconds after which entries go by themselves; -L multiplies by the interval. */
function rateText(info: Info, times: number): { readonly text: string; readonly usualMs: number } {
  const { isBytes } = rateOf(info).value;
  if (isBytes) return { text: formatByteRate(averageOf(info)), usualMs: usualExpireMs(rateOf(info).value) };
  const { text, unitMs } = formatPeriod(averageOf(info) * times);
  return { text, usualMs: unitMs };
}

function burstText(info: Info): string {
  const burst = burstOf(info);
  if (!rateOf(info).value.isBytes) return String(burst);
  return burst === 0 ? '' : formatByteBurst(averageOf(info), burst);
}

/** What follows the name, alike for -S and -L but for the dashes. */
function tableWords(info: Info, family: Family, usualMs: number, prefix: string): string[] {
  const words: string[] = [];
  const say = (name: string, value: number | undefined, usual: number) => {
    if (value !== undefined && value !== usual) words.push(`${prefix}${name} ${value}`);
  };
  say('htable-size', info.size?.value, 0);
  say('htable-max', info.max?.value, 0);
  say('htable-gcinterval', info.collect?.value, DEFAULT_COLLECT_MS);
  say('htable-expire', expireOf(info), usualMs);
  say('srcmask', info.srcmask?.value, bitsOf(family));
  say('dstmask', info.dstmask?.value, bitsOf(family));
  if (info.rateMatch !== undefined) {
    words.push(`${prefix}rate-match`);
    say('rate-interval', intervalOf(info), 1);
  }
  return words;
}

function save(info: Info, family: Family): string {
  const { text, usualMs } = rateText(info, 1);
  const burst = burstText(info);
  const mode = info.mode?.value ?? 0;
  return [
    `--hashlimit-${isAbove(info) ? 'above' : 'upto'} ${text}`,
    ...(burst === '' ? [] : [`--hashlimit-burst ${burst}`]),
    ...(mode === 0 ? [] : [`--hashlimit-mode ${modeList.print(mode, family)}`]),
    `--hashlimit-name ${info.name!.value}`,
    ...tableWords(info, family, usualMs, '--hashlimit-'),
  ].join(' ');
}

function list(info: Info, family: Family): string {
  const { text, usualMs } = rateText(info, intervalOf(info));
  const burst = burstText(info);
  const mode = info.mode?.value ?? 0;
  return [
    `limit: ${isAbove(info) ? 'above' : 'up to'} ${text}`,
    ...(burst === '' ? [] : [`burst ${burst}`]),
    ...(mode === 0 ? [] : [`mode ${modeList.print(mode, family).replaceAll(',', '-')}`]),
    ...tableWords(info, family, usualMs, ''),
  ].join(' ');
}

function tableOf(info: Info, services: Services, family: Family): HashlimitTable {
  const buckets = info.size?.value || DEFAULT_BUCKETS;
  const settings = {
    isBytes: rateOf(info).value.isBytes,
    average: averageOf(info),
    burst: burstOf(info),
    interval: info.rateMatch === undefined ? 0 : intervalOf(info),
    maxEntries: info.max?.value ? Math.max(info.max.value, buckets) : buckets * ENTRIES_PER_BUCKET,
    expireMs: expireOf(info),
    collectMs: collectOf(info),
  };
  const make = () => new HashlimitTable(settings, jiffies(services.clock));
  return services.shared(`hashlimit:${family}:${info.name!.value}`, make);
}

export const hashlimit = defineMatch({
  name: 'hashlimit',
  about: 'a rate for every source, destination or port',
  stateful: true,
  options,
  check,
  save,
  list,
  create: (info, services, { family }) =>
    new HashlimitTest(info, family, services.clock, tableOf(info, services, family)),
});
