/**
 * `-m connlimit`: how many connections an address (or network) has at once. Linux: xt_connlimit over nf_conncount. It counts
 * the connections that it has seen packets of; see connlimit-count.ts for which of them count.
 */
import type { Clock } from '../../base/clock.ts';
import { CtStatus } from '../conntrack/ct-info.ts';
import { Tuple } from '../conntrack/tuple.ts';
import { TupleReader } from '../conntrack/tuple-reader.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import { defineMatch, type Given, type InfoOf, type MatchTest } from '../extension.ts';
import type { Family } from '../hook.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, uint } from '../syntax/values/index.ts';
import { maskWord } from '../../wire/address.ts';
import { isExtension } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { ConnectionCounts } from './connlimit-count.ts';
import { prefixLength } from './prefix-length.ts';

class ConnlimitTest implements MatchTest {
  private readonly conntrack: ConntrackView;
  private readonly counts: ConnectionCounts;
  private readonly limit: number;
  private readonly above: boolean;
  private readonly mask: Int32Array;
  private readonly byDestination: boolean;
  private readonly reader = new TupleReader();
  private readonly scratchTuple = new Tuple();

  constructor(info: Info, family: Family, conntrack: ConntrackView, clock: Clock) {
    this.conntrack = conntrack;
    this.counts = new ConnectionCounts(conntrack, clock);
    this.limit = limitOf(info).value;
    this.above = isAbove(info);
    this.mask = Int32Array.from({ length: 4 }, (_, i) => maskWord(prefixOf(info, family), i));
    this.byDestination = info.daddr !== undefined;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const tuple = this.scratchTuple;
    if (pkt.ct > 0) this.conntrack.readTuple(pkt.ct, 0, tuple);
    else if (hasNoTransport(pkt) || !this.reader.ofPacket(pkt, tuple)) {
      at.hotdrop = true;
      return false;
    }
    const { mask } = this;
    const { key } = this.counts;
    key[0] = (this.byDestination ? pkt.dst0 : pkt.src0) & mask[0]!;
    key[1] = (this.byDestination ? pkt.dst1 : pkt.src1) & mask[1]!;
    key[2] = (this.byDestination ? pkt.dst2 : pkt.src2) & mask[2]!;
    key[3] = (this.byDestination ? pkt.dst3 : pkt.src3) & mask[3]!;
    key[4] = tuple.zone;
    const isAssured = pkt.ct > 0 && (this.conntrack.status[pkt.ct]! & CtStatus.ASSURED) !== 0;
    const count = this.counts.count(tuple, isAssured);
    if (count === 0) at.hotdrop = true;
    return count > this.limit === this.above && count > 0;
  }
}

/** A later fragment, or extension headers that lead to nothing. */
function hasNoTransport(pkt: PacketBuffer): boolean {
  return pkt.fragOffset !== 0 || (pkt.family === 6 && isExtension(pkt.proto));
}

const count = (name: string, about: string) =>
  ({ value: uint(0, 0xffff_ffff), name, negate: true, group: 'limit', about }) as const;

const options = {
  upto: count('connlimit-upto', 'at most so many connections'),
  above: count('connlimit-above', 'more than so many connections'),
  mask: {
    value: prefixLength,
    name: 'connlimit-mask',
    about: 'the network that is counted as one; every address unless given',
  },
  saddr: {
    value: flag,
    name: 'connlimit-saddr',
    group: 'side',
    about: 'of the source address (so it is unless given)',
  },
  daddr: { value: flag, name: 'connlimit-daddr', group: 'side', about: 'of the destination address' },
} as const;

type Info = InfoOf<typeof options>;

const limitOf = (info: Info): Given<number> => (info.upto ?? info.above)!;
/** `! --connlimit-upto` says above, and the other way round. */
const isAbove = (info: Info) => (info.above !== undefined) !== limitOf(info).not;
const prefixOf = (info: Info, family: Family) => info.mask?.value ?? (family === 4 ? 32 : 128);

export const connlimit = defineMatch({
  name: 'connlimit',
  about: 'how many connections an address has at once',
  needsConntrack: true,
  stateful: true,
  options,
  check(info) {
    if ((info.upto ?? info.above) === undefined) {
      throw new ValueError('You must specify "--connlimit-above" or "--connlimit-upto".');
    }
  },
  save: (info, family) =>
    `--connlimit-${isAbove(info) ? 'above' : 'upto'} ${limitOf(info).value} ` +
    `--connlimit-mask ${prefixOf(info, family)} --connlimit-${info.daddr === undefined ? 's' : 'd'}addr`,
  list: (info, family) =>
    `#conn ${info.daddr === undefined ? 'src' : 'dst'}/${prefixOf(info, family)} ` +
    `${isAbove(info) ? '>' : '<='} ${limitOf(info).value}`,
  create: (info, { conntrack, clock }, { family }) => new ConnlimitTest(info, family, conntrack, clock),
});
