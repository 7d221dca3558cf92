/**
 * One connection: everything that is known of it (RFC 9293's transmission control block), and what an application may do
 * with it. What happens to it is in the files around: input.ts (segments), ack.ts and recovery.ts (acknowledgements and
 * losses), received.ts (data), output.ts (sending), timers.ts.
 *
 * Sequence numbers and the times called "stamps" (microseconds modulo 2^32) are signed integers, compared by the sign of
 * their difference. Times called "due" are those of the Clock.
 */
import type { Timer } from '../../base/clock.ts';
import { ByteRing } from './byte-ring.ts';
import * as calls from './calls.ts';
import { congestionControl, INFINITE_SSTHRESH, type CongestionControl } from './congestion/index.ts';
import { NetError, type NetErrorCode } from './errors.ts';
import { Flight } from './flight.ts';
import { Flow, FlowKind, type Ends } from './flow.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { RoundTrip } from './rtt.ts';
import { MAY_SEND, TcpState, isIn } from './states.ts';
import { INITIAL_WINDOW, Phase, TimerKind } from './terms.ts';
import type { Tcp } from './tcp.ts';

/** What an application is told. Calls come when the packet that caused them has been dealt with, never in between. */
export interface ConnectionEvents {
  onConnect?(connection: Connection): void;
  /** There are bytes to read. */
  onReadable?(connection: Connection): void;
  /** After a `write` that did not take everything: it would take more now. */
  onWritable?(connection: Connection): void;
  /** The peer will send no more; what it sent before may still be unread. */
  onEnd?(connection: Connection): void;
  /** The peer sent urgent data (RFC 9293 3.8.5). */
  onUrgent?(connection: Connection): void;
  /** It is over, `error` being why unless both sides closed it. Nothing comes after this. */
  onClose?(connection: Connection, error: NetError | null): void;
}

const MAX_SEGMENT_SIZE = 0xffff;

export class Connection extends Flow {
  readonly tcp: Tcp;
  state: TcpState = TcpState.CLOSED;
  /** The device that it is bound to, or that its link-local addresses belong to; 0 for any. */
  device = 0;

  // ── Sending (RFC 9293: SND.*) ───────────────────────────────────────────────────────────────────────────────
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  /** In bytes, scaled. */
  sndWnd = 0;
  /** The segment that last changed the window. */
  sndWl1 = 0;
  /** The largest window that the peer ever offered. */
  maxWindow = 0;
  sndScale = 0;
  /** One past the last byte that the application wrote. */
  writeSeq = 0;
  /** The application closed its side: a FIN follows the last byte. */
  finQueued = false;
  /** End of the last segment below the MSS that was sent (Minshall's form of Nagle). */
  smallEnd = 0;
  /** End of the bytes that were written in one piece last, where PSH goes. */
  pushSeq = 0;
  /** Ends of records among what was not sent yet (MSG_EOR), in order; null for none. No segment goes beyond one. */
  recordEnds: number[] | null = null;
  /** One past the urgent byte that was written last. */
  urgentOut = 0;
  readonly sending: ByteRing;
  readonly flight = new Flight();
  /** Payload of the largest segment to this peer, options of every segment already taken off. */
  mss = 536;
  /** What the peer said it takes, and before it has, what the application allows (TCP_MAXSEG). */
  peerMss = MAX_SEGMENT_SIZE;
  /** Bytes at layer 3 that the path takes. */
  pathMtu = 0;
  /** Black-hole detection (RFC 4821): the size that the search stands at, 0 while there is no search. */
  probedMtu = 0;
  /** Bytes that `write` takes before it says no. */
  sendBuffer: number;
  userSendBuffer = 0;
  /** `write` took less than it was given. */
  wantsRoom = false;

  // ── Receiving (RCV.*) ───────────────────────────────────────────────────────────────────────────────────────
  irs = 0;
  readonly received: ReceiveQueue;
  /** The window that was offered last, and the next sequence number then. */
  rcvWnd = 0;
  rcvWup = 0;
  rcvScale = 0;
  /** The MSS that we announced. */
  advMss = 536;
  /** Guess of the size of the peer's segments. */
  rcvMss = 536;
  /** Bytes of window that the buffer stands for. */
  rcvBuffer: number;
  userRcvBuffer = 0;
  /** What may be offered now; grows with what arrives. */
  rcvThreshold = 0;
  windowClamp = 0;
  finReceived = false;
  finSeq = 0;
  hasFinSeq = false;
  /** The urgent byte, while `urgentState` says that there is one. */
  urgentSeq = 0;
  /** 0 none, 1 announced, 2 here. */
  urgentState = 0;
  urgentByte = 0;
  /** Growing the buffer: bytes and time of the round trip that is being measured. */
  spaceSeq = 0;
  spaceStamp = 0;
  space = 0;
  rcvRtt8 = 0;
  rcvRttSeq = 0;
  rcvRttStamp = 0;

