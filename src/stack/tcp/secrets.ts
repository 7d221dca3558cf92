/**
 * Numbers that an attacker must not guess: initial sequence numbers (RFC 6528), timestamp offsets, the first port to try
 * (RFC 6056) and SYN cookies, all from one keyed hash, HalfSipHash-2-4 (Aumasson, Bernstein) of the ends.
 */
import type { Rng } from '../../base/rng.ts';
import type { Ends } from './flow.ts';

export class Secrets {
  private readonly key0: number;
  private readonly key1: number;
  private v0 = 0;
  private v1 = 0;
  private v2 = 0;
  private v3 = 0;

  constructor(rng: Rng) {
    this.key0 = rng.u32() | 0;
    this.key1 = rng.u32() | 0;
  }

  /** A hash of the ends and one more number, `purpose` keeping the uses apart. */
  hash(ends: Ends, ports: number, extra: number, purpose: number): number {
    this.v0 = this.key0;
    this.v1 = this.key1;
    this.v2 = 0x6c796765 ^ this.key0;
    this.v3 = 0x74656462 ^ this.key1;
    const { local, remote } = ends;
    for (let i = 0; i < 4; i++) {
      this.take(local[i]!);
      this.take(remote[i]!);
    }
    this.take(ports);
    this.take(extra);
    this.take((ends.family << 8) | purpose);
    this.v2 ^= 0xff;
    for (let i = 0; i < 4; i++) this.round();
    return this.v1 ^ this.v3;
  }

  private take(word: number): void {
    this.v3 ^= word;
    this.round();
    this.round();
    this.v0 ^= word;
  }

  private round(): void {
    let { v0, v1, v2, v3 } = this;
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
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}

export const Purpose = {
  SEQUENCE: 1,
  TIMESTAMP: 2,
  PORT: 3,
  COOKIE: 4,
  COOKIE_MSS: 5,
  FLOW_LABEL: 6,
} as const;

export function portsOf(ends: Ends): number {
  return (ends.localPort << 16) | ends.remotePort;
}
