/**
 * TCP of one host: its connections, listeners and ports, what the host gives it (segments, ICMP errors) and what
 * applications ask of it. The life of a connection is in the files around; here is where it begins and ends.
 *
 *     const tcp = new Tcp(host);                       // the host delivers TCP here from now on
 *     tcp.listen({ port: 80, onConnection: … });
 *     const connection = tcp.connect({ family: 4, remote, remotePort: 80 }, events);
 */
import type { Clock } from '../../base/clock.ts';
import type { Rng } from '../../base/rng.ts';
import type { Family } from '../../netfilter/hook.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import { attachTcp } from '../transport.ts';
import { resetTcp } from '../tcp-reset.ts';
import { Acked } from './acked.ts';
import { RingMemory } from './byte-ring.ts';
import { Connection, Event, type ConnectionEvents } from './connection.ts';
import { NetError, type NetErrorCode } from './errors.ts';
import { CARRIES_SYN } from './flight.ts';
import { FlowKind, FlowTable, type Ends } from './flow.ts';
import type { Handshake } from './handshake.ts';
import { dropHandshake, receiveCookie, receiveForHandshake, receiveSyn } from './handshake.ts';
import { receiveSegment } from './input.ts';
import { Listener, type ListenOptions } from './listener.ts';
import { mtuToMss, push, queueFin, retransmitLost, sendAck, sendReset, syncMss } from './output.ts';
import { acknowledgeRead } from './received.ts';
import { portsOf, Purpose, Secrets } from './secrets.ts';
import { Segment } from './segment.ts';
import { sendRoom } from './send-buffer.ts';
import { MAY_SEND, OPENING, TcpState, isIn } from './states.ts';
import { TcpSettings } from './sysctls.ts';
import type { TimeWait } from './time-wait.ts';
import { TimeWaits, TimeWaitVerdict } from './time-wait.ts';
import { onWake } from './timeouts.ts';
import { armRetransmit, setIdle, startKeepAlive, stopTimers } from './timers.ts';
import { sendSyn } from './transmit.ts';
import { readableBytes } from './urgent.ts';
import { adjustSpace, initialWindow, largestBuffer, scaleFor } from './window.ts';

const US_PER_MS = 1000;
const US_PER_SECOND = 1_000_000;
/** Linux counts initial sequence numbers up every 64 ns. */
const SEQUENCE_TICKS_PER_US = 1000 / 64;
const ANY = new Int32Array(4);
const MAX_PORT = 65535;
/** The answer of `Tcp.claim` that there is no answer yet. */
export const WAIT = 'wait';
const MIN_PATH_MTU_4 = 552;

/** What is counted, by the names of /proc/net/snmp and netstat where there is one. */
export interface TcpCounters {
  activeOpens: number;
  passiveOpens: number;
  retransmitted: number;
  outOfWindow: number;
  outOfOrderDropped: number;
  challengeAcks: number;
  listenOverflows: number;
  listenDrops: number;
  syncookiesSent: number;
  syncookiesReceived: number;
}

export interface ConnectOptions {
  readonly family: Family;
  readonly remote: Int32Array;
  readonly remotePort: number;
  /** None: the address that routing chooses. */
  readonly local?: Int32Array | undefined;
  /** 0: a free one. */
  readonly localPort?: number | undefined;
  /** Bound to a device (SO_BINDTODEVICE), or which link a link-local address is on. */
  readonly device?: Device | undefined;
}

export class Tcp {
  readonly host: Host;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly settings: TcpSettings;
  readonly memory = new RingMemory();
  readonly table: FlowTable;
  readonly secrets: Secrets;
  readonly timeWaits: TimeWaits;
  /** The congestion control of new connections (net.ipv4.tcp_congestion_control). */
  congestion = 'cubic';
  readonly counters: TcpCounters = {
    activeOpens: 0,
    passiveOpens: 0,
    retransmitted: 0,
    outOfWindow: 0,
    outOfOrderDropped: 0,
    challengeAcks: 0,
    listenOverflows: 0,
    listenDrops: 0,
    syncookiesSent: 0,
    syncookiesReceived: 0,
  };
  /** The segment and the acknowledgement that are being worked on. */
  readonly segment = new Segment();
  readonly acked = new Acked();
  /** Now, in microseconds modulo 2^32 and in seconds. */
  stamp = 0;
  seconds = 0;

