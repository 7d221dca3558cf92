/**
 * What the peer sent: bytes in order that the application has not read, and behind a gap what came too early. Early bytes
 * stand in the same ring at their place; only the list of ranges says which are there. Where segments overlap, what came
 * first stays (so a peer cannot change its mind about bytes).
 *
 *      copied          next                              next + window
 *        │ ready to read │ missing │ range │ missing │ range │
 *        ▼               ▼
 *
 * The list of ranges is sorted and bounded, and a range found by halving: a million tiny segments out of order cost no
 * more than the bound (CVE-2018-5390).
 */
import { ByteRing, type RingMemory } from './byte-ring.ts';

/** SACK blocks that are remembered; an option holds four at most. */
const MAX_BLOCKS = 4;
/** Ranges out of order. Every second segment of 1448 bytes lost in a window of 6 MB makes 2,170. */
const MAX_RANGES = 4096;
const EMPTY = new Int32Array(0);

/** The ring itself, and not the owner of one: 20,000 idle connections hold an object less each. */
export class ReceiveQueue extends ByteRing {
  /** The first byte that the application has not read. */
  copied: number;
  /** The first byte that has not come (RFC 9293: RCV.NXT). */
  next: number;
  /** 1 when the last sequence number was the FIN's. */
  private ended = 0;
  /** Pairs [start, end), ascending, with gaps between. */
  private ranges: Int32Array = EMPTY;
  private count = 0;
  /** The ranges that changed last, newest first, as SACK reports them (RFC 2018 section 4). */
  private blocks: Int32Array = EMPTY;
  private blockCount = 0;

  constructor(memory: RingMemory, start: number) {
    super(memory);
    this.copied = start;
    this.next = start;
  }

  /** The stream begins here. */
  begin(seq: number): void {
    this.copied = seq;
    this.next = seq;
  }

  /** Bytes ready to read. */
  get unread(): number {
    return ((this.next - this.copied) | 0) - this.ended;
  }

  get hasGaps(): boolean {
    return this.count > 0;
  }

  /** One past the last byte that is here. */
  get highest(): number {
    return this.count > 0 ? this.ranges[2 * this.count - 1]! : this.next;
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes the bytes that follow what is here, and with them the ranges they reach. `start` is within the segment. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const from = this.next;
    this.room(from, length);
    this.next = (from + length) | 0;
    if (this.count === 0) {
      this.write(from, bytes, start, end);
      return;
    }
    this.writeMissing(from, bytes, start, end);
    this.joinNext();
  }

  /** Takes bytes behind a gap; false when too many ranges are here already. */
  insert(seq: number, bytes: Uint8Array, start: number, end: number): boolean {
    const stop = (seq + end - start) | 0;
    if (this.count >= MAX_RANGES && !this.touches(seq, stop)) return false;
    this.room(seq, end - start);
    this.writeMissing(seq, bytes, start, end);
    this.merge(seq, stop);
    return true;
  }

  /** True when all of [seq, end) is here already. */
  holds(seq: number, end: number): boolean {
    if (((end - this.next) | 0) <= 0) return true;
    const index = this.after(seq);
    return (
      index < this.count && ((this.startOf(index) - seq) | 0) <= 0 && ((this.endOf(index) - end) | 0) >= 0
    );
  }

  /** Number of the first range that begins before `end`, or -1: what an in-order segment up to `end` brings again. */
  overlapped(end: number): number {
    return this.count > 0 && ((this.startOf(0) - end) | 0) < 0 ? 0 : -1;
  }

  rangeStart(index: number): number {
    return this.startOf(index);
  }

  rangeEnd(index: number): number {
    return this.endOf(index);
  }

  private room(seq: number, length: number): void {
    const kept = ((this.highest - this.copied) | 0) - this.ended;
    const needed = (seq + length - this.copied) | 0;
    this.reserve(this.copied, Math.max(0, kept), Math.max(needed, kept));
  }

  /** Writes those bytes of a segment that no range holds. */
  private writeMissing(seq: number, bytes: Uint8Array, start: number, end: number): void {
    let at = seq;
    let from = start;
    const stop = (seq + end - start) | 0;
    for (let index = this.after(seq); index < this.count && ((this.startOf(index) - stop) | 0) < 0; index++) {
      const gap = (this.startOf(index) - at) | 0;
      if (gap > 0) this.write(at, bytes, from, from + gap);
      const next = this.endOf(index);
      from += (next - at) | 0;
      at = next;
    }
    if (from < end) this.write(at, bytes, from, end);
  }

  // ── Ranges ──────────────────────────────────────────────────────────────────────────────────────────────────

  private startOf(index: number): number {
    return this.ranges[2 * index]!;
  }

