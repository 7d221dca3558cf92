/**
 * The keyed hash of tuples: HalfSipHash-1-3 (Aumasson and Bernstein, SipHash with 32-bit words), so that nobody who does
 * not know the key can choose tuples that fall into one bucket. The key is drawn once a table.
 */
import type { Rng } from '../../base/rng.ts';

const FINAL_ROUNDS = 3;

export class TupleHash {
  private readonly key0: number;
  private readonly key1: number;

  constructor(rng: Rng) {
    this.key0 = rng.u32() | 0;
    this.key1 = rng.u32() | 0;
  }

  /** Of four words. */
  of4(a: number, b: number, c: number, d: number): number {
    return this.finish(this.key0, this.key1, a, b, c, d);
  }

  /** Of ten words: both halves of a long tuple, the first six hashed into the key of the other four. */
  of10(
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
    g: number,
    h: number,
    i: number,
    j: number,
  ): number {
    const first = this.finish(this.key0, this.key1, a, b, c, d);
    const second = this.finish(this.key1, this.key0, e, f, g, h);
    return this.finish(this.key0, this.key1, first, second, i, j);
  }

  private finish(key0: number, key1: number, a: number, b: number, c: number, d: number): number {
    let v0 = key0;
    let v1 = key1;
    let v2 = 0x6c796765 ^ key0;
    let v3 = 0x74656462 ^ key1;
    // Four words and three rounds that only stir: one loop keeps the round in one place, and V8 keeps v0–v3 in registers.
    for (let round = 0; round < 4 + FINAL_ROUNDS; round++) {
      const word = round === 0 ? a : round === 1 ? b : round === 2 ? c : round === 3 ? d : 0;
      v3 ^= word;
      if (round === 4) v2 ^= 0xff;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    return v1 ^ v3;
  }
}
