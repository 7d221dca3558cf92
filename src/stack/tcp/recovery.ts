/**
 * What acknowledgements do to the congestion window: the phases of Phase, entered and left (RFC 6675, RFC 6582), the
 * proportional reduction of the window (RFC 6937), F-RTO (RFC 5682), and the way back when a loss was none (RFC 3522,
 * RFC 3708). The shape is Linux's: one decision for each acknowledgement that brought anything unusual.
 */
import type { Acked } from './acked.ts';
import type { Connection } from './connection.ts';
import { Ecn, Phase } from './terms.ts';
import { INFINITE_SSTHRESH } from './congestion/index.ts';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED } from './flight.ts';
import { beginUndo, currentSsthresh } from './loss.ts';
import { hasUnsent, push, retransmitLost, windowEnd } from './output.ts';
import { detectByTime, markLost } from './rack.ts';
import { armRetransmit } from './timers.ts';

/** Duplicates that mean a loss where there is no SACK (RFC 5681 3.2). */
const isReno = (c: Connection) => !c.hasSack;

/** True when the acknowledgement says something other than "all is well". */
export function isUnusual(c: Connection, acked: Acked): boolean {
  return (
    c.phase !== Phase.OPEN || acked.newlySacked > 0 || acked.isDuplicate || acked.hasEce || acked.sawDuplicate
  );
}

/** Decides on phase and losses (Linux: tcp_fastretrans_alert). */
export function judge(c: Connection, acked: Acked): void {
  if (c.flight.count === 0) c.sackedOut = 0;
  if (acked.hasEce) c.priorSsthresh = 0;
  if (hasReneged(c)) return;
  if (c.phase === Phase.OPEN) c.retransStamp = 0;
  else if (((c.sndUna - c.highSeq) | 0) >= 0 && leave(c)) return;
  switch (c.phase) {
    case Phase.RECOVERY:
      if (!acked.advanced) {
        if (isReno(c) && acked.isDuplicate) addRenoDuplicate(c);
      } else if (undoPartially(c)) {
        return;
      } else if (isReno(c)) {
        takeRenoPartialAck(c);
      }
      findLosses(c);
      return;
    case Phase.LOSS:
      afterTimeout(c, acked);
      if (c.phase === Phase.LOSS || c.isFrto) findLosses(c);
      return;
    default:
      if (isReno(c)) {
        if (acked.advanced) c.sackedOut = 0;
        if (acked.isDuplicate) addRenoDuplicate(c);
      }
      if (c.phase <= Phase.DISORDER && c.canUndo && c.undoRetrans === 0) undoWindow(c, false);
      findLosses(c);
      if (!isTimeToRecover(c)) return stayOpen(c, acked);
      enterRecovery(c, acked);
      if (isReno(c)) markLost(c, 0);
  }
}

/** After `judge`: the window, and what is to be sent again. */
export function settle(c: Connection, acked: Acked): void {
  const delivered = c.delivered - acked.priorDelivered;
  const lost = Math.max(0, c.lostOut - acked.priorLost);
  if (c.phase === Phase.REDUCING || c.phase === Phase.RECOVERY) reduce(c, delivered, lost, acked.advanced);
  else if (delivered > 0 && mayGrow(c, acked)) {
    if (wasWindowLimited(c)) c.congestion.onAck(c, delivered, c.tcp.stamp);
  }
  if (c.lostOut > c.retransOut && c.phase !== Phase.OPEN) retransmitLost(c);
}

function mayGrow(c: Connection, acked: Acked): boolean {
  return c.reordering > c.tcp.settings.reordering
    ? acked.newlyAcked + acked.newlySacked > 0
    : acked.newlyAcked > 0;
}

/** RFC 7661: a window that was not used says nothing. */
function wasWindowLimited(c: Connection): boolean {
  return c.isWindowLimited || (c.cwnd < c.ssthresh && c.cwnd < 2 * c.maxFlight);
}

// ── Losses ──────────────────────────────────────────────────────────────────────────────────────────────────────

function findLosses(c: Connection): void {
  if (isReno(c)) {
    if (c.phase < Phase.RECOVERY && c.sackedOut >= c.reordering) markLost(c, 0);
  } else if (c.tcp.settings.rack) {
    detectByTime(c);
  } else {
    markByCount(c);
  }
}

/** RFC 6675 4: lost is what `reordering` delivered segments stand above. */
function markByCount(c: Connection): void {
  let above = c.sackedOut;
  for (let index = 0; index < c.flight.count && above >= c.reordering; index++) {
    const flags = c.flight.flags(index);
    if ((flags & SACKED) !== 0) above--;
    else if ((flags & (LOST | RETRANSMITTED)) === 0) markLost(c, index);
  }
}

/** Without SACK each duplicate stands for a segment that left the network (RFC 5681 3.2 step 4). */
function addRenoDuplicate(c: Connection): void {
  if (c.sackedOut < mostDuplicates(c)) {
    c.sackedOut++;
    c.delivered++;
  }
}

