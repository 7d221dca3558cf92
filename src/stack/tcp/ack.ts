/**
 * The acknowledgement of a segment (RFC 9293 3.10.7.4, fifth; Linux: tcp_ack): what it takes out of the flight, the window
 * that it brings, the round trip that it measures, and what follows for congestion and timers.
 */
import * as tcp from '../../wire/tcp.ts';
import type { Acked } from './acked.ts';
import type { Connection } from './connection.ts';
import { Ecn, TimerKind } from './terms.ts';
import { CARRIES_SYN, EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED } from './flight.ts';
import { hasUnsent } from './output.ts';
import { adaptReorderWindow, noteDelivered } from './rack.ts';
import { isUnusual, judge, judgeProbe, settle, settleDuplicates } from './recovery.ts';
import { checkReordering, takeSack } from './sack.ts';
import type { Segment } from './segment.ts';
import { growSendBuffer, wakeWriter } from './send-buffer.ts';
import { armRetransmit, armZeroWindow, disarm, scheduleLossProbe } from './timers.ts';

export const AckVerdict = {
  TAKEN: 0,
  /** Of something never sent, or so old that it is an attack (RFC 5961 section 5). */
  CHALLENGE: 1,
} as const;
export type AckVerdict = (typeof AckVerdict)[keyof typeof AckVerdict];

export function takeAck(c: Connection, segment: Segment): AckVerdict {
  const { ack } = segment;
  const acked = c.tcp.acked;
  acked.reset();
  acked.priorUna = c.sndUna;
  acked.priorInFlight = c.inFlight;
  acked.priorDelivered = c.delivered;
  acked.priorLost = c.lostOut;
  acked.hadSacked = c.sackedOut > 0;
  acked.priorHighest = c.highestSacked;
  if (((ack - c.sndUna) | 0) < 0) return takeOldAck(c, segment, acked);
  if (((ack - c.sndNxt) | 0) > 0) return AckVerdict.CHALLENGE;
  c.lastHeard = c.tcp.clock.now;
  c.softError = null;
  noteTimestamp(c, segment);
  const advanced = ack !== c.sndUna;
  acked.advanced = advanced;
  const windowChanged = takeWindow(c, segment);
  if (advanced) {
    c.sndUna = ack;
    c.retransmits = 0;
  }
  if ((segment.flags & tcp.ECE) !== 0 && (segment.flags & tcp.SYN) === 0 && (c.ecn & Ecn.OK) !== 0)
    acked.hasEce = true;
  if (c.hasSack && segment.sackAt >= 0) takeSack(c, segment, acked);
  c.probesOut = 0;
  if (c.flight.count === 0) {
    afterProbe(c);
    return AckVerdict.TAKEN;
  }
  acked.isDuplicate =
    !advanced && !windowChanged && segment.dataLength === 0 && (segment.flags & (tcp.SYN | tcp.FIN)) === 0;
  if (advanced) clearFlight(c, acked);
  measureRtt(c, segment, acked);
  adaptReorderWindow(c, acked.priorDelivered);
  if (c.hasProbe) judgeProbe(c, ack, acked);
  if (isUnusual(c, acked)) judge(c, acked);
  settle(c, acked);
  if (advanced) rearm(c);
  if (c.timerKind === TimerKind.RETRANSMIT && acked.newlyAcked + acked.newlySacked > 0) scheduleLossProbe(c);
  return AckVerdict.TAKEN;
}

/** An acknowledgement from before; its SACK blocks may still be news. */
function takeOldAck(c: Connection, segment: Segment, acked: Acked): AckVerdict {
  if (((segment.ack - (c.sndUna - c.maxWindow)) | 0) < 0) return AckVerdict.CHALLENGE;
  if (c.hasSack && segment.sackAt >= 0 && c.flight.count > 0) {
    takeSack(c, segment, acked);
    if (isUnusual(c, acked)) judge(c, acked);
    settle(c, acked);
  }
  return AckVerdict.TAKEN;
}

/** RFC 7323 4.3: the timestamp to echo is that of the segment that the last acknowledgement was for. */
function noteTimestamp(c: Connection, segment: Segment): void {
  if (!c.hasTimestamps || !segment.hasTimestamps) return;
  if (((segment.seq - c.rcvWup) | 0) > 0) return;
  if (((segment.tsValue - c.tsRecent) | 0) < 0 && c.tcp.seconds - c.tsRecentAt < PAWS_DAYS_SECONDS) return;
  c.tsRecent = segment.tsValue;
  c.tsRecentAt = c.tcp.seconds;
}

