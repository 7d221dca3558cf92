/**
 * Passive opens (RFC 9293 3.10.7.2, 3.10.7.4 in SYN-RECEIVED): a SYN for a listener makes a Handshake, a small entry that
 * repeats its SYN,ACK a few times; its acknowledgement makes the connection. Under pressure there is no entry at all
 * (syn-cookies.ts).
 */
import { call } from '../../base/call.ts';
import type { Timer } from '../../base/clock.ts';
import * as tcp from '../../wire/tcp.ts';
import { sendBare } from './answers.ts';
import { Connection } from './connection.ts';
import { Ecn } from './terms.ts';
import { endsOf, Flow, FlowKind, type Ends } from './flow.ts';
import { isOldTimestamp, isInWindow } from './acceptable.ts';
import type { Listener } from './listener.ts';
import { mtuToMss, syncMss } from './output.ts';
import { INITIAL_RTO_US, MAX_RTO_US } from './rtt.ts';
import type { Segment } from './segment.ts';
import { growSendBuffer } from './send-buffer.ts';
import { TcpState } from './states.ts';
import { checkCookie, makeCookie, optionsOfTimestamp, timestampWithOptions } from './syn-cookies.ts';
import type { Tcp } from './tcp.ts';
import { startKeepAlive } from './timers.ts';
import {
  begin,
  finish,
  synOptionsLength,
  TIMESTAMPS_SPACE,
  writeSynOptions,
  writeTcp,
  type SynOptions,
} from './transmit.ts';
import { initialWindow, largestBuffer, scaleFor, startWindow } from './window.ts';

const DEFAULT_MSS_4 = 536;
const DEFAULT_MSS_6 = 1220;
const MAX_WINDOW = 0xffff;
const MAX_SEGMENT = 0xffff;
/** For so long after the last cookie, acknowledgements are looked at as answers to one. */
const COOKIE_MEMORY_US = 120_000_000;

export class Handshake extends Flow {
  readonly listener: Listener;
  readonly device: number;
  readonly irs: number;
  readonly iss: number;
  readonly peerMss: number;
  readonly windowScale: number;
  readonly sackPermitted: boolean;
  readonly hasTimestamps: boolean;
  readonly ecn: boolean;
  readonly tsOffset: number;
  readonly typeOfService: number;
  readonly hopLimit = 0;
  readonly flowLabel: number;
  ipId = 0;
  tsRecent: number;
  rcvWnd = 0;
  rcvScale = 0;
  advMss = 0;
  sentAt = 0;
  retransmits = 0;
  /** The peer's acknowledgement came, and there was no place in the accept queue. */
  isAcknowledged = false;
  lastInvalidAck = -1;
  timer: Timer | null = null;

  constructor(
    listener: Listener,
    ends: Ends,
    segment: Segment,
    iss: number,
    device: number,
    tsOffset: number,
  ) {
    super(ends);
    const { settings } = listener.tcp;
    this.listener = listener;
    this.device = device;
    this.irs = segment.seq;
    this.iss = iss;
    const peerMss = segment.mss >= 0 ? segment.mss : ends.family === 4 ? DEFAULT_MSS_4 : DEFAULT_MSS_6;
    this.peerMss = Math.min(peerMss, listener.maxSegment || MAX_SEGMENT);
    this.windowScale = settings.windowScaling ? segment.windowScale : -1;
    this.sackPermitted = settings.sack && segment.sackPermitted;
    this.hasTimestamps = settings.timestamps && segment.hasTimestamps;
    const asksEcn = (segment.flags & (tcp.ECE | tcp.CWR)) === (tcp.ECE | tcp.CWR);
    this.ecn = asksEcn && settings.ecn !== 0 && segment.ecn === 0;
    this.tsOffset = tsOffset;
    this.tsRecent = segment.hasTimestamps ? segment.tsValue : 0;
    this.typeOfService = 0;
    this.flowLabel = listener.tcp.flowLabelOf(ends);
  }

  get kind(): FlowKind {
    return FlowKind.HANDSHAKE;
  }
}

