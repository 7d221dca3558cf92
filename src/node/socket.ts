/**
 * A connection of the simulated network as Node knows connections: a Duplex with the properties, methods and events of
 * `net.Socket`. It holds nothing back of its own: what the stream does not take stays in the connection's receive
 * buffer, whose window closes, and what the connection does not take stays with the writer.
 */
import { Duplex } from 'node:stream';
import type { Timer } from '../base/clock.ts';
import type { Connection, ConnectionEvents, NetError, Tcp } from '../stack/tcp/index.ts';
import { TcpState } from '../stack/tcp/index.ts';
import { familyName, systemError, textOf } from './names.ts';

const US_PER_MS = 1000;

export interface SocketOptions {
  readonly allowHalfOpen?: boolean | undefined;
}

export class Socket extends Duplex {
  private readonly tcp: Tcp;
  private connection: Connection | null = null;
  connecting = false;
  bytesRead = 0;
  /** Milliseconds, 0 for none. */
  timeout = 0;
  private written = 0;
  private isWanted = false;
  private hasEnded = false;
  private pendingWrite: { chunk: Uint8Array; at: number; done: (error?: Error | null) => void } | null = null;
  private pendingFinal: ((error?: Error | null) => void) | null = null;
  private idleTimer: Timer | null = null;
  private activeAt = 0;
  private wantsNoDelay = false;
  private keepAliveMs = -1;

  constructor(tcp: Tcp, options: SocketOptions = {}) {
    super({ allowHalfOpen: options.allowHalfOpen ?? false, emitClose: false, autoDestroy: true });
    this.tcp = tcp;
  }

  /** Takes over a connection: one that was accepted, or that is being opened. */
  attach(connection: Connection): this {
    this.connection = connection;
    this.connecting = connection.state === TcpState.SYN_SENT;
    connection.listener = this.listenerOf();
    if (this.wantsNoDelay) connection.setNoDelay(true);
    if (this.keepAliveMs >= 0) connection.setKeepAlive(true, this.keepAliveMs * US_PER_MS);
    if (!this.connecting) this.pull();
    return this;
  }

  /** While the name is looked up and the connection begins. */
  expectConnection(): void {
    this.connecting = true;
  }

  private listenerOf(): ConnectionEvents {
    return {
      onConnect: () => this.onConnected(),
      onReadable: () => this.pull(),
      onWritable: () => this.flush(),
      onEnd: () => {
        this.hasEnded = true;
        this.pull();
      },
      onClose: (_connection, error) => this.onConnectionClosed(error),
    };
  }

  private onConnected(): void {
    this.connecting = false;
    this.touch();
    this.emit('connect');
    this.emit('ready');
    this.flush();
    this.pull();
  }

  private onConnectionClosed(error: NetError | null): void {
    const wasConnecting = this.connecting;
    this.connecting = false;
    if (error === null) {
      // Both sides have sent their FIN; what is unread can still be read.
      this.hasEnded = true;
      this.pull();
      return;
    }
    const syscall = wasConnecting ? 'connect' : this.pendingWrite !== null ? 'write' : 'read';
    this.destroy(
      wasConnecting
        ? systemError(syscall, error.code, this.remoteAddress, this.remotePort)
        : systemError(syscall, error.code),
    );
  }

  // ── Duplex ──────────────────────────────────────────────────────────────────────────────────────────────────

  override _read(): void {
    this.isWanted = true;
    this.pull();
  }

  private pull(): void {
    const { connection } = this;
    if (connection === null) return;
    while (this.isWanted && connection.unread > 0) {
      const piece = connection.peek();
      if (piece.length === 0) break;
      const chunk = Buffer.from(piece);
      connection.consume(piece.length);
      this.bytesRead += chunk.length;
      this.touch();
      this.isWanted = this.push(chunk);
    }
    if (this.hasEnded && connection.unread === 0 && !this.readableEnded) {
      this.hasEnded = false;
      this.push(null);
      // Nobody reads: the end is seen nevertheless, as Node does it.
      if (this.readableLength === 0) this.read(0);
    }
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.pendingWrite = { chunk, at: 0, done };
    this.flush();
  }