/** RFC 7323 5.5: a timestamp older than this has wrapped for certain. */
export const PAWS_DAYS_SECONDS = 24 * 86400;

/** RFC 9293 3.10.7.4: the window of the newest segment counts. True when it was changed. */
function takeWindow(c: Connection, segment: Segment): boolean {
  const window = (segment.flags & tcp.SYN) !== 0 ? segment.window : segment.window << c.sndScale;
  const isNew =
    ((segment.ack - c.sndUna) | 0) > 0 ||
    ((segment.seq - c.sndWl1) | 0) > 0 ||
    (segment.seq === c.sndWl1 && window > c.sndWnd);
  if (!isNew) return false;
  c.sndWl1 = segment.seq;
  if (window === c.sndWnd) return false;
  c.sndWnd = window;
  if (window > c.maxWindow) c.maxWindow = window;
  return true;
}

// ── The flight ──────────────────────────────────────────────────────────────────────────────────────────────────

function clearFlight(c: Connection, acked: Acked): void {
  const { flight } = c;
  const una = c.sndUna;
  let lowest: number | null = null;
  while (flight.count > 0 && ((flight.end(0) - una) | 0) <= 0) {
    const flags = flight.flags(0);
    const start = flight.start(0);
    if ((flags & RETRANSMITTED) !== 0) c.retransOut--;
    if ((flags & LOST) !== 0) c.lostOut--;
    if ((flags & EVER_RETRANSMITTED) !== 0) {
      acked.hadRetransmitted = true;
    } else if ((flags & SACKED) === 0) {
      acked.noteRtt(flight.sentAt(0));
      if (acked.hadSacked && ((start - acked.priorHighest) | 0) < 0) lowest ??= start;
      if (((flight.end(0) - c.highSeq) | 0) <= 0) acked.originalsSacked = true;
    }
    if ((flags & SACKED) !== 0) {
      c.sackedOut--;
    } else if (c.hasSack) {
      c.delivered++;
      noteDelivered(c, flight.sentAt(0), flight.end(0), flags);
    }
    if ((flags & CARRIES_SYN) !== 0) c.retransStamp = 0;
    acked.newlyAcked++;
    flight.shift();
  }
  if (flight.count > 0 && ((flight.start(0) - una) | 0) < 0) flight.trim(una);
  if (!c.hasSack) settleDuplicates(c, acked.newlyAcked);
  else if (lowest !== null && c.sackedOut > 0) checkReordering(c, lowest);
  if (c.unacked === 0) c.sending.release();
  growSendBuffer(c);
  wakeWriter(c);
}

/** RFC 6298 section 3: what was sent once; for what was sent twice, its timestamp tells (RFC 7323 4.1). */
function measureRtt(c: Connection, segment: Segment, acked: Acked): void {
  const { stamp } = c.tcp;
  let rtt = -1;
  let latest = -1;
  if (acked.hasFirst && !acked.hadRetransmitted) {
    rtt = (stamp - acked.firstSent) | 0;
    latest = (stamp - acked.lastSent) | 0;
  } else if (acked.hasSacked) {
    rtt = latest = (stamp - acked.sackedSent) | 0;
  } else if (acked.newlyAcked > 0 && c.hasTimestamps && segment.hasTimestamps && segment.tsEcho !== 0) {
    const ms = (c.tcp.timestamp(c) - segment.tsEcho) | 0;
    if (ms >= 0 && ms < 0x7fffffff / 1000) rtt = Math.max(1, ms) * 1000;
  }
  if (rtt < 0) return;
  c.rtt.sample(rtt, stamp, c.sndUna, c.sndNxt);
  c.backoff = 0;
  if (latest >= 0) c.congestion.onRtt(c, latest, stamp);
}

// ── Timers ──────────────────────────────────────────────────────────────────────────────────────────────────────

function rearm(c: Connection): void {
  if (c.flight.count === 0) {
    if (c.timerKind !== TimerKind.ZERO_WINDOW) disarm(c);
  } else if (c.timerKind !== TimerKind.REORDER) {
    armRetransmit(c);
  }
}

/** Nothing was in flight: an answer to a probe of the window, or news of the window. */
function afterProbe(c: Connection): void {
  if (!hasUnsent(c)) {
    if (c.timerKind === TimerKind.ZERO_WINDOW) disarm(c);
    return;
  }
  if (((c.sndUna + c.sndWnd - c.sndNxt) | 0) > 0) {
    c.backoff = 0;
    disarm(c);
  } else {
    armZeroWindow(c);
  }
}
