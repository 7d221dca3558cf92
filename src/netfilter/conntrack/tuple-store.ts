/**
 * Tuples, packed and hashed: two directions an entry, in typed arrays that are made once. It knows nothing of states,
 * timeouts and packets (connections.ts).
 *
 *   node = entry * 2 + direction       entry 0 and nodes 0, 1 stand for "none"
 *
 *   at a node's place   source │ destination │ srcId << 16 | dstId │ kind = zone << 16 | v6 << 8 | protocol
 *   its link            the chain of the node's bucket, newest first
 *   heads[bucket]       first node
 *
 * Tuples and links lie in the connections' records (record.ts).
 *
 * An IPv4 tuple is its four words. An IPv6 entry has the number of a slot in a side pool of sixteen words (both
 * directions, source and destination) in word 0 of both directions, and 0 in word 1. Slots are handed out when first needed.
 *
 * Large typed arrays are zeroed by the operating system page by page when first touched, so a table that stays small
 * costs little, whatever its capacity. Entries are given out from the lowest on.
 */
import type { Rng } from '../../base/rng.ts';
import { NEXT_AT, RECORD_SHIFT, type Records } from './record.ts';
import { TupleHash } from './tuple-hash.ts';
import type { Tuple } from './tuple.ts';

/** In the `kind` word. */
export const KIND_V6 = 1 << 8;
const ZONE_SHIFT = 16;

const V6_SLOT_WORDS = 16;
const V6_FIRST_SLOTS = 64;
/** No longer chain is allowed at confirmation; the kernel draws 50 to 79 anew each time (MIN_CHAINLEN, MAX_CHAINLEN). */
export const MAX_CHAIN = 80;

export function kindOf(family: number, proto: number, zone: number): number {
  return (zone << ZONE_SHIFT) | (family === 6 ? KIND_V6 : 0) | proto;
}

export function zoneOfKind(kind: number): number {
  return kind >>> ZONE_SHIFT;
}

export class TupleStore {
  /** Entries there is room for: 1 … capacity. */
  capacity: number;
  private words: Int32Array;
  private heads: Int32Array;
  private mask: number;
  private readonly hash: TupleHash;

  private v6: Int32Array;
  private v6Top: number;
  private v6Free: number;

  constructor(capacity: number, records: Records, rng: Rng) {
    this.capacity = capacity;
    this.words = records.words;
    this.heads = new Int32Array(bucketsFor(capacity));
    this.mask = this.heads.length - 1;
    this.hash = new TupleHash(rng);
    this.v6 = new Int32Array(0);
    this.v6Top = 1;
    this.v6Free = 0;
  }

  /** Goes over to larger records, which hold what the former did; only the buckets are made anew. */
  grow(capacity: number, records: Records): void {
    const chained: number[] = [];
    for (const head of this.heads) {
      for (let node = head; node !== 0; node = this.nextInBucket(node)) chained.push(node);
    }
    this.words = records.words;
    this.capacity = capacity;
    this.heads = new Int32Array(bucketsFor(capacity));
    this.mask = this.heads.length - 1;
    // A chain lists its newest node first, so the oldest is linked first.
    for (const node of chained.reverse()) this.link(node);
  }

  // ── Tuples of entries ───────────────────────────────────────────────────────────────────────────────────────────

  kind(node: number): number {
    return this.words[placeOf(node) + 3]!;
  }

  /** Writes one direction of an entry that is not linked. */
  write(node: number, tuple: Tuple): void {
    const { words } = this;
    const at = placeOf(node);
    words[at + 2] = (tuple.srcId << 16) | tuple.dstId;
    words[at + 3] = kindOf(tuple.family, tuple.proto, tuple.zone);
    if (tuple.family !== 6) {
      words[at] = tuple.src0;
      words[at + 1] = tuple.dst0;
      return;
    }
    const twin = words[placeOf(node ^ 1) + 3]! & KIND_V6 ? words[placeOf(node ^ 1)]! : 0;
    const slot = twin !== 0 ? twin : this.takeV6Slot();
    words[at] = slot;
    words[at + 1] = 0;
    const { v6 } = this;
    const from = slot * V6_SLOT_WORDS + (node & 1) * 8;
    v6[from] = tuple.src0;
    v6[from + 1] = tuple.src1;
    v6[from + 2] = tuple.src2;
    v6[from + 3] = tuple.src3;
    v6[from + 4] = tuple.dst0;
    v6[from + 5] = tuple.dst1;
    v6[from + 6] = tuple.dst2;
    v6[from + 7] = tuple.dst3;
  }

