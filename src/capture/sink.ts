/**
 * Where a writer's bytes go, and the buffer in front of it.
 */
import { CaptureError } from './errors.ts';

export interface ByteSink {
  /** Takes the bytes before it returns; the caller then uses the buffer again. */
  write(bytes: Uint8Array, start: number, end: number): void;
  close(): void;
}

/** Collects everything in memory: tests, browsers. */
export class MemorySink implements ByteSink {
  private data = new Uint8Array(4096);
  private length = 0;

  write(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.data.length) {
      const larger = new Uint8Array(Math.max(needed, this.data.length * 2));
      larger.set(this.data.subarray(0, this.length));
      this.data = larger;
    }
    this.data.set(bytes.subarray(start, end), this.length);
    this.length = needed;
  }

  close(): void {}

  /** A copy of what was written so far. */
  bytes(): Uint8Array {
    return this.data.slice(0, this.length);
  }
}

const BUFFER_BYTES = 1 << 20;

/** Gathers small writes. `reserve` makes room that the caller fills in place and then advances over. */
export class SinkBuffer {
  readonly bytes = new Uint8Array(BUFFER_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  /** Index of the next byte to write. */
  position = 0;
  private readonly sink: ByteSink;
  private closed = false;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** Guarantees `count` (at most 1 MiB) bytes of room at `position`. */
  reserve(count: number): void {
    if (this.position + count > BUFFER_BYTES) this.flush();
    if (count > BUFFER_BYTES)
      throw new CaptureError('CAPTURE_LENGTH', `a block of ${count} bytes is too long to write`, '');
  }

  flush(): void {
    const end = this.position;
    this.position = 0;
    if (end > 0) this.sink.write(this.bytes, 0, end);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      this.flush();
    } finally {
      this.sink.close();
    }
  }
}