// ── SYN ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A SYN for a listener. */
export function receiveSyn(
  owner: Tcp,
  listener: Listener,
  ends: Ends,
  segment: Segment,
  device: number,
): void {
  const { settings, secrets, clock } = owner;
  const wantsCookie = settings.synCookies === 2 || listener.isHandshakeQueueFull;
  if (wantsCookie && settings.synCookies === 0) return owner.countListenDrop();
  if (listener.isAcceptQueueFull) return owner.countListenDrop();
  // Without cookies, the last quarter of the queue is for peers known to be alive; nobody is known here.
  if (settings.synCookies === 0 && listener.handshakes >= settings.maxSynBacklog * 0.75)
    return owner.countListenDrop();
  const tsOffset = owner.timestampOffset(ends);
  if (wantsCookie) {
    const mss = segment.mss >= 0 ? segment.mss : ends.family === 4 ? DEFAULT_MSS_4 : DEFAULT_MSS_6;
    const cookie = makeCookie(secrets, ends, segment.seq, mss, clock.now);
    const handshake = new Handshake(listener, ends, segment, cookie, device, tsOffset);
    listener.cookiesUntil = clock.now + COOKIE_MEMORY_US;
    owner.counters.syncookiesSent++;
    return sendSynAck(owner, handshake, true);
  }
  const handshake = new Handshake(listener, ends, segment, owner.initialSequence(ends), device, tsOffset);
  owner.table.add(handshake);
  listener.handshakes++;
  sendSynAck(owner, handshake, false);
  schedule(owner, handshake);
}

function sendSynAck(owner: Tcp, handshake: Handshake, isCookie: boolean): void {
  const { host, settings } = owner;
  // Through the options' space first: the MSS that is announced depends on the way.
  const length = synOptionsLength(optionsOf(owner, handshake, isCookie));
  const pkt = begin(host, handshake, tcp.HEADER_LENGTH + length, handshake.device);
  if (pkt === null) return;
  if (handshake.advMss === 0) {
    const { listener } = handshake;
    handshake.advMss = Math.min(mtuToMss(handshake.family, pkt.routeMtu), listener.maxSegment || MAX_SEGMENT);
    const space = listener.receiveBuffer !== 0 ? listener.receiveBuffer : settings.rmem[1] >> 1;
    const mss = handshake.advMss - (handshake.hasTimestamps ? TIMESTAMPS_SPACE : 0);
    handshake.rcvWnd = initialWindow(space, mss, MAX_WINDOW);
    handshake.rcvScale =
      handshake.windowScale >= 0 ? scaleFor(largestBuffer(space, listener.receiveBuffer !== 0, settings)) : 0;
  }
  const options = optionsOf(owner, handshake, isCookie);
  const flags = tcp.SYN | tcp.ACK | (handshake.ecn ? tcp.ECE : 0);
  const { bytes, l4 } = pkt;
  writeTcp(
    bytes,
    l4,
    handshake.localPort,
    handshake.remotePort,
    handshake.iss,
    (handshake.irs + 1) | 0,
    flags,
    handshake.rcvWnd,
    tcp.HEADER_LENGTH + length,
    0,
  );
  writeSynOptions(bytes, l4 + tcp.HEADER_LENGTH, options);
  handshake.sentAt = owner.stamp;
  finish(host, pkt, handshake, handshake.typeOfService);
}

function optionsOf(owner: Tcp, handshake: Handshake, isCookie: boolean): SynOptions {
  const hasOptions = !isCookie || handshake.hasTimestamps;
  const now = owner.timestamp(handshake);
  return {
    mss: handshake.advMss,
    windowScale: handshake.windowScale >= 0 && hasOptions ? handshake.rcvScale : -1,
    sackPermitted: handshake.sackPermitted && hasOptions,
    hasTimestamps: handshake.hasTimestamps,
    tsValue: isCookie
      ? (timestampWithOptions((now - handshake.tsOffset) | 0, handshake) + handshake.tsOffset) | 0
      : now,
    tsEcho: handshake.tsRecent,
  };
}

function schedule(owner: Tcp, handshake: Handshake): void {
  const after = Math.min(INITIAL_RTO_US * 2 ** handshake.retransmits, MAX_RTO_US);
  handshake.timer = owner.clock.at(owner.clock.now + after, call(owner, 'wakeHandshake', handshake));
}

