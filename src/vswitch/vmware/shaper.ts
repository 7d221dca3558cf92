/**
 * Traffic shaping of a port group: average bandwidth, peak bandwidth and burst size. Two buckets: one that fills at the
 * average rate and holds a burst, and one that fills at the peak rate and holds a single frame. A frame passes when both
 * have enough for it.
 *
 * vSphere keeps frames above the rates in a queue before it drops; here they are dropped at once, a switch never waits.
 * Source: vSphere Networking, "Traffic Shaping Policy".
 */
export interface ShapingConfig {
  /** Kilobits a second. */
  readonly average: number;
  readonly peak: number;
  /** Kilobytes. */
  readonly burst: number;
}

const BITS_PER_KILOBIT = 1000;
const BYTES_PER_KILOBYTE = 1024;
const MICROSECONDS_PER_SECOND = 1_000_000;
/** The peak bucket lets one frame through at any time, even the longest. */
const LONGEST_FRAME = 9216 + 18;

export class Shaper {
  /** Bytes a microsecond. */
  private readonly averageRate: number;
  private readonly peakRate: number;
  private readonly burstBytes: number;
  private tokens: number;
  private peakTokens: number;
  private filledAt: number;

  constructor({ average, peak, burst }: ShapingConfig, now: number) {
    this.averageRate = (average * BITS_PER_KILOBIT) / 8 / MICROSECONDS_PER_SECOND;
    this.peakRate = (peak * BITS_PER_KILOBIT) / 8 / MICROSECONDS_PER_SECOND;
    this.burstBytes = burst * BYTES_PER_KILOBYTE;
    this.tokens = this.burstBytes;
    this.peakTokens = LONGEST_FRAME;
    this.filledAt = now;
  }

  /** Takes the bytes of a frame out of the buckets; false when there is not enough in them. */
  take(bytes: number, now: number): boolean {
    const elapsed = now - this.filledAt;
    this.filledAt = now;
    this.tokens = Math.min(this.burstBytes, this.tokens + elapsed * this.averageRate);
    this.peakTokens = Math.min(LONGEST_FRAME, this.peakTokens + elapsed * this.peakRate);
    if (this.tokens < bytes || this.peakTokens < bytes) return false;
    this.tokens -= bytes;
    this.peakTokens -= bytes;
    return true;
  }
}
