/**
 * `node:net` of a simulated host: `createServer` and `connect` with Node's arguments and events, and an `http.Agent` and a
 * way to feed an `http.Server`, so that Node's own HTTP runs over it unchanged.
 *
 *     const net = nodeNet(host);
 *     net.serve(http.createServer(handler), 80);
 *     http.get('http://10.0.0.2/', { agent: otherNet.agent() }, …);
 */
import http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Host } from '../stack/host.ts';
import { NetError, Tcp } from '../stack/tcp/index.ts';
import { resolve, systemError, type Hosts } from './names.ts';
import { Server, type ServerOptions } from './server.ts';
import { Socket, type SocketOptions } from './socket.ts';

export interface ConnectOptions extends SocketOptions {
  readonly port: number | string;
  readonly host?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly noDelay?: boolean | undefined;
  readonly keepAlive?: boolean | undefined;
  readonly keepAliveInitialDelay?: number | undefined;
  readonly timeout?: number | undefined;
}

export interface NodeNetOptions {
  /** Names that stand for addresses. */
  readonly hosts?: Hosts | undefined;
}

export class NodeNet {
  readonly tcp: Tcp;
  private readonly hosts: Hosts;

  constructor(tcp: Tcp, options: NodeNetOptions = {}) {
    this.tcp = tcp;
    this.hosts = options.hosts ?? {};
  }

  createServer(...args: readonly (ServerOptions | ((socket: Socket) => void) | undefined)[]): Server {
    const options = args.find((arg): arg is ServerOptions => typeof arg === 'object') ?? {};
    const onConnection = args.find((arg): arg is (socket: Socket) => void => typeof arg === 'function');
    return new Server(this.tcp, this.hosts, options, onConnection);
  }

  /** `connect(port[, host][, listener])` or `connect(options[, listener])`. Errors come as events, as in Node. */
  connect(...args: readonly unknown[]): Socket {
    const [first, second] = args;
    const options: ConnectOptions =
      typeof first === 'object' && first !== null
        ? (first as ConnectOptions)
        : { port: first as number | string, host: typeof second === 'string' ? second : undefined };
    const onConnect = args.find((arg): arg is () => void => typeof arg === 'function');
    const socket = new Socket(this.tcp, options);
    if (onConnect !== undefined) socket.once('connect', onConnect);
    if (options.noDelay === true) socket.setNoDelay(true);
    if (options.keepAlive === true) socket.setKeepAlive(true, options.keepAliveInitialDelay ?? 0);
    if (options.timeout !== undefined) socket.setTimeout(options.timeout);
    socket.expectConnection();
    // As Node looks a name up: what goes wrong is told when the caller has had time to listen.
    process.nextTick(() => this.open(socket, options));
    return socket;
  }

  createConnection(...args: readonly unknown[]): Socket {
    return this.connect(...args);
  }

  private open(socket: Socket, options: ConnectOptions): void {
    if (socket.destroyed) return;
    const host = options.host ?? 'localhost';
    const address = resolve(host, this.hosts);
    const port = Number(options.port);
    if (address === undefined) {
      socket.destroy(systemError('getaddrinfo', 'ENOTFOUND', host));
      return;
    }
    const local = options.localAddress === undefined ? undefined : resolve(options.localAddress, this.hosts);
    const device = address.zone === undefined ? undefined : this.tcp.host.devices.named(address.zone);
    try {
      const connection = this.tcp.connect({
        family: address.family,
        remote: address.words,
        remotePort: port,
        local: local?.words,
        localPort: options.localPort,
        device,
      });
      socket.attach(connection);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      socket.destroy(systemError('connect', error.code, host, port));
    }
  }

  /** An `http.Agent` whose connections are of this network. */
  agent(options: http.AgentOptions = {}): http.Agent {
    return new NetAgent(this, options);
  }

  /** Listens, and hands every connection to an HTTP server (or anything that takes Node's sockets). */
  serve(server: Pick<http.Server, 'emit'>, ...listenArgs: readonly unknown[]): Server {
    const listening = this.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      server.emit('connection', socket);
    });
    return listening.listen(...listenArgs);
  }
}

class NetAgent extends http.Agent {
  private readonly net: NodeNet;

  constructor(net: NodeNet, options: http.AgentOptions) {
    super(options);
    this.net = net;
  }

  override createConnection(
    options: http.ClientRequestArgs,
    onCreate?: (error: Error | null, stream: Duplex) => void,
  ): Duplex {
    const socket = this.net.connect(options);
    if (onCreate !== undefined) socket.once('connect', () => onCreate(null, socket));
    return socket;
  }
}

/** `node:net` over a host; the host gets a TCP when it has none. */
export function nodeNet(host: Host, options: NodeNetOptions = {}): NodeNet {
  return new NodeNet(host.tcp instanceof Tcp ? host.tcp : new Tcp(host), options);
}