/** Its timer fired. */
export function repeatHandshake(owner: Tcp, handshake: Handshake): void {
  if (handshake.retransmits >= owner.settings.synackRetries) return dropHandshake(owner, handshake);
  handshake.retransmits++;
  sendSynAck(owner, handshake, false);
  schedule(owner, handshake);
}

export function dropHandshake(owner: Tcp, handshake: Handshake): void {
  handshake.timer?.cancel();
  handshake.timer = null;
  handshake.listener.handshakes--;
  owner.table.remove(handshake);
}

// ── What comes then ─────────────────────────────────────────────────────────────────────────────────────────────

/** A segment for a handshake under way; returns the connection that it made, which is still to be given the segment. */
export function receiveForHandshake(owner: Tcp, handshake: Handshake, segment: Segment): Connection | null {
  const { flags } = segment;
  const next = (handshake.irs + 1) | 0;
  const isOld = isOldTimestamp(owner, handshake, handshake.hasTimestamps, segment);
  if ((flags & (tcp.SYN | tcp.ACK | tcp.RST)) === tcp.SYN && segment.seq === handshake.irs && !isOld) {
    // Our answer was lost. Not too often, and the timer goes on as it was.
    if (!owner.challenges.isLimited(handshake)) sendSynAck(owner, handshake, false);
    return null;
  }
  if (isOld || !isInWindow(segment, next, Math.max(handshake.rcvWnd, 1))) {
    if ((flags & tcp.RST) === 0 && !owner.challenges.isLimited(handshake)) acknowledge(owner, handshake);
    return null;
  }
  if ((flags & tcp.RST) !== 0) {
    // RFC 5961 3.2: exactly the next sequence number, else it might be anybody's.
    if (segment.seq === next) dropHandshake(owner, handshake);
    else if (!owner.challenges.isLimited(handshake)) acknowledge(owner, handshake);
    return null;
  }
  if ((flags & tcp.SYN) !== 0) {
    dropHandshake(owner, handshake);
    owner.resetAnswer(segment);
    return null;
  }
  if ((flags & tcp.ACK) === 0) return null;
  if (segment.ack !== ((handshake.iss + 1) | 0)) {
    owner.resetAnswer(segment);
    return null;
  }
  if (handshake.listener.isAcceptQueueFull) return refuse(owner, handshake, segment);
  const connection = establish(owner, handshake, segment);
  dropHandshake(owner, handshake);
  offer(owner, handshake.listener, connection);
  return connection;
}

function refuse(owner: Tcp, handshake: Handshake, segment: Segment): null {
  owner.counters.listenOverflows++;
  if (owner.settings.abortOnOverflow) {
    dropHandshake(owner, handshake);
    owner.resetAnswer(segment);
  } else {
    handshake.isAcknowledged = true;
  }
  return null;
}

function acknowledge(owner: Tcp, handshake: Handshake): void {
  sendBare(owner.host, handshake, handshake.device, handshake.typeOfService, {
    seq: (handshake.iss + 1) | 0,
    ack: (handshake.irs + 1) | 0,
    flags: tcp.ACK,
    window: handshake.rcvWnd >>> handshake.rcvScale,
    timestamps: handshake.hasTimestamps
      ? { value: owner.timestamp(handshake), echo: handshake.tsRecent }
      : null,
  });
}

