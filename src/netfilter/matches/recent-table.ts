/**
 * A list of `-m recent`: addresses, each with the times at which it was last seen. Linux: xt_recent. Rules of both
 * families share lists by name. A list holds 100 addresses (module parameter ip_list_tot); the one not updated for
 * longest makes room. How many times an address keeps follows from the largest hit count that any rule of the list asks
 * for, rounded up to a power of two (ip_pkt_list_tot, 0 by default, would set a floor).
 *
 * The entries are rows of typed arrays; row 0 is the head of the LRU ring.
 */
export const MAX_ADDRESSES = 100;

/** Entries keep so many times when no rule counts hits. */
const DEFAULT_STAMPS = 32;

const BUCKETS = 128;
const NONE = 0;

export class RecentTable {
  /** Applied to every address; the first rule of the list brings it. */
  private readonly mask: Int32Array;
  private stampMask: number;
  private used = 0;
  private readonly heads = new Int32Array(BUCKETS);
  private readonly next = new Int32Array(MAX_ADDRESSES + 1);
  private readonly older = new Int32Array(MAX_ADDRESSES + 1);
  private readonly newer = new Int32Array(MAX_ADDRESSES + 1);
  private readonly families = new Int32Array(MAX_ADDRESSES + 1);
  private readonly words = new Int32Array(4 * (MAX_ADDRESSES + 1));
  private readonly ttls = new Int32Array(MAX_ADDRESSES + 1);
  /** Where the next time goes, and how many there are. */
  private readonly index = new Int32Array(MAX_ADDRESSES + 1);
  private readonly counts = new Int32Array(MAX_ADDRESSES + 1);
  private readonly stamps: number[][] = Array.from({ length: MAX_ADDRESSES + 1 }, () => []);
  private readonly free: number[] = [];

  constructor(mask: Int32Array, hitCount: number) {
    this.mask = mask;
    this.stampMask = stampMaskFor(hitCount);
    this.flush();
  }

  /** Another rule uses the list. One that counts further than all before it empties the list. */
  join(hitCount: number): void {
    const stampMask = stampMaskFor(hitCount);
    if (stampMask <= this.stampMask) return;
    this.stampMask = stampMask;
    this.flush();
  }

  get size(): number {
    return this.used;
  }

  /** The row of an address, 0 when it is not in the list; with `ttl` not 0 only if it was last seen with that. */
  find(family: number, w0: number, w1: number, w2: number, w3: number, ttl: number): number {
    const { mask, words } = this;
    const a0 = w0 & mask[0]!;
    const a1 = w1 & mask[1]!;
    const a2 = w2 & mask[2]!;
    const a3 = w3 & mask[3]!;
    for (let row = this.heads[bucket(a0, a1, a2, a3)]!; row !== NONE; row = this.next[row]!) {
      const at = 4 * row;
      if (
        words[at] === a0 &&
        words[at + 1] === a1 &&
        words[at + 2] === a2 &&
        words[at + 3] === a3 &&
        this.families[row] === family
      ) {
        const seen = this.ttls[row]!;
        return ttl === 0 || seen === 0 || seen === ttl ? row : NONE;
      }
    }
    return NONE;
  }

  add(family: number, w0: number, w1: number, w2: number, w3: number, ttl: number, now: number): number {
    if (this.used >= MAX_ADDRESSES) this.remove(this.oldest);
    const row = this.free.pop()!;
    const at = 4 * row;
    const { mask, words } = this;
    words[at] = w0 & mask[0]!;
    words[at + 1] = w1 & mask[1]!;
    words[at + 2] = w2 & mask[2]!;
    words[at + 3] = w3 & mask[3]!;
    this.families[row] = family;
    this.ttls[row] = ttl;
    this.stamps[row]![0] = now;
    this.index[row] = 1;
    this.counts[row] = 1;
    const head = this.bucketOf(row);
    this.next[row] = this.heads[head]!;
    this.heads[head] = row;
    this.linkNewest(row);
    this.used++;
    return row;
  }

  /** The address was seen again. */
  update(row: number, ttl: number, now: number): void {
    const index = this.index[row]! & this.stampMask;
    this.stamps[row]![index] = now;
    this.index[row] = index + 1;
    if (index + 1 > this.counts[row]!) this.counts[row] = index + 1;
    this.ttls[row] = ttl;
    this.unlink(row);
    this.linkNewest(row);
  }

  remove(row: number): void {
    const head = this.bucketOf(row);
    if (this.heads[head] === row) this.heads[head] = this.next[row]!;
    else {
      let before = this.heads[head]!;
      while (this.next[before] !== row) before = this.next[before]!;
      this.next[before] = this.next[row]!;
    }
    this.unlink(row);
    this.free.push(row);
    this.used--;
  }

  /** Whether the address has `hits` times (at least one), counting those since `since` only. */
  seen(row: number, hits: number, since: number): boolean {
    const stamps = this.stamps[row]!;
    const count = this.counts[row]!;
    let found = 0;
    for (let i = 0; i < count; i++) {
      if (stamps[i]! < since) continue;
      if (hits === 0 || ++found >= hits) return true;
    }
    return false;
  }

  /** Removes the address not updated for longest when that is before `since`, unless it is `spare`. */
  reap(since: number, spare: number): void {
    const row = this.oldest;
    if (row === NONE || row === spare) return;
    if (this.stamps[row]![this.index[row]! - 1]! < since) this.remove(row);
  }

  private flush(): void {
    this.used = 0;
    this.heads.fill(NONE);
    this.newer[0] = 0;
    this.older[0] = 0;
    this.free.length = 0;
    for (let row = MAX_ADDRESSES; row > 0; row--) this.free.push(row);
  }

  /** 0 when there is none. */
  private get oldest(): number {
    return this.newer[0]!;
  }

  private linkNewest(row: number): void {
    const newest = this.older[0]!;
    this.older[row] = newest;
    this.newer[row] = 0;
    this.newer[newest] = row;
    this.older[0] = row;
  }

  private unlink(row: number): void {
    this.newer[this.older[row]!] = this.newer[row]!;
    this.older[this.newer[row]!] = this.older[row]!;
  }

  private bucketOf(row: number): number {
    const { words } = this;
    const at = 4 * row;
    return bucket(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }
}

function stampMaskFor(hitCount: number): number {
  return (hitCount === 0 ? DEFAULT_STAMPS : 2 ** Math.ceil(Math.log2(hitCount))) - 1;
}

function bucket(w0: number, w1: number, w2: number, w3: number): number {
  const mixed = Math.imul(w0 ^ Math.imul(w1 ^ Math.imul(w2 ^ Math.imul(w3, 31), 31), 31), 0x9e3779b1);
  return mixed >>> 25;
}
