/**
 * A segment for a connection (RFC 9293 3.10.7, RFC 5961; Linux: tcp_rcv_state_process): is it acceptable, what does it
 * acknowledge, what does that do to the state, and what does it bring. The steps and their order are the RFC's.
 */
import { DropReason } from '../../netfilter/drop-reason.ts';
import * as tcp from '../../wire/tcp.ts';
import { isInWindow, isOldTimestamp } from './acceptable.ts';
import { AckVerdict, takeAck } from './ack.ts';
import type { Connection } from './connection.ts';
import { Ecn, Event } from './terms.ts';
import { push, sendAck, syncMss } from './output.ts';
import { acknowledge, noteDuplicate, enterQuickAck, takeData } from './received.ts';
import type { Segment } from './segment.ts';
import { growSendBuffer } from './send-buffer.ts';
import { MAY_RECEIVE, TcpState, isIn } from './states.ts';
import { setIdle, startKeepAlive } from './timers.ts';
import { sendSyn, TIMESTAMPS_SPACE } from './transmit.ts';
import { takeUrgentByte, takeUrgentPointer } from './urgent.ts';
import { startWindow, windowLeft } from './window.ts';

export function receiveSegment(c: Connection, segment: Segment): void {
  if (c.state === TcpState.SYN_SENT) return receiveInSynSent(c, segment);
  if (!isAcceptable(c, segment)) return;
  // Fifth: the ACK field.
  if ((segment.flags & tcp.ACK) === 0) return;
  if (takeAck(c, segment) === AckVerdict.CHALLENGE) return c.tcp.challenges.send(c);
  if (!noteAcknowledged(c, segment)) return;
  // Sixth and seventh: urgent data, data, FIN.
  if (segment.dataLength > 0 || (segment.flags & tcp.FIN) !== 0) {
    if (c.isOrphan && isIn(c.state, MAY_RECEIVE) && hasNewData(c, segment)) return refuseData(c, segment);
    takeUrgentPointer(c, segment);
    takeData(c, segment, segment.seq);
    takeUrgentByte(c);
    if (c.state === TcpState.CLOSED || c.state === TcpState.TIME_WAIT) return;
  }
  push(c);
  acknowledge(c);
}

// ── Acceptable? ─────────────────────────────────────────────────────────────────────────────────────────────────

function isAcceptable(c: Connection, segment: Segment): boolean {
  const { flags } = segment;
  const isReset = (flags & tcp.RST) !== 0;
  if (isOldTimestamp(c.tcp, c, c.hasTimestamps, segment) && !isReset) {
    return refuse(c, segment);
  }
  const { next } = c.received;
  const window = windowLeft(c);
  if (!isInWindow(segment, next, window) || (exceedsWindow(c, segment, window) && !isReset)) {
    if (isReset) return false;
    if ((flags & tcp.SYN) !== 0) c.tcp.challenges.send(c);
    else refuse(c, segment);
    return false;
  }
  if (isReset) {
    // RFC 5961 3.2: a blind attacker can hit the window, but hardly the one number.
    if (segment.seq === next || isEndOfSack(c, segment)) c.tcp.end(c, resetCode(c));
    else c.tcp.challenges.send(c);
    return false;
  }
  if ((flags & tcp.SYN) !== 0 && !isAnswerToBothOpening(c, segment)) {
    // RFC 5961 4.2: a peer that has restarted will answer the challenge with a reset.
    c.tcp.challenges.send(c);
    return false;
  }
  return true;
}

/** The SYN,ACK that ends a simultaneous open (RFC 9293 3.5, figure 7). */
function isAnswerToBothOpening(c: Connection, segment: Segment): boolean {
  return (
    c.state === TcpState.SYN_RECV &&
    segment.dataLength === 0 &&
    segment.endSeq === c.received.next &&
    segment.ack === c.sndNxt
  );
}

/** Data behind the window are taken only where nothing waits to be read, a FIN always (Linux 6.17: tcp_sequence). */
function exceedsWindow(c: Connection, segment: Segment, window: number): boolean {
  const end = segment.endSeq - ((segment.flags & tcp.FIN) !== 0 ? 1 : 0);
  return ((end - c.received.next - window) | 0) > 0 && c.received.unread > 0;
}

/** The peer's reset may stand behind data that came out of order. */
function isEndOfSack(c: Connection, segment: Segment): boolean {
  return c.hasSack && c.received.hasGaps && segment.seq === c.received.highest;
}

function resetCode(c: Connection): 'ECONNREFUSED' | 'EPIPE' | 'ECONNRESET' {
  if (c.state === TcpState.SYN_SENT) return 'ECONNREFUSED';
  return c.state === TcpState.CLOSE_WAIT ? 'EPIPE' : 'ECONNRESET';
}

/** Not acceptable: the peer is told what would be, at most so often. */
function refuse(c: Connection, segment: Segment): false {
  segment.pkt.dropReason = DropReason.TCP_OUT_OF_WINDOW;
  c.tcp.counters.outOfWindow++;
  if (segment.dataLength > 0 && ((segment.seq - c.received.next) | 0) < 0) {
    enterQuickAck(c);
    const end = ((segment.endSeq - c.received.next) | 0) > 0 ? c.received.next : segment.endSeq;
    noteDuplicate(c, segment.seq, end);
  }
  // What carries data is always answered: somebody waits for it. The rest only now and then.
  if (segment.dataLength > 0 || !c.tcp.challenges.isLimited(c)) sendAck(c);
  return false;
}

