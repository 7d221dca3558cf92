/**
 * One direction of a link: frames wait until they have crossed it, are lost, doubled, damaged or overtaken on the way
 * (Linux: sch_netem), each by a draw from the link's seed. Frames are copied into memory of the queue's own, which is
 * used again; one timer serves all that wait.
 */
import { call } from '../../base/call.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Rng } from '../../base/rng.ts';
import { NO_IMPAIRMENT, type Netem } from './netem.ts';

/** Room in front of a frame, so that whoever receives it may put a longer header there. */
export const LINK_HEAD_ROOM = 64;
const US_PER_SECOND = 1_000_000;
const BITS_PER_BYTE = 8;
const RNG_RANGE = 0x1_0000_0000;
/** Emptied buffers that are kept for the next frames. */
const MOST_KEPT = 512;
const MOST_LARGE_KEPT = 16;
const SMALL_BUFFER = 2048;
/** Small buffers are cut out of larger pieces: whoever sums them up keeps one view of the piece (wire/checksum.ts). */
const BUFFERS_A_PIECE = 64;

export class Waiting {
  readonly bytes: Uint8Array;
  end = 0;
  due = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export interface QueueCounters {
  /** Handed in. */
  frames: number;
  delivered: number;
  lost: number;
  /** There was no room in the queue. */
  overflowed: number;
  duplicated: number;
  corrupted: number;
  reordered: number;
}

export class ImpairedQueue {
  private readonly clock: Clock;
  private readonly rng: Rng;
  private readonly deliver: (bytes: Uint8Array, start: number, end: number) => void;
  private netem: Netem;
  private waiting: Waiting[] = [];
  private head = 0;
  private readonly free: Waiting[] = [];
  private readonly freeLarge: Waiting[] = [];
  private piece = new ArrayBuffer(0);
  private pieceUsed = BUFFERS_A_PIECE;
  private timer: Timer | null = null;
  private timerDue = Infinity;
  private isDelivering = false;
  /** Frames since the last that was sent past the queue. */
  private counter = 0;
  private isBad = false;
  /** One for all times that it asks the clock for. */
  private readonly wake: () => void = call(this, 'run');
  private lastDelay = 0;
  private lastLoss = 0;
  private lastDuplicate = 0;
  private lastCorrupt = 0;
  private lastReorder = 0;
  readonly counters: QueueCounters = {
    frames: 0,
    delivered: 0,
    lost: 0,
    overflowed: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
  };

  constructor(
    clock: Clock,
    rng: Rng,
    netem: Netem,
    deliver: (bytes: Uint8Array, start: number, end: number) => void,
  ) {
    this.clock = clock;
    this.rng = rng;
    this.netem = netem;
    this.deliver = deliver;
  }

  /** From the next frame on. */
  set(netem: Partial<Netem>): void {
    this.netem = { ...NO_IMPAIRMENT, ...netem };
  }

  get length(): number {
    return this.waiting.length - this.head;
  }

  /** A frame enters; the bytes are lent for the length of the call. */
  send(bytes: Uint8Array, start: number, end: number): void {
    this.counters.frames++;
    const { duplicate, duplicateCorrelation } = this.netem;
    let copies = 1;
    if (
      duplicate > 0 &&
      (this.lastDuplicate = this.draw(duplicateCorrelation, this.lastDuplicate)) < duplicate
    ) {
      copies = 2;
      this.counters.duplicated++;
    }
    if (this.isLost()) {
      this.counters.lost++;
      copies--;
    }
    for (; copies > 0; copies--) this.enqueue(bytes, start, end);
  }

  private isLost(): boolean {
    const { gemodel, loss, lossCorrelation } = this.netem;
    if (gemodel !== null) {
      const turns = this.draw(0, 0) < (this.isBad ? gemodel.r : gemodel.p);
      if (turns) this.isBad = !this.isBad;
      return this.draw(0, 0) < (this.isBad ? gemodel.lossBad : gemodel.lossGood);
    }
    return loss > 0 && (this.lastLoss = this.draw(lossCorrelation, this.lastLoss)) < loss;
  }

  private enqueue(bytes: Uint8Array, start: number, end: number): void {
    const { netem } = this;
    if (this.length >= netem.limit) {
      this.counters.overflowed++;
      return;
    }
    const frame = this.take(end - start);
    frame.bytes.set(bytes.subarray(start, end), LINK_HEAD_ROOM);
    if (netem.corrupt > 0) this.maybeCorrupt(frame);
    frame.due = this.passes() ? this.clock.now : this.clock.now + this.delay(end - start);
    this.insert(frame);
    this.schedule();
  }

  private maybeCorrupt(frame: Waiting): void {
    const { corrupt, corruptCorrelation } = this.netem;
    if ((this.lastCorrupt = this.draw(corruptCorrelation, this.lastCorrupt)) >= corrupt) return;
    this.counters.corrupted++;
    const at = LINK_HEAD_ROOM + this.rng.below(frame.end - LINK_HEAD_ROOM);
    frame.bytes[at]! ^= 1 << this.rng.below(BITS_PER_BYTE);
  }

