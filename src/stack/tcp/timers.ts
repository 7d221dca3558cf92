/**
 * A connection's timers: retransmission (with loss probe, reordering and zero window in its place, of which only one runs at
 * a time), the delayed acknowledgement, and the long ones: keepalive, and the end of FIN_WAIT2. Each is a due time in the
 * Connection; of the Clock only one timer is asked, set for the earliest. A due time that moves away, as the
 * retransmission's does with every acknowledgement, costs nothing: the clock's timer fires, finds nothing due, and is
 * set again. What happens when one fires is timeouts.ts.
 */
import { call } from '../../base/call.ts';
import type { Connection } from './connection.ts';
import { Phase, TimerKind } from './terms.ts';
import { MAX_RTO_US, MIN_RTO_US } from './rtt.ts';

/** Least and most that an acknowledgement is held back (Linux: TCP_DELACK_MIN, MAX). */
export const MIN_ACK_DELAY_US = 40_000;
const MAX_ACK_DELAY_US = 200_000;
/** Granularity of the kernel's timers where it matters: the shortest timeout that is set. */
const LEAST_TIMEOUT_US = 2_000;
const MAX_EAGER_ACK_DELAY_US = 500_000;

export function schedule(c: Connection): void {
  const due = Math.min(c.timerDue, c.ackDue, c.idleDue);
  if (due >= (c.wakeUp === null ? Infinity : c.wakeUp.due)) return;
  c.wakeUp?.cancel();
  c.wakeUp = c.tcp.clock.at(due, call(c.tcp, 'wake', c));
}

export function stopTimers(c: Connection): void {
  c.wakeUp?.cancel();
  c.wakeUp = null;
  c.timerDue = c.ackDue = c.idleDue = Infinity;
  c.timerKind = TimerKind.NONE;
}

export function arm(c: Connection, kind: TimerKind, afterUs: number): void {
  c.timerKind = kind;
  c.timerDue = c.tcp.clock.now + afterUs;
  schedule(c);
}

export function disarm(c: Connection): void {
  c.timerKind = TimerKind.NONE;
  c.timerDue = Infinity;
}

/** The timeout with what it was backed off by. */
export function timeout(c: Connection): number {
  return Math.min(c.rtt.rto * 2 ** c.backoff, MAX_RTO_US);
}

/** Anew for what is in flight; nothing in flight needs no timer (RFC 6298 5.2, 5.3). */
export function armRetransmit(c: Connection): void {
  if (c.flight.count === 0) return disarm(c);
  let after = timeout(c);
  if (c.timerKind === TimerKind.LOSS_PROBE || c.timerKind === TimerKind.REORDER) {
    // The time that the probe took counts.
    const age = (c.tcp.stamp - c.flight.sentAt(0)) | 0;
    after = Math.max(1, after - age);
  }
  arm(c, TimerKind.RETRANSMIT, after);
}

export function armReorder(c: Connection, afterUs: number): void {
  arm(c, TimerKind.REORDER, Math.max(afterUs, 1));
}

export function armZeroWindow(c: Connection): void {
  arm(c, TimerKind.ZERO_WINDOW, Math.max(timeout(c), MIN_RTO_US));
}

/** A tail loss probe two round trips from now, in place of the retransmission timer (RFC 8985 7.2). */
export function scheduleLossProbe(c: Connection): void {
  if (!c.tcp.settings.tailLossProbe || !c.hasSack || c.flight.count === 0) return;
  if (c.phase !== Phase.OPEN && c.phase !== Phase.REDUCING) return;
  const isWaiting = c.timerKind === TimerKind.RETRANSMIT || c.timerKind === TimerKind.LOSS_PROBE;
  if (!isWaiting || c.hasProbe) return;
  let after = c.rtt.smoothed8 === 0 ? c.rtt.rto : c.rtt.smoothed8 >> 2;
  if (c.rtt.smoothed8 !== 0) after += c.flight.count === 1 ? MIN_RTO_US : LEAST_TIMEOUT_US;
  const age = (c.tcp.stamp - c.flight.sentAt(0)) | 0;
  const left = c.rtt.rto - age;
  if (left > 0) after = Math.min(after, left);
  arm(c, TimerKind.LOSS_PROBE, after);
}

/** An acknowledgement is owed, and may ride on data if data comes soon (RFC 9293 3.8.6.3). */
export function delayAck(c: Connection): void {
  let most = MAX_ACK_DELAY_US;
  let delay = c.ackTimeout;
  if (delay > MIN_ACK_DELAY_US) {
    const rtt = c.rtt.smoothed8 >> 3;
    if (!c.isPingPong) most = MAX_EAGER_ACK_DELAY_US;
    if (rtt !== 0) most = Math.min(most, Math.max(rtt, MIN_ACK_DELAY_US));
    delay = Math.min(delay, most);
  }
  // No data came yet, a FIN alone: at the next tick of the kernel's timers.
  delay = delay === 0 ? LEAST_TIMEOUT_US : Math.min(Math.max(delay, MIN_ACK_DELAY_US), MAX_ACK_DELAY_US);
  c.ackPending = true;
  const due = c.tcp.clock.now + delay;
  if (due >= c.ackDue) return;
  c.ackDue = due;
  schedule(c);
}

export function setIdle(c: Connection, afterUs: number): void {
  c.idleDue = c.tcp.clock.now + afterUs;
  schedule(c);
}

export function startKeepAlive(c: Connection): void {
  if (!c.keepAlive) return;
  setIdle(c, c.keepAliveTimeUs !== 0 ? c.keepAliveTimeUs : c.tcp.settings.keepaliveTimeUs);
}
