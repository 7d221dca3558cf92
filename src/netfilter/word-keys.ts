/**
 * Rows found by a key of several 32-bit words (addresses, ports …): the tables of `hashlimit`, `connlimit` and the hash sets.
 * The owner keeps its own columns beside, indexed by row. Asking allocates nothing: the key is written into `key` first.
 * Chained buckets in typed arrays; twice as many buckets whenever there are more rows than buckets.
 */

const FIRST_ROWS = 16;
const NONE = -1;

export class WordKeys {
  /** The key that `find` and `add` are about. */
  readonly key: Int32Array;
  /** Rows in use. */
  count: number;
  private readonly width: number;
  /** Mixed into the hash, so that nobody who does not know it can aim at one bucket. */
  private readonly secret: number;
  private words: Int32Array;
  private next: Int32Array;
  private buckets: Int32Array;
  /** One past the highest row given out, and the first of the free rows below it. */
  private top: number;
  private free: number;
  /** By row: 1 for rows in use. */
  private used: Uint8Array;

  constructor(width: number, secret = 0) {
    this.key = new Int32Array(width);
    this.width = width;
    this.secret = secret;
    this.count = 0;
    this.words = new Int32Array(width * FIRST_ROWS);
    this.next = new Int32Array(FIRST_ROWS).fill(NONE);
    this.used = new Uint8Array(FIRST_ROWS);
    this.buckets = new Int32Array(FIRST_ROWS).fill(NONE);
    this.top = 0;
    this.free = NONE;
  }

  /** Rows that there is room for: how long the owner's columns should be. */
  get capacity(): number {
    return this.next.length;
  }

  /** The row of the key, -1 when there is none. */
  find(): number {
    let row = this.buckets[this.hashOf(this.key, 0) & (this.buckets.length - 1)]!;
    while (row !== NONE && !this.isKey(row)) row = this.next[row]!;
    return row;
  }

  /** A row for the key, which has none. Rows are given out again after `remove`. */
  add(): number {
    if (this.free === NONE && this.top === this.capacity) this.grow();
    let row = this.free;
    if (row === NONE) row = this.top++;
    else this.free = this.next[row]!;
    this.words.set(this.key, row * this.width);
    this.used[row] = 1;
    this.link(row);
    this.count++;
    return row;
  }

  remove(row: number): void {
    const bucket = this.hashOf(this.words, row * this.width) & (this.buckets.length - 1);
    let before = NONE;
    for (let at = this.buckets[bucket]!; at !== row; at = this.next[at]!) before = at;
    if (before === NONE) this.buckets[bucket] = this.next[row]!;
    else this.next[before] = this.next[row]!;
    this.used[row] = 0;
    this.next[row] = this.free;
    this.free = row;
    this.count--;
  }

  clear(): void {
    this.count = 0;
    this.top = 0;
    this.free = NONE;
    this.used.fill(0);
    this.buckets.fill(NONE);
  }

  isUsed(row: number): boolean {
    return this.used[row] === 1;
  }

  /** One past the highest row that may be in use. */
  get end(): number {
    return this.top;
  }

  word(row: number, index: number): number {
    return this.words[row * this.width + index]!;
  }

  private link(row: number): void {
    const bucket = this.hashOf(this.words, row * this.width) & (this.buckets.length - 1);
    this.next[row] = this.buckets[bucket]!;
    this.buckets[bucket] = row;
  }

  private isKey(row: number): boolean {
    const { key, words, width } = this;
    const from = row * width;
    for (let i = 0; i < width; i++) if (words[from + i] !== key[i]) return false;
    return true;
  }

  private hashOf(words: Int32Array, from: number): number {
    let hash = this.secret | 0;
    for (let i = 0; i < this.width; i++) {
      hash = Math.imul(hash ^ words[from + i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }

  private grow(): void {
    const rows = this.capacity * 2;
    const { words, next, used } = this;
    this.words = new Int32Array(rows * this.width);
    this.words.set(words);
    this.used = new Uint8Array(rows);
    this.used.set(used);
    this.next = new Int32Array(rows).fill(NONE);
    this.next.set(next);
    this.buckets = new Int32Array(rows).fill(NONE);
    for (let row = 0; row < this.top; row++) if (this.used[row] === 1) this.link(row);
  }
}

/** A column of numbers as long as the keys have room; the old one while it is long enough. */
export function columnFor(column: Float64Array, keys: WordKeys): Float64Array {
  if (column.length >= keys.capacity) return column;
  const longer = new Float64Array(keys.capacity);
  longer.set(column);
  return longer;
}