  /** netem's reorder: some frames do not wait at all, and so pass those that do. */
  private passes(): boolean {
    const { gap, reorder, reorderCorrelation } = this.netem;
    if (reorder === 0) return false;
    if (
      (gap !== 0 && this.counter < gap - 1) ||
      (this.lastReorder = this.draw(reorderCorrelation, this.lastReorder)) >= reorder
    ) {
      this.counter++;
      return false;
    }
    this.counter = 0;
    this.counters.reordered++;
    return true;
  }

  private delay(length: number): number {
    const { delay, rate } = this.netem;
    let us = delay + this.jitter();
    if (rate > 0) {
      // Behind the last that waits; what it still has to wait counts for the delay.
      const last = this.length > 0 ? this.waiting[this.waiting.length - 1]!.due : this.clock.now;
      us = Math.max(us, last - this.clock.now) + (length * BITS_PER_BYTE * US_PER_SECOND) / rate;
    }
    return Math.max(0, us);
  }

  private jitter(): number {
    const { jitter, delayCorrelation, distribution } = this.netem;
    if (jitter === 0) return 0;
    this.lastDelay = this.draw(delayCorrelation, this.lastDelay);
    return jitter * this.deviate(distribution, this.lastDelay);
  }

  /** About -1 to 1 for uniform; a standard deviation of 1 for the others. */
  private deviate(distribution: Netem['distribution'], uniform: number): number {
    switch (distribution) {
      case 'uniform':
        return 2 * uniform - 1;
      case 'normal':
        return this.normal(uniform);
      case 'pareto':
        return pareto(uniform);
      case 'paretonormal':
        return 0.25 * this.normal(uniform) + 0.75 * pareto(uniform);
    }
  }

  private normal(uniform: number): number {
    return (
      Math.sqrt(-2 * Math.log(Math.max(uniform, 1 / RNG_RANGE))) * Math.cos(2 * Math.PI * this.draw(0, 0))
    );
  }

  /** Uniform from 0 to 1, drawn towards the last value by the correlation. */
  private draw(correlation: number, last: number): number {
    const value = this.rng.u32() / RNG_RANGE;
    return correlation === 0 ? value : value * (1 - correlation) + last * correlation;
  }

  // ── The queue, by time ──────────────────────────────────────────────────────────────────────────────────────

  private take(length: number): Waiting {
    const needed = LINK_HEAD_ROOM + length;
    const isSmall = needed <= SMALL_BUFFER;
    const frame = (isSmall ? this.free : this.freeLarge).pop() ?? (isSmall ? this.cut() : undefined);
    const fitting =
      frame !== undefined && frame.bytes.length >= needed ? frame : new Waiting(new Uint8Array(needed));
    fitting.end = needed;
    return fitting;
  }

  private cut(): Waiting {
    if (this.pieceUsed === BUFFERS_A_PIECE) {
      this.piece = new ArrayBuffer(BUFFERS_A_PIECE * SMALL_BUFFER);
      this.pieceUsed = 0;
    }
    return new Waiting(new Uint8Array(this.piece, SMALL_BUFFER * this.pieceUsed++, SMALL_BUFFER));
  }

  private give(frame: Waiting): void {
    const isSmall = frame.bytes.length === SMALL_BUFFER;
    const kept = isSmall ? this.free : this.freeLarge;
    if (kept.length < (isSmall ? MOST_KEPT : MOST_LARGE_KEPT)) kept.push(frame);
  }

  private insert(frame: Waiting): void {
    const { waiting } = this;
    let at = waiting.length;
    while (at > this.head && waiting[at - 1]!.due > frame.due) at--;
    if (at === waiting.length) waiting.push(frame);
    else waiting.splice(at, 0, frame);
  }

  private schedule(): void {
    const { due } = this.waiting[this.head]!;
    if (this.isDelivering || due >= this.timerDue) return;
    this.timer?.cancel();
    this.timerDue = due;
    this.timer = this.clock.at(due, this.wake);
  }

  /** The timer's. */
  run(): void {
    this.timer = null;
    this.timerDue = Infinity;
    this.isDelivering = true;
    const { now } = this.clock;
    // What arrives may send more into this queue; with no delay it would never end, so only what is due before counts.
    for (let left = this.length; left > 0 && this.waiting[this.head]!.due <= now; left--) {
      const frame = this.waiting[this.head++]!;
      this.counters.delivered++;
      this.deliver(frame.bytes, LINK_HEAD_ROOM, frame.end);
      this.give(frame);
    }
    this.isDelivering = false;
    this.compact();
    if (this.length > 0) this.schedule();
  }

  private compact(): void {
    if (this.head === this.waiting.length) {
      this.waiting.length = 0;
      this.head = 0;
    } else if (this.head > this.waiting.length >> 1) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
  }
}

/** A Pareto distribution of shape 3, moved and scaled to mean 0 and deviation 1. */
function pareto(uniform: number): number {
  const shape = 3;
  const mean = shape / (shape - 1);
  const deviation = Math.sqrt(shape / ((shape - 1) ** 2 * (shape - 2)));
  return (Math.max(1 - uniform, 1 / RNG_RANGE) ** (-1 / shape) - mean) / deviation;
}
