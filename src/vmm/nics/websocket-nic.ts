/**
 * A guest on a WebSocket, one frame a binary message: what v86 speaks to a relay (`network_relay_url`, the back end that it
 * calls wsproxy), in a browser as in Node.
 *
 *     new V86({ …, net_device: { type: 'virtio', relay_url: 'ws://127.0.0.1:8081/' } })
 *
 * Any page that a browser shows can open WebSockets to this machine, so only pages of this machine, and those that are
 * named, may be guests. One guest at a time; a text message ends its connection.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { SluiceError } from '../../base/errors.ts';
import { MAX_FRAME_BYTES } from './frame-stream.ts';
import type { Nic, NicEvents } from './nic.ts';
import { QUEUE_BYTES } from './stream-nic.ts';

export interface WebSocketNicOptions {
  readonly host: string;
  readonly port: number;
  /** Origins of pages that may be guests, beside this machine's own. */
  readonly origins?: readonly string[];
  readonly complain?: (message: string) => void;
}

/** RFC 6455 7.4.1. */
const UNSUPPORTED_DATA = 1003;
const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export class WebSocketNic implements Nic {
  readonly name: string;
  /** Frames that the guest did not take. */
  dropped = 0;
  private readonly options: WebSocketNicOptions;
  private readonly server: Server;
  private readonly sockets: WebSocketServer;
  private events: NicEvents | null = null;
  private peer: WebSocket | null = null;

  constructor(options: WebSocketNicOptions) {
    this.options = options;
    this.name = `ws://${options.host}:${options.port}/`;
    this.server = createServer((_request, response) => response.writeHead(426).end());
    this.sockets = new WebSocketServer({
      server: this.server,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      verifyClient: ({ origin }: { origin?: string }) => this.mayCome(origin),
    });
    this.sockets.on('connection', (socket) => this.welcome(socket));
    // What becomes of the server is told by listening (start).
    this.sockets.on('error', () => {});
  }

  async start(events: NicEvents): Promise<void> {
    this.events = events;
    const { host, port } = this.options;
    await new Promise<void>((done, failed) => {
      this.server.once('error', (error) => failed(new SluiceError('NIC', `${this.name}: ${error.message}`)));
      this.server.listen({ host, port }, done);
    });
  }

  /** The port that was taken. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    const { peer } = this;
    if (peer === null || peer.bufferedAmount > QUEUE_BYTES) {
      this.dropped++;
      return false;
    }
    // The bytes are lent for the call, and the socket may keep them longer.
    peer.send(bytes.slice(start, end));
    return true;
  }

  async close(): Promise<void> {
    this.peer?.terminate();
    this.sockets.close();
    await new Promise((done) => this.server.close(done));
  }

  /** Programs name no origin; pages cannot help naming theirs. */
  private mayCome(origin: string | undefined): boolean {
    const { origins = [], complain } = this.options;
    if (origin !== undefined && !LOCAL.test(origin) && !origins.includes(origin)) {
      complain?.(`${this.name}: a page of another origin was turned away`);
      return false;
    }
    if (this.peer === null) return true;
    complain?.(`${this.name}: a guest is connected already; another was turned away`);
    return false;
  }

  private welcome(socket: WebSocket): void {
    this.peer = socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => {
      if (!isBinary || !Buffer.isBuffer(data)) return socket.close(UNSUPPORTED_DATA);
      if (data.length > 0) this.events!.frame(data, 0, data.length);
    });
    // The end of the connection says all that an error would.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.peer !== socket) return;
      this.peer = null;
      this.events!.link(false);
    });
    this.events!.link(true);
  }
}
