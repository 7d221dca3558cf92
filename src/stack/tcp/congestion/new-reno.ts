/** NewReno's window (RFC 5681, 6582): one segment more for each window acknowledged, half of it after a loss. */
import { slowStart, type CongestionControl, type CongestionWindow } from './congestion.ts';

export class NewReno implements CongestionControl {
  /** Segments acknowledged towards the next step. */
  private counted = 0;
  private before = 0;

  get name(): string {
    return 'reno';
  }

  ssthresh(window: CongestionWindow): number {
    this.before = window.cwnd;
    return Math.max(window.cwnd >> 1, 2);
  }

  onAck(window: CongestionWindow, acked: number): void {
    const left = window.cwnd < window.ssthresh ? slowStart(window, acked) : acked;
    this.counted += left;
    if (this.counted < window.cwnd) return;
    const steps = Math.floor(this.counted / window.cwnd);
    this.counted -= steps * window.cwnd;
    window.cwnd += steps;
  }

  onRtt(): void {
    // The window does not depend on it.
  }

  onTimeout(): void {
    this.counted = 0;
  }

  undo(window: CongestionWindow): number {
    return Math.max(window.cwnd, this.before);
  }

  onRestart(): void {
    // Nothing to forget.
  }
}