// ── States ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the acknowledgement does to the state. False when the segment is done with. */
function noteAcknowledged(c: Connection, segment: Segment): boolean {
  const finAcked = c.finQueued && c.sndUna === ((c.writeSeq + 1) | 0);
  switch (c.state) {
    case TcpState.SYN_RECV:
      if (c.sndUna === c.iss) {
        c.tcp.resetAnswer(segment);
        return false;
      }
      enterEstablished(c);
      return true;
    case TcpState.FIN_WAIT1:
      if (!finAcked) return true;
      c.state = TcpState.FIN_WAIT2;
      if (c.isOrphan) {
        if ((segment.flags & tcp.FIN) === 0) setIdle(c, c.tcp.settings.finTimeoutUs);
      }
      return true;
    case TcpState.CLOSING:
      if (finAcked) {
        c.tcp.timeWait(c);
        return false;
      }
      return true;
    case TcpState.LAST_ACK:
      if (finAcked) {
        c.tcp.finish(c);
        return false;
      }
      return true;
    default:
      return true;
  }
}

function hasNewData(c: Connection, segment: Segment): boolean {
  const fin = (segment.flags & tcp.FIN) !== 0 ? 1 : 0;
  return segment.dataLength > 0 && ((segment.endSeq - fin - c.received.next) | 0) > 0;
}

/** Data for nobody: the application has closed (RFC 9293 3.10.7.1, RFC 2525 2.17). */
function refuseData(c: Connection, segment: Segment): void {
  c.tcp.resetAnswer(segment);
  c.tcp.end(c, 'ECONNRESET');
}

function enterEstablished(c: Connection): void {
  c.state = TcpState.ESTABLISHED;
  growSendBuffer(c);
  startKeepAlive(c);
  c.tcp.announcements.notify(c, Event.CONNECT);
}

// ── SYN_SENT ────────────────────────────────────────────────────────────────────────────────────────────────────

function receiveInSynSent(c: Connection, segment: Segment): void {
  const { flags } = segment;
  const hasAck = (flags & tcp.ACK) !== 0;
  if (hasAck && (((segment.ack - c.iss) | 0) <= 0 || ((segment.ack - c.sndNxt) | 0) > 0)) {
    if ((flags & tcp.RST) === 0) c.tcp.resetAnswer(segment);
    return;
  }
  if (hasAck && segment.hasTimestamps && segment.tsEcho !== 0 && !isOurTimestamp(c, segment)) {
    if ((flags & tcp.RST) === 0) c.tcp.resetAnswer(segment);
    return;
  }
  if ((flags & tcp.RST) !== 0) {
    if (hasAck) c.tcp.end(c, 'ECONNREFUSED');
    return;
  }
  if ((flags & tcp.SYN) === 0) return;
  takeOptions(c, segment);
  c.irs = segment.seq;
  c.received.begin((segment.seq + 1) | 0);
  c.rcvWup = c.received.next;
  c.sndWl1 = segment.seq;
  if (hasAck) finishActiveOpen(c, segment);
  else beginSimultaneousOpen(c, segment);
}

/** The echo is of a SYN that we sent. */
function isOurTimestamp(c: Connection, segment: Segment): boolean {
  const now = c.tcp.timestamp(c);
  const first = c.retransStamp !== 0 ? (c.retransStamp - MAX_SYN_AGE_MS) | 0 : (now - MAX_SYN_AGE_MS) | 0;
  return ((segment.tsEcho - first) | 0) >= 0 && ((now - segment.tsEcho) | 0) >= 0;
}

/** All SYNs together take no longer (tcp_syn_retries at most). */
const MAX_SYN_AGE_MS = 300_000;

function takeOptions(c: Connection, segment: Segment): void {
  const { settings } = c.tcp;
  c.hasTimestamps = settings.timestamps && segment.hasTimestamps;
  c.hasSack = settings.sack && segment.sackPermitted;
  c.hasScaling = settings.windowScaling && segment.windowScale >= 0;
  c.sndScale = c.hasScaling ? segment.windowScale : 0;
  if (!c.hasScaling) c.rcvScale = 0;
  c.peerMss = Math.min(c.peerMss, segment.mss >= 0 ? segment.mss : c.family === 4 ? 536 : 1220);
  if (c.hasTimestamps) {
    c.tsRecent = segment.tsValue;
    c.tsRecentAt = c.tcp.seconds;
    c.advMss -= TIMESTAMPS_SPACE;
  }
  c.rcvMss = Math.min(c.advMss, 536);
}

function finishActiveOpen(c: Connection, segment: Segment): void {
  const wantsEcn = (c.ecn & Ecn.OK) !== 0;
  const agrees = (segment.flags & (tcp.ECE | tcp.CWR)) === tcp.ECE;
  c.ecn = wantsEcn && agrees ? Ecn.OK : 0;
  takeAck(c, segment);
  c.sndWnd = segment.window;
  c.maxWindow = Math.max(c.maxWindow, segment.window);
  syncMss(c);
  startWindow(c);
  c.smallEnd = c.sndNxt;
  enterEstablished(c);
  if (segment.dataLength > 0 || (segment.flags & tcp.FIN) !== 0) takeData(c, segment, (segment.seq + 1) | 0);
  c.ackNow = true;
  push(c);
  acknowledge(c);
}

function beginSimultaneousOpen(c: Connection, segment: Segment): void {
  c.state = TcpState.SYN_RECV;
  c.ecn =
    (segment.flags & (tcp.ECE | tcp.CWR)) === (tcp.ECE | tcp.CWR) && c.tcp.settings.ecn !== 0 ? Ecn.OK : 0;
  c.sndWnd = segment.window;
  c.maxWindow = segment.window;
  syncMss(c);
  startWindow(c);
  sendSyn(c);
}
