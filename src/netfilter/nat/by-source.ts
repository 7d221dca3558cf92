/**
 * Entries by the source they come from, so that a client that already has a translation gets the same one towards
 * other servers (Linux: nf_nat_bysource). Chains in typed arrays, one link an entry.
 */
import type { Rng } from '../../base/rng.ts';
import { Direction } from '../conntrack/ct-info.ts';
import { Tuple } from '../conntrack/tuple.ts';
import type { NatConntrack } from './conntrack-side.ts';
import { sourceInRange } from './range.ts';
import type { NatRange } from './view.ts';

const NONE = 0;
/** Not in any chain; a link of NONE is the end of a chain. */
const UNLINKED = -1;

export class SourceIndex {
  private readonly conntrack: NatConntrack;
  private readonly key: number;
  private heads: Int32Array;
  private next: Int32Array;
  private readonly scratch = new Tuple();
  private readonly scratchReply = new Tuple();

  constructor(conntrack: NatConntrack, rng: Rng) {
    this.conntrack = conntrack;
    this.key = rng.u32() | 0;
    this.heads = new Int32Array(bucketsFor(conntrack.capacity));
    this.next = new Int32Array(conntrack.capacity + 1).fill(UNLINKED);
  }

  add(entry: number): void {
    if (entry >= this.next.length) this.grow();
    const bucket = this.bucketOf(entry);
    this.next[entry] = this.heads[bucket]!;
    this.heads[bucket] = entry;
  }

  remove(entry: number): void {
    if (entry >= this.next.length || this.next[entry] === UNLINKED) return;
    const bucket = this.bucketOf(entry);
    const after = this.next[entry]!;
    this.next[entry] = UNLINKED;
    if (this.heads[bucket] === entry) {
      this.heads[bucket] = after;
      return;
    }
    for (let at = this.heads[bucket]!; at !== NONE; at = this.next[at]!) {
      if (this.next[at] === entry) {
        this.next[at] = after;
        return;
      }
    }
  }

  /**
   * A translation that the source of `tuple` already has and that lies in `range`: `out` becomes `tuple` with it. Only
   * protocol, source address and source port need agree (same_src).
   */
  findMapping(tuple: Tuple, range: NatRange, out: Tuple): boolean {
    const { conntrack, scratch, scratchReply } = this;
    for (let at = this.heads[this.bucketOfTuple(tuple)]!; at !== NONE; at = this.next[at]!) {
      conntrack.readTuple(at, Direction.ORIGINAL, scratch);
      if (!sameSource(scratch, tuple)) continue;
      conntrack.readTuple(at, Direction.REPLY, scratchReply);
      conntrack.invert(scratchReply, out);
      out.dst0 = tuple.dst0;
      out.dst1 = tuple.dst1;
      out.dst2 = tuple.dst2;
      out.dst3 = tuple.dst3;
      out.dstId = tuple.dstId;
      out.zone = tuple.zone;
      if (sourceInRange(out, range)) return true;
    }
    return false;
  }

  private bucketOf(entry: number): number {
    this.conntrack.readTuple(entry, Direction.ORIGINAL, this.scratch);
    return this.bucketOfTuple(this.scratch);
  }

  private bucketOfTuple(tuple: Tuple): number {
    let hash = this.key ^ tuple.proto;
    hash = mix(hash ^ tuple.src0);
    if (tuple.family === 6) hash = mix(mix(mix(hash ^ tuple.src1) ^ tuple.src2) ^ tuple.src3);
    return mix(hash ^ tuple.srcId) & (this.heads.length - 1);
  }

  /** The table was given more room: longer links; the chains stay. */
  private grow(): void {
    const next = new Int32Array(this.conntrack.capacity + 1).fill(UNLINKED);
    next.set(this.next);
    this.next = next;
  }
}

function sameSource(a: Tuple, b: Tuple): boolean {
  return (
    a.src0 === b.src0 &&
    a.srcId === b.srcId &&
    a.proto === b.proto &&
    a.src1 === b.src1 &&
    a.src2 === b.src2 &&
    a.src3 === b.src3 &&
    a.family === b.family &&
    a.zone === b.zone
  );
}

/** One bucket for two entries, a power of two. */
function bucketsFor(capacity: number): number {
  let buckets = 256;
  while (buckets * 2 < capacity) buckets *= 2;
  return buckets;
}

function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b | 0);
  return h ^ (h >>> 16);
}
