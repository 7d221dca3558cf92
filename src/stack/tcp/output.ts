/**
 * What is sent, and when: new data as far as the windows and Nagle's algorithm let it (RFC 9293 3.8.6, 3.7.4), what is
 * believed lost, the FIN, and probes of a closed window. The order is Linux's tcp_write_xmit.
 */
import * as tcp from '../../wire/tcp.ts';
import type { Connection } from './connection.ts';
import { INITIAL_WINDOW, Phase, TimerKind } from './terms.ts';
import { CARRIES_FIN, CARRIES_SYN, LOST, PUSHED, RETRANSMITTED, SACKED } from './flight.ts';
import { growSendBuffer } from './send-buffer.ts';
import { MAY_TRANSMIT, TcpState, isIn } from './states.ts';
import { armRetransmit, armZeroWindow, scheduleLossProbe } from './timers.ts';
import { ipHeaderLength, sackSpace, sendAck, sendData, sendSyn, TIMESTAMPS_SPACE } from './transmit.ts';

/** Payload of a segment that fits a path of so many bytes, options aside. */
export function mtuToMss(family: number, mtu: number): number {
  return mtu - ipHeaderLength(family) - tcp.HEADER_LENGTH;
}

/** From path and peer: the largest payload of this connection (Linux: tcp_sync_mss). */
export function syncMss(c: Connection): void {
  const mtu = c.probedMtu !== 0 ? Math.min(c.probedMtu, c.pathMtu) : c.pathMtu;
  const most = Math.min(mtuToMss(c.family, mtu), c.peerMss);
  const floor = c.tcp.settings.minSndMss;
  c.mss = Math.max(most, floor) - (c.hasTimestamps ? TIMESTAMPS_SPACE : 0);
}

/** Payload of the next segment: less while SACK blocks take room, and never more than half the peer's largest window. */
export function currentMss(c: Connection): number {
  const half = c.maxWindow > 512 ? c.maxWindow >>> 1 : c.maxWindow;
  let { mss } = c;
  if (half !== 0 && mss > half) mss = Math.max(half, 68 - ipHeaderLength(c.family));
  return c.received.sackBlocks === 0 && !c.dsackPending ? mss : Math.max(mss - sackSpace(c), 1);
}

export function windowEnd(c: Connection): number {
  return (c.sndUna + c.sndWnd) | 0;
}

/** The sequence number behind everything that was written, the FIN included. */
export function outEnd(c: Connection): number {
  return c.finQueued ? (c.writeSeq + 1) | 0 : c.writeSeq;
}

/** Something that was never sent waits. */
export function hasUnsent(c: Connection): boolean {
  return c.sndNxt !== outEnd(c);
}

/** Sends what may be sent. `force`: held back by nothing but the windows. */
export function push(c: Connection, force = false): void {
  if (!isIn(c.state, MAY_TRANSMIT)) return;
  if (c.phase !== Phase.OPEN && c.lostOut > c.retransOut) retransmitLost(c);
  const sent = sendNew(c, force, false);
  if (sent > 0) {
    if (c.phase === Phase.REDUCING || c.phase === Phase.RECOVERY) c.prrOut += sent;
    noteWindowUse(c);
    scheduleLossProbe(c);
  } else if (c.flight.count === 0 && c.timerKind === TimerKind.NONE && hasUnsent(c)) {
    armZeroWindow(c);
  }
}

/** Sends one segment of new data beyond the congestion window: a tail loss probe. */
export function pushOne(c: Connection): number {
  return sendNew(c, true, true);
}

/** Returns the segments sent. */
function sendNew(c: Connection, force: boolean, isProbe: boolean): number {
  let sent = 0;
  while (hasUnsent(c)) {
    if (!isProbe && c.inFlight >= c.cwnd) break;
    const unsent = (c.writeSeq - c.sndNxt) | 0;
    const mss = currentMss(c);
    const length = Math.min(c.recordEnds === null ? unsent : restOfRecord(c), mss);
    const left = (windowEnd(c) - c.sndNxt) | 0;
    if (length > left || left <= 0) break;
    const isLast = length === unsent;
    if (length < mss && isHeldBack(c, isLast, force)) break;
    const fin = c.finQueued && isLast && length < left;
    if (!sendNext(c, length, fin)) break;
    sent++;
    if (isProbe) break;
  }
  return sent;
}

