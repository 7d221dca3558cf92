/** Listening as `net.Server` does it: the same calls, the same events. */
import { EventEmitter } from 'node:events';
import { NetError, type Listener, type Tcp } from '../stack/tcp/index.ts';
import { familyName, resolve, systemError, textOf, type Hosts } from './names.ts';
import { Socket, type SocketOptions } from './socket.ts';

export interface ListenOptions {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly backlog?: number | undefined;
  readonly ipv6Only?: boolean | undefined;
}

export interface ServerOptions extends SocketOptions {
  readonly noDelay?: boolean | undefined;
  readonly keepAlive?: boolean | undefined;
  readonly keepAliveInitialDelay?: number | undefined;
}

export class Server extends EventEmitter {
  private readonly tcp: Tcp;
  private readonly hosts: Hosts;
  private readonly options: ServerOptions;
  private listener: Listener | null = null;
  private readonly sockets = new Set<Socket>();
  private isClosing = false;
  maxConnections: number | undefined;

  constructor(tcp: Tcp, hosts: Hosts, options: ServerOptions, onConnection?: (socket: Socket) => void) {
    super();
    this.tcp = tcp;
    this.hosts = hosts;
    this.options = options;
    if (onConnection !== undefined) this.on('connection', onConnection);
  }

  get listening(): boolean {
    return this.listener !== null;
  }

  /** `listen(port[, host][, backlog][, callback])` or `listen(options[, callback])`, as in Node. */
  listen(...args: readonly unknown[]): this {
    const onListening = args.find((arg): arg is () => void => typeof arg === 'function');
    if (onListening !== undefined) this.once('listening', onListening);
    const options = listenOptions(args);
    const host = options.host;
    const address = host === undefined ? undefined : resolve(host, this.hosts);
    if (host !== undefined && address === undefined) {
      return this.failLater(systemError('getaddrinfo', 'ENOTFOUND', host));
    }
    const isAny = address === undefined || address.words.every((word) => word === 0);
    // Without an address both families, as Node listens on "::".
    const family =
      address !== undefined && (address.family === 4 || options.ipv6Only === true)
        ? address.family
        : undefined;
    try {
      this.listener = this.tcp.listen({
        port: options.port ?? 0,
        address: isAny ? undefined : address.words,
        family: isAny ? family : address.family,
        backlog: options.backlog,
        onConnection: (listener) => this.accept(listener),
      });
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      return this.failLater(systemError('listen', error.code, host ?? '::', options.port ?? 0));
    }
    process.nextTick(() => this.emit('listening'));
    return this;
  }

  private failLater(error: Error): this {
    process.nextTick(() => this.emit('error', error));
    return this;
  }

  private accept(listener: Listener): void {
    for (let connection = listener.accept(); connection !== undefined; connection = listener.accept()) {
      if (this.maxConnections !== undefined && this.sockets.size >= this.maxConnections) {
        connection.abort();
        this.emit('drop', {
          localAddress: textOf(connection.family, connection.local),
          localPort: connection.localPort,
          remoteAddress: textOf(connection.family, connection.remote),
          remotePort: connection.remotePort,
        });
        continue;
      }
      const socket = new Socket(this.tcp, this.options);
      if (this.options.noDelay === true) socket.setNoDelay(true);
      if (this.options.keepAlive === true) socket.setKeepAlive(true, this.options.keepAliveInitialDelay ?? 0);
      this.sockets.add(socket);
      socket.once('close', () => {
        this.sockets.delete(socket);
        this.maybeClosed();
      });
      socket.attach(connection);
      this.emit('connection', socket);
    }
  }

  address(): { address: string; family: string; port: number } | null {
    if (this.listener === null) return null;
    const { address, family, port } = this.listener;
    const named = family === 0 ? 6 : family;
    return { address: textOf(named, address ?? new Int32Array(4)), family: familyName(named), port };
  }

  /** No new connections; 'close' when the last one has ended. */
  close(onClose?: (error?: Error) => void): this {
    if (this.listener === null) {
      const error = Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
      if (onClose !== undefined) process.nextTick(() => onClose(error));
      return this;
    }
    if (onClose !== undefined) this.once('close', () => onClose());
    this.listener.close();
    this.listener = null;
    this.isClosing = true;
    this.maybeClosed();
    return this;
  }

  private maybeClosed(): void {
    if (!this.isClosing || this.sockets.size > 0) return;
    this.isClosing = false;
    process.nextTick(() => this.emit('close'));
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(() => callback(null, this.sockets.size));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.listener !== null) await new Promise<void>((done) => this.close(() => done()));
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function listenOptions(args: readonly unknown[]): ListenOptions {
  const [first, ...rest] = args;
  if (typeof first === 'object' && first !== null) return first as ListenOptions;
  const port = typeof first === 'number' || typeof first === 'string' ? Number(first) : 0;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw Object.assign(
      new RangeError(`options.port should be >= 0 and < 65536. Received ${String(first)}.`),
      {
        code: 'ERR_SOCKET_BAD_PORT',
      },
    );
  }
  return {
    port,
    host: rest.find((arg): arg is string => typeof arg === 'string'),
    backlog: rest.find((arg): arg is number => typeof arg === 'number'),
  };
}
