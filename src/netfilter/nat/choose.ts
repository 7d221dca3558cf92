/**
 * Which tuple a new connection is translated to: Linux's get_unique_tuple, in its order.
 *
 *   1. source translation only: the tuple as it is, or the one that this source already has towards others
 *   2. an address out of the range, by a hash of the addresses, so that one client keeps one address
 *   3. the port as it is, if that is allowed and free
 *   4. a search for a free port, from a random start, in at most MAX_ATTEMPTS steps and ever shorter rounds
 *
 * Source: Linux nf_nat_core.c (behaviour), iptables-extensions(8) SNAT, DNAT.
 */
import type { Rng } from '../../base/rng.ts';
import { hasPorts } from '../../wire/dissect.ts';
import { IPPROTO_GRE, IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import { Tuple } from '../conntrack/tuple.ts';
import type { SourceIndex } from './by-source.ts';
import type { NatConntrack } from './conntrack-side.ts';
import { jenkins4, scale, swap } from './jenkins.ts';
import { PROTO_RANDOM_ALL, idInRange, sourceInRange } from './range.ts';
import { Manip, NatFlag, type NatRange } from './view.ts';

/** Ports tried in the first round; every further round tries half as many, down to 16. */
const MAX_ATTEMPTS = 128;
const MIN_ATTEMPTS = 16;
/** From here on what is closing makes room (NF_NAT_HARDER_THRESH). */
const HARDER_ATTEMPTS = MAX_ATTEMPTS / 4;

export class TupleChooser {
  private readonly conntrack: NatConntrack;
  private readonly sources: SourceIndex;
  private readonly rng: Rng;
  private readonly scratchReply = new Tuple();

  constructor(conntrack: NatConntrack, sources: SourceIndex, rng: Rng) {
    this.conntrack = conntrack;
    this.sources = sources;
    this.rng = rng;
  }

  /**
   * Fills `out` with the tuple (original direction) that `entry`, now looking like `current`, shall have. When no free one
   * exists `out` is the last one tried and the clash shows at confirmation, as in the kernel.
   */
  choose(out: Tuple, current: Tuple, range: NatRange, entry: number, manip: Manip, zone: number): void {
    const { flags } = range;
    if (manip === Manip.SRC && (flags & PROTO_RANDOM_ALL) === 0) {
      if (sourceInRange(current, range)) {
        if (!this.used(current, entry)) {
          out.copy(current);
          return;
        }
      } else if (this.sources.findMapping(current, range, out) && !this.used(out, entry)) {
        return;
      }
    }

    out.copy(current);
    if (flags & NatFlag.MAP_IPS) chooseAddress(out, range, manip, zone);

    if ((flags & PROTO_RANDOM_ALL) === 0) {
      if (flags & NatFlag.PROTO_SPECIFIED) {
        if (
          (flags & NatFlag.PROTO_OFFSET) === 0 &&
          idInRange(out, manip, range) &&
          (range.minPort === range.maxPort || !this.used(out, entry))
        ) {
          return;
        }
      } else if (!this.used(out, entry)) {
        return;
      }
    }
    this.searchPort(out, range, entry, manip);
  }

  /** Is the reply that this tuple would get already somebody's? */
  private used(tuple: Tuple, entry: number): boolean {
    this.conntrack.invert(tuple, this.scratchReply);
    return this.conntrack.taken(this.scratchReply, entry);
  }

  private searchPort(out: Tuple, range: NatRange, entry: number, manip: Manip): void {
    const icmp = out.proto === IPPROTO_ICMP || out.proto === IPPROTO_ICMPV6;
    const source = manip === Manip.SRC || icmp;
    const old = source ? out.srcId : out.dstId;
    // Only calls of a PPTP control connection have GRE keys that may change.
    if (out.proto === IPPROTO_GRE && this.conntrack.master(entry) === 0) return;
    const { first, size } = searchSpan(out.proto, old, range, manip);
    if (size === 0) return;

    let offset: number;
    if (range.flags & NatFlag.PROTO_OFFSET) offset = (old - range.basePort) & 0xffff;
    else if (range.flags & PROTO_RANDOM_ALL || manip !== Manip.DST) offset = this.rng.below(65536);
    else offset = 0;

    for (let attempts = Math.min(size, MAX_ATTEMPTS); ; attempts >>= 1) {
      for (let i = 0; i < attempts; i++, offset = (offset + 1) & 0xffff) {
        const id = first + (offset % size);
        if (source) out.srcId = id;
        else out.dstId = id;
        if (!this.usedHarder(out, entry, attempts - i)) return;
      }
      if (attempts >= size || attempts < MIN_ATTEMPTS) return;
      offset = this.rng.below(65536);
    }
  }

  /** As `used`, but when few are left to try, a TCP connection that only waits to be forgotten makes room for a SYN. */
  private usedHarder(tuple: Tuple, entry: number, attemptsLeft: number): boolean {
    this.conntrack.invert(tuple, this.scratchReply);
    if (!this.conntrack.taken(this.scratchReply, entry)) return false;
    return attemptsLeft > HARDER_ATTEMPTS || !this.conntrack.evictClosing(this.scratchReply, entry);
  }
}

/** Ports (identifiers, keys) to search: the rule's, else a class of the port that it was; size 0 when it must stay. */
function searchSpan(
  proto: number,
  old: number,
  range: NatRange,
  manip: Manip,
): { first: number; size: number } {
  const icmp = proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6;
  if (!icmp && proto !== IPPROTO_GRE && !hasPorts(proto)) return { first: 0, size: 0 };
  if (range.flags & NatFlag.PROTO_SPECIFIED) {
    return {
      first: Math.min(range.minPort, range.maxPort),
      size: Math.abs(range.maxPort - range.minPort) + 1,
    };
  }
  if (icmp) return { first: 0, size: 65536 };
  if (proto === IPPROTO_GRE) return { first: 1, size: 65535 };
  if (manip === Manip.DST) return { first: 0, size: 0 };
  // Ports below 512 tell a peer that root sent it (RFC 1282), those below 1024 nearly so: the class is kept.
  if (old < 512) return { first: 1, size: 511 };
  if (old < 1024) return { first: 600, size: 1023 - 600 + 1 };
  return { first: 1024, size: 65535 - 1024 + 1 };
}

/** Writes into `out` an address of the range: the only one, or one by a hash of both addresses (find_best_ips_proto). */
function chooseAddress(out: Tuple, range: NatRange, manip: Manip, zone: number): void {
  const min = range.minAddress;
  const max = range.maxAddress;
  if (min[0] === max[0] && min[1] === max[1] && min[2] === max[2] && min[3] === max[3]) {
    for (let i = 0; i < 4; i++) setWord(out, manip, i, min[i]!);
    return;
  }
  const last = out.family === 4 ? 0 : 3;
  const persistent = (range.flags & NatFlag.PERSISTENT) !== 0;
  // The kernel hashes the words as they lie in memory, most significant byte first, on a little-endian machine.
  let hash = jenkins4(
    swap(out.src0),
    swap(out.src1),
    swap(out.src2),
    swap(out.src3),
    persistent ? 0 : swap(destinationWord(out, last)) ^ zone,
  );
  let full = false;
  for (let i = 0; i <= last; i++) {
    const low = full ? 0 : min[i]! >>> 0;
    const span = full ? 0xffffffff : (max[i]! >>> 0) - low + 1;
    const word = (low + scale(hash, span)) | 0;
    setWord(out, manip, i, word);
    if (word !== max[i]) full = true;
    if (!persistent) hash = (hash ^ swap(destinationWord(out, i))) >>> 0;
  }
}

function destinationWord(tuple: Tuple, index: number): number {
  return index === 0 ? tuple.dst0 : index === 1 ? tuple.dst1 : index === 2 ? tuple.dst2 : tuple.dst3;
}

function setWord(tuple: Tuple, manip: Manip, index: number, word: number): void {
  if (manip === Manip.SRC) {
    if (index === 0) tuple.src0 = word;
    else if (index === 1) tuple.src1 = word;
    else if (index === 2) tuple.src2 = word;
    else tuple.src3 = word;
  } else if (index === 0) tuple.dst0 = word;
  else if (index === 1) tuple.dst1 = word;
  else if (index === 2) tuple.dst2 = word;
  else tuple.dst3 = word;
}
