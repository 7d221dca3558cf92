/** A rate that frames of a guest must keep to: a bucket that fills at the rate and holds a tenth of a second of it. */
import type { Clock } from '../../base/clock.ts';

const US_PER_SECOND = 1_000_000;
const BURST_SECONDS = 0.1;
/** One of the largest frames passes at any rate, else guests with a large MTU would get nothing. */
const LEAST_BURST = 128 * 1024;

export class RateLimit {
  private readonly clock: Clock;
  private readonly bytesPerUs: number;
  private readonly burst: number;
  private tokens: number;
  private filledAt: number;

  constructor(clock: Clock, bitsPerSecond: number) {
    this.clock = clock;
    this.bytesPerUs = bitsPerSecond / 8 / US_PER_SECOND;
    this.burst = Math.max(LEAST_BURST, (bitsPerSecond / 8) * BURST_SECONDS);
    this.tokens = this.burst;
    this.filledAt = clock.now;
  }

  /** False when the frame is over the rate. */
  take(bytes: number): boolean {
    const { now } = this.clock;
    this.tokens = Math.min(this.burst, this.tokens + (now - this.filledAt) * this.bytesPerUs);
    this.filledAt = now;
    if (this.tokens < bytes) return false;
    this.tokens -= bytes;
    return true;
  }
}
