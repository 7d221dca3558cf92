/** What scripts call sockets by: their descriptors, and the options that are set on them. */
import type { Connection } from '../../../../src/stack/tcp/connection.ts';
import type { Listener } from '../../../../src/stack/tcp/index.ts';
import type { UdpSocket } from '../../../../src/stack/udp/index.ts';
import type { Epoll } from './epoll.ts';
import { ScriptError } from './script.ts';

const US_PER_SECOND = 1_000_000;
const US_PER_MS = 1_000;
/** SOCK_MIN_SNDBUF. */
const LEAST_SEND_BUFFER = 4608;

export class Descriptor {
  readonly isDatagram: boolean;
  isNonBlocking: boolean;
  /** 0 until it is bound. */
  port = 0;
  connection: Connection | null = null;
  listener: Listener | null = null;
  socket: UdpSocket | null = null;
  epoll: Epoll | null = null;
  fileSize = 0;
  /** Of TCP: `connect` has told how it ended. */
  isConnected = false;
  /** SHUT_RD. */
  isReadShut = false;
  /** TCP_CONGESTION. */
  congestion: string | null = null;
  /** Options that were set before there was a connection to have them, and what `getsockopt` says. */
  readonly settings = new Map<string, number>();

  constructor(isDatagram: boolean, isNonBlocking: boolean) {
    this.isDatagram = isDatagram;
    this.isNonBlocking = isNonBlocking;
  }

  set(option: string, value: number): void {
    if (!KNOWN.has(option) && !WITHOUT_EFFECT.has(option))
      throw new ScriptError(`socket option ${option} is not known here`);
    this.settings.set(option, value);
    if (this.connection !== null) apply(this.connection, option, value);
    if (this.listener !== null && option === 'TCP_MAXSEG') this.listener.maxSegment = value;
    if (this.listener !== null && option === 'SO_RCVBUF') this.listener.receiveBuffer = value;
    if (this.socket !== null && option === 'SO_BROADCAST') this.socket.mayBroadcast = value !== 0;
  }

  /** Gives a connection what was set before there was one. */
  applySettings(connection: Connection): void {
    for (const [option, value] of this.settings) apply(connection, option, value);
  }

  /** The error that waits to be told, taken. */
  takeError(): string | undefined {
    const owner = this.connection ?? this.socket;
    const code = owner?.error?.code;
    if (this.socket !== null) this.socket.error = null;
    return code;
  }

  get(option: string): number {
    const c = this.connection;
    switch (option) {
      // Linux counts its own use of memory in, and says twice what was set.
      case 'SO_SNDBUF':
      case 'SO_RCVBUF': {
        const value = this.settings.get(option);
        if (value === undefined)
          throw new ScriptError(`the default of ${option} is Linux's memory accounting`);
        return 2 * value;
      }
      case 'TCP_MAXSEG':
        return c?.mss ?? this.settings.get(option) ?? 536;
      case 'SO_ACCEPTCONN':
        return Number(this.listener !== null);
      case 'SO_TYPE':
        return this.isDatagram ? 2 : 1;
      default: {
        const value = this.settings.get(option);
        if (value === undefined) throw new ScriptError(`socket option ${option} is not known here`);
        return value;
      }
    }
  }
}

/** They change nothing that stands in a script, or only what Linux does within itself. */
const WITHOUT_EFFECT = new Set([
  'SO_REUSEADDR',
  'SO_REUSEPORT',
  'SO_PRIORITY',
  'SO_MARK',
  'SO_ZEROCOPY',
  'SO_MAX_PACING_RATE',
  'IP_FREEBIND',
  'IP_RECVERR',
  'IPV6_RECVERR',
  'IPV6_V6ONLY',
  'TCP_FASTOPEN',
  'IP_BIND_ADDRESS_NO_PORT',
]);

const KNOWN = new Set([
  'TCP_MAXSEG',
  'TCP_INQ',
  'IP_LOCAL_PORT_RANGE',
  'TCP_NODELAY',
  'TCP_CORK',
  'SO_KEEPALIVE',
  'TCP_KEEPIDLE',
  'TCP_USER_TIMEOUT',
  'SO_LINGER',
  'SO_OOBINLINE',
  'SO_SNDBUF',
  'SO_RCVBUF',
  'SO_BROADCAST',
  'TCP_QUICKACK',
  'IP_TOS',
  'IPV6_TCLASS',
  'IP_TTL',
  'IPV6_UNICAST_HOPS',
]);

function apply(c: Connection, option: string, value: number): void {
  switch (option) {
    case 'TCP_NODELAY':
      return c.setNoDelay(value !== 0);
    case 'TCP_CORK':
      return c.setCork(value !== 0);
    case 'SO_KEEPALIVE':
      return c.setKeepAlive(value !== 0, c.keepAliveTimeUs);
    case 'TCP_KEEPIDLE':
      return c.setKeepAlive(c.keepAlive, value * US_PER_SECOND);
    case 'TCP_USER_TIMEOUT':
      c.userTimeoutUs = value * US_PER_MS;
      return;
    case 'SO_LINGER':
      c.linger = value;
      return;
    case 'SO_OOBINLINE':
      c.urgentInline = value !== 0;
      return;
    case 'SO_SNDBUF':
      return c.setSendBuffer(Math.max(2 * value, LEAST_SEND_BUFFER));
    case 'SO_RCVBUF':
      return c.setReceiveBuffer(value);
    case 'TCP_QUICKACK':
      c.isPingPong = value === 0;
      return;
    case 'IP_TOS':
    case 'IPV6_TCLASS':
      c.typeOfService = value;
      return;
    case 'IP_TTL':
    case 'IPV6_UNICAST_HOPS':
      c.hopLimit = value;
      return;
    default:
  }
}
