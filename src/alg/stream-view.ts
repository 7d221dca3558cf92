/**
 * One direction of a TCP stream as its receiver reads it: in order and once, whatever is repeated, swapped or cut on the
 * way. What arrives too early is kept, at most MAX_AHEAD bytes; when more is missing than that, the gap is given up and
 * the reader is told. A repetition that says something else than the first time is found out as far as KEPT bytes back.
 *
 * Each byte is delivered with the number of the packet that brought it.
 */

/** Bytes kept of what arrived before its turn. */
const MAX_AHEAD = 16384;
const MAX_PIECES = 64;
/** Bytes kept of what was delivered, a power of two. */
const KEPT = 1024;
/** So few, a line of FTP, are copied sooner one by one. */
const FEW_BYTES = 96;

export interface StreamReader {
  /** The next bytes of the stream; `seq` is the number of the first. */
  bytes(from: Uint8Array, start: number, end: number, seq: number, packet: number): void;
  /** What follows does not join on to what was before. */
  gap(): void;
}

export const Fed = {
  /** Nothing new, or all of it delivered. */
  TAKEN: 0,
  /** Something before it is missing. */
  EARLY: 1,
  /** It contradicts what was sent before under the same numbers. */
  CONTRADICTS: 2,
} as const;
export type Fed = (typeof Fed)[keyof typeof Fed];

interface Piece {
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly packet: number;
}

export class StreamView {
  private readonly reader: StreamReader;
  private started = false;
  /** Number of the byte to come. */
  private next = 0;
  /** Sorted by number. */
  private readonly ahead: Piece[] = [];
  private aheadBytes = 0;
  private readonly kept = new Uint8Array(KEPT);
  private keptCount = 0;

  constructor(reader: StreamReader) {
    this.reader = reader;
  }

  /** The stream begins with this number: a SYN said so. */
  begin(seq: number): void {
    this.next = seq | 0;
    this.started = true;
    this.ahead.length = 0;
    this.aheadBytes = 0;
    this.keptCount = 0;
  }

  /** The payload `bytes[start, end)` of a packet. Where no SYN was seen, the first one begins the stream. */
  feed(seq: number, bytes: Uint8Array, start: number, end: number, packet: number): Fed {
    if (!this.started) {
      this.begin(seq);
      this.reader.gap();
    }
    const before = (this.next - seq) | 0;
    if (before < 0) return this.keep(seq, bytes.slice(start, end), packet);
    const old = Math.min(before, end - start);
    if (this.contradicts(bytes, start, old, before)) return Fed.CONTRADICTS;
    if (start + old < end) {
      this.deliver(bytes, start + old, end, packet);
      this.deliverAhead();
    }
    return Fed.TAKEN;
  }

  private deliver(bytes: Uint8Array, start: number, end: number, packet: number): void {
    const { next } = this;
    this.next = (next + end - start) | 0;
    const from = Math.max(start, end - KEPT);
    this.remember(bytes, from, end, (next + from - start) & (KEPT - 1));
    this.keptCount = Math.min(KEPT, this.keptCount + end - start);
    this.reader.bytes(bytes, start, end, next, packet);
  }

  /** From `place` on, and at the end of what is kept from its beginning again. */
  private remember(bytes: Uint8Array, start: number, end: number, place: number): void {
    const { kept } = this;
    if (end - start < FEW_BYTES) {
      for (let i = start; i < end; i++) kept[(place + i - start) & (KEPT - 1)] = bytes[i]!;
      return;
    }
    const middle = Math.min(end, start + KEPT - place);
    kept.set(bytes.subarray(start, middle), place);
    if (middle < end) kept.set(bytes.subarray(middle, end), 0);
  }

  /** Are the first `length` bytes, `before` bytes behind the next, other than they were? What is not kept agrees. */
  private contradicts(bytes: Uint8Array, start: number, length: number, before: number): boolean {
    const { kept, next } = this;
    for (let i = Math.max(0, before - this.keptCount); i < length; i++) {
      if (kept[(next - before + i) & (KEPT - 1)] !== bytes[start + i]) return true;
    }
    return false;
  }

  private keep(seq: number, bytes: Uint8Array, packet: number): Fed {
    let at = 0;
    for (; at < this.ahead.length; at++) {
      const piece = this.ahead[at]!;
      const distance = (seq - piece.seq) | 0;
      if (distance < 0) break;
      if (overlapDiffers(piece.bytes, distance, bytes)) return Fed.CONTRADICTS;
      if (distance + bytes.length <= piece.bytes.length) return Fed.EARLY;
    }
    const following = this.ahead[at];
    if (following !== undefined && overlapDiffers(bytes, (following.seq - seq) | 0, following.bytes)) {
      return Fed.CONTRADICTS;
    }
    this.ahead.splice(at, 0, { seq, bytes, packet });
    this.aheadBytes += bytes.length;
    if (this.aheadBytes > MAX_AHEAD || this.ahead.length > MAX_PIECES) this.giveUpGap();
    return Fed.EARLY;
  }

  private giveUpGap(): void {
    this.next = this.ahead[0]!.seq;
    this.keptCount = 0;
    this.reader.gap();
    this.deliverAhead();
  }

  private deliverAhead(): void {
    for (let piece = this.ahead[0]; piece !== undefined; piece = this.ahead[0]) {
      const before = (this.next - piece.seq) | 0;
      if (before < 0) return;
      this.ahead.shift();
      this.aheadBytes -= piece.bytes.length;
      if (before < piece.bytes.length) {
        this.deliver(piece.bytes, before, piece.bytes.length, piece.packet);
      }
    }
  }
}

/** Where `b` lies `distance` bytes behind the beginning of `a`: do they say different things of the same bytes? */
function overlapDiffers(a: Uint8Array, distance: number, b: Uint8Array): boolean {
  const length = Math.min(a.length - distance, b.length);
  for (let i = 0; i < length; i++) if (a[distance + i] !== b[i]) return true;
  return false;
}
