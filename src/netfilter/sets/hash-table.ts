/**
 * Rows found by the words of an element, kept as Linux keeps the elements of a hash: buckets that grow by two slots up to
 * the set's bucketsize, twice as many buckets once one of them is full, holes that are filled again. So elements are
 * listed in the order in which Linux lists them, and take what they take there. Linux: ip_set_hash_gen.h.
 *
 * Rows are numbers, given out again after `remove`; whoever owns columns beside indexes them by row. Asking allocates
 * nothing. There are never more rows than the owner adds, so it is the owner (maxelem) who bounds memory.
 */
import { jenkinsWords } from '../nat/jenkins.ts';

const SLOTS_AT_ONCE = 2;
const FIRST_ROWS = 16;
const HOLE = -1;
/** Of a bucket's header. */
const BUCKET_BYTES = 32;
/** Locks and counts of a region, of which there is one for each 1024 buckets. */
const REGION_BYTES = 24;
const REGION_BITS = 10;
const LARGEST_BITS = 26;

interface Bucket {
  /** Rows by slot, HOLE where one was removed. */
  readonly rows: number[];
  /** Slots that there is memory for. */
  slots: number;
}

/** Says of two elements with the same words whether they are one; names of interfaces are in no word. */
export type IsSame = (row: number) => boolean;

export class HashTable {
  /** Rows in use. */
  count: number;
  bits: number;
  private readonly width: number;
  private readonly secret: number;
  private readonly bucketSize: number;
  private readonly elementBytes: number;
  private buckets: (Bucket | null)[];
  private bucketBytes: number;
  private words: Int32Array;
  private top: number;
  private readonly free: number[];

  constructor(width: number, bits: number, secret: number, bucketSize: number, elementBytes: number) {
    this.count = 0;
    this.bits = bits;
    this.width = width;
    this.secret = secret;
    this.bucketSize = bucketSize;
    this.elementBytes = elementBytes;
    this.buckets = emptyBuckets(bits);
    this.bucketBytes = 0;
    this.words = new Int32Array(width * FIRST_ROWS);
    this.top = 0;
    this.free = [];
  }

  /** Bytes beyond the set's own, in Linux. */
  get memory(): number {
    return this.bucketBytes + REGION_BYTES * 2 ** Math.max(0, this.bits - REGION_BITS);
  }

  /** The words of all rows, one after another: row n begins at n * width. */
  get allWords(): Int32Array {
    return this.words;
  }

  /** The row of an element, -1 when there is none. */
  find(element: Int32Array, isSame: IsSame | null): number {
    const bucket = this.buckets[this.hashOf(element, 0)]!;
    if (bucket === null) return HOLE;
    const { rows } = bucket;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (row !== HOLE && this.equals(row, element) && (isSame === null || isSame(row))) return row;
    }
    return HOLE;
  }

  /** A row of that element's bucket that `isDone` says may go, or else the first one if `any`; -1 for none. */
  findReplaceable(element: Int32Array, isDone: IsSame, any: boolean): number {
    const bucket = this.buckets[this.hashOf(element, 0)]!;
    if (bucket === null) return HOLE;
    const { rows } = bucket;
    let first = HOLE;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (row === HOLE) continue;
      if (isDone(row)) return row;
      if (first === HOLE) first = row;
    }
    return any ? first : HOLE;
  }

  /** A row for an element that has none; -1 when its bucket is full and `mayGrow` is false. */
  add(element: Int32Array, mayGrow: boolean): number {
    for (;;) {
      const key = this.hashOf(element, 0);
      if (this.slotFor(key)) {
        const row = this.free.pop() ?? this.newRow();
        this.words.set(element, row * this.width);
        this.put(key, row);
        this.count++;
        return row;
      }
      if (!mayGrow || this.bits >= LARGEST_BITS) return HOLE;
      this.grow();
    }
  }

  remove(row: number): void {
    const key = this.hashOf(this.words, row * this.width);
    const bucket = this.buckets[key]!;
    const { rows } = bucket;
    const at = rows.indexOf(row);
    rows[at] = HOLE;
    if (at === rows.length - 1) rows.pop();
    this.free.push(row);
    this.count--;
    const holes = rows.reduce((sum, one) => (one === HOLE ? sum + 1 : sum), 0);
    if (holes === rows.length) {
      this.bucketBytes -= this.growth() * (bucket.slots / SLOTS_AT_ONCE);
      this.buckets[key] = null;
    } else if (holes >= SLOTS_AT_ONCE) {
      this.bucketBytes -= this.growth();
      this.buckets[key] = {
        rows: rows.filter((one) => one !== HOLE),
        slots: bucket.slots - SLOTS_AT_ONCE,
      };
    }
  }

  /** Removes all; the buckets stay as many as they are. */
  clear(): void {
    this.buckets = emptyBuckets(this.bits);
    this.bucketBytes = 0;
    this.count = 0;
    this.top = 0;
    this.free.length = 0;
  }

  /** All rows, in the order in which they are listed. */
  *listed(): Generator<number> {
    for (const bucket of this.buckets) {
      for (const row of bucket?.rows ?? []) if (row !== HOLE) yield row;
    }
  }

  /** Bytes by which a bucket grows. */
  private growth(): number {
    return BUCKET_BYTES + SLOTS_AT_ONCE * this.elementBytes;
  }

  /** Is there a slot in the bucket, or may there be one? */
  private slotFor(key: number): boolean {
    const bucket = this.buckets[key]!;
    if (bucket === null || bucket.rows.length < bucket.slots || bucket.slots < this.bucketSize) return true;
    return bucket.rows.includes(HOLE);
  }

  private put(key: number, row: number): void {
    const bucket = this.buckets[key]!;
    if (bucket === null) {
      this.buckets[key] = { rows: [row], slots: SLOTS_AT_ONCE };
      this.bucketBytes += this.growth();
      return;
    }
    const hole = bucket.rows.indexOf(HOLE);
    if (hole >= 0) {
      bucket.rows[hole] = row;
      return;
    }
    if (bucket.rows.length === bucket.slots) {
      bucket.slots += SLOTS_AT_ONCE;
      this.bucketBytes += this.growth();
    }
    bucket.rows.push(row);
  }

  /** Twice as many buckets, and again if even then one of them is too small. */
  private grow(): void {
    const rows = [...this.listed()];
    do {
      this.bits++;
      this.buckets = emptyBuckets(this.bits);
      this.bucketBytes = 0;
    } while (!this.fill(rows) && this.bits < LARGEST_BITS);
  }

  private fill(rows: readonly number[]): boolean {
    for (const row of rows) {
      const key = this.hashOf(this.words, row * this.width);
      if (!this.slotFor(key)) return false;
      this.put(key, row);
    }
    return true;
  }

  private newRow(): number {
    const row = this.top++;
    if (this.top * this.width > this.words.length) {
      const words = new Int32Array(this.words.length * 2);
      words.set(this.words);
      this.words = words;
    }
    return row;
  }

  private equals(row: number, element: Int32Array): boolean {
    const { words, width } = this;
    const from = row * width;
    for (let i = 0; i < width; i++) if (words[from + i] !== element[i]) return false;
    return true;
  }

  private hashOf(words: Int32Array, from: number): number {
    return jenkinsWords(words, from, this.width, this.secret) & ((1 << this.bits) - 1);
  }
}

function emptyBuckets(bits: number): (Bucket | null)[] {
  return new Array<Bucket | null>(2 ** bits).fill(null);
}
