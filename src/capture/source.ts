/**
 * Where the bytes of a capture come from, and the window through which the parsers see them.
 *
 *                 consumed        position            end          capacity
 *   bytes:     |  . . . . . . . |  the next record  |  free . . . |
 *              origin = file offset of bytes[0]
 *
 * Reading is synchronous and pulls: a parser asks for the next n bytes to be contiguous in the window (`fill`), the
 * window asks its source. One buffer of fixed size serves a file of any length, so memory does not grow with the
 * capture and no record costs an allocation. Nothing here touches Node; src/capture/files.ts reads files.
 */

/** The largest thing that has to be contiguous: one block of pcapng with its options. */
export const WINDOW_BYTES = 1 << 20;

/** How much is asked of the source at once. From 64 KiB to 1 MiB it makes no difference that could be measured. */
export const READ_BYTES = 256 * 1024;

export interface ByteSource {
  /** The name that errors show. */
  readonly name: string;
  /** Total bytes of the underlying file, -1 when not known (a pipe). */
  readonly size: number;
  /** Bytes taken from the underlying file so far; with `size` this is the progress. */
  readonly consumed: number;
  /** Why the source ended before its data did (a cut gzip stream); null when it did not. Valid after `read` gave 0. */
  readonly cut: string | null;
  /** Puts at least 1 and at most `length` bytes at `into[at]` and returns how many; 0 at the end. Blocks. */
  read(into: Uint8Array, at: number, length: number): number;
  close(): void;
}

/** Bytes that are already in memory: tests, browsers. */
export class MemorySource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly cut: string | null = null;
  consumed = 0;
  private readonly data: Uint8Array;

  constructor(data: Uint8Array, name: string) {
    this.name = name;
    this.size = data.length;
    this.data = data;
  }

  read(into: Uint8Array, at: number, length: number): number {
    const count = Math.min(length, this.data.length - this.consumed);
    into.set(this.data.subarray(this.consumed, this.consumed + count), at);
    this.consumed += count;
    return count;
  }

  close(): void {}
}

export class InputWindow {
  readonly source: ByteSource;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Index in `bytes` of the next byte to parse. */
  position = 0;
  /** Index in `bytes` after the last byte read. */
  end = 0;
  /** File offset of bytes[0]. */
  origin = 0;
  private exhausted = false;

  constructor(source: ByteSource) {
    this.source = source;
    this.bytes = new Uint8Array(WINDOW_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes of the source that were read before the window existed. */
  preload(bytes: Uint8Array, length: number): void {
    this.bytes.set(bytes.subarray(0, length));
    this.end = length;
  }

  get available(): number {
    return this.end - this.position;
  }

  /** File offset of the next byte to parse. */
  get offset(): number {
    return this.origin + this.position;
  }

  /**
   * Makes `need` (at most WINDOW_BYTES) bytes contiguous at `position`, which moves. False when the input ends before;
   * what there is stays available.
   */
  fill(need: number): boolean {
    if (this.position > 0) {
      this.bytes.copyWithin(0, this.position, this.end);
      this.origin += this.position;
      this.end -= this.position;
      this.position = 0;
    }
    while (this.end < need) {
      if (this.exhausted) return false;
      const count = this.source.read(this.bytes, this.end, Math.min(READ_BYTES, WINDOW_BYTES - this.end));
      if (count === 0) this.exhausted = true;
      this.end += count;
    }
    return true;
  }

  /** Passes over `count` bytes without keeping them; false when the input ends before (then all are passed). */
  skip(count: number): boolean {
    let left = count;
    while (left > this.available) {
      left -= this.available;
      this.position = this.end;
      if (!this.fill(1)) return false;
    }
    this.position += left;
    return true;
  }
}
