/** A retransmission timeout (RFC 5681 3.1, RFC 6298 5): everything is taken for lost and sending begins anew. */
import type { Connection } from './connection.ts';
import { Ecn, Phase } from './terms.ts';
import { SACKED } from './flight.ts';
import { markLost, timeLeft } from './rack.ts';

export function currentSsthresh(c: Connection): number {
  if (c.phase === Phase.REDUCING || c.phase === Phase.RECOVERY) return c.ssthresh;
  return Math.max(c.ssthresh, (c.cwnd >> 1) + (c.cwnd >> 2));
}

/** What is remembered in case that the loss turns out to be none. */
export function beginUndo(c: Connection): void {
  c.undoMarker = c.sndUna;
  c.canUndo = true;
  c.undoRetrans = c.retransOut > 0 ? c.retransOut : -1;
}

export function enterLoss(c: Connection): void {
  const isNew = c.phase < Phase.RECOVERY;
  markAllLost(c);
  const isFirst = c.phase === Phase.LOSS && c.retransmits === 0;
  if (c.phase <= Phase.DISORDER || ((c.highSeq - c.sndUna) | 0) <= 0 || isFirst) {
    c.priorSsthresh = currentSsthresh(c);
    c.priorCwnd = c.cwnd;
    c.ssthresh = c.congestion.ssthresh(c);
    c.congestion.onTimeout();
    beginUndo(c);
  }
  c.cwnd = c.inFlight + 1;
  if (c.phase <= Phase.DISORDER && c.sackedOut >= c.reordering)
    c.reordering = Math.min(c.reordering, c.tcp.settings.reordering);
  c.phase = Phase.LOSS;
  c.highSeq = c.sndNxt;
  c.hasProbe = false;
  if ((c.ecn & Ecn.OK) !== 0) c.ecn |= Ecn.QUEUE_CWR;
  c.isFrto = c.tcp.settings.frto && (isNew || c.retransmits > 0);
}

function markAllLost(c: Connection): void {
  const { flight } = c;
  // A peer that took back what it had acknowledged selectively (RFC 2018 section 8): nothing it said counts.
  const reneged = (flight.flags(0) & SACKED) !== 0;
  if (reneged || !c.hasSack) c.sackedOut = 0;
  for (let index = 0; index < flight.count; index++) {
    if (reneged) flight.unmark(index, SACKED);
    else if ((flight.flags(index) & SACKED) !== 0) continue;
    else if (c.hasSack && c.tcp.settings.rack && index > 0 && timeLeft(c, index) > 0) continue;
    markLost(c, index);
  }
}
