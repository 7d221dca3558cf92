/**
 * A port that is listened on, its handshakes under way and the connections that wait to be accepted. Both queues are
 * bounded by the backlog; what comes when they are full is what Linux does then (tcp_syncookies,
 * tcp_abort_on_overflow).
 */
import type { Family } from '../../netfilter/hook.ts';
import type { Connection } from './connection.ts';
import type { Tcp } from './tcp.ts';

export interface ListenOptions {
  readonly port: number;
  /** The address listened on, 4 words; none for any. */
  readonly address?: Int32Array | undefined;
  /** Without an address: of one family only. */
  readonly family?: Family | undefined;
  readonly backlog?: number | undefined;
  /** Called when a connection can be accepted. */
  readonly onConnection?: ((listener: Listener) => void) | undefined;
}

const DEFAULT_BACKLOG = 511;

export class Listener {
  readonly tcp: Tcp;
  readonly port: number;
  /** 0 for both. */
  readonly family: Family | 0;
  readonly address: Int32Array | undefined;
  backlog: number;
  readonly onConnection: ((listener: Listener) => void) | undefined;
  /** Handshakes that have not come to their end. */
  handshakes = 0;
  readonly queue: Connection[] = [];
  isClosed = false;
  /** A cookie was sent a short while ago: acknowledgements without a handshake may be answers to one. */
  cookiesUntil = 0;
  /** What accepted connections begin with (an option set before `listen` is inherited). */
  receiveBuffer = 0;
  /** The largest segment, either way (TCP_MAXSEG); 0 for what the path takes. */
  maxSegment = 0;
  sendBuffer = 0;
  noDelay = false;
  keepAlive = false;

  constructor(tcp: Tcp, options: ListenOptions) {
    this.tcp = tcp;
    this.port = options.port;
    this.family = options.family ?? 0;
    this.address = options.address;
    this.backlog = Math.min(options.backlog ?? DEFAULT_BACKLOG, tcp.settings.somaxconn);
    this.onConnection = options.onConnection;
  }

  matches(family: number, w0: number, w1: number, w2: number, w3: number): boolean {
    if (this.family !== 0 && this.family !== family) return false;
    const { address } = this;
    if (address === undefined) return true;
    return address[0] === w0 && address[1] === w1 && address[2] === w2 && address[3] === w3;
  }

  /** As Linux counts: a backlog of n holds n + 1. */
  get isAcceptQueueFull(): boolean {
    return this.queue.length > this.backlog;
  }

  get isHandshakeQueueFull(): boolean {
    return this.handshakes >= Math.max(1, this.backlog);
  }

  /** The next connection whose handshake is over, if there is one. */
  accept(): Connection | undefined {
    return this.queue.shift();
  }

  /** No more connections; those that nobody accepted are reset. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.tcp.closeListener(this);
  }
}
