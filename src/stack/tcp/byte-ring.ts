/**
 * Bytes of a stream that wait: to be acknowledged (send queue) or to be read (receive queue). The byte of sequence number
 * s stands at index s modulo the capacity, a power of two; so there is no head to move, what arrives out of order is
 * written where it belongs, and nothing is copied within. Which bytes count is the owner's affair.
 *
 * A ring grows by doubling and is given back when its owner has nothing to keep: an idle connection holds no memory.
 */
const EMPTY = new Uint8Array(0);
const SMALLEST = 4096;
/** Rings kept for the next connection: one of each size, and as many of the small ones as make so many bytes. */
const KEPT_BYTES = 1 << 18;

/** The memory of all rings of one host, and how much of it is in use (Linux: tcp_memory_allocated). */
export class RingMemory {
  private readonly free: Uint8Array[][] = [];
  inUse = 0;

  take(capacity: number): Uint8Array {
    this.inUse += capacity;
    return this.free[Math.clz32(capacity)]?.pop() ?? new Uint8Array(capacity);
  }

  give(bytes: Uint8Array): void {
    const capacity = bytes.length;
    this.inUse -= capacity;
    const kept = (this.free[Math.clz32(capacity)] ??= []);
    if (kept.length === 0 || (kept.length + 1) * capacity <= KEPT_BYTES) kept.push(bytes);
  }
}

export class ByteRing {
  private readonly memory: RingMemory;
  private bytes: Uint8Array = EMPTY;

  constructor(memory: RingMemory) {
    this.memory = memory;
  }

  get capacity(): number {
    return this.bytes.length;
  }

  /** From now on `length` bytes from sequence number `first` fit; the `kept` first of them are kept. */
  reserve(first: number, kept: number, length: number): void {
    if (length <= this.bytes.length) return;
    let capacity = Math.max(SMALLEST, this.bytes.length);
    while (capacity < length) capacity *= 2;
    const old = this.bytes;
    const bytes = this.memory.take(capacity);
    if (kept > 0) copyOut(old, first, kept, bytes, first & (capacity - 1));
    this.bytes = bytes;
    if (old.length > 0) this.memory.give(old);
  }

  /** Gives the memory back; the ring is empty and may be used again. */
  release(): void {
    if (this.bytes.length === 0) return;
    this.memory.give(this.bytes);
    this.bytes = EMPTY;
  }

  /** Writes bytes from `seq` on; room for them has been reserved. */
  write(seq: number, from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    const at = seq & (bytes.length - 1);
    const first = Math.min(end - start, bytes.length - at);
    bytes.set(from.subarray(start, start + first), at);
    if (start + first < end) bytes.set(from.subarray(start + first, end), 0);
  }

  /** Copies `length` bytes from `seq` on to `to` at `offset`. */
  read(seq: number, length: number, to: Uint8Array, offset: number): void {
    const { bytes } = this;
    const at = seq & (bytes.length - 1);
    const first = Math.min(length, bytes.length - at);
    to.set(bytes.subarray(at, at + first), offset);
    if (first < length) to.set(bytes.subarray(0, length - first), offset + first);
  }

  /** The byte of one sequence number. */
  at(seq: number): number {
    return this.bytes[seq & (this.bytes.length - 1)]!;
  }

  /** At most `length` bytes from `seq` on that lie in one piece: a view of the ring, valid until it is written to. */
  piece(seq: number, length: number): Uint8Array {
    const at = seq & (this.bytes.length - 1);
    return this.bytes.subarray(at, Math.min(at + length, this.bytes.length));
  }
}

/** Moves bytes of one ring to their place in a larger one; they may wrap in both. */
function copyOut(from: Uint8Array, first: number, length: number, to: Uint8Array, target: number): void {
  let at = first & (from.length - 1);
  let left = length;
  let out = target;
  while (left > 0) {
    const step = Math.min(left, from.length - at, to.length - out);
    to.set(from.subarray(at, at + step), out);
    at = (at + step) & (from.length - 1);
    out = (out + step) & (to.length - 1);
    left -= step;
  }
}