/** Without SACK, after `acked` segments left the flight: one filled the hole, the others are those the duplicates told of. */
export function settleDuplicates(c: Connection, acked: number): void {
  if (acked > 0) {
    c.delivered += Math.max(acked - c.sackedOut, 1);
    c.sackedOut = Math.max(c.sackedOut - (acked - 1), 0);
  }
  c.sackedOut = Math.min(c.sackedOut, mostDuplicates(c));
}

/** Where there are duplicates there is a hole: at least one segment in flight has not arrived. */
function mostDuplicates(c: Connection): number {
  return Math.max(c.flight.count - Math.max(c.lostOut, 1), 0);
}

/** RFC 6582: an acknowledgement of a part says that the next hole is the oldest segment. */
function takeRenoPartialAck(c: Connection): void {
  c.sackedOut = 0;
  if (c.flight.count > 0) markLost(c, 0);
}

function isTimeToRecover(c: Connection): boolean {
  if (c.lostOut > 0) return true;
  return (isReno(c) || !c.tcp.settings.rack) && c.sackedOut >= c.reordering;
}

/** The oldest segment was acknowledged selectively and is still not acknowledged: the peer took it back. */
function hasReneged(c: Connection): boolean {
  if (c.flight.count === 0 || (c.flight.flags(0) & SACKED) === 0) return false;
  armRetransmit(c);
  return true;
}

// ── Phases ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** All that was in flight when the phase began is acknowledged. True when nothing more is to be done. */
function leave(c: Connection): boolean {
  switch (c.phase) {
    case Phase.REDUCING:
      // For as long as it takes to see something beyond, so that one congestion reduces the window once.
      if (c.sndUna !== c.highSeq) {
        endReduction(c);
        c.phase = Phase.OPEN;
      }
      return false;
    case Phase.RECOVERY:
      if (isReno(c)) c.sackedOut = 0;
      if (undoRecovery(c)) return true;
      endReduction(c);
      return false;
    default:
      // Disorder ends in stayOpen, Loss in afterTimeout.
      return false;
  }
}

function stayOpen(c: Connection, acked: Acked): void {
  if (!anyRetransmitted(c)) c.retransStamp = 0;
  if (acked.hasEce) enterReducing(c);
  if (c.phase !== Phase.REDUCING) keepOpen(c);
}

function keepOpen(c: Connection): void {
  const phase = c.sackedOut + c.lostOut > 0 || anyRetransmitted(c) ? Phase.DISORDER : Phase.OPEN;
  if (phase === c.phase) return;
  c.phase = phase;
  c.highSeq = c.sndNxt;
}

function anyRetransmitted(c: Connection): boolean {
  return c.retransOut > 0 || (c.flight.count > 0 && (c.flight.flags(0) & EVER_RETRANSMITTED) !== 0);
}

function beginReduction(c: Connection): void {
  c.highSeq = c.sndNxt;
  c.hasProbe = false;
  c.priorCwnd = c.cwnd;
  c.prrDelivered = 0;
  c.prrOut = 0;
  c.ssthresh = c.congestion.ssthresh(c);
  if ((c.ecn & Ecn.OK) !== 0) c.ecn |= Ecn.QUEUE_CWR;
}

function endReduction(c: Connection): void {
  if (c.ssthresh < INFINITE_SSTHRESH && (c.phase === Phase.REDUCING || c.canUndo)) c.cwnd = c.ssthresh;
}

/** Congestion without a loss: ECN (RFC 3168 6.1.2), or a loss that the probe repaired. */
export function enterReducing(c: Connection): void {
  c.priorSsthresh = 0;
  if (c.phase >= Phase.REDUCING) return;
  c.canUndo = false;
  beginReduction(c);
  c.phase = Phase.REDUCING;
}

function enterRecovery(c: Connection, acked: Acked | null): void {
  beginUndo(c);
  if (c.phase !== Phase.REDUCING) {
    if (acked === null || !acked.hasEce) c.priorSsthresh = currentSsthresh(c);
    beginReduction(c);
  }
  c.phase = Phase.RECOVERY;
}

/** RFC 6937, with the slow start bound of RFC 6937bis: the window falls in step with what is delivered. */
function reduce(c: Connection, delivered: number, lost: number, advanced: boolean): void {
  if (delivered <= 0 || c.priorCwnd === 0) return;
  const { inFlight } = c;
  const delta = c.ssthresh - inFlight;
  c.prrDelivered += delivered;
  let send: number;
  if (delta < 0) {
    send = Math.ceil((c.ssthresh * c.prrDelivered) / c.priorCwnd) - c.prrOut;
  } else {
    send = Math.max(c.prrDelivered - c.prrOut, delivered);
    if (advanced && lost === 0) send++;
    send = Math.min(delta, send);
  }
  c.cwnd = inFlight + Math.max(send, c.prrOut > 0 ? 0 : 1);
}

