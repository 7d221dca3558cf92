/** A TCP port of this machine that leads to a guest: whoever connects is connected with it, or reset when it refuses. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { parseAddress } from '../../stack/address.ts';
import type { ConnectOptions, Tcp } from '../../stack/tcp/index.ts';
import type { Forward } from './forward.ts';
import type { GuestEnd, OpenForward } from './forwards.ts';
import { leadToGuest } from './lead-to-guest.ts';
import type { Outside } from './outside.ts';

/** At once; whoever comes beyond waits in the kernel's queue, and is then turned away. */
const MAX_CONNECTIONS = 1024;

export class TcpForward implements OpenForward {
  private readonly tcp: Tcp;
  private readonly outside: Outside;
  private readonly forward: Forward;
  private readonly find: () => GuestEnd | undefined;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(tcp: Tcp, outside: Outside, forward: Forward, find: () => GuestEnd | undefined) {
    this.tcp = tcp;
    this.outside = outside;
    this.forward = forward;
    this.find = find;
    this.server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) =>
      outside.enter(() => this.accept(socket)),
    );
  }

  static async open(
    tcp: Tcp,
    outside: Outside,
    forward: Forward,
    find: () => GuestEnd | undefined,
  ): Promise<TcpForward> {
    const one = new TcpForward(tcp, outside, forward, find);
    await new Promise<void>((done, failed) => {
      one.server.once('error', failed);
      one.server.listen({ host: forward.address, port: forward.port }, done);
    });
    return one;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  private accept(accepted: Socket): void {
    const guest = this.find();
    if (guest === undefined || this.sockets.size >= MAX_CONNECTIONS) {
      accepted.resetAndDestroy();
      return;
    }
    const { remoteAddress, remotePort } = accepted;
    const options = {
      family: guest.family,
      remote: guest.words,
      remotePort: this.forward.guestPort,
      ...this.sourceOf(remoteAddress, remotePort, guest),
    };
    const socket = leadToGuest(this.tcp, this.outside, accepted, options);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  /** Loopback is this machine, and so are addresses of the other family. */
  private sourceOf(
    address: string | undefined,
    localPort: number | undefined,
    guest: GuestEnd,
  ): Pick<ConnectOptions, 'local' | 'localPort'> {
    const text = address?.replace(/^::ffff:(?=\d+\.)/, '').split('%')[0];
    const client = this.forward.keepSource && text !== undefined ? parseAddress(text) : undefined;
    const isLoopback = text === '::1' || text?.startsWith('127.') === true;
    if (client?.family !== guest.family || isLoopback) return { local: guest.machine };
    return { local: client.words, localPort };
  }
}
