/**
 * Buffers of one size that go round: what is read into, written from or kept for a moment. A fresh buffer for each would
 * be most of the work (half of the time through a gateway at an MTU of 65520 was the collector's; bench guest).
 */

/**
 * The size of all. One holds two frames of the network's MTU (65520) behind their lengths, so that they leave in one call, any
 * frame there may be, and what is moved between sockets at a time.
 */
export const BUFFER_BYTES = 132 * 1024;
/** Kept for the next; beyond, the collector has them. */
const MOST_KEPT = 64;

export class BufferPool {
  private readonly free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.free.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  give(buffer: Uint8Array): void {
    if (this.free.length < MOST_KEPT) this.free.push(buffer);
  }
}

/** One for all: buffers are the process's, not a network's. */
export const BUFFERS = new BufferPool();