/** The timer for reordering found losses. */
export function reduceAfterReorder(c: Connection, lost: number): void {
  if (c.phase !== Phase.RECOVERY) {
    enterRecovery(c, null);
  }
  reduce(c, 1, lost, false);
}

// ── After a timeout ─────────────────────────────────────────────────────────────────────────────────────────────

function afterTimeout(c: Connection, acked: Acked): void {
  const recovered = ((c.sndUna - c.highSeq) | 0) >= 0;
  if (acked.advanced && undoTimeout(c, false)) return;
  if (c.isFrto) {
    // RFC 5682 section 3: what was sent before the timeout arrived, so the timeout was none.
    if (acked.originalsSacked && undoTimeout(c, true)) return;
    if (((c.sndNxt - c.highSeq) | 0) > 0) {
      if (acked.newlySacked > 0 || acked.isDuplicate) c.isFrto = false;
    } else if (acked.advanced && !recovered) {
      c.highSeq = c.sndNxt;
      // Two new segments tell whether the acknowledgements that come are for the old ones.
      if (hasUnsent(c) && ((windowEnd(c) - c.sndNxt) | 0) > 0) return push(c);
      c.isFrto = false;
    }
  }
  if (recovered) {
    undoRecovery(c);
    return;
  }
  if (isReno(c)) {
    if (((c.sndNxt - c.highSeq) | 0) > 0 && acked.isDuplicate) addRenoDuplicate(c);
    else if (acked.advanced) c.sackedOut = 0;
  }
}

// ── The way back ────────────────────────────────────────────────────────────────────────────────────────────────

/** The acknowledgement is for what was sent before the first retransmission (RFC 3522), or every repetition came twice. */
function mayUndo(c: Connection): boolean {
  return c.canUndo && (c.undoRetrans === 0 || isPacketDelayed(c));
}

function isPacketDelayed(c: Connection): boolean {
  const { segment } = c.tcp;
  if (c.retransStamp === 0 || !c.hasTimestamps || !segment.hasTimestamps || segment.tsEcho === 0)
    return false;
  return ((segment.tsEcho - c.retransStamp) | 0) < 0;
}

function undoWindow(c: Connection, unmark: boolean): void {
  if (unmark) {
    for (let index = 0; index < c.flight.count; index++) c.flight.unmark(index, LOST);
    c.lostOut = 0;
  }
  if (c.priorSsthresh !== 0) {
    c.cwnd = c.congestion.undo(c);
    if (c.priorSsthresh > c.ssthresh) {
      c.ssthresh = c.priorSsthresh;
      c.ecn &= ~Ecn.QUEUE_CWR;
    }
  }
  c.canUndo = false;
  c.rackAdvanced = true;
}

/** At the end of a recovery. True when it goes on until something beyond is acknowledged (without SACK). */
function undoRecovery(c: Connection): boolean {
  if (mayUndo(c)) undoWindow(c, false);
  if (c.sndUna === c.highSeq && isReno(c)) {
    // RFC 6582 section 5: duplicates that are still to come must not begin another.
    if (!anyRetransmitted(c)) c.retransStamp = 0;
    return true;
  }
  if (c.phase === Phase.LOSS) c.cwnd = Math.max(c.cwnd, 1);
  else endReduction(c);
  c.phase = Phase.OPEN;
  return false;
}

function undoPartially(c: Connection): boolean {
  if (!c.canUndo || !isPacketDelayed(c)) return false;
  // Wait until it is known of every repetition.
  if (c.retransOut > 0) return true;
  if (!anyRetransmitted(c)) c.retransStamp = 0;
  undoWindow(c, true);
  c.phase = Phase.DISORDER;
  keepOpen(c);
  return true;
}

function undoTimeout(c: Connection, byFrto: boolean): boolean {
  if (!byFrto && !mayUndo(c)) return false;
  undoWindow(c, true);
  c.retransmits = 0;
  if (isReno(c)) c.sackedOut = 0;
  if (byFrto || c.hasSack) c.phase = Phase.OPEN;
  return true;
}

// ── Tail loss probes ────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 8985 7.4: did the probe repair a loss, which is congestion, or did both arrive? */
export function judgeProbe(c: Connection, ack: number, acked: Acked): void {
  if (((ack - c.probeEnd) | 0) < 0) return;
  if (c.probeWasNew || acked.sawProbeTwice) {
    c.hasProbe = false;
  } else if (((ack - c.probeEnd) | 0) > 0) {
    c.hasProbe = false;
    if (c.phase < Phase.REDUCING) {
      beginReduction(c);
      c.phase = Phase.REDUCING;
      endReduction(c);
      keepOpen(c);
    }
  } else if (!acked.advanced && acked.isDuplicate && acked.newlySacked === 0) {
    c.hasProbe = false;
  }
}