/** Bytes until a record ends, or all that there are; records that are out are forgotten. */
function restOfRecord(c: Connection): number {
  const ends = c.recordEnds!;
  while (ends.length > 0 && ((ends[0]! - c.sndNxt) | 0) <= 0) ends.shift();
  if (ends.length > 0) return (ends[0]! - c.sndNxt) | 0;
  c.recordEnds = null;
  return (c.writeSeq - c.sndNxt) | 0;
}

/** Nagle's algorithm in Minshall's form, and TCP_CORK, for a segment below the MSS. */
function isHeldBack(c: Connection, isLast: boolean, force: boolean): boolean {
  // Short although more follows: the end of a record.
  if (force || !isLast || c.finQueued) return false;
  if (c.urgentOut !== 0 && ((c.urgentOut - c.sndUna) | 0) > 0) return false;
  if (c.isCorked) return true;
  if (c.noDelay || c.flight.count === 0) return false;
  return ((c.smallEnd - c.sndUna) | 0) > 0 && ((c.smallEnd - c.sndNxt) | 0) <= 0;
}

function sendNext(c: Connection, length: number, fin: boolean, push = false): boolean {
  const seq = c.sndNxt;
  const end = (seq + length) | 0;
  restartAfterIdle(c);
  const isPushed = ((c.pushSeq - seq) | 0) > 0 && ((c.pushSeq - end) | 0) <= 0;
  const pushed = length > 0 && (push || isPushed || (c.recordEnds !== null && c.recordEnds[0] === end));
  const flags = tcp.ACK | (fin ? tcp.FIN : 0) | (pushed ? tcp.PSH : 0);
  if (length < c.mss) c.smallEnd = end;
  // Sent or lost on the first step, it counts as sent: the retransmission timer sees to it.
  sendData(c, seq, length, flags);
  const stop = fin ? (end + 1) | 0 : end;
  const wasIdle = c.flight.count === 0;
  c.flight.push(seq, stop, c.tcp.stamp, (fin ? CARRIES_FIN : 0) | (pushed ? PUSHED : 0));
  c.sndNxt = stop;
  if (wasIdle || c.timerKind === TimerKind.ZERO_WINDOW) armRetransmit(c);
  // Data goes out shortly after data came in: the acknowledgement will ride on data (Linux: ping-pong mode).
  if (length > 0) {
    if (c.ackTimeout > 0 && ((c.tcp.stamp - c.lastData) | 0) < c.ackTimeout) c.isPingPong = true;
    c.lastSent = c.tcp.stamp;
  }
  return true;
}

/** RFC 5681 4.1: after a pause of more than a timeout the window is halved for each timeout that passed. */
function restartAfterIdle(c: Connection): void {
  if (c.flight.count !== 0 || !c.tcp.settings.slowStartAfterIdle || c.lastSent === 0) return;
  let idle = (c.tcp.stamp - c.lastSent) | 0;
  if (idle <= c.rtt.rto) return;
  c.congestion.onRestart(c.tcp.stamp);
  const floor = Math.min(INITIAL_WINDOW, c.cwnd);
  c.ssthresh = Math.max(c.ssthresh, (c.cwnd >> 1) + (c.cwnd >> 2));
  for (idle -= c.rtt.rto; idle > 0 && c.cwnd > floor; idle -= c.rtt.rto) c.cwnd >>= 1;
  c.cwnd = Math.max(c.cwnd, floor);
}

/** Whether the window was the limit decides whether it may grow (RFC 7661; Linux: tcp_cwnd_validate). */
function noteWindowUse(c: Connection): void {
  const { count } = c.flight;
  const isLimited = c.inFlight >= c.cwnd && hasUnsent(c);
  const isNewRound = ((c.sndUna - c.maxFlightSeq) | 0) >= 0;
  if (isNewRound || isLimited || (!c.isWindowLimited && count > c.maxFlight)) {
    c.isWindowLimited = isLimited;
    c.maxFlight = count;
    c.maxFlightSeq = c.sndNxt;
  }
  growSendBuffer(c);
}

