/**
 * Active opens (RFC 9293 3.10.1): the way to the other end, a port that is free, and the first SYN.
 */
import type { Family } from '../../netfilter/hook.ts';
import type { Device } from '../device.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import { NetError } from './errors.ts';
import { CARRIES_SYN } from './flight.ts';
import { FlowKind, type Ends } from './flow.ts';
import { mtuToMss } from './output.ts';
import { Purpose } from './secrets.ts';
import { TcpState } from './states.ts';
import type { Tcp } from './tcp.ts';
import type { TimeWait } from './time-wait.ts';
import { armRetransmit } from './timers.ts';
import { sendSyn } from './transmit.ts';
import { initialWindow, largestBuffer, scaleFor } from './window.ts';

const ANY = new Int32Array(4);
const MAX_PORT = 65535;
const MAX_UNSCALED_WINDOW = 0xffff;
const BEYOND_ANY_WINDOW = MAX_UNSCALED_WINDOW + 2;
const US_PER_MS = 1000;

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
  /** The largest segment, either way (TCP_MAXSEG). */
  readonly maxSegment?: number | undefined;
}

/** Throws NetError when it cannot even begin: no route, no address, no port. */
export function openActively(
  owner: Tcp,
  options: ConnectOptions,
  events: ConnectionEvents | null,
): Connection {
  const { family, remote, remotePort } = options;
  const device = options.device?.index ?? 0;
  const probe = { family, local: options.local ?? ANY, localPort: 0, remote, remotePort };
  const way = owner.host.wayTo(probe, options.device);
  if (way === undefined) throw new NetError(family === 4 ? 'ENETUNREACH' : 'EHOSTUNREACH');
  const local = options.local ?? way.source;
  if (local === undefined) throw new NetError('EADDRNOTAVAIL');
  const wanted = options.localPort ?? 0;
  const localPort = wanted !== 0 ? wanted : ephemeralPort(owner, { ...probe, local });
  const ends: Ends = { family, local, localPort, remote, remotePort };
  if (!mayUse(owner, ends, wanted !== 0)) throw new NetError('EADDRNOTAVAIL');
  const c = new Connection(owner, ends);
  c.listener = events;
  c.device = device;
  if (options.maxSegment !== undefined) c.peerMss = options.maxSegment;
  begin(owner, c, ends, way.mtu);
  return c;
}

function begin(owner: Tcp, c: Connection, ends: Ends, mtu: number): void {
  const { settings } = owner;
  c.iss = owner.initialSequence(ends);
  follow(owner, c, ends);
  c.tsOffset = owner.timestampOffset(ends);
  c.flowLabel = owner.flowLabelOf(ends);
  c.sndUna = c.iss;
  c.sndNxt = c.writeSeq = c.smallEnd = c.pushSeq = c.highSeq = (c.iss + 1) | 0;
  c.pathMtu = mtu;
  c.advMss = Math.min(mtuToMss(c.family, mtu), c.peerMss);
  c.rcvScale = settings.windowScaling
    ? scaleFor(largestBuffer(c.rcvBuffer, c.userRcvBuffer !== 0, settings))
    : 0;
  c.rcvWnd = initialWindow(c.rcvBuffer, c.advMss, MAX_UNSCALED_WINDOW);
  c.state = TcpState.SYN_SENT;
  c.lastHeard = owner.clock.now;
  owner.counters.activeOpens++;
  owner.table.add(c);
  sendSyn(c);
  c.flight.push(c.iss, c.sndNxt, owner.stamp, CARRIES_SYN);
  armRetransmit(c);
}

/** True when the ends are free, or what is left of an old connection on them may give way. */
function mayUse(owner: Tcp, ends: Ends, isNamed: boolean): boolean {
  const flow = owner.table.of(ends);
  if (flow === null) return true;
  if (flow.kind !== FlowKind.TIME_WAIT) return false;
  const old = flow as TimeWait;
  // The timestamps tell the two connections apart, of a port that the application asks for at once.
  if (!old.hasTimestamps || isNamed) return old.hasTimestamps;
  const { timeWaitReuse, timeWaitReuseDelayMs } = owner.settings;
  if (timeWaitReuse === 0 || (timeWaitReuse === 2 && !isLoopback(ends))) return false;
  return toMs(owner.clock.now) > toMs(old.since) + timeWaitReuseDelayMs;
}

function toMs(us: number): number {
  return Math.floor(us / US_PER_MS);
}

/** What is left of an old connection on the ends of a new one goes, and tells it where to begin (Linux: tcp_twsk_unique). */
function follow(owner: Tcp, c: Connection, ends: Ends): void {
  const flow = owner.table.of(ends);
  if (flow === null) return;
  const old = flow as TimeWait;
  owner.timeWaits.remove(old);
  c.iss = (old.sndNxt + BEYOND_ANY_WINDOW) | 0;
  c.tsRecent = old.tsRecent;
  c.tsRecentAt = old.tsRecentAt;
}

/** RFC 6056 algorithm 4, in small: begins at a place that only we can foresee. */
function ephemeralPort(owner: Tcp, ends: Ends): number {
  const offset = owner.secrets.hash(ends, ends.remotePort, 0, Purpose.PORT) + owner.portsDrawn++;
  return freePort(owner, (localPort) => mayUse(owner, { ...ends, localPort }, false), offset);
}

/** A port that nobody listens on, out of ip_local_port_range. */
export function freePort(
  owner: Tcp,
  isFree: (port: number) => boolean = () => true,
  offset = owner.rng.u32(),
): number {
  const { firstPort, lastPort } = owner.settings;
  const count = lastPort - firstPort + 1;
  for (let i = 0; i < count; i++) {
    const port = firstPort + (((offset + i) >>> 0) % count);
    if (port <= MAX_PORT && !owner.listeners.has(port) && isFree(port)) return port;
  }
  throw new NetError('EADDRNOTAVAIL');
}

function isLoopback(ends: Ends): boolean {
  return ends.family === 4 ? ends.remote[0]! >>> 24 === 127 : ends.remote[3] === 1 && ends.remote[0] === 0;
}
