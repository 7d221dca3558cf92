/**
 * The segments that were sent and are not acknowledged yet, in order (Linux: the retransmission queue and its scoreboard).
 * Four integers a segment in one array; a SYN and a FIN take a sequence number and a place like data. Times are
 * microseconds modulo 2^32: compare them by the sign of a difference.
 */

/** The peer has it (RFC 2018). */
export const SACKED = 1;
/** Believed lost. */
export const LOST = 2;
/** Sent again, and that is not known to be lost. */
export const RETRANSMITTED = 4;
/** Sent again at any time: its acknowledgement says nothing about the round trip (Karn). */
export const EVER_RETRANSMITTED = 8;
export const CARRIES_SYN = 16;
export const CARRIES_FIN = 32;
/** Sent with PSH. */
export const PUSHED = 64;
/** Sent while the application, not the window, held the sender back. */
export const ALL_MARKS = SACKED | LOST | RETRANSMITTED;

const WORDS = 4;
const END = 1;
const SENT = 2;
const FLAGS = 3;
const SMALLEST = 4;
/** Larger scoreboards are let go of when they are empty, and so is the smallest: idle connections have none. */
const KEPT_WHEN_EMPTY = 64;
const EMPTY = new Int32Array(0);

export class Flight {
  private words: Int32Array = EMPTY;
  private head = 0;
  private tail = 0;

  get count(): number {
    return this.tail - this.head;
  }

  // ── One segment, by its number from the oldest ──────────────────────────────────────────────────────────────────

  start(index: number): number {
    return this.words[(this.head + index) * WORDS]!;
  }

  end(index: number): number {
    return this.words[(this.head + index) * WORDS + END]!;
  }

  sentAt(index: number): number {
    return this.words[(this.head + index) * WORDS + SENT]!;
  }

  flags(index: number): number {
    return this.words[(this.head + index) * WORDS + FLAGS]!;
  }

  mark(index: number, flags: number): void {
    this.words[(this.head + index) * WORDS + FLAGS]! |= flags;
  }

  unmark(index: number, flags: number): void {
    this.words[(this.head + index) * WORDS + FLAGS]! &= ~flags;
  }

  resent(index: number, now: number): void {
    const at = (this.head + index) * WORDS;
    this.words[at + SENT] = now;
    this.words[at + FLAGS]! |= RETRANSMITTED | EVER_RETRANSMITTED;
  }

  // ── The queue ───────────────────────────────────────────────────────────────────────────────────────────────

  push(start: number, end: number, now: number, flags: number): void {
    if (this.tail * WORDS === this.words.length) this.makeRoom();
    const at = this.tail++ * WORDS;
    this.words[at] = start;
    this.words[at + END] = end;
    this.words[at + SENT] = now;
    this.words[at + FLAGS] = flags;
  }

  /** The oldest segment is acknowledged. */
  shift(): void {
    if (++this.head < this.tail) return;
    this.head = this.tail = 0;
    const size = this.words.length / WORDS;
    if (size > KEPT_WHEN_EMPTY || size === SMALLEST) this.words = EMPTY;
  }

  /** The front of the oldest segment is acknowledged, up to `seq`. */
  trim(seq: number): void {
    this.words[this.head * WORDS] = seq;
  }

  clear(): void {
    this.head = this.tail = 0;
    this.words = EMPTY;
  }

  /** Cuts a segment in two at `seq`; both halves carry its marks, a SYN stays with the first, FIN and PSH with the last. */
  split(index: number, seq: number): void {
    const end = this.end(index);
    const sent = this.sentAt(index);
    const flags = this.flags(index);
    this.push(0, 0, 0, 0);
    const at = (this.head + index) * WORDS;
    this.words.copyWithin(at + 2 * WORDS, at + WORDS, (this.tail - 1) * WORDS);
    this.words[at + END] = seq;
    this.words[at + FLAGS] = flags & ~(CARRIES_FIN | PUSHED);
    this.words[at + WORDS] = seq;
    this.words[at + WORDS + END] = end;
    this.words[at + WORDS + SENT] = sent;
    this.words[at + WORDS + FLAGS] = flags & ~CARRIES_SYN;
  }

  /** Number of the segment that holds `seq`, or `count` when all end before it. */
  find(seq: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((this.end(middle) - seq) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private makeRoom(): void {
    if (this.head * 2 > this.tail) {
      this.words.copyWithin(0, this.head * WORDS, this.tail * WORDS);
    } else {
      const words = new Int32Array(Math.max(SMALLEST * WORDS, this.words.length * 2));
      words.set(this.words.subarray(this.head * WORDS, this.tail * WORDS));
      this.words = words;
    }
    this.tail -= this.head;
    this.head = 0;
  }
}
