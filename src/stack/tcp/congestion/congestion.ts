/**
 * What a congestion control has to know and to say. Windows are counted in segments, as Linux counts them; the fast
 * recovery itself (how the window shrinks to the threshold, and when) is the same for all and stands in recovery.ts.
 */

/** What it may see and change of its connection. */
export interface CongestionWindow {
  /** Segments that may be in flight. */
  cwnd: number;
  ssthresh: number;
  /** Segments in flight as the sender believes. */
  readonly inFlight: number;
  /** What is acknowledged, and what was sent: where a round trip ends. */
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly mss: number;
  /** Microseconds of the smoothed round trip, 0 while unknown. */
  readonly smoothedRtt: number;
}

export interface CongestionControl {
  readonly name: string;
  /** The threshold after a loss. */
  ssthresh(window: CongestionWindow): number;
  /** `acked` segments were acknowledged while the window was the limit; `now` in microseconds. */
  onAck(window: CongestionWindow, acked: number, now: number): void;
  /** A round trip was measured. */
  onRtt(window: CongestionWindow, rtt: number, now: number): void;
  /** A retransmission timeout. */
  onTimeout(): void;
  /** The loss turned out to be none: the window to go back to. */
  undo(window: CongestionWindow): number;
  /** Sending begins anew after a pause of `idle` microseconds. */
  onRestart(now: number): void;
}

/** Below the threshold every acknowledged segment admits one more (RFC 5681 3.1). Returns what is left of `acked`. */
export function slowStart(window: CongestionWindow, acked: number): number {
  const cwnd = Math.min(window.cwnd + acked, window.ssthresh);
  const left = acked - (cwnd - window.cwnd);
  window.cwnd = cwnd;
  return left;
}

/** Before any loss. */
export const INFINITE_SSTHRESH = 0x7fffffff;
