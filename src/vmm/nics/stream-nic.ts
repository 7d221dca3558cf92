/**
 * A guest on a stream socket, as QEMU's `-netdev stream` (and `-netdev socket`) connects it, or passt's clients:
 *
 *     listening        qemu … -netdev stream,id=n0,server=off,addr.type=unix,addr.path=PATH,reconnect-ms=1000
 *     connecting       qemu … -netdev stream,id=n0,server=on,addr.type=unix,addr.path=PATH
 *
 * One guest at a time: while one is connected, others are turned away. When it goes, the next may come; a connecting NIC
 * tries again. What the guest does not read is dropped once QUEUE_BYTES wait.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { chmodSync, rmSync } from 'node:fs';
import { SluiceError } from '../../base/errors.ts';
import { BUFFERS } from '../buffer-pool.ts';
import { adopt, dial, Intake } from '../read-into.ts';
import { FrameReader, FrameWriter } from './frame-stream.ts';
import type { Nic, NicEvents } from './nic.ts';

/** Where the socket is: a path, or a TCP address. */
export type StreamAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export interface StreamNicOptions {
  readonly address: StreamAddress;
  /** False: connect to a VMM that listens. */
  readonly listen: boolean;
  /** What is wrong with a peer, for the log. */
  readonly complain?: (message: string) => void;
}

/** Bytes that may wait for a guest to read them. */
export const QUEUE_BYTES = 4 * 1024 * 1024;
const RECONNECT_MS = 500;
const PRIVATE = 0o600;

export class StreamNic implements Nic {
  readonly name: string;
  /** Frames that the guest did not take. */
  dropped = 0;
  private readonly options: StreamNicOptions;
  private readonly reader: FrameReader;
  private readonly writer: FrameWriter;
  private events: NicEvents | null = null;
  private server: Server | null = null;
  private peer: Socket | null = null;
  private retry: NodeJS.Timeout | null = null;
  private isClosed = false;
  private isFlushDue = false;

  constructor(options: StreamNicOptions) {
    this.options = options;
    this.name = describe(options.address);
    this.reader = new FrameReader((bytes, start, end) => this.events!.frame(bytes, start, end));
    this.writer = new FrameWriter((batch, length) => {
      const isGone = this.peer === null;
      if (isGone) BUFFERS.give(batch);
      else this.peer!.write(batch.subarray(0, length), () => BUFFERS.give(batch));
    });
  }

  start(events: NicEvents): Promise<void> {
    this.events = events;
    if (this.options.listen) return this.listen();
    this.dial();
    return Promise.resolve();
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    const { peer } = this;
    if (peer === null || peer.writableLength > QUEUE_BYTES) {
      this.dropped++;
      return false;
    }
    this.writer.add(bytes, start, end);
    if (!this.isFlushDue) {
      this.isFlushDue = true;
      // What is caused by one chunk of input leaves in one write.
      setImmediate(this.flush);
    }
    return true;
  }

  private readonly flush = (): void => {
    this.isFlushDue = false;
    this.writer.flush();
  };

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.retry !== null) clearTimeout(this.retry);
    this.peer?.destroy();
    const { server } = this;
    if (server !== null) await new Promise((done) => server.close(done));
  }

  // ── Connections ─────────────────────────────────────────────────────────────────────────────────────────────

  private async listen(): Promise<void> {
    const { address } = this.options;
    if ('path' in address) await removeStale(address.path);
    const server = createServer({ pauseOnConnect: true }, (socket) => this.welcome(socket));
    this.server = server;
    await new Promise<void>((done, failed) => {
      server.once('error', (error) => failed(new SluiceError('NIC', `${this.name}: ${error.message}`)));
      server.listen('path' in address ? { path: address.path } : address, () => {
        // Whoever can write here is the guest.
        if ('path' in address) chmodSync(address.path, PRIVATE);
        done();
      });
    });
  }

  private welcome(socket: Socket): void {
    if (this.peer !== null) {
      this.options.complain?.(`${this.name}: a guest is connected already; another was turned away`);
      socket.destroy();
      return;
    }
    const intake = new Intake();
    this.serve(adopt(socket, intake), intake);
  }

  private dial(): void {
    this.retry = null;
    const { address } = this.options;
    const intake = new Intake();
    const socket = dial('path' in address ? { path: address.path } : address, intake);
    // Until it stands, nobody hears what is wrong: the VMM may not have been started yet.
    socket.once('error', () => this.dialAgain());
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      this.serve(socket, intake);
    });
  }

  private dialAgain(): void {
    if (!this.isClosed) this.retry = setTimeout(() => this.dial(), RECONNECT_MS);
  }

  private serve(socket: Socket, intake: Intake): void {
    this.peer = socket;
    this.reader.reset();
    this.writer.reset();
    socket.setNoDelay(true);
    intake.take = (bytes) => this.take(socket, bytes);
    // A guest that only hangs up halfway, and reads no more, must not keep the next one waiting.
    socket.on('end', () => socket.destroy());
    // The end of the connection says all that an error would.
    socket.on('error', () => {});
    socket.on('close', () => this.lose(socket));
    this.events!.link(true);
    socket.resume();
  }

  private take(socket: Socket, chunk: Uint8Array): boolean {
    try {
      this.reader.push(chunk);
      return true;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.options.complain?.(`${this.name}: ${error.message}; the connection was closed`);
      socket.destroy();
      return false;
    }
  }

  private lose(socket: Socket): void {
    if (this.peer !== socket) return;
    this.peer = null;
    if (this.isClosed) return;
    this.events!.link(false);
    if (!this.options.listen) this.dialAgain();
  }
}

function describe(address: StreamAddress): string {
  return 'path' in address ? `unix:${address.path}` : `tcp:${address.host}:${address.port}`;
}

/** A socket file that nobody listens on any more is in the way. */
async function removeStale(path: string): Promise<void> {
  const isAlive = await new Promise<boolean>((answer) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code !== 'ECONNREFUSED'));
  });
  if (!isAlive) rmSync(path, { force: true });
}