  private endOf(index: number): number {
    return this.ranges[2 * index + 1]!;
  }

  /** The first range that ends after `seq`. */
  private after(seq: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((this.endOf(middle) - seq) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private touches(seq: number, stop: number): boolean {
    const index = this.after((seq - 1) | 0);
    return index < this.count && ((this.startOf(index) - stop) | 0) <= 0;
  }

  private merge(seq: number, stop: number): void {
    const first = this.after((seq - 1) | 0);
    let start = seq;
    let end = stop;
    let last = first;
    for (; last < this.count && ((this.startOf(last) - end) | 0) <= 0; last++) {
      if (((this.startOf(last) - start) | 0) < 0) start = this.startOf(last);
      if (((this.endOf(last) - end) | 0) > 0) end = this.endOf(last);
    }
    this.replace(first, last, start, end);
    this.noteBlock(start, end);
  }

  /** Puts one range in the place of those from `first` up to `last`. */
  private replace(first: number, last: number, start: number, end: number): void {
    if (2 * (this.count + 1) > this.ranges.length) {
      const grown = new Int32Array(Math.max(8, 2 * this.ranges.length));
      grown.set(this.ranges);
      this.ranges = grown;
    }
    this.ranges.copyWithin(2 * (first + 1), 2 * last, 2 * this.count);
    this.count += 1 - (last - first);
    this.ranges[2 * first] = start;
    this.ranges[2 * first + 1] = end;
  }

  /** Ranges that are no longer behind a gap. */
  private joinNext(): void {
    let joined = 0;
    while (joined < this.count && ((this.startOf(joined) - this.next) | 0) <= 0) {
      const end = this.endOf(joined++);
      if (((end - this.next) | 0) > 0) this.next = end;
    }
    if (joined === 0) return;
    this.ranges.copyWithin(0, 2 * joined, 2 * this.count);
    this.count -= joined;
    if (this.count === 0) this.ranges = EMPTY;
    this.dropBlocksBefore(this.next);
  }

  // ── SACK blocks ─────────────────────────────────────────────────────────────────────────────────────────────

  get sackBlocks(): number {
    return this.blockCount;
  }

  sackStart(block: number): number {
    return this.blocks[2 * block]!;
  }

  sackEnd(block: number): number {
    return this.blocks[2 * block + 1]!;
  }

  private noteBlock(start: number, end: number): void {
    // Most connections never need it, and an empty one costs as much as everything else of an idle connection's queue.
    if (this.blocks.length === 0) this.blocks = new Int32Array(2 * MAX_BLOCKS);
    const { blocks } = this;
    let kept = 0;
    for (let i = 0; i < this.blockCount; i++) {
      const inside = ((blocks[2 * i]! - start) | 0) >= 0 && ((blocks[2 * i + 1]! - end) | 0) <= 0;
      if (inside) continue;
      blocks[2 * kept] = blocks[2 * i]!;
      blocks[2 * kept + 1] = blocks[2 * i + 1]!;
      kept++;
    }
    kept = Math.min(kept, MAX_BLOCKS - 1);
    blocks.copyWithin(2, 0, 2 * kept);
    blocks[0] = start;
    blocks[1] = end;
    this.blockCount = kept + 1;
  }

  private dropBlocksBefore(seq: number): void {
    const { blocks } = this;
    let kept = 0;
    for (let i = 0; i < this.blockCount; i++) {
      if (((blocks[2 * i + 1]! - seq) | 0) <= 0) continue;
      blocks[2 * kept] = blocks[2 * i]!;
      blocks[2 * kept + 1] = blocks[2 * i + 1]!;
      kept++;
    }
    this.blockCount = kept;
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Copies up to `length` bytes, which are still unread then. */
  peek(to: Uint8Array, offset: number, length: number): number {
    const n = Math.min(length, this.unread);
    if (n > 0) this.read(this.copied, n, to, offset);
    return n;
  }

  /** A piece of what is unread, without a copy: valid until the next segment. */
  view(length: number): Uint8Array {
    return this.piece(this.copied, Math.min(length, this.unread));
  }

  byteAt(seq: number): number {
    return this.at(seq);
  }

  /** The application has `length` bytes more. */
  consume(length: number): void {
    this.copied = (this.copied + length) | 0;
    if (this.unread === 0 && this.count === 0) super.release();
  }

  /** The FIN came: a sequence number without a byte. */
  finish(): void {
    this.next = (this.next + 1) | 0;
    this.ended = 1;
    if (this.unread === 0) super.release();
  }

  override release(): void {
    super.release();
    this.ranges = EMPTY;
    this.count = 0;
    this.blockCount = 0;
    this.copied = (this.next - this.ended) | 0;
  }
}
