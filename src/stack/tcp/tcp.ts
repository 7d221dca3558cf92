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
import type { SocketFacts } from '../../netfilter/host-services.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import type { Host } from '../host.ts';
import { BOUND_SOCKET, OWN_SOCKET, WILDCARD_SOCKET } from '../socket-facts.ts';
import { resetTcp } from '../tcp-reset.ts';
import { attachTcp, type IcmpMeaning, type Transport } from '../transport.ts';
import { Acked } from './acked.ts';
import { freePort, openActively, type ConnectOptions } from './active-open.ts';
import { Announcements } from './announcements.ts';
import { RingMemory } from './byte-ring.ts';
import { abort } from './calls.ts';
import { Challenges } from './challenges.ts';
import type { Connection, ConnectionEvents } from './connection.ts';
import type { NetErrorCode } from './errors.ts';
import { endsOfSent, FlowKind, FlowTable, type Ends, type Flow } from './flow.ts';
import {
  dropHandshake,
  receiveCookie,
  receiveForHandshake,
  receiveSyn,
  repeatHandshake,
  type Handshake,
} from './handshake.ts';
import { isInFlight, takeError, takeTooBig } from './icmp-in.ts';
import { receiveSegment } from './input.ts';
import type { Listener, ListenOptions } from './listener.ts';
import { Listeners } from './listeners.ts';
import { sendReset } from './output.ts';
import { portsOf, Purpose, Secrets } from './secrets.ts';
import { Segment } from './segment.ts';
import { isIn, MAY_TRANSMIT, TcpState } from './states.ts';
import { TcpSettings } from './sysctls.ts';
import { Event } from './terms.ts';
import { TimeWaits, TimeWaitVerdict, type TimeWait } from './time-wait.ts';
import { onWake } from './timeouts.ts';
import { stopTimers } from './timers.ts';

const US_PER_MS = 1000;
const US_PER_SECOND = 1_000_000;
/** Linux counts initial sequence numbers up every 64 ns. */
const SEQUENCE_TICKS_PER_US = 1000 / 64;
/** The answer of `Tcp.claim` that there is no answer yet. */
export const WAIT = 'wait';
/** Where there is no way, what every host takes (RFC 791). */
const UNKNOWN_PATH_MTU = 576;

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

export class Tcp implements Transport {
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
  readonly listeners: Listeners;
  readonly announcements = new Announcements();
  readonly challenges = new Challenges(this);
  /** Connections that no application holds any more. */
  orphans = 0;
  /** Ports that were drawn, so that each search begins one further. */
  portsDrawn = 0;

  constructor(host: Host) {
    this.host = host;
    this.clock = host.clock;
    this.rng = host.rng;
    this.settings = new TcpSettings(host.sysctls);
    this.table = new FlowTable(host.rng.u32());
    this.secrets = new Secrets(host.rng);
    this.timeWaits = new TimeWaits(this);
    this.listeners = new Listeners(this);
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

  wakeHandshake(handshake: Handshake): void {
    this.enter();
    repeatHandshake(this, handshake);
    this.leave();
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A segment for this host, checked as far as its checksum. False when nobody wants it: the host answers with a reset. */
  receive(pkt: PacketBuffer): boolean {
    this.tick();
    this.settings.refresh();
    const { segment } = this;
    segment.read(pkt);
    const flow = this.flowOf(pkt);
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

  private flowOf(pkt: PacketBuffer): Flow | null {
    return this.table.find(
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
  }

  receiverOf(pkt: PacketBuffer): SocketFacts | null {
    if (this.flowOf(pkt) !== null) return BOUND_SOCKET;
    const listener = this.listeners.find(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, pkt.dport);
    if (listener === undefined) return null;
    return listener.address === undefined ? WILDCARD_SOCKET : BOUND_SOCKET;
  }

  senderOf(pkt: PacketBuffer): SocketFacts | null {
    const flow = this.table.of(endsOfSent(pkt));
    if (flow === null) return null;
    if (flow.kind === FlowKind.TIME_WAIT) return OWN_SOCKET;
    // A connection that its program closed is nobody's, once its FIN is out.
    const isLeft = flow.kind === FlowKind.CONNECTION && (flow as Connection).isOrphan;
    return isLeft && !isIn((flow as Connection).state, MAY_TRANSMIT) ? null : BOUND_SOCKET;
  }

  private receiveUnknown(pkt: PacketBuffer, segment: Segment): boolean {
    const { flags } = segment;
    const listener =
      this.listeners.find(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, pkt.dport) ??
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

  /** An ICMP error about a segment of ours. */
  icmpError(ends: Ends, seq: number, meaning: IcmpMeaning): void {
    takeError(this, ends, seq, meaning);
  }

  hasSent(ends: Ends, seq: number): boolean {
    const flow = this.table.of(ends);
    return flow !== null && flow.kind === FlowKind.CONNECTION && isInFlight(flow as Connection, seq);
  }

  /** Our segments are too large for the path. */
  packetTooBig(ends: Ends, seq: number, mtu: number): void {
    takeTooBig(this, ends, seq, mtu);
  }

  // ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** A reset as the answer to a segment. */
  resetAnswer(segment: Segment): void {
    resetTcp(this.host, segment.pkt);
  }

  reset(c: Connection): void {
    sendReset(c);
  }

  // ── Opening ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws NetError EADDRINUSE. */
  listen(options: ListenOptions): Listener {
    return this.listeners.add(options.port === 0 ? { ...options, port: freePort(this) } : options);
  }

  closeListener(listener: Listener): void {
    this.listeners.remove(listener);
    this.enter();
    for (const flow of [...this.table.entries()]) {
      if (flow.kind === FlowKind.HANDSHAKE && (flow as Handshake).listener === listener)
        dropHandshake(this, flow as Handshake);
    }
    for (let c = listener.accept(); c !== undefined; c = listener.accept()) abort(c, null);
    this.leave();
  }

  /** Begins an active open; throws NetError when it cannot even begin (no route, no port, ends in use). */
  connect(options: ConnectOptions, events: ConnectionEvents | null = null): Connection {
    this.enter();
    try {
      return openActively(this, options, events);
    } finally {
      this.leave();
    }
  }

  /** Bytes that the way to the other end takes. */
  pathMtuTo(ends: Ends, device: number): number {
    const way = this.host.wayTo(ends, device === 0 ? undefined : this.host.devices.at(device));
    return way?.mtu ?? UNKNOWN_PATH_MTU;
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
    this.announcements.notify(c, Event.CLOSE);
  }

  countListenDrop(): void {
    this.counters.listenDrops++;
  }

  /** The host calls it when it has nothing else to do. */
  tellApplications(): void {
    this.announcements.tell();
  }
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
