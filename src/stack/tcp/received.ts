/**
 * Data that arrives (RFC 9293 3.10.7.4, seventh and eighth): into the receive queue, the FIN behind it, and when to
 * acknowledge: at once for every second segment, for whatever came out of order or twice, and in the first segments of a
 * connection; otherwise after a while (RFC 5681 4.2, RFC 9293 3.8.6.3).
 */
import * as tcp from '../../wire/tcp.ts';
import type { Connection } from './connection.ts';
import { Ecn, Event } from './terms.ts';
import { ECN_CE, ECN_MASK, type Segment } from './segment.ts';
import { MAY_RECEIVE, TcpState, isIn } from './states.ts';
import { delayAck, MIN_ACK_DELAY_US } from './timers.ts';
import { sendAck } from './transmit.ts';
import { growThreshold, measureReceiveRtt, wantedWindow, windowLeft } from './window.ts';

/** Segments that are acknowledged at once where the sender may be starting slowly (Linux: TCP_MAX_QUICKACKS). */
const MAX_QUICK_ACKS = 16;
/** A guess of the peer's segment size has to start somewhere. */
const MIN_RECEIVE_MSS = 536;

/** The data and the FIN of an acceptable segment; `seq` is where its data begin (behind a SYN). */
export function takeData(c: Connection, segment: Segment, seq: number): void {
  if (seq === segment.endSeq) return;
  if ((segment.flags & tcp.CWR) !== 0) {
    c.ecn &= ~Ecn.DEMAND_CWR;
    // The sender reduced its window and waits for what it is told now (RFC 3168 6.1.3).
    if (segment.dataLength > 0) c.ackNow = true;
  }
  const { received } = c;
  const { next } = received;
  if (((segment.endSeq - next) | 0) <= 0) return takeOld(c, seq, segment.endSeq);
  // Nothing can follow a FIN (RFC 9293 3.10.7.4, seventh).
  if (c.finReceived) return;
  const ahead = (seq - next) | 0;
  const left = windowLeft(c);
  // A FIN alone takes no room: a peer that waits for a window may end all the same.
  const isBareFin = segment.dataLength === 0 && ahead === 0;
  if (left === 0 && isBareFin) c.ackNow = true;
  else if (left === 0 || ahead >= left) return outOfWindow(c);
  if (ahead > 0) return takeEarly(c, segment, seq);
  if (ahead < 0) noteDuplicate(c, seq, next);
  const hadGaps = received.hasGaps;
  if (hadGaps) noteOverlap(c, segment);
  const start = segment.dataStart + -ahead;
  if (start < segment.dataEnd) {
    received.append(segment.bytes, start, segment.dataEnd);
    c.tcp.announcements.notify(c, Event.READABLE);
  }
  // RFC 5681 4.2: what closes a gap is acknowledged at once.
  if (hadGaps && !received.hasGaps) c.ackNow = true;
  if (segment.dataLength > 0) noteDataCame(c, segment);
  else scheduleAck(c);
  if ((segment.flags & tcp.FIN) !== 0) noteFin(c, (segment.endSeq - 1) | 0);
  if (c.hasFinSeq && received.next === c.finSeq) takeFin(c);
}

function takeEarly(c: Connection, segment: Segment, seq: number): void {
  const { received } = c;
  scheduleAck(c);
  noteCongestion(c, segment);
  if ((segment.flags & tcp.FIN) !== 0) noteFin(c, (segment.endSeq - 1) | 0);
  if (segment.dataLength === 0) return;
  const end = (seq + segment.dataLength) | 0;
  if (received.holds(seq, end)) return noteDuplicate(c, seq, end);
  noteSize(c, segment);
  growThreshold(c, segment.dataLength);
  if (c.tcp.isShortOfMemory || !received.insert(seq, segment.bytes, segment.dataStart, segment.dataEnd))
    c.tcp.counters.outOfOrderDropped++;
}

/** A retransmission of what is here: its sender has lost the acknowledgement, or sent it too early. */
function takeOld(c: Connection, seq: number, end: number): void {
  noteDuplicate(c, seq, end);
  enterQuickAck(c);
  scheduleAck(c);
}

function outOfWindow(c: Connection): void {
  enterQuickAck(c);
  scheduleAck(c);
}

/** To be reported by D-SACK (RFC 2883). */
export function noteDuplicate(c: Connection, start: number, end: number): void {
  if (!c.hasSack || !c.tcp.settings.dsack) return;
  c.dsackPending = true;
  c.dsackStart = start;
  c.dsackEnd = end;
}

/** A segment in order that covers bytes which came before it. */
function noteOverlap(c: Connection, segment: Segment): void {
  const { received } = c;
  const range = received.overlapped(segment.endSeq);
  if (range >= 0) noteDuplicate(c, received.rangeStart(range), received.rangeEnd(range));
}

function noteFin(c: Connection, seq: number): void {
  if (c.hasFinSeq) return;
  c.hasFinSeq = true;
  c.finSeq = seq;
}