  // ── Acknowledging ───────────────────────────────────────────────────────────────────────────────────────────
  /** ACKs that go out at once; more than 0 at the start and after losses (quick ACK). */
  quickAcks = 0;
  /** Microseconds that an ACK is held back, 0 before the first data. */
  ackTimeout = 0;
  lastData = 0;
  isPingPong = false;
  ackPending = false;
  ackNow = false;
  /** A duplicate to report: its range, while `dsackPending`. */
  dsackPending = false;
  dsackStart = 0;
  dsackEnd = 0;
  /** When a segment out of window was last answered. */
  lastInvalidAck = -1;

  // ── Options agreed on ───────────────────────────────────────────────────────────────────────────────────────
  hasTimestamps = false;
  hasSack = false;
  hasScaling = false;
  tsOffset = 0;
  tsRecent = 0;
  /** Seconds of the clock when `tsRecent` was taken. */
  tsRecentAt = 0;
  ecn = 0;

  // ── Congestion and loss ─────────────────────────────────────────────────────────────────────────────────────
  readonly rtt = new RoundTrip();
  congestion: CongestionControl;
  phase: Phase = Phase.OPEN;
  cwnd = INITIAL_WINDOW;
  ssthresh = INFINITE_SSTHRESH;
  sackedOut = 0;
  lostOut = 0;
  retransOut = 0;
  reordering: number;
  reorderingSeen = false;
  /** Where sndNxt stood when the phase began. */
  highSeq = 0;
  /** Proportional rate reduction (RFC 6937). */
  priorCwnd = 0;
  prrDelivered = 0;
  prrOut = 0;
  /** The window before the last reduction, to go back to. */
  priorSsthresh = 0;
  undoMarker = 0;
  canUndo = false;
  undoRetrans = 0;
  /** Timestamp of the first retransmission since the reduction; 0 for none. */
  retransStamp = 0;
  /** F-RTO (RFC 5682) watches whether the timeout was needed. */
  isFrto = false;
  /** RACK (RFC 8985): when the last delivered segment was sent, and where it ends. */
  rackStamp: number;
  rackEnd = 0;
  rackRtt = 0;
  rackAdvanced = false;
  rackSteps = 1;
  rackPersist = 0;
  rackDsackSeen = false;
  rackLastDelivered = 0;
  /** End of the highest segment that was acknowledged selectively, while `sackedOut`. */
  highestSacked = 0;
  /** End of the tail loss probe in flight, while `hasProbe`. */
  probeEnd = 0;
  hasProbe = false;
  probeWasNew = false;
  delivered = 0;
  duplicateAcks = 0;
  /** The window was the limit in this round trip. */
  isWindowLimited = false;
  maxFlight = 0;
  maxFlightSeq = 0;
  lastSent = 0;

  // ── Timers ──────────────────────────────────────────────────────────────────────────────────────────────────
  timerKind: TimerKind = TimerKind.NONE;
  timerDue = Infinity;
  ackDue = Infinity;
  /** Keepalive; after the close, the wait for the other FIN. */
  idleDue = Infinity;
  wakeUp: Timer | null = null;
  backoff = 0;
  retransmits = 0;
  /** Timestamp of the first timeout since the last progress, while `retransmits`. */
  timeoutStamp = 0;
  probesOut = 0;
  /** When something was last heard of the peer. */
  lastHeard = 0;

  // ── The application ─────────────────────────────────────────────────────────────────────────────────────────
  listener: ConnectionEvents | null = null;
  /** Whatever the application keeps with it. */
  events = 0;
  /** The application has let go of it. */
  isOrphan = false;
  error: NetError | null = null;
  /** An ICMP error that might pass. */
  softError: NetError | null = null;
  noDelay = false;
  isCorked = false;
  keepAlive = false;
  /** Microseconds; 0 for the sysctl's. */
  keepAliveTimeUs = 0;
  /** Urgent bytes stay in the stream (SO_OOBINLINE). */
  urgentInline = false;
  /** Seconds that `close` may take to send what is left; -1 for as long as it takes (SO_LINGER off). */
  linger = -1;
  /** RFC 5482; 0 for none. Microseconds. */
  userTimeoutUs = 0;
  typeOfService = 0;
  hopLimit = 0;
  ipId = 0;
  flowLabel = 0;

