/** What a connection does when one of its timers fires (timers.ts sets them). */
import type { Connection } from './connection.ts';
import { TimerKind } from './terms.ts';
import { enterLoss } from './loss.ts';
import {
  hasUnsent,
  mtuToMss,
  probeWindow,
  push,
  pushOne,
  retransmit,
  retransmitLost,
  sendOldAck,
  syncMss,
} from './output.ts';
import { markByTime } from './rack.ts';
import { reduceAfterReorder } from './recovery.ts';
import { MAX_RTO_US, MIN_RTO_US } from './rtt.ts';
import { isIn, OPENING, TcpState } from './states.ts';
import {
  arm,
  armRetransmit,
  armZeroWindow,
  disarm,
  MIN_ACK_DELAY_US,
  schedule,
  setIdle,
  timeout,
} from './timers.ts';
import { ipHeaderLength, sendAck } from './transmit.ts';

/** When a packet could not be handed to a device. */
const LOCAL_FAILURE_US = 500_000;
const US_PER_MS = 1000;

/** The clock's timer fired: does whatever is due. */
export function onWake(c: Connection): void {
  c.wakeUp = null;
  const { now } = c.tcp.clock;
  if (c.ackDue <= now) onAckDue(c);
  if (c.timerDue <= now) onTimer(c);
  if (c.idleDue <= now) onIdle(c);
  if (c.state !== TcpState.CLOSED) schedule(c);
}

function onAckDue(c: Connection): void {
  c.ackDue = Infinity;
  if (!c.ackPending) return;
  if (c.isPingPong) {
    c.isPingPong = false;
    c.ackTimeout = MIN_ACK_DELAY_US;
  } else {
    // It came too early: the next waits longer.
    c.ackTimeout = Math.min(c.ackTimeout * 2, c.rtt.rto);
  }
  sendAck(c);
}

function onTimer(c: Connection): void {
  const kind = c.timerKind;
  disarm(c);
  switch (kind) {
    case TimerKind.RETRANSMIT:
      return onRetransmitTimeout(c);
    case TimerKind.LOSS_PROBE:
      return sendLossProbe(c);
    case TimerKind.REORDER:
      return onReorderTimeout(c);
    case TimerKind.ZERO_WINDOW:
      return onZeroWindow(c);
    default:
  }
}

function onRetransmitTimeout(c: Connection): void {
  if (c.flight.count === 0) return;
  if (isGivenUp(c)) return;
  enterLoss(c);
  // What counts is the time without any progress, however long the loss is being repaired.
  if (c.retransmits === 0) c.timeoutStamp = c.tcp.timestamp(c);
  c.retransmits++;
  if (!retransmit(c, 0)) return arm(c, TimerKind.RETRANSMIT, Math.min(timeout(c), LOCAL_FAILURE_US));
  const isLinear = c.state === TcpState.SYN_SENT && c.retransmits <= c.tcp.settings.synLinearTimeouts;
  if (!isLinear) c.backoff++;
  arm(c, TimerKind.RETRANSMIT, timeout(c));
}

/** RFC 1122 4.2.3.5: after R1 the path is doubted, after R2 the connection given up. */
function isGivenUp(c: Connection): boolean {
  const { settings } = c.tcp;
  if (isIn(c.state, OPENING)) {
    const most = settings.synRetries + (c.state === TcpState.SYN_SENT ? settings.synLinearTimeouts : 0);
    if (c.retransmits < most && !isTimedOut(c, most, c.userTimeoutUs)) return false;
  } else {
    if (isTimedOut(c, settings.retries1, 0)) doubtPath(c);
    const retries = c.isOrphan ? settings.orphanRetries : settings.retries2;
    if (!isTimedOut(c, retries, c.userTimeoutUs)) return false;
  }
  c.tcp.end(c, c.softError?.code ?? 'ETIMEDOUT');
  return true;
}

