/**
 * What an application asks of its connection, put into effect (RFC 9293 3.10.1 to 3.10.5); Connection's methods come here.
 * Each call is an event of its own: what it causes is dealt with, and told, when it is over.
 */
import type { Connection } from './connection.ts';
import type { NetErrorCode } from './errors.ts';
import { push, queueFin, sendReset } from './output.ts';
import { acknowledgeRead } from './received.ts';
import { sendRoom } from './send-buffer.ts';
import { isIn, MAY_SEND, TcpState } from './states.ts';
import { setIdle, startKeepAlive } from './timers.ts';
import { readableBytes } from './urgent.ts';
import { adjustSpace } from './window.ts';

/** Takes as much as the send buffer has room for. */
export function write(c: Connection, bytes: Uint8Array, start: number, end: number): number {
  const length = Math.min(end - start, Math.max(0, sendRoom(c)));
  if (length < end - start) c.wantsRoom = true;
  if (length === 0) return 0;
  c.tcp.enter();
  const { unacked } = c;
  const first = (c.writeSeq - unacked) | 0;
  c.sending.reserve(first, unacked, unacked + length);
  c.sending.write(c.writeSeq, bytes, start, start + length);
  c.writeSeq = (c.writeSeq + length) | 0;
  c.pushSeq = c.writeSeq;
  push(c);
  c.tcp.leave();
  return length;
}

export function endRecord(c: Connection): void {
  if (c.writeSeq === c.sndNxt || c.finQueued || c.recordEnds?.at(-1) === c.writeSeq) return;
  if (c.recordEnds === null) c.recordEnds = [c.writeSeq];
  else c.recordEnds.push(c.writeSeq);
}

/** Sends what Nagle's algorithm or a cork has held back; with `force` also what is smaller than a segment. */
export function sendHeldBack(c: Connection, force: boolean): void {
  c.tcp.enter();
  push(c, force);
  c.tcp.leave();
}

export function peek(c: Connection, length: number): Uint8Array {
  return c.received.view(Math.min(length, readableBytes(c)));
}

export function read(c: Connection, into: Uint8Array, offset: number, length: number): number {
  const n = c.received.peek(into, offset, Math.min(length, readableBytes(c)));
  if (n > 0) consume(c, n);
  return n;
}

export function consume(c: Connection, length: number): void {
  c.received.consume(length);
  c.tcp.enter();
  adjustSpace(c);
  acknowledgeRead(c);
  c.tcp.leave();
}

export function keepAlive(c: Connection, isOn: boolean): void {
  c.keepAlive = isOn;
  if (isOn && c.state === TcpState.ESTABLISHED) startKeepAlive(c);
  else if (!isOn) c.idleDue = Infinity;
}

/** shutdown(SHUT_WR). */
export function shutdown(c: Connection): void {
  if (c.finQueued) return;
  c.tcp.enter();
  if (isIn(c.state, MAY_SEND)) {
    c.state = c.state === TcpState.ESTABLISHED ? TcpState.FIN_WAIT1 : TcpState.LAST_ACK;
    queueFin(c);
  } else if (c.state === TcpState.SYN_SENT) {
    c.tcp.end(c, null);
  } else if (c.state === TcpState.SYN_RECV) {
    c.state = TcpState.FIN_WAIT1;
    queueFin(c);
  }
  c.tcp.leave();
}

export function close(c: Connection): void {
  if (c.isOrphan || c.state === TcpState.CLOSED) return;
  const { tcp } = c;
  tcp.enter();
  c.listener = null;
  if (c.received.unread > 0 || c.received.hasGaps || c.linger === 0) {
    abort(c, null);
  } else {
    c.isOrphan = true;
    tcp.orphans++;
    shutdown(c);
    if (c.state === TcpState.FIN_WAIT2) setIdle(c, tcp.settings.finTimeoutUs);
    if (tcp.orphans > tcp.settings.maxOrphans) abort(c, null);
  }
  tcp.leave();
}

export function abort(c: Connection, code: NetErrorCode | null): void {
  if (c.state === TcpState.CLOSED || c.state === TcpState.TIME_WAIT) return;
  c.tcp.enter();
  sendReset(c);
  c.tcp.end(c, code);
  c.tcp.leave();
}
