/**
 * One record a connection, 32 words of 32 bits (two cache lines), so that a packet of a connection that was not heard of
 * for a while costs few cache misses. (With an array a field, a packet cost 1000 ns among 50,000 connections.)
 *
 *   word  0  4      8 9       10           12                24             26        27
 *        ┌──┬──────┬─────────┬────────────┬─────────────────┬──────────────┬─────────┬────────┐
 *        │original │  next   │  deadline  │ words of the    │ octets of    │  ways   │ unused │
 *        │  reply  │  of each│ (a double) │ protocol        │ the protocol │  of each│        │
 *        └─────────┴─────────┴────────────┴─────────────────┴──────────────┴─────────┴────────┘
 *
 * Each view below begins at its field in record 0, so `view[entry * STRIDE + i]` is the field's i-th element.
 */
export const RECORD_WORDS = 32;
export const RECORD_SHIFT = 5;
const RECORD_BYTES = RECORD_WORDS * 4;
const DEADLINE_AT = 10;
const PROTO_AT = 12;
const OCTETS_AT = 24;
/** The way of each direction's packets, 16 bits each (flow-table.ts). */
const WAYS_AT = 26;
/** Word of the first direction's chain link. */
export const NEXT_AT = 8;

/** Stride of the views, in their own elements. */
export const DEADLINE_STRIDE = RECORD_WORDS / 2;
export const PROTO_WORDS = RECORD_WORDS;
export const PROTO_OCTETS = RECORD_BYTES;
/** Elements of them that are an entry's own. */
export const PROTO_LENGTH = OCTETS_AT - PROTO_AT;
export const OCTETS_LENGTH = 8;
export const WAYS_STRIDE = RECORD_BYTES / 2;

/** Large buffers of V8 come from mmap and begin 16 bytes into a page: this puts records on cache lines. */
const ALIGNMENT = 48;

export class Records {
  readonly words: Int32Array;
  readonly deadline: Float64Array;
  readonly proto: Int32Array;
  readonly octets: Uint8Array;
  readonly ways: Uint16Array;

  /** Zeroed records 0 … capacity, or with `from` its records and zeroed ones behind them. */
  constructor(capacity: number, from?: Records) {
    const buffer = new ArrayBuffer(ALIGNMENT + (capacity + 1) * RECORD_BYTES);
    this.words = new Int32Array(buffer, ALIGNMENT);
    this.deadline = new Float64Array(buffer, ALIGNMENT + DEADLINE_AT * 4);
    this.proto = new Int32Array(buffer, ALIGNMENT + PROTO_AT * 4);
    this.octets = new Uint8Array(buffer, ALIGNMENT + OCTETS_AT * 4);
    this.ways = new Uint16Array(buffer, ALIGNMENT + WAYS_AT * 4);
    if (from !== undefined) this.words.set(from.words);
  }
}
