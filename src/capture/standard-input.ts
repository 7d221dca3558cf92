/**
 * Standard input, which can be read only once, looked at first and read afterwards: what a look has read is kept and given
 * again. One process has one standard input, so what is kept belongs to the process.
 */
import type { ByteSource } from './source.ts';

/** Most that a look keeps; it ends there, as if the input did. */
export const KEPT_BYTES = 64 * 1024 * 1024;

let kept: Uint8Array[] = [];

/** Begins with what was kept, reads on from `source`, and keeps that too. */
export class LookingSource implements ByteSource {
  readonly name: string;
  readonly size = -1;
  readonly cut: string | null = null;
  consumed = 0;
  private readonly source: ByteSource;
  private readonly cursor = new Cursor(kept);

  constructor(source: ByteSource) {
    this.name = source.name;
    this.source = source;
  }

  read(into: Uint8Array, at: number, length: number): number {
    let count = this.cursor.read(into, at, length);
    if (count === 0 && this.consumed < KEPT_BYTES) {
      count = this.source.read(into, at, length);
      if (count > 0) kept.push(into.slice(at, at + count));
      this.cursor.skip(count);
    }
    this.consumed += count;
    return count;
  }

  /** The input stays open for whoever reads it. */
  close(): void {}
}

/** Gives what was kept, then what follows it. */
export class KeptSource implements ByteSource {
  readonly name: string;
  readonly size = -1;
  consumed = 0;
  private readonly source: ByteSource;
  private readonly cursor: Cursor;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.source = source;
    this.cursor = new Cursor(kept);
    kept = [];
  }

  get cut(): string | null {
    return this.source.cut;
  }

  read(into: Uint8Array, at: number, length: number): number {
    const count = this.cursor.read(into, at, length) || this.source.read(into, at, length);
    this.consumed += count;
    return count;
  }

  close(): void {
    this.source.close();
  }
}

/** A place in a list of chunks, which may grow meanwhile. */
class Cursor {
  private readonly chunks: readonly Uint8Array[];
  private chunk = 0;
  private offset = 0;

  constructor(chunks: readonly Uint8Array[]) {
    this.chunks = chunks;
  }

  /** 0 behind the last chunk. */
  read(into: Uint8Array, at: number, length: number): number {
    const chunk = this.chunks[this.chunk];
    if (chunk === undefined) return 0;
    const count = Math.min(length, chunk.length - this.offset);
    into.set(chunk.subarray(this.offset, this.offset + count), at);
    this.skip(count);
    return count;
  }

  skip(count: number): void {
    this.offset += count;
    if (this.offset === this.chunks[this.chunk]?.length) {
      this.chunk++;
      this.offset = 0;
    }
  }
}
