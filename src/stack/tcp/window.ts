/**
 * The receive window (RFC 9293 3.8.6): what is offered, and how the buffer behind it grows. Linux's way: the offer follows
 * a threshold that grows with the segments that arrive, up to the buffer; the buffer grows when the application reads
 * more in a round trip than before (dynamic right-sizing); and an offer is never taken back.
 */
import type { Connection } from './connection.ts';
import type { Segment } from './segment.ts';
import type { TcpSettings } from './sysctls.ts';

const MAX_UNSCALED = 0xffff;
const MAX_SCALE = 14;
/** Segments smaller than this say nothing about the room that larger ones would take. */
const MIN_GROWTH_SEGMENT = 128;
const INITIAL_SPACE_SEGMENTS = 10;

/** The window and the shift that a handshake offers. */
export function initialWindow(space: number, mss: number, largest: number): number {
  const rounded = space > mss ? Math.floor(space / mss) * mss : space;
  return Math.min(rounded, largest);
}

/** The shift that lets `space` bytes be said in 16 bits. */
export function scaleFor(space: number): number {
  let shift = 0;
  while (shift < MAX_SCALE && space >>> shift > MAX_UNSCALED) shift++;
  return shift;
}

/** What a receive buffer may grow to: one that the application has set stays as it is. */
export function largestBuffer(buffer: number, isFixed: boolean, settings: TcpSettings): number {
  return isFixed ? buffer : Math.max(buffer, settings.rmem[2]);
}

/** Bytes of the offer that are left. */
export function windowLeft(c: Connection): number {
  return Math.max(0, (c.rcvWup + c.rcvWnd - c.received.next) | 0);
}

/** The value for the header of the segment that is being sent. */
export function selectWindow(c: Connection): number {
  const current = windowLeft(c);
  let window = wantedWindow(c);
  if (window < current) window = alignUp(current, c.rcvScale);
  c.rcvWnd = Math.min(window, MAX_UNSCALED << c.rcvScale);
  c.rcvWup = c.received.next;
  return c.rcvWnd >>> c.rcvScale;
}

/** What would be offered if nothing had been (Linux: __tcp_select_window). */
export function wantedWindow(c: Connection): number {
  const full = Math.min(c.windowClamp, c.rcvBuffer);
  const mss = Math.min(c.rcvMss, full);
  let free = Math.min(full, c.rcvBuffer - c.received.unread);
  if (free < full >> 1) {
    c.quickAcks = 0;
    if (c.tcp.isShortOfMemory) c.rcvThreshold = Math.min(c.rcvThreshold, 4 * c.advMss);
    // Silly windows are not offered (RFC 9293 3.8.6.2.2).
    free = (free >> c.rcvScale) << c.rcvScale;
    if (free < full >> 4 || free < mss) return 0;
  }
  if (free > c.rcvThreshold) free = c.rcvThreshold;
  if (c.rcvScale > 0) return alignUp(free, c.rcvScale);
  let window = c.rcvWnd;
  if (window <= free - mss || window > free) window = Math.floor(free / mss) * mss;
  else if (mss === full && free > window + (full >> 1)) window = free;
  return window;
}

function alignUp(value: number, shift: number): number {
  const unit = 1 << shift;
  return (value + unit - 1) & -unit;
}

/** The window of a connection that begins. */
export function startWindow(c: Connection): void {
  c.windowClamp = MAX_UNSCALED << c.rcvScale;
  c.rcvThreshold = Math.min(c.rcvWnd, c.windowClamp);
  c.space = Math.min(c.rcvThreshold, INITIAL_SPACE_SEGMENTS * c.advMss);
  c.spaceSeq = c.received.copied;
  c.spaceStamp = c.tcp.stamp;
}

/** A data segment arrived in order: more may be offered (Linux: tcp_grow_window). */
export function growThreshold(c: Connection, length: number): void {
  if (length < MIN_GROWTH_SEGMENT || c.tcp.isShortOfMemory) return;
  const room = Math.min(c.windowClamp, c.rcvBuffer - c.received.unread) - c.rcvThreshold;
  if (room <= 0) return;
  c.rcvThreshold += Math.min(room, Math.max(2 * c.advMss, 2 * length));
  c.quickAcks |= 1;
}

/** The application read (Linux: tcp_rcv_space_adjust): once a round trip the buffer is fitted to what it reads. */
export function adjustSpace(c: Connection): void {
  const { tcp } = c;
  const elapsed = (tcp.stamp - c.spaceStamp) | 0;
  if (c.rcvRtt8 === 0 || elapsed < c.rcvRtt8 >> 3) return;
  const copied = (c.received.copied - c.spaceSeq) | 0;
  if (copied > c.space) {
    if (tcp.settings.moderateReceive && c.userRcvBuffer === 0) growBuffer(c, copied);
    c.space = copied;
  }
  c.spaceSeq = c.received.copied;
  c.spaceStamp = tcp.stamp;
}

function growBuffer(c: Connection, copied: number): void {
  // Twice what was read, so that the sender may double its window, and more while it still speeds up.
  let wanted = 2 * copied + 16 * c.advMss;
  wanted += 2 * Math.floor((wanted * (copied - c.space)) / c.space);
  const most = c.tcp.settings.rmem[2] >> 1;
  const buffer = Math.min(wanted, most);
  if (buffer > c.rcvBuffer && !c.tcp.isShortOfMemory) c.rcvBuffer = buffer;
}

// ── The round trip as the receiver sees it ──────────────────────────────────────────────────────────────────────

export function measureReceiveRtt(c: Connection, segment: Segment): void {
  const { tcp } = c;
  if (c.hasTimestamps && segment.hasTimestamps && segment.tsEcho !== 0) {
    if (segment.dataLength < c.rcvMss) return;
    const ms = (tcp.timestamp(c) - segment.tsEcho) | 0;
    if (ms >= 0 && ms < 60_000) updateReceiveRtt(c, Math.max(1, ms) * 1000, false);
    return;
  }
  // Without timestamps: the time that a whole window takes is at least one round trip.
  if (c.rcvRttStamp === 0) startReceiveRtt(c);
  else if (((c.received.next - c.rcvRttSeq) | 0) >= 0) {
    updateReceiveRtt(c, Math.max(1, (tcp.stamp - c.rcvRttStamp) | 0), true);
    startReceiveRtt(c);
  }
}

function startReceiveRtt(c: Connection): void {
  c.rcvRttSeq = (c.received.next + c.rcvWnd) | 0;
  c.rcvRttStamp = c.tcp.stamp === 0 ? 1 : c.tcp.stamp;
}

function updateReceiveRtt(c: Connection, us: number, isUpperBound: boolean): void {
  if (c.rcvRtt8 === 0) c.rcvRtt8 = us << 3;
  else if (!isUpperBound) c.rcvRtt8 += us - (c.rcvRtt8 >> 3);
  else if (us << 3 < c.rcvRtt8) c.rcvRtt8 = us << 3;
}