  constructor(tcp: Tcp, ends: Ends) {
    super(ends);
    const { settings } = tcp;
    this.tcp = tcp;
    this.sending = new ByteRing(tcp.memory);
    this.received = new ReceiveQueue(tcp.memory, 0);
    this.congestion = congestionControl(tcp.congestion);
    this.reordering = settings.reordering;
    // Before whatever is sent.
    this.rackStamp = (tcp.stamp - 1) | 0;
    this.sendBuffer = settings.wmem[1];
    this.rcvBuffer = settings.rmem[1] >> 1;
    this.ipId = tcp.rng.u32() & 0xffff;
  }

  get kind(): FlowKind {
    return FlowKind.CONNECTION;
  }

  // ── What congestion controls see ────────────────────────────────────────────────────────────────────────────

  get packetsOut(): number {
    return this.flight.count;
  }

  get inFlight(): number {
    return this.flight.count - this.sackedOut - this.lostOut + this.retransOut;
  }

  get smoothedRtt(): number {
    return this.rtt.smoothed8 >> 3;
  }

  /** Bytes that the application wrote and the peer has not acknowledged. */
  get unacked(): number {
    const una = this.state === TcpState.SYN_SENT ? (this.iss + 1) | 0 : this.sndUna;
    return Math.max(0, (this.writeSeq - una) | 0);
  }

  get unread(): number {
    return this.received.unread;
  }

  // ── What an application does ────────────────────────────────────────────────────────────────────────────────

  /**
   * Queues bytes and sends what may be sent. Returns how many were taken: fewer than given when the send buffer is full
   * (`onWritable` says when to go on), -1 when the connection takes no more (`error` may say why).
   */
  write(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
    if (this.finQueued || this.isOrphan || !(isIn(this.state, MAY_SEND) || this.state === TcpState.SYN_SENT))
      return -1;
    return calls.write(this, bytes, start, end);
  }

  /** What was written so far is a record (MSG_EOR): it shares no segment with what is written behind it. */
  endRecord(): void {
    calls.endRecord(this);
  }

  /** Sends a byte that the peer is told to read before what stands before it (MSG_OOB). */
  writeUrgent(byte: number): boolean {
    const before = this.urgentOut;
    this.urgentOut = (this.writeSeq + 1) | 0 || 1;
    if (this.write(Uint8Array.of(byte)) === 1) return true;
    this.urgentOut = before;
    return false;
  }

  /** Copies up to `length` unread bytes to `into` and counts them as read. */
  read(into: Uint8Array, offset = 0, length: number = into.length - offset): number {
    return calls.read(this, into, offset, length);
  }

  /** Unread bytes in one piece, at most `length`, without a copy: good until the next packet. `consume` counts them as read. */
  peek(length = MAX_SEGMENT_SIZE): Uint8Array {
    return calls.peek(this, length);
  }

  consume(length: number): void {
    calls.consume(this, length);
  }

  /** Half close: a FIN follows what was written. Reading goes on. */
  shutdown(): void {
    calls.shutdown(this);
  }

  /**
   * Lets go of the connection. What was written is still sent and a FIN after it; unread bytes make it a reset
   * (RFC 9293 3.10.4, RFC 2525 2.17), and so does `linger` 0.
   */
  close(): void {
    calls.close(this);
  }

  /** Ends it at once, with a reset. */
  abort(): void {
    calls.abort(this, null);
  }

  /** Sends what Nagle's algorithm holds back; with `noDelay` from now on. */
  setNoDelay(noDelay: boolean): void {
    this.noDelay = noDelay;
    if (noDelay) calls.sendHeldBack(this, true);
  }

  /** TCP_CORK: only whole segments leave until it is taken off. */
  setCork(isCorked: boolean): void {
    this.isCorked = isCorked;
    if (!isCorked) calls.sendHeldBack(this, false);
  }

  /** SO_KEEPALIVE; `afterUs` of silence, 0 for the sysctl's. */
  setKeepAlive(isOn: boolean, afterUs = 0): void {
    this.keepAliveTimeUs = afterUs;
    calls.keepAlive(this, isOn);
  }

  /** SO_RCVBUF and SO_SNDBUF, in bytes of payload; the buffer does not grow by itself any more. */
  setReceiveBuffer(bytes: number): void {
    this.userRcvBuffer = bytes;
    this.rcvBuffer = bytes;
  }

  setSendBuffer(bytes: number): void {
    this.userSendBuffer = bytes;
    this.sendBuffer = bytes;
  }

  setCongestionControl(name: string): void {
    this.congestion = congestionControl(name);
  }

  fail(code: NetErrorCode): void {
    this.error = new NetError(code);
  }
}