  /**
   * Asked about a segment that opens a connection to a port that nobody listens on (a relay stands in for others): who
   * takes it, or WAIT while that is being found out; nobody hears anything until then.
   */
  claim: ((pkt: PacketBuffer) => Listener | typeof WAIT | undefined) | null = null;

  private readonly epoch: number;
  private readonly listeners = new Map<number, Listener[]>();
  private readonly told: Connection[] = [];
  private readonly announced: Listener[] = [];
  private isTelling = false;
  private orphans = 0;
  private challengeSecond = -Infinity;
  private challengesLeft = 0;
  private portOffset = 0;

  constructor(host: Host) {
    this.host = host;
    this.clock = host.clock;
    this.rng = host.rng;
    this.settings = new TcpSettings(host.sysctls);
    this.table = new FlowTable(host.rng.u32());
    this.secrets = new Secrets(host.rng);
    this.timeWaits = new TimeWaits(this);
    // Stamps begin just below zero, so that what compares them wrongly is found early.
    this.epoch = host.clock.now + US_PER_SECOND;
    this.tick();
    attachTcp(host, this);
  }

  // ── Time and chance ─────────────────────────────────────────────────────────────────────────────────────────

  private tick(): void {
    const sinceEpoch = this.clock.now - this.epoch;
    this.stamp = sinceEpoch | 0;
    this.seconds = Math.floor(sinceEpoch / US_PER_SECOND);
  }

  /** The clock of a flow's timestamps: milliseconds with an offset that only we know (RFC 7323 5.4). */
  timestamp(flow: { readonly tsOffset: number }): number {
    return (Math.floor((this.clock.now - this.epoch) / US_PER_MS) + flow.tsOffset) | 0;
  }

  timestampOffset(ends: Ends): number {
    return this.secrets.hash(ends, 0, 0, Purpose.TIMESTAMP);
  }

  initialSequence(ends: Ends): number {
    return (
      (this.secrets.hash(ends, portsOf(ends), 0, Purpose.SEQUENCE) + this.clock.now * SEQUENCE_TICKS_PER_US) |
      0
    );
  }

  flowLabelOf(ends: Ends): number {
    if (ends.family === 4 || this.host.sysctls.get('net.ipv6.auto_flowlabels') === 0) return 0;
    return this.secrets.hash(ends, portsOf(ends), 0, Purpose.FLOW_LABEL) & 0xfffff;
  }

  get isShortOfMemory(): boolean {
    return this.memory.inUse > this.settings.memoryLimit;
  }

  /** Around everything that is done from outside: time stands still within, and applications are told at the end. */
  enter(): void {
    this.host.enter();
    this.tick();
    this.settings.refresh();
  }

  leave(): void {
    this.host.leave();
  }