  read(node: number, out: Tuple): void {
    const { words } = this;
    const at = placeOf(node);
    const kind = words[at + 3]!;
    out.srcId = words[at + 2]! >>> 16;
    out.dstId = words[at + 2]! & 0xffff;
    out.proto = kind & 0xff;
    out.zone = kind >>> ZONE_SHIFT;
    if (kind & KIND_V6) {
      const { v6 } = this;
      const from = words[at]! * V6_SLOT_WORDS + (node & 1) * 8;
      out.family = 6;
      out.src0 = v6[from]!;
      out.src1 = v6[from + 1]!;
      out.src2 = v6[from + 2]!;
      out.src3 = v6[from + 3]!;
      out.dst0 = v6[from + 4]!;
      out.dst1 = v6[from + 5]!;
      out.dst2 = v6[from + 6]!;
      out.dst3 = v6[from + 7]!;
      return;
    }
    out.family = 4;
    out.src0 = words[at]!;
    out.dst0 = words[at + 1]!;
    out.src1 = out.src2 = out.src3 = 0;
    out.dst1 = out.dst2 = out.dst3 = 0;
  }

  /** Both directions of an entry that is not linked become empty. */
  clear(entry: number): void {
    const { words } = this;
    const at = entry << RECORD_SHIFT;
    if (words[at + 3]! & KIND_V6) this.giveV6Slot(words[at]!);
    words.fill(0, at, at + 8);
  }

  /** Have two nodes the same tuple, zone included? */
  same(a: number, b: number): boolean {
    const { words, v6 } = this;
    const left = placeOf(a);
    const right = placeOf(b);
    if (words[left + 2] !== words[right + 2] || words[left + 3] !== words[right + 3]) return false;
    if (!(words[left + 3]! & KIND_V6)) {
      return words[left] === words[right] && words[left + 1] === words[right + 1];
    }
    const leftV6 = words[left]! * V6_SLOT_WORDS + (a & 1) * 8;
    const rightV6 = words[right]! * V6_SLOT_WORDS + (b & 1) * 8;
    for (let i = 0; i < 8; i++) if (v6[leftV6 + i] !== v6[rightV6 + i]) return false;
    return true;
  }