// ── Again ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Sends again what is believed lost, oldest first, as far as the congestion window goes. */
export function retransmitLost(c: Connection): void {
  const { flight } = c;
  let isFirst = true;
  for (let index = 0; index < flight.count && c.inFlight < c.cwnd; index++) {
    const flags = flight.flags(index);
    if ((flags & LOST) === 0 || (flags & (SACKED | RETRANSMITTED)) !== 0) continue;
    if (!retransmit(c, index)) return;
    if (c.phase === Phase.REDUCING || c.phase === Phase.RECOVERY) c.prrOut++;
    if (isFirst && index === 0 && c.timerKind !== TimerKind.REORDER) armRetransmit(c);
    isFirst = false;
  }
}

/** Sends one segment again; false when it could not leave. */
export function retransmit(c: Connection, index: number): boolean {
  const { flight } = c;
  const mss = currentMss(c);
  const start = flight.start(index);
  const flags = flight.flags(index);
  if ((flags & CARRIES_SYN) !== 0) {
    noteRetransmission(c, index);
    return sendSyn(c);
  }
  let end = flight.end(index);
  const fin = (flags & CARRIES_FIN) !== 0;
  if (((end - start) | 0) - (fin ? 1 : 0) > mss) {
    end = (start + mss) | 0;
    splitFlight(c, index, end);
  }
  // The peer took back window that it had offered: nothing is sent into what is left, but for the first segment.
  if (((start - windowEnd(c)) | 0) >= 0 && start !== c.sndUna) return false;
  const now = flight.flags(index);
  const hasFin = (now & CARRIES_FIN) !== 0;
  const length = ((end - start) | 0) - (hasFin ? 1 : 0);
  noteRetransmission(c, index);
  return sendData(
    c,
    start,
    length,
    tcp.ACK | (hasFin ? tcp.FIN : 0) | ((now & PUSHED) !== 0 && length > 0 ? tcp.PSH : 0),
  );
}

/** Cuts a segment of the flight in two, and counts both halves. */
export function splitFlight(c: Connection, index: number, seq: number): void {
  c.flight.split(index, seq);
  const flags = c.flight.flags(index);
  if ((flags & SACKED) !== 0) c.sackedOut++;
  if ((flags & LOST) !== 0) c.lostOut++;
  if ((flags & RETRANSMITTED) !== 0) c.retransOut++;
}

function noteRetransmission(c: Connection, index: number): void {
  const { flight, tcp: owner } = c;
  if ((flight.flags(index) & RETRANSMITTED) === 0) c.retransOut++;
  flight.resent(index, owner.stamp);
  if (c.retransStamp === 0) c.retransStamp = owner.timestamp(c) || 1;
  if (c.undoRetrans < 0) c.undoRetrans = 0;
  c.undoRetrans++;
  owner.counters.retransmitted++;
}

// ── A closed window ─────────────────────────────────────────────────────────────────────────────────────────────

/** Sends into a window that opened a little, or asks with an old sequence number what it is (RFC 9293 3.8.6.1). */
export function probeWindow(c: Connection): void {
  const left = (windowEnd(c) - c.sndNxt) | 0;
  const unsent = (c.writeSeq - c.sndNxt) | 0;
  if (left > 0 && hasUnsent(c)) {
    const whole = c.recordEnds === null ? unsent : restOfRecord(c);
    const length = Math.min(whole, left, currentMss(c));
    const isLast = length === unsent;
    sendNext(c, length, c.finQueued && isLast && length < left, true);
    return;
  }
  sendOldAck(c);
}

/** An acknowledgement with a sequence number just out of the window, which the peer has to answer. */
export function sendOldAck(c: Connection): void {
  sendData(c, (c.sndUna - 1) | 0, 0, tcp.ACK);
}

/** The FIN after the last byte (RFC 9293 3.10.4). */
export function queueFin(c: Connection): void {
  if (c.finQueued) return;
  c.finQueued = true;
  push(c, true);
}

export function sendReset(c: Connection): void {
  if (c.state === TcpState.SYN_SENT) return;
  sendData(c, c.sndNxt, 0, tcp.RST | tcp.ACK);
}

export { sendAck };