  wake(c: Connection): void {
    this.enter();
    onWake(c);
    this.leave();
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A segment for this host, checked as far as its checksum. False when nobody wants it: the host answers with a reset. */
  receive(pkt: PacketBuffer): boolean {
    this.tick();
    this.settings.refresh();
    const { segment } = this;
    segment.read(pkt);
    const flow = this.table.find(
      pkt.family,
      pkt.dst0,
      pkt.dst1,
      pkt.dst2,
      pkt.dst3,
      pkt.dport,
      pkt.src0,
      pkt.src1,
      pkt.src2,
      pkt.src3,
      pkt.sport,
    );
    if (flow === null) return this.receiveUnknown(pkt, segment);
    switch (flow.kind) {
      case FlowKind.CONNECTION:
        receiveSegment(flow as Connection, segment);
        return true;
      case FlowKind.HANDSHAKE: {
        const connection = receiveForHandshake(this, flow as Handshake, segment);
        if (connection !== null) receiveSegment(connection, segment);
        return true;
      }
      default:
        if (this.timeWaits.receive(flow as TimeWait, segment) === TimeWaitVerdict.DONE) return true;
        return this.receiveUnknown(pkt, segment);
    }
  }

  private receiveUnknown(pkt: PacketBuffer, segment: Segment): boolean {
    const { flags } = segment;
    const listener =
      this.listenerFor(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, pkt.dport) ??
      ((flags & (tcp.SYN | tcp.ACK | tcp.RST | tcp.FIN)) === tcp.SYN ? this.claim?.(pkt) : undefined);
    if (listener === undefined) return false;
    if (listener === WAIT || (flags & tcp.RST) !== 0) return true;
    const device = pkt.iif;
    const ends = endsOf(pkt);
    const link = isLinkLocal(ends) ? device : 0;
    if ((flags & tcp.ACK) !== 0) {
      const connection = (flags & tcp.SYN) === 0 ? receiveCookie(this, listener, ends, segment, link) : null;
      if (connection !== null) receiveSegment(connection, segment);
      return connection !== null;
    }
    if ((flags & tcp.SYN) !== 0 && (flags & tcp.FIN) === 0) receiveSyn(this, listener, ends, segment, link);
    return true;
  }

  /** An ICMP error about a segment of ours: `code` is what it means for the application, `isHard` that it will not pass. */
  icmpError(ends: Ends, seq: number, code: NetErrorCode, isHard: boolean): void {
    const flow = this.table.of(ends);
    if (flow === null || flow.kind === FlowKind.TIME_WAIT) return;
    if (flow.kind === FlowKind.HANDSHAKE) {
      const handshake = flow as Handshake;
      if (isHard && seq === handshake.iss) dropHandshake(this, handshake);
      return;
    }
    const c = flow as Connection;
    // Only somebody who saw our segments can say this (RFC 5927 4.1).
    if (((seq - c.sndUna) | 0) < 0 || ((seq - c.sndNxt) | 0) > 0) return;
    this.tick();
    if (isIn(c.state, OPENING) && isHard) this.end(c, code);
    else c.softError = new NetError(code);
  }

  /** Our segments are too large for the path (RFC 1191, RFC 8201). */
  packetTooBig(ends: Ends, seq: number, mtu: number): void {
    const flow = this.table.of(ends);
    if (flow === null || flow.kind !== FlowKind.CONNECTION) return;
    const c = flow as Connection;
    if (((seq - c.sndUna) | 0) < 0 || ((seq - c.sndNxt) | 0) > 0) return;
    if (mtu >= c.pathMtu) return;
    this.enter();
    c.pathMtu = Math.max(mtu, c.family === 4 ? Math.min(MIN_PATH_MTU_4, c.pathMtu) : 1280);
    syncMss(c);
    this.resendTooBig(c);
    this.leave();
  }

  /** What was sent too large was lost, but not to congestion: again, in smaller segments, with the same window. */
  private resendTooBig(c: Connection): void {
    const { flight } = c;
    let isAny = false;
    for (let index = 0; index < flight.count; index++) {
      const length = (flight.end(index) - flight.start(index)) | 0;
      if (length <= c.mss || (flight.flags(index) & 7) !== 0) continue;
      flight.mark(index, 2);
      c.lostOut++;
      isAny = true;
    }
    if (!isAny) return;
    c.highSeq = c.sndNxt;
    if (c.phase < 4) c.phase = 4;
    c.isFrto = false;
    retransmitLost(c);
  }

  // ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** RFC 5961: an acknowledgement that makes a true peer show itself, and an attacker no wiser. */
  challenge(c: Connection): void {
    if (this.isInvalidLimited(c)) return;
    if (this.challengeSecond !== this.seconds) {
      this.challengeSecond = this.seconds;
      const limit = this.settings.challengeLimit;
      // Half of it and chance, so that nobody can count what is left (CVE-2016-5696).
      this.challengesLeft = Math.ceil(limit / 2) + this.rng.below(Math.max(1, limit));
    }
    if (this.challengesLeft <= 0) return;
    this.challengesLeft--;
    this.counters.challengeAcks++;
    sendAck(c);
  }

  /** True when a segment out of window was answered for this flow a short time ago (tcp_invalid_ratelimit). */
  isInvalidLimited(flow: { lastInvalidAck: number }): boolean {
    const elapsed = (this.stamp - flow.lastInvalidAck) | 0;
    if (flow.lastInvalidAck !== -1 && elapsed >= 0 && elapsed < this.settings.invalidRateLimitUs) return true;
    flow.lastInvalidAck = this.stamp;
    return false;
  }

  /** A reset as the answer to a segment. */
  resetAnswer(segment: Segment): void {
    resetTcp(this.host, segment.pkt);
  }

  reset(c: Connection): void {
    sendReset(c);
  }

  // ── Listening ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws NetError EADDRINUSE. */
  listen(options: ListenOptions): Listener {
    const port = options.port === 0 ? this.freePort(() => true) : options.port;
    const sharing = this.listeners.get(port) ?? [];
    const listener = new Listener(this, { ...options, port });
    if (sharing.some((other) => overlap(other, listener))) throw new NetError('EADDRINUSE');
    this.listeners.set(port, [...sharing, listener]);
    return listener;
  }

  closeListener(listener: Listener): void {
    if (listener.isClosed) return;
    listener.isClosed = true;
    const rest = (this.listeners.get(listener.port) ?? []).filter((other) => other !== listener);
    if (rest.length > 0) this.listeners.set(listener.port, rest);
    else this.listeners.delete(listener.port);
    this.enter();
    for (const flow of [...this.table.entries()]) {
      if (flow.kind === FlowKind.HANDSHAKE && (flow as Handshake).listener === listener)
        dropHandshake(this, flow as Handshake);
    }
    for (let c = listener.accept(); c !== undefined; c = listener.accept()) this.abort(c, null);
    this.leave();
  }

  private listenerFor(
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    port: number,
  ): Listener | undefined {
    const candidates = this.listeners.get(port);
    if (candidates === undefined) return undefined;
    let best: Listener | undefined;
    for (const listener of candidates) {
      if (!listener.matches(family, w0, w1, w2, w3)) continue;
      if (best === undefined || (best.address === undefined && listener.address !== undefined))
        best = listener;
    }
    return best;
  }

  countListenDrop(): void {
    this.counters.listenDrops++;
  }

  // ── Connecting ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins an active open; throws NetError when it cannot even begin (no route, no port, ends in use). */
  connect(options: ConnectOptions, events: ConnectionEvents | null = null): Connection {
    this.enter();
    try {
      return this.open(options, events);
    } finally {
      this.leave();
    }
  }

  private open(options: ConnectOptions, events: ConnectionEvents | null): Connection {
    const { family, remote, remotePort } = options;
    const device = options.device?.index ?? 0;
    const probe = { family, local: options.local ?? ANY, localPort: 0, remote, remotePort };
    const way = this.host.wayTo(probe, options.device);
    if (way === undefined) throw new NetError(family === 4 ? 'ENETUNREACH' : 'EHOSTUNREACH');
    const local = options.local ?? way.source;
    if (local === undefined) throw new NetError('EADDRNOTAVAIL');
    const wanted = options.localPort ?? 0;
    const localPort = wanted !== 0 ? wanted : this.ephemeralPort({ ...probe, local });
    const ends: Ends = { family, local, localPort, remote, remotePort };
    if (!this.mayUse(ends, wanted !== 0)) throw new NetError('EADDRNOTAVAIL');
    const c = new Connection(this, ends);
    c.listener = events;
    c.device = device;
    this.begin(c, ends, way.mtu);
    return c;
  }

  private begin(c: Connection, ends: Ends, mtu: number): void {
    const { settings } = this;
    c.iss = this.initialSequence(ends);
    c.tsOffset = this.timestampOffset(ends);
    c.flowLabel = this.flowLabelOf(ends);
    c.sndUna = c.iss;
    c.sndNxt = c.writeSeq = c.smallEnd = c.pushSeq = c.highSeq = (c.iss + 1) | 0;
    c.pathMtu = Math.min(mtu, this.host.pathMtus.of(ends) || mtu);
    c.advMss = mtuToMss(c.family, mtu);
    c.rcvScale = settings.windowScaling
      ? scaleFor(largestBuffer(c.rcvBuffer, c.userRcvBuffer !== 0, settings))
      : 0;
    c.rcvWnd = initialWindow(c.rcvBuffer, c.advMss, 0xffff);
    c.state = TcpState.SYN_SENT;
    c.lastHeard = this.clock.now;
    this.counters.activeOpens++;
    this.table.add(c);
    sendSyn(c);
    c.flight.push(c.iss, c.sndNxt, this.stamp, CARRIES_SYN);
    armRetransmit(c);
  }

  /** Bytes that the way to the other end takes. */
  pathMtuTo(ends: Ends, device: number): number {
    const way = this.host.wayTo(ends, device === 0 ? undefined : this.host.devices.at(device));
    const mtu = way?.mtu ?? 576;
    return Math.min(mtu, this.host.pathMtus.of(ends) || mtu);
  }

  /** True when the ends are free; what is left of an old connection on them may give way. */
  private mayUse(ends: Ends, isNamed: boolean): boolean {
    const flow = this.table.of(ends);
    if (flow === null) return true;
    if (flow.kind !== FlowKind.TIME_WAIT) return false;
    const old = flow as TimeWait;
    const { timeWaitReuse } = this.settings;
    const isAllowed = timeWaitReuse === 1 || (timeWaitReuse === 2 && isLoopback(ends));
    // A second on, the timestamps tell the two apart.
    if (!old.hasTimestamps || (!isAllowed && !isNamed) || this.seconds - old.tsRecentAt < 1) return false;
    this.timeWaits.remove(old);
    return true;
  }

  /** RFC 6056 algorithm 4, in small: begins at a place that only we can foresee. */
  private ephemeralPort(ends: Ends): number {
    const offset = this.secrets.hash(ends, ends.remotePort, 0, Purpose.PORT) + this.portOffset++;
    return this.freePort((localPort) => this.mayUse({ ...ends, localPort }, false), offset);
  }

  private freePort(isFree: (port: number) => boolean, offset = this.rng.u32()): number {
    const { firstPort, lastPort } = this.settings;
    const count = lastPort - firstPort + 1;
    for (let i = 0; i < count; i++) {
      const port = firstPort + (((offset + i) >>> 0) % count);
      if (port <= MAX_PORT && !this.listeners.has(port) && isFree(port)) return port;
    }
    throw new NetError('EADDRNOTAVAIL');
  }

  // ── What applications do ────────────────────────────────────────────────────────────────────────────────────

  write(c: Connection, bytes: Uint8Array, start: number, end: number): number {
    const room = sendRoom(c);
    const length = Math.min(end - start, Math.max(0, room));
    if (length < end - start) c.wantsRoom = true;
    if (length === 0) return 0;
    this.enter();
    const { unacked } = c;
    const first = (c.writeSeq - unacked) | 0;
    c.sending.reserve(first, unacked, unacked + length);
    c.sending.write(c.writeSeq, bytes, start, start + length);
    c.writeSeq = (c.writeSeq + length) | 0;
    c.pushSeq = c.writeSeq;
    push(c);
    this.leave();
    return length;
  }

  push(c: Connection, force = false): void {
    this.enter();
    push(c, force);
    this.leave();
  }

  peek(c: Connection, length: number): Uint8Array {
    return c.received.view(Math.min(length, readableBytes(c)));
  }

  read(c: Connection, into: Uint8Array, offset: number, length: number): number {
    const n = c.received.peek(into, offset, Math.min(length, readableBytes(c)));
    if (n > 0) this.consume(c, n);
    return n;
  }

  consume(c: Connection, length: number): void {
    c.received.consume(length);
    this.enter();
    adjustSpace(c);
    acknowledgeRead(c);
    this.leave();
  }

  setKeepAlive(c: Connection, isOn: boolean): void {
    c.keepAlive = isOn;
    if (isOn && c.state === TcpState.ESTABLISHED) startKeepAlive(c);
    else if (!isOn) c.idleDue = Infinity;
  }

  /** shutdown(SHUT_WR). */
  shutdown(c: Connection): void {
    if (c.finQueued) return;
    this.enter();
    if (isIn(c.state, MAY_SEND)) {
      c.state = c.state === TcpState.ESTABLISHED ? TcpState.FIN_WAIT1 : TcpState.LAST_ACK;
      queueFin(c);
    } else if (c.state === TcpState.SYN_SENT) {
      this.end(c, null);
    } else if (c.state === TcpState.SYN_RECV) {
      c.state = TcpState.FIN_WAIT1;
      queueFin(c);
    }
    this.leave();
  }

  close(c: Connection): void {
    if (c.isOrphan || c.state === TcpState.CLOSED) return;
    this.enter();
    c.listener = null;
    const isUnread = c.received.unread > 0 || c.received.hasGaps;
    if (isUnread || c.linger === 0) {
      this.abort(c, null);
    } else {
      this.orphan(c);
      this.shutdown(c);
      if (c.state === TcpState.FIN_WAIT2) setIdle(c, this.settings.finTimeoutUs);
      if (this.orphans > this.settings.maxOrphans) this.abort(c, null);
    }
    this.leave();
  }

  private orphan(c: Connection): void {
    c.isOrphan = true;
    this.orphans++;
  }

  abort(c: Connection, code: NetErrorCode | null): void {
    if (c.state === TcpState.CLOSED || c.state === TcpState.TIME_WAIT) return;
    this.enter();
    sendReset(c);
    this.end(c, code);
    this.leave();
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** It ends here and now, `code` being why. */
  end(c: Connection, code: NetErrorCode | null): void {
    if (code !== null) c.fail(code);
    this.finish(c);
  }

  /** Both sides have closed, or it has failed: nothing of it remains. */
  finish(c: Connection): void {
    if (c.state === TcpState.CLOSED) return;
    c.state = TcpState.CLOSED;
    this.forget(c);
  }

  /** Both sides have closed, this one first. */
  timeWait(c: Connection): void {
    c.state = TcpState.TIME_WAIT;
    this.forget(c);
    this.timeWaits.add(c);
  }

  private forget(c: Connection): void {
    stopTimers(c);
    this.table.remove(c);
    c.flight.clear();
    c.sackedOut = c.lostOut = c.retransOut = 0;
    c.sending.release();
    if (c.isOrphan) {
      this.orphans--;
      c.received.release();
    }
    this.notify(c, Event.CLOSE);
  }

  // ── Telling applications ────────────────────────────────────────────────────────────────────────────────────

  notify(c: Connection, event: number): void {
    if (c.events === 0) this.told.push(c);
    c.events |= event;
  }

  announce(listener: Listener): void {
    this.announced.push(listener);
  }

  /** The host calls it when it has nothing else to do. */
  tellApplications(): void {
    if (this.isTelling || (this.told.length === 0 && this.announced.length === 0)) return;
    this.isTelling = true;
    try {
      while (this.told.length > 0 || this.announced.length > 0) {
        for (let i = 0; i < this.announced.length; i++) tellListener(this.announced[i]!);
        this.announced.length = 0;
        // More may be added while it is gone through.
        for (let i = 0; i < this.told.length; i++) tell(this.told[i]!);
        this.told.length = 0;
      }
    } finally {
      this.isTelling = false;
    }
  }
}

function tellListener(listener: Listener): void {
  if (listener.queue.length > 0) listener.onConnection?.(listener);
}

function tell(c: Connection): void {
  const { events, listener } = c;
  c.events = 0;
  if (listener === null) return;
  if ((events & Event.CONNECT) !== 0) listener.onConnect?.(c);
  if ((events & Event.URGENT) !== 0) listener.onUrgent?.(c);
  if ((events & Event.READABLE) !== 0) listener.onReadable?.(c);
  if ((events & Event.WRITABLE) !== 0) listener.onWritable?.(c);
  if ((events & Event.END) !== 0) listener.onEnd?.(c);
  if ((events & Event.CLOSE) !== 0) listener.onClose?.(c, c.error);
}

function endsOf(pkt: PacketBuffer): Ends {
  return {
    family: pkt.family === 6 ? 6 : 4,
    local: Int32Array.of(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3),
    localPort: pkt.dport,
    remote: Int32Array.of(pkt.src0, pkt.src1, pkt.src2, pkt.src3),
    remotePort: pkt.sport,
  };
}

function isLinkLocal(ends: Ends): boolean {
  return ends.family === 6 && (ends.remote[0]! & 0xffc00000) === (0xfe800000 | 0);
}

function isLoopback(ends: Ends): boolean {
  return ends.family === 4 ? ends.remote[0]! >>> 24 === 127 : ends.remote[3] === 1 && ends.remote[0] === 0;
}

function overlap(a: Listener, b: Listener): boolean {
  if (a.family !== 0 && b.family !== 0 && a.family !== b.family) return false;
  if (a.address === undefined || b.address === undefined) return true;
  return a.address.every((word, i) => word === b.address![i]);
}
