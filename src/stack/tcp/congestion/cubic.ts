/**
 * CUBIC (RFC 9438): after a loss the window follows a cubic function of time whose flat middle is where the loss was, and
 * is never smaller than Reno's would be. With Linux's constants, C 0.4 and beta 717/1024, and HyStart (Ha and Rhee 2011;
 * RFC 9406 is its successor): slow start ends when round trips grow or a train of acknowledgements gets too long.
 */
import { slowStart, type CongestionControl, type CongestionWindow } from './congestion.ts';

/** Segments per second cubed. */
const C = 0.4;
const BETA = 717 / 1024;
/** What makes the mean window that of Reno (RFC 9438 4.3). */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
const US_PER_SECOND = 1e6;
/** Growth for each segment while no loss has told where to stop: the cubic function would begin too slowly. */
const UNKNOWN_STEP = 1 / 20;
/** An ACK this long after the one before begins a new count of the window's age. */
const IDLE_TARGET_US = 1_000_000;

// HyStart
const LOW_WINDOW = 16;
const MIN_SAMPLES = 8;
const DELAY_MIN_US = 4_000;
const DELAY_MAX_US = 16_000;
const ACK_TRAIN_GAP_US = 2_000;

export class Cubic implements CongestionControl {
  /** The window at the last loss, less when it shrank twice in a row (fast convergence). */
  private wMax = 0;
  /** When the growth since the last loss began, 0 for not yet. */
  private epoch = 0;
  private hasEpoch = false;
  /** Seconds from the epoch to wMax. */
  private k = 0;
  private origin = 0;
  /** Reno's window for comparison. */
  private wEst = 0;
  /** Parts of a segment that the window is still to grow by. */
  private credit = 0;
  private before = 0;
  private lastAck = 0;
  // HyStart, over one round trip
  private roundStart = 0;
  private lastClose = 0;
  /** The sequence number whose acknowledgement ends it. */
  private roundEnd = 0;
  private roundLeast = 0;
  /** -1 before the first. */
  private samples = -1;
  private leastRtt = 0;

  get name(): string {
    return 'cubic';
  }

  ssthresh(window: CongestionWindow): number {
    const { cwnd } = window;
    this.hasEpoch = false;
    this.before = cwnd;
    this.wMax = cwnd < this.wMax ? (cwnd * (1 + BETA)) / 2 : cwnd;
    return Math.max(Math.floor(cwnd * BETA), 2);
  }

  onAck(window: CongestionWindow, acked: number, now: number): void {
    let left = acked;
    if (window.cwnd < window.ssthresh) {
      left = slowStart(window, acked);
      if (left === 0) return;
    }
    this.grow(window, left, now);
  }

  private grow(window: CongestionWindow, acked: number, now: number): void {
    if (!this.hasEpoch) this.begin(window, now);
    else if (((now - this.lastAck) | 0) > IDLE_TARGET_US)
      this.epoch = (this.epoch + ((now - this.lastAck) | 0)) | 0;
    this.lastAck = now;
    const { cwnd } = window;
    const rtt = window.smoothedRtt;
    const t = (((now - this.epoch) | 0) + rtt) / US_PER_SECOND - this.k;
    const target = Math.min(Math.max(this.origin + C * t * t * t, cwnd), 1.5 * cwnd);
    this.wEst += (ALPHA * acked) / cwnd;
    const cubicStep = target > cwnd ? (target - cwnd) / cwnd : 0.01 / cwnd;
    // Whole segments, as Linux counts them.
    const renoStep = Math.max(0, Math.floor(this.wEst) - cwnd) / cwnd;
    const least = this.wMax === 0 ? UNKNOWN_STEP : 0;
    this.credit += acked * Math.min(Math.max(cubicStep, renoStep, least), 0.5);
    if (this.credit < 1) return;
    const whole = Math.floor(this.credit);
    this.credit -= whole;
    window.cwnd = cwnd + whole;
  }

  private begin(window: CongestionWindow, now: number): void {
    this.hasEpoch = true;
    this.epoch = now;
    this.lastAck = now;
    this.credit = 0;
    this.wEst = window.cwnd;
    if (window.cwnd >= this.wMax) {
      this.k = 0;
      this.origin = window.cwnd;
    } else {
      this.k = Math.cbrt((this.wMax - window.cwnd) / C);
      this.origin = this.wMax;
    }
  }

  onRtt(window: CongestionWindow, rtt: number, now: number): void {
    if (this.leastRtt === 0 || rtt < this.leastRtt) this.leastRtt = Math.max(1, rtt);
    if (window.cwnd >= window.ssthresh || window.cwnd < LOW_WINDOW) return;
    if (this.samples < 0 || ((window.sndUna - this.roundEnd) | 0) > 0) {
      this.roundEnd = window.sndNxt;
      this.roundStart = now;
      this.lastClose = now;
      this.samples = 0;
      this.roundLeast = 0;
    }
    if (this.trainIsLong(now) || this.delayGrows(rtt)) window.ssthresh = window.cwnd;
  }

  /** Acknowledgements without a pause for half a round trip: the pipe is full. */
  private trainIsLong(now: number): boolean {
    if (((now - this.lastClose) | 0) > ACK_TRAIN_GAP_US) return false;
    this.lastClose = now;
    return ((now - this.roundStart) | 0) > this.leastRtt >> 1 && this.leastRtt > ACK_TRAIN_GAP_US;
  }

  private delayGrows(rtt: number): boolean {
    if (this.samples < MIN_SAMPLES) {
      if (this.samples++ === 0 || rtt < this.roundLeast) this.roundLeast = rtt;
      return false;
    }
    const allowed = Math.min(Math.max(this.leastRtt >> 3, DELAY_MIN_US), DELAY_MAX_US);
    return this.roundLeast > this.leastRtt + allowed;
  }

  onTimeout(): void {
    this.hasEpoch = false;
    this.wMax = 0;
    this.leastRtt = 0;
    this.samples = -1;
    this.credit = 0;
  }

  undo(window: CongestionWindow): number {
    return Math.max(window.cwnd, this.before);
  }

  onRestart(now: number): void {
    // The pause is not growth.
    if (this.hasEpoch) this.epoch = now;
  }
}