  private flush(): void {
    const { connection, pendingWrite } = this;
    if (connection === null || this.connecting) return;
    if (pendingWrite !== null) {
      const taken = connection.write(pendingWrite.chunk, pendingWrite.at);
      this.touch();
      if (taken < 0) {
        this.pendingWrite = null;
        pendingWrite.done(systemError('write', connection.error?.code ?? 'EPIPE'));
        return;
      }
      this.written += taken;
      pendingWrite.at += taken;
      if (pendingWrite.at < pendingWrite.chunk.length) return;
      this.pendingWrite = null;
      pendingWrite.done();
    }
    if (this.pendingFinal !== null && this.pendingWrite === null) {
      const done = this.pendingFinal;
      this.pendingFinal = null;
      connection.shutdown();
      done();
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.pendingFinal = done;
    this.flush();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { connection } = this;
    this.connecting = false;
    this.idleTimer?.cancel();
    this.idleTimer = null;
    if (connection !== null) {
      connection.listener = null;
      if (connection.state === TcpState.SYN_SENT) connection.abort();
      else connection.close();
    }
    done(error);
    process.nextTick(() => this.emit('close', error !== null));
  }

  // ── net.Socket ──────────────────────────────────────────────────────────────────────────────────────────────

  get bytesWritten(): number {
    return this.written + this.writableLength;
  }

  get pending(): boolean {
    return this.connection === null || this.connecting;
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening';
    if (this.readable && this.writable) return 'open';
    if (this.readable) return 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get remoteAddress(): string | undefined {
    const c = this.connection;
    return c === null ? undefined : textOf(c.family, c.remote);
  }

  get remotePort(): number | undefined {
    return this.connection?.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.connection === null ? undefined : familyName(this.connection.family);
  }

  get localAddress(): string | undefined {
    const c = this.connection;
    return c === null ? undefined : textOf(c.family, c.local);
  }

  get localPort(): number | undefined {
    return this.connection?.localPort;
  }

  get localFamily(): string | undefined {
    return this.connection === null ? undefined : familyName(this.connection.family);
  }

  address(): { address: string; family: string; port: number } | Record<string, never> {
    const c = this.connection;
    return c === null
      ? {}
      : { address: textOf(c.family, c.local), family: familyName(c.family), port: c.localPort };
  }

  setNoDelay(noDelay = true): this {
    this.wantsNoDelay = noDelay;
    this.connection?.setNoDelay(noDelay);
    return this;
  }

  setKeepAlive(enable = false, initialDelay = 0): this {
    this.keepAliveMs = enable ? initialDelay : -1;
    this.connection?.setKeepAlive(enable, initialDelay * US_PER_MS);
    return this;
  }

  /** 'timeout' after so many milliseconds of the network's time without traffic. */
  setTimeout(ms: number, onTimeout?: () => void): this {
    this.timeout = ms;
    this.idleTimer?.cancel();
    this.idleTimer = null;
    if (onTimeout !== undefined) {
      if (ms === 0) this.removeListener('timeout', onTimeout);
      else this.once('timeout', onTimeout);
    }
    if (ms > 0 && !this.destroyed) {
      this.touch();
      this.watchIdle();
    }
    return this;
  }

  private touch(): void {
    this.activeAt = this.tcp.clock.now;
  }

  private watchIdle(): void {
    const due = this.activeAt + this.timeout * US_PER_MS;
    this.idleTimer = this.tcp.clock.at(due, () => {
      this.idleTimer = null;
      if (this.destroyed || this.timeout === 0) return;
      if (this.tcp.clock.now - this.activeAt >= this.timeout * US_PER_MS) {
        this.activeAt = this.tcp.clock.now;
        this.emit('timeout');
      }
      if (!this.destroyed && this.timeout > 0 && this.idleTimer === null) this.watchIdle();
    });
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** Ends the connection with a reset. */
  resetAndDestroy(): this {
    if (this.connection !== null) this.connection.linger = 0;
    return this.destroy();
  }

  /** The network keeps no process alive by itself. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