/** True when retransmissions have gone on for as long as `retries` of them would take beginning with the least timeout. */
function isTimedOut(c: Connection, retries: number, userTimeoutUs: number): boolean {
  if (c.retransmits === 0) return false;
  const elapsed = (c.tcp.timestamp(c) - c.timeoutStamp) | 0;
  if (userTimeoutUs !== 0) return elapsed * US_PER_MS >= userTimeoutUs;
  if (isIn(c.state, OPENING)) return false;
  const doublings = Math.floor(Math.log2(MAX_RTO_US / MIN_RTO_US));
  const us =
    retries <= doublings
      ? (2 ** (retries + 1) - 1) * MIN_RTO_US
      : (2 ** (doublings + 1) - 1) * MIN_RTO_US + (retries - doublings) * MAX_RTO_US;
  return elapsed >= us / US_PER_MS;
}

/** Segments may be too large for a path whose ICMP is dropped (RFC 4821): try smaller ones. */
function doubtPath(c: Connection): void {
  const { settings } = c.tcp;
  if (settings.mtuProbing === 0) return;
  const headers = ipHeaderLength(c.family) + 20;
  const now = c.probedMtu === 0 ? c.pathMtu : c.probedMtu;
  const half = mtuToMss(c.family, now) >> 1;
  const mss = Math.max(Math.min(settings.baseMss, half), settings.mtuProbeFloor, settings.minSndMss);
  c.probedMtu = mss + headers;
  syncMss(c);
}

/** RFC 8985 7.3: something new if there is, else the last segment again, so that its loss is found without a timeout. */
function sendLossProbe(c: Connection): void {
  if (c.flight.count === 0) return;
  const highest = c.sndNxt;
  if (hasUnsent(c) && pushOne(c) > 0) {
    c.probeWasNew = true;
  } else {
    if (!retransmit(c, c.flight.count - 1)) {
      // The time that was waited for it counts.
      c.timerKind = TimerKind.LOSS_PROBE;
      return armRetransmit(c);
    }
    c.probeWasNew = false;
  }
  c.hasProbe = true;
  c.probeEnd = c.probeWasNew ? c.sndNxt : highest;
  // From now on, however old what it is about (RFC 8985 7.3).
  armRetransmit(c);
}

function onReorderTimeout(c: Connection): void {
  const lostBefore = c.lostOut;
  const inFlightBefore = c.inFlight;
  markByTime(c);
  if (c.inFlight !== inFlightBefore && c.lostOut > lostBefore) reduceAfterReorder(c, c.lostOut - lostBefore);
  retransmitLost(c);
  push(c);
  if (c.timerKind === TimerKind.NONE) armRetransmit(c);
}

/** The peer's window is closed and says nothing: ask, less and less often, for as long as it answers. */
function onZeroWindow(c: Connection): void {
  if (c.flight.count > 0 || !hasUnsent(c)) {
    c.probesOut = 0;
    return;
  }
  const { settings } = c.tcp;
  const most = c.isOrphan ? settings.orphanRetries : settings.retries2;
  if (c.probesOut >= most) return c.tcp.end(c, c.softError?.code ?? 'ETIMEDOUT');
  probeWindow(c);
  if (c.flight.count > 0) return;
  c.probesOut++;
  if (c.backoff < settings.retries2) c.backoff++;
  armZeroWindow(c);
}

// ── Silence ─────────────────────────────────────────────────────────────────────────────────────────────────────

function onIdle(c: Connection): void {
  c.idleDue = Infinity;
  if (c.isOrphan && c.state === TcpState.FIN_WAIT2) return c.tcp.end(c, 'ETIMEDOUT');
  if (!c.keepAlive || isIn(c.state, OPENING)) return;
  const { settings } = c.tcp;
  const silence = c.keepAliveTimeUs !== 0 ? c.keepAliveTimeUs : settings.keepaliveTimeUs;
  const quiet = c.tcp.clock.now - c.lastHeard;
  // What is under way has a timer of its own.
  if (c.flight.count > 0 || hasUnsent(c)) return setIdle(c, silence);
  if (quiet < silence) return setIdle(c, silence - quiet);
  const isOver =
    c.userTimeoutUs !== 0
      ? quiet >= c.userTimeoutUs && c.probesOut > 0
      : c.probesOut >= settings.keepaliveProbes;
  if (isOver) {
    c.tcp.reset(c);
    return c.tcp.end(c, 'ETIMEDOUT');
  }
  sendOldAck(c);
  c.probesOut++;
  setIdle(c, settings.keepaliveIntervalUs);
}