function takeFin(c: Connection): void {
  c.received.finish();
  // Nothing can be out of order any more, and duplicates are of no interest.
  c.dsackPending = false;
  c.hasFinSeq = false;
  c.finReceived = true;
  scheduleAck(c);
  c.tcp.announcements.notify(c, Event.END);
  switch (c.state) {
    case TcpState.ESTABLISHED:
      c.state = TcpState.CLOSE_WAIT;
      c.isPingPong = true;
      return;
    case TcpState.FIN_WAIT1:
      // Both closed at once: ours is not acknowledged yet.
      sendAck(c);
      c.state = TcpState.CLOSING;
      return;
    case TcpState.FIN_WAIT2:
      sendAck(c);
      c.tcp.timeWait(c);
      return;
    default:
  }
}

// ── Acknowledging ───────────────────────────────────────────────────────────────────────────────────────────────

function scheduleAck(c: Connection): void {
  c.ackPending = true;
}

export function enterQuickAck(c: Connection): void {
  quicken(c, MAX_QUICK_ACKS);
  c.isPingPong = false;
  c.ackTimeout = MIN_ACK_DELAY_US;
}

function quicken(c: Connection, most: number): void {
  const segments = Math.floor(c.rcvWnd / (2 * c.rcvMss)) || 2;
  c.quickAcks = Math.max(c.quickAcks, Math.min(segments, most));
}

function noteDataCame(c: Connection, segment: Segment): void {
  const { stamp } = c.tcp;
  const length = segment.dataLength;
  scheduleAck(c);
  noteSize(c, segment);
  measureReceiveRtt(c, segment);
  if (c.ackTimeout === 0) {
    quicken(c, MAX_QUICK_ACKS);
    c.ackTimeout = MIN_ACK_DELAY_US;
  } else {
    adaptAckTimeout(c, (stamp - c.lastData) | 0);
  }
  c.lastData = stamp;
  noteCongestion(c, segment);
  growThreshold(c, length);
}

/** The largest segment lately tells what "every second segment" means; never more than was announced. */
function noteSize(c: Connection, segment: Segment): void {
  // What a device has joined came in segments of that size.
  const length = segment.pkt.gsoSize || segment.dataLength;
  const isSmaller = length >= MIN_RECEIVE_MSS && length < c.rcvMss && (segment.flags & tcp.PSH) === 0;
  if (length > c.rcvMss || isSmaller) c.rcvMss = Math.min(length, c.advMss);
}

/** An acknowledgement waits about as long as it takes for the next segment to come. */
function adaptAckTimeout(c: Connection, gap: number): void {
  if (gap <= MIN_ACK_DELAY_US / 2) c.ackTimeout = (c.ackTimeout >> 1) + MIN_ACK_DELAY_US / 2;
  else if (gap < c.ackTimeout) c.ackTimeout = Math.min((c.ackTimeout >> 1) + gap, c.rtt.rto);
  // After a pause the sender starts slowly.
  else if (gap > c.rtt.rto) quicken(c, MAX_QUICK_ACKS);
}

/** Congestion on the way here is told until the sender says that it has heard (RFC 3168 6.1.3). */
function noteCongestion(c: Connection, segment: Segment): void {
  if ((c.ecn & Ecn.OK) === 0) return;
  if ((segment.ecn & ECN_MASK) === ECN_CE) {
    if ((c.ecn & Ecn.DEMAND_CWR) === 0) {
      quicken(c, 2);
      c.ecn |= Ecn.DEMAND_CWR;
    }
    c.ecn |= Ecn.SEEN;
  } else if (segment.ecn !== 0) {
    c.ecn |= Ecn.SEEN;
  } else if ((c.ecn & Ecn.SEEN) !== 0) {
    // Not marked as able to be marked: a retransmission, perhaps.
    quicken(c, 2);
  }
}

/** At the end of a segment: acknowledges now, later, or not. */
export function acknowledge(c: Connection): void {
  if (!c.ackPending && !c.ackNow) return;
  const { received } = c;
  const unacknowledged = (received.next - c.rcvWup) | 0;
  // This first: a window that would be small ends quick acknowledging (`wantedWindow`).
  const isOwed = unacknowledged > c.rcvMss && (received.unread === 0 || wantedWindow(c) >= c.rcvWnd);
  const isQuick = c.quickAcks > 0 && !c.isPingPong;
  if (isOwed || isQuick || c.ackNow || received.hasGaps) sendAck(c);
  else delayAck(c);
}

/** After the application has read: an acknowledgement that waited for it, or news of a window that was small. */
export function acknowledgeRead(c: Connection): void {
  if (!isIn(c.state, MAY_RECEIVE)) return;
  const { received } = c;
  if (c.ackPending && ((received.next - c.rcvWup) | 0) > c.rcvMss) return sendAck(c);
  const left = windowLeft(c);
  if (2 * left > c.windowClamp) return;
  const wanted = wantedWindow(c);
  if (wanted > 0 && wanted >= 2 * left) sendAck(c);
}
