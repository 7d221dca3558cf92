/**
 * Chance, injected: whatever Linux draws at random (statistic, --random ports, IP identifications, hash secrets)
 * is drawn here from a seed, so that the same input and seed give the same output on every machine.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): small, fast and good enough for a simulator. It is not
 * for secrets that must withstand an attacker who sees its output; live instances seed it from the host.
 */

export interface Rng {
  /** A uniform unsigned 32-bit integer. */
  u32(): number;
  /** A uniform integer in [0, bound), bound in 1..2^32. */
  below(bound: number): number;
}

export class SeededRng implements Rng {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.c = 0x9e3779b9 | 0;
    // The first outputs still show the seed; sfc32 is specified with a warm-up.
    for (let i = 0; i < 15; i++) this.u32();
  }

  u32(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  below(bound: number): number {
    // Lemire's multiply-shift without the rejection step: the bias (< 2^-21 for the bounds used here) is far below
    // what a simulation can show, and one draw a call keeps sequences easy to reproduce.
    return Math.floor((this.u32() / 0x1_0000_0000) * bound);
  }
}
