/**
 * Longest-prefix match over a set of prefixes that changes seldom: the address space is cut into the intervals in which
 * one prefix is the longest, and a lookup is a binary search over their starts (four words each in Int32Arrays, signs
 * flipped so that signed comparison orders them as unsigned). IPv4 addresses stand in word 0.
 *
 * In front of the search stands a direct-mapped cache of answers, since destinations repeat. A full table of a
 * million prefixes works too, but every change builds it anew: this is no structure for a BGP speaker.
 */
const CACHE_SIZE = 1024;
const FLIP = 0x80000000 | 0;
const WORD_BITS = 32n;
const ADDRESS_BITS = 128;
const WORD_MASK = 0xffffffffn;

export interface PrefixEntry {
  readonly words: Int32Array;
  readonly length: number;
}

export class PrefixMap<T extends PrefixEntry> {
  private starts0 = new Int32Array(1).fill(FLIP);
  private starts1 = new Int32Array(1).fill(FLIP);
  private starts2 = new Int32Array(1).fill(FLIP);
  private starts3 = new Int32Array(1).fill(FLIP);
  /** The answer of each interval: an index into `entries`, or -1. */
  private answers: Int32Array = new Int32Array(1).fill(-1);
  private entries: readonly T[] = [];

  private readonly cached0 = new Int32Array(CACHE_SIZE);
  private readonly cached1 = new Int32Array(CACHE_SIZE);
  private readonly cached2 = new Int32Array(CACHE_SIZE);
  private readonly cached3 = new Int32Array(CACHE_SIZE);
  /** Answer + 2, so that 0 means empty. */
  private readonly cachedAnswer = new Int32Array(CACHE_SIZE);

  /** Replaces all. Of entries with the same prefix the first one counts. */
  build(entries: readonly T[]): void {
    this.entries = entries;
    const bounds = new Set<bigint>([0n]);
    for (const entry of entries) {
      bounds.add(toBigInt(entry.words));
      const after = toBigInt(entry.words) + (1n << BigInt(ADDRESS_BITS - entry.length));
      if (after < 1n << BigInt(ADDRESS_BITS)) bounds.add(after);
    }
    const starts = [...bounds].sort((a, b) => (a < b ? -1 : 1));
    this.answers = this.nest(starts);
    const word = (shift: bigint) => Int32Array.from(starts, (s) => Number((s >> shift) & WORD_MASK) ^ FLIP);
    this.starts0 = word(3n * WORD_BITS);
    this.starts1 = word(2n * WORD_BITS);
    this.starts2 = word(WORD_BITS);
    this.starts3 = word(0n);
    this.cachedAnswer.fill(0);
  }

  /** One pass over the starts with a stack of the prefixes that are open there, the longest on top. */
  private nest(starts: readonly bigint[]): Int32Array {
    const order = this.entries
      .map((entry, index) => ({ start: toBigInt(entry.words), length: entry.length, index }))
      .sort((a, b) =>
        a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.length - b.length || b.index - a.index,
      );
    const answers = new Int32Array(starts.length).fill(-1);
    const open: { end: bigint; index: number }[] = [];
    let next = 0;
    starts.forEach((start, i) => {
      while (open.length > 0 && open[open.length - 1]!.end <= start) open.pop();
      for (; next < order.length && order[next]!.start === start; next++) {
        const { length, index } = order[next]!;
        open.push({ end: start + (1n << BigInt(ADDRESS_BITS - length)), index });
      }
      if (open.length > 0) answers[i] = open[open.length - 1]!.index;
    });
    return answers;
  }

  lookup(w0: number, w1: number, w2: number, w3: number): T | undefined {
    const slot = (Math.imul(w0 ^ Math.imul(w1 ^ w2, 0x85ebca6b) ^ w3, 0x9e3779b1) >>> 22) & (CACHE_SIZE - 1);
    let answer = this.cachedAnswer[slot]!;
    if (
      answer === 0 ||
      this.cached0[slot] !== w0 ||
      this.cached3[slot] !== w3 ||
      this.cached1[slot] !== w1 ||
      this.cached2[slot] !== w2
    ) {
      answer = this.answers[this.search(w0 ^ FLIP, w1 ^ FLIP, w2 ^ FLIP, w3 ^ FLIP)]! + 2;
      this.cached0[slot] = w0;
      this.cached1[slot] = w1;
      this.cached2[slot] = w2;
      this.cached3[slot] = w3;
      this.cachedAnswer[slot] = answer;
    }
    return answer === 1 ? undefined : this.entries[answer - 2];
  }

  /** Index of the last interval that starts at or before the address (words with flipped signs). */
  private search(w0: number, w1: number, w2: number, w3: number): number {
    let low = 0;
    let high = this.answers.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.startsAfter(middle, w0, w1, w2, w3)) high = middle;
      else low = middle;
    }
    return low;
  }

  private startsAfter(at: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const s0 = this.starts0[at]!;
    if (s0 !== w0) return s0 > w0;
    const s1 = this.starts1[at]!;
    if (s1 !== w1) return s1 > w1;
    const s2 = this.starts2[at]!;
    if (s2 !== w2) return s2 > w2;
    return this.starts3[at]! > w3;
  }
}

function toBigInt(words: Int32Array): bigint {
  let value = 0n;
  for (const word of words) value = (value << WORD_BITS) | BigInt(word >>> 0);
  return value;
}