/** An acknowledgement for a listener without a handshake: it may bring back a cookie. */
export function receiveCookie(
  owner: Tcp,
  listener: Listener,
  ends: Ends,
  segment: Segment,
  device: number,
): Connection | null {
  const { settings, clock } = owner;
  if (settings.synCookies === 0) return null;
  if (settings.synCookies !== 2 && listener.cookiesUntil < clock.now) return null;
  const iss = (segment.ack - 1) | 0;
  const irs = (segment.seq - 1) | 0;
  const mss = checkCookie(owner.secrets, ends, irs, iss, clock.now);
  if (mss === 0) return null;
  owner.counters.syncookiesReceived++;
  if (listener.isAcceptQueueFull) {
    owner.counters.listenOverflows++;
    return null;
  }
  const tsOffset = owner.timestampOffset(ends);
  const options = segment.hasTimestamps ? optionsOfTimestamp((segment.tsEcho - tsOffset) | 0) : null;
  const syn: Segment = Object.assign(Object.create(segment) as Segment, {
    seq: irs,
    mss,
    windowScale: options?.windowScale ?? -1,
    sackPermitted: options?.sackPermitted ?? false,
    flags: options?.ecn === true ? tcp.SYN | tcp.ECE | tcp.CWR : tcp.SYN,
  });
  const handshake = new Handshake(listener, ends, syn, iss, device, tsOffset);
  const wayMss = mtuToMss(ends.family, owner.pathMtuTo(ends, device));
  handshake.advMss = Math.min(wayMss, listener.maxSegment || MAX_SEGMENT);
  const space = listener.receiveBuffer !== 0 ? listener.receiveBuffer : settings.rmem[1] >> 1;
  handshake.rcvWnd = initialWindow(space, handshake.advMss, MAX_WINDOW);
  handshake.rcvScale =
    handshake.windowScale >= 0 ? scaleFor(largestBuffer(space, listener.receiveBuffer !== 0, settings)) : 0;
  const connection = establish(owner, handshake, segment);
  offer(owner, listener, connection);
  return connection;
}

/** The connection of a handshake that is over. */
function establish(owner: Tcp, handshake: Handshake, segment: Segment): Connection {
  const ends = endsOf(handshake);
  const c = new Connection(owner, ends);
  const { listener } = handshake;
  c.state = TcpState.ESTABLISHED;
  c.device = handshake.device;
  c.iss = handshake.iss;
  c.sndUna = c.sndNxt = c.writeSeq = c.smallEnd = c.pushSeq = (handshake.iss + 1) | 0;
  c.irs = handshake.irs;
  c.received.begin((handshake.irs + 1) | 0);
  c.rcvWup = c.received.next;
  c.rcvWnd = handshake.rcvWnd;
  c.hasScaling = handshake.windowScale >= 0;
  c.rcvScale = c.hasScaling ? handshake.rcvScale : 0;
  c.sndScale = c.hasScaling ? handshake.windowScale : 0;
  c.sndWnd = segment.window << c.sndScale;
  c.maxWindow = c.sndWnd;
  c.sndWl1 = segment.seq;
  c.hasSack = handshake.sackPermitted;
  c.hasTimestamps = handshake.hasTimestamps;
  c.tsOffset = handshake.tsOffset;
  c.tsRecent = handshake.tsRecent;
  c.tsRecentAt = owner.seconds;
  c.ecn = handshake.ecn ? Ecn.OK : 0;
  c.flowLabel = handshake.flowLabel;
  c.ipId = handshake.ipId;
  c.peerMss = handshake.peerMss;
  c.advMss = handshake.advMss - (c.hasTimestamps ? TIMESTAMPS_SPACE : 0);
  c.rcvMss = Math.min(c.advMss, c.rcvWnd >> 1, DEFAULT_MSS_4) || DEFAULT_MSS_4;
  c.pathMtu = owner.pathMtuTo(ends, c.device);
  c.lastHeard = owner.clock.now;
  c.highSeq = c.sndNxt;
  inherit(c, listener);
  syncMss(c);
  startWindow(c);
  growSendBuffer(c);
  if (handshake.retransmits === 0 && handshake.sentAt !== 0)
    c.rtt.sample((owner.stamp - handshake.sentAt) | 0, owner.stamp, c.sndUna, c.sndNxt);
  owner.table.remove(handshake);
  owner.table.add(c);
  startKeepAlive(c);
  return c;
}

function inherit(c: Connection, listener: Listener): void {
  c.noDelay = listener.noDelay;
  c.keepAlive = listener.keepAlive;
  if (listener.receiveBuffer !== 0) c.setReceiveBuffer(listener.receiveBuffer);
  if (listener.sendBuffer !== 0) c.setSendBuffer(listener.sendBuffer);
}

function offer(owner: Tcp, listener: Listener, connection: Connection): void {
  listener.queue.push(connection);
  owner.counters.passiveOpens++;
  owner.announcements.announce(listener);
}
