/**
 * Ethernet frames on a byte stream, each behind its length in four bytes, big-endian: what QEMU speaks on
 * `-netdev stream` and `-netdev socket`, passt on its socket, and others after them (QEMU docs/interop, "net/stream.c"
 * by observation).
 */
import { SluiceError } from '../../base/errors.ts';
import { readU32, writeU32 } from '../../wire/bytes.ts';
import { BUFFER_BYTES, BUFFERS } from '../buffer-pool.ts';

const LENGTH_BYTES = 4;
/** The largest frame that QEMU sends: 64 KiB and a header (NET_BUFSIZE). Whoever announces more does not speak this. */
export const MAX_FRAME_BYTES = 4096 + 65536;

export class FrameReader {
  private readonly onFrame: (bytes: Uint8Array, start: number, end: number) => void;
  /** The beginning of a frame whose end has not come, in a buffer of the pool. */
  private held: Uint8Array | null = null;
  private heldLength = 0;

  constructor(onFrame: (bytes: Uint8Array, start: number, end: number) => void) {
    this.onFrame = onFrame;
  }

  /** Takes what came, and hands on the frames that are whole. Throws SluiceError NIC_STREAM for what is no frame. */
  push(chunk: Uint8Array): void {
    let at = this.heldLength > 0 ? this.complete(chunk) : 0;
    while (chunk.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + lengthAt(chunk, at);
      if (end > chunk.length) break;
      this.onFrame(chunk, at + LENGTH_BYTES, end);
      at = end;
    }
    this.hold(chunk, at, chunk.length);
  }

  /** What was held is of another stream. */
  reset(): void {
    if (this.held !== null) BUFFERS.give(this.held);
    this.held = null;
    this.heldLength = 0;
  }

  /** Adds to the frame that is held what is missing of it. Returns where in the chunk the next begins. */
  private complete(chunk: Uint8Array): number {
    let at = 0;
    if (this.heldLength < LENGTH_BYTES) {
      at = Math.min(LENGTH_BYTES - this.heldLength, chunk.length);
      this.hold(chunk, 0, at);
      if (this.heldLength < LENGTH_BYTES) return at;
    }
    const held = this.held!;
    const whole = LENGTH_BYTES + lengthAt(held, 0);
    const end = Math.min(at + whole - this.heldLength, chunk.length);
    this.hold(chunk, at, end);
    if (this.heldLength === whole) {
      this.onFrame(held, LENGTH_BYTES, whole);
      this.reset();
    }
    return end;
  }

  private hold(chunk: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    this.held ??= BUFFERS.take();
    this.held.set(chunk.subarray(from, to), this.heldLength);
    this.heldLength += to - from;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = readU32(bytes, at);
  if (length === 0 || length > MAX_FRAME_BYTES) {
    throw new SluiceError(
      'NIC_STREAM',
      `a frame of ${length} bytes was announced; frames of 1 to ${MAX_FRAME_BYTES} are taken, each behind its length in four bytes`,
    );
  }
  return length;
}

/**
 * Collects frames, each behind its length, and gives them to `write` many at a time. Whoever is given a batch gives the
 * buffer that it lies in back to the pool.
 */
export class FrameWriter {
  private readonly write: (batch: Uint8Array, length: number) => void;
  private batch: Uint8Array | null = null;
  private length = 0;

  constructor(write: (batch: Uint8Array, length: number) => void) {
    this.write = write;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const needed = LENGTH_BYTES + end - start;
    if (this.length + needed > BUFFER_BYTES) this.flush();
    const batch = (this.batch ??= BUFFERS.take());
    writeU32(batch, this.length, end - start);
    batch.set(bytes.subarray(start, end), this.length + LENGTH_BYTES);
    this.length += needed;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  flush(): void {
    const { batch, length } = this;
    if (batch === null) return;
    this.batch = null;
    this.length = 0;
    this.write(batch, length);
  }

  reset(): void {
    if (this.batch !== null) BUFFERS.give(this.batch);
    this.batch = null;
    this.length = 0;
  }
}