  // ── The hash ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The node in the table that has this tuple, zone included, or 0. With `after` (a node this function returned for the
   * same tuple) the search goes on behind it.
   */
  find(tuple: Tuple, after = 0): number {
    const { words } = this;
    const kind = kindOf(tuple.family, tuple.proto, tuple.zone);
    const ids = (tuple.srcId << 16) | tuple.dstId;
    if (tuple.family === 6) return this.findV6(tuple, ids, kind, after);
    const { src0, dst0 } = tuple;
    let node =
      after !== 0 ? words[linkOf(after)]! : this.heads[this.hash.of4(src0, dst0, ids, kind) & this.mask]!;
    while (node !== 0) {
      const at = placeOf(node);
      if (words[at + 2] === ids && words[at] === src0 && words[at + 1] === dst0 && words[at + 3] === kind) {
        return node;
      }
      node = words[linkOf(node)]!;
    }
    return 0;
  }

  private findV6(tuple: Tuple, ids: number, kind: number, after: number): number {
    const { words, v6 } = this;
    let node = after !== 0 ? words[linkOf(after)]! : this.heads[this.bucketOfTuple(tuple)]!;
    for (; node !== 0; node = words[linkOf(node)]!) {
      const at = placeOf(node);
      if (words[at + 2] !== ids || words[at + 3] !== kind) continue;
      const from = words[at]! * V6_SLOT_WORDS + (node & 1) * 8;
      if (
        v6[from + 3] === tuple.src3 &&
        v6[from + 7] === tuple.dst3 &&
        v6[from] === tuple.src0 &&
        v6[from + 1] === tuple.src1 &&
        v6[from + 2] === tuple.src2 &&
        v6[from + 4] === tuple.dst0 &&
        v6[from + 5] === tuple.dst1 &&
        v6[from + 6] === tuple.dst2
      ) {
        return node;
      }
    }
    return 0;
  }

  /** A node other than `node` in the table with the same tuple, or 0. */
  findTwin(node: number): number {
    for (let at = this.heads[this.bucketOf(node)]!; at !== 0; at = this.nextInBucket(at)) {
      if (at !== node && this.same(at, node)) return at;
    }
    return 0;
  }

  /** True when the chain that the node belongs into is as long as it may become. */
  chainFull(node: number): boolean {
    let length = 0;
    for (let at = this.heads[this.bucketOf(node)]!; at !== 0; at = this.nextInBucket(at)) {
      if (++length >= MAX_CHAIN) return true;
    }
    return false;
  }

  link(node: number): void {
    const bucket = this.bucketOf(node);
    this.words[linkOf(node)] = this.heads[bucket]!;
    this.heads[bucket] = node;
  }

  /** Takes a node out of its chain; nothing happens to one that is in none. */
  unlink(node: number): void {
    const { words, heads } = this;
    const bucket = this.bucketOf(node);
    const after = words[linkOf(node)]!;
    if (heads[bucket] === node) {
      heads[bucket] = after;
    } else {
      let before = heads[bucket]!;
      while (before !== 0 && words[linkOf(before)] !== node) before = words[linkOf(before)]!;
      if (before === 0) return;
      words[linkOf(before)] = after;
    }
    words[linkOf(node)] = 0;
  }

  bucketOfTuple(tuple: Tuple): number {
    const ids = (tuple.srcId << 16) | tuple.dstId;
    const kind = kindOf(tuple.family, tuple.proto, tuple.zone);
    if (tuple.family !== 6) return this.hash.of4(tuple.src0, tuple.dst0, ids, kind) & this.mask;
    return (
      this.hash.of10(
        tuple.src0,
        tuple.src1,
        tuple.src2,
        tuple.src3,
        tuple.dst0,
        tuple.dst1,
        tuple.dst2,
        tuple.dst3,
        ids,
        kind,
      ) & this.mask
    );
  }

  private bucketOf(node: number): number {
    const { words, v6 } = this;
    const at = placeOf(node);
    const ids = words[at + 2]!;
    const kind = words[at + 3]!;
    if (!(kind & KIND_V6)) return this.hash.of4(words[at]!, words[at + 1]!, ids, kind) & this.mask;
    const from = words[at]! * V6_SLOT_WORDS + (node & 1) * 8;
    return (
      this.hash.of10(
        v6[from]!,
        v6[from + 1]!,
        v6[from + 2]!,
        v6[from + 3]!,
        v6[from + 4]!,
        v6[from + 5]!,
        v6[from + 6]!,
        v6[from + 7]!,
        ids,
        kind,
      ) & this.mask
    );
  }

  /** First node of a bucket and the node after another, for walks over neighbouring buckets (early drop, tests). */
  bucketHead(bucket: number): number {
    return this.heads[bucket & this.mask]!;
  }

  nextInBucket(node: number): number {
    return this.words[linkOf(node)]!;
  }

  get bucketCount(): number {
    return this.heads.length;
  }

  // ── The IPv6 side pool: free slots are chained by their first word ────────────────────────────────────────────────

  private takeV6Slot(): number {
    if (this.v6Free !== 0) {
      const slot = this.v6Free;
      this.v6Free = this.v6[slot * V6_SLOT_WORDS]!;
      return slot;
    }
    if ((this.v6Top + 1) * V6_SLOT_WORDS > this.v6.length) {
      this.v6 = enlarged(this.v6, Math.max(V6_FIRST_SLOTS * V6_SLOT_WORDS, this.v6.length * 2));
    }
    return this.v6Top++;
  }

  private giveV6Slot(slot: number): void {
    this.v6[slot * V6_SLOT_WORDS] = this.v6Free;
    this.v6Free = slot;
  }
}

/** A bucket for each node; a power of two. (Linux has half as many: every node passed over is a cache miss.) */
function bucketsFor(capacity: number): number {
  let buckets = 256;
  while (buckets < capacity * 2) buckets *= 2;
  return buckets;
}

export function enlarged(array: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}

/** Index of a node's tuple within the records' words, and of its link. */
function placeOf(node: number): number {
  return ((node >> 1) << RECORD_SHIFT) | ((node & 1) << 2);
}

function linkOf(node: number): number {
  return (((node >> 1) << RECORD_SHIFT) | NEXT_AT) + (node & 1);
}
