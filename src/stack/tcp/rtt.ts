/**
 * The round trip and the retransmission timeout (RFC 6298), in the form that Linux gives them: the deviation falls slowly
 * when the round trip falls, its maximum over a round trip counts, and it is never taken for less than 200 ms. And
 * the least round trip of the last five minutes, which RACK measures reordering against. Microseconds throughout.
 */
export const MIN_RTO_US = 200_000;
export const MAX_RTO_US = 120_000_000;
/** Before anything was measured (RFC 6298 2.1). */
export const INITIAL_RTO_US = 1_000_000;
/** net.ipv4.tcp_min_rtt_wlen. */
const MIN_RTT_WINDOW_US = 300_000_000;
export const NO_RTT = 0x7fffffff;

export class RoundTrip {
  /** Eight times the smoothed round trip; 0 before the first. */
  smoothed8 = 0;
  /** Four times the mean deviation. */
  private deviation4 = 0;
  private maxDeviation4 = 0;
  private variance4 = 0;
  private roundEnd = 0;
  /** Without backing off. */
  rto = INITIAL_RTO_US;
  least = NO_RTT;
  private leastAt = 0;

  /** One measurement; `una` and `next` tell where a round ends. */
  sample(rtt: number, now: number, una: number, next: number): void {
    this.noteLeast(rtt, now);
    const us = Math.max(1, rtt);
    if (this.smoothed8 === 0) {
      this.smoothed8 = 8 * us;
      this.deviation4 = 2 * us;
      this.variance4 = Math.max(this.deviation4, MIN_RTO_US);
      this.maxDeviation4 = this.variance4;
      this.roundEnd = next;
    } else {
      this.smooth(us, una, next);
    }
    this.rto = Math.min((this.smoothed8 >> 3) + this.variance4, MAX_RTO_US);
  }

  private smooth(us: number, una: number, next: number): void {
    const error = us - (this.smoothed8 >> 3);
    this.smoothed8 += error;
    const surprise = Math.abs(error) - (this.deviation4 >> 2);
    // A falling round trip should not make the timeout longer: an eighth of what it surprises by.
    this.deviation4 += error < 0 && surprise > 0 ? surprise >> 3 : surprise;
    if (this.deviation4 > this.maxDeviation4) {
      this.maxDeviation4 = this.deviation4;
      if (this.maxDeviation4 > this.variance4) this.variance4 = this.maxDeviation4;
    }
    if (((una - this.roundEnd) | 0) <= 0) return;
    if (this.maxDeviation4 < this.variance4) this.variance4 -= (this.variance4 - this.maxDeviation4) >> 2;
    this.roundEnd = next;
    this.maxDeviation4 = MIN_RTO_US;
  }

  private noteLeast(rtt: number, now: number): void {
    if (rtt > this.least && ((now - this.leastAt) | 0) < MIN_RTT_WINDOW_US) return;
    this.least = rtt;
    this.leastAt = now;
  }
}
