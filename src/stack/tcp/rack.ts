/**
 * RACK (RFC 8985): a segment is lost when one that was sent sufficiently later has been delivered. And the window for
 * reordering: a quarter of the least round trip, none while no reordering was ever seen and three segments overtook, more
 * for each D-SACK that showed it too small.
 */
import type { Connection } from './connection.ts';
import { Phase } from './terms.ts';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED } from './flight.ts';
import { NO_RTT } from './rtt.ts';
import { armReorder } from './timers.ts';

const MAX_STEPS = 255;
/** Recoveries that a widened window lasts (RFC 8985 6.2 step 4). */
const PERSIST = 16;
/** Above the granularity of timers. */
const SLACK_US = 2_000;

function sentAfter(sent: number, end: number, otherSent: number, otherEnd: number): boolean {
  const later = (sent - otherSent) | 0;
  return later > 0 || (later === 0 && ((end - otherEnd) | 0) > 0);
}

/** A segment was delivered; the latest sent of these is what others are measured by. */
export function noteDelivered(c: Connection, sent: number, end: number, flags: number): void {
  const rtt = (c.tcp.stamp - sent) | 0;
  // Sooner than any round trip: the acknowledgement is for the first transmission, not for this one.
  if (rtt < c.rtt.least && c.rtt.least !== NO_RTT && (flags & EVER_RETRANSMITTED) !== 0) return;
  c.rackAdvanced = true;
  c.rackRtt = rtt;
  if (sentAfter(sent, end, c.rackStamp, c.rackEnd)) {
    c.rackStamp = sent;
    c.rackEnd = end;
  }
}

function reorderWindow(c: Connection): number {
  if (!c.reorderingSeen) {
    if (c.phase >= Phase.RECOVERY) return 0;
    if (c.sackedOut >= c.reordering) return 0;
  }
  const quarter = c.rtt.least === NO_RTT ? 0 : c.rtt.least >> 2;
  return Math.min(quarter * c.rackSteps, c.rtt.smoothed8 >> 3);
}

/** Marks what is lost by now; returns the microseconds until more may be, 0 for never. */
export function markByTime(c: Connection): number {
  const { flight, tcp } = c;
  const window = reorderWindow(c);
  let wait = 0;
  for (let index = 0; index < flight.count; index++) {
    const flags = flight.flags(index);
    if ((flags & SACKED) !== 0) continue;
    if ((flags & LOST) !== 0 && (flags & RETRANSMITTED) === 0) continue;
    const sent = flight.sentAt(index);
    if (!sentAfter(c.rackStamp, c.rackEnd, sent, flight.end(index))) {
      // Behind one that was never sent again, nothing was sent earlier but retransmissions.
      if (c.retransOut === 0) break;
      continue;
    }
    const left = c.rackRtt + window - ((tcp.stamp - sent) | 0);
    if (left <= 0) markLost(c, index);
    else if (left > wait) wait = left;
  }
  return wait;
}

/** After an acknowledgement that delivered something. */
export function detectByTime(c: Connection): void {
  if (!c.rackAdvanced) return;
  c.rackAdvanced = false;
  const wait = markByTime(c);
  if (wait > 0) armReorder(c, wait + SLACK_US);
}

export function markLost(c: Connection, index: number): void {
  const { flight } = c;
  const flags = flight.flags(index);
  if ((flags & RETRANSMITTED) !== 0) {
    flight.unmark(index, RETRANSMITTED);
    c.retransOut--;
  }
  if ((flags & LOST) !== 0) return;
  flight.mark(index, LOST);
  c.lostOut++;
}

/** How long a segment has until it would be lost by time. */
export function timeLeft(c: Connection, index: number): number {
  return c.rackRtt - ((c.tcp.stamp - c.flight.sentAt(index)) | 0);
}

/** Widens the window for reordering after a D-SACK, and forgets it after a while. */
export function adaptReorderWindow(c: Connection, priorDelivered: number): void {
  if (priorDelivered < c.rackLastDelivered) c.rackDsackSeen = false;
  if (c.rackDsackSeen) {
    c.rackSteps = Math.min(MAX_STEPS, c.rackSteps + 1);
    c.rackDsackSeen = false;
    c.rackLastDelivered = c.delivered;
    c.rackPersist = PERSIST;
  } else if (c.rackPersist === 0) {
    c.rackSteps = 1;
  }
}
