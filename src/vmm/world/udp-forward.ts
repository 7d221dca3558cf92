/**
 * A UDP port of this machine that leads to a guest. Each client has a socket of the world's stack of its own, so that the
 * guest's answers find their way back; it goes when nothing came for a while, the one unused for longest when there are
 * too many.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Timer } from '../../base/clock.ts';
import { parseAddress } from '../../stack/address.ts';
import { NetError } from '../../stack/tcp/index.ts';
import type { Udp, UdpSocket } from '../../stack/udp/index.ts';
import type { Forward } from './forward.ts';
import type { GuestEnd, OpenForward } from './forwards.ts';
import type { Outside } from './outside.ts';

const MAX_CLIENTS = 1024;
/** RFC 4787: REQ-5. */
const IDLE_US = 120_000_000;

interface Client {
  readonly inner: UdpSocket;
  lastUs: number;
  timer: Timer;
}

export class UdpForward implements OpenForward {
  private readonly udp: Udp;
  private readonly forward: Forward;
  private readonly find: () => GuestEnd | undefined;
  private readonly socket: Socket;
  /** In the order of their last use. */
  private readonly clients = new Map<string, Client>();

  private constructor(udp: Udp, outside: Outside, forward: Forward, find: () => GuestEnd | undefined) {
    this.udp = udp;
    this.forward = forward;
    this.find = find;
    this.socket = createSocket(forward.address.includes(':') ? 'udp6' : 'udp4');
    this.socket.on('message', (message, from) => outside.enter(() => this.toGuest(message, from)));
  }

  static async open(
    udp: Udp,
    outside: Outside,
    forward: Forward,
    find: () => GuestEnd | undefined,
  ): Promise<UdpForward> {
    const one = new UdpForward(udp, outside, forward, find);
    await new Promise<void>((done, failed) => {
      one.socket.once('error', failed);
      one.socket.bind({ address: forward.address, port: forward.port }, done);
    });
    // A client that is gone is no reason to stop serving others.
    one.socket.removeAllListeners('error').on('error', () => {});
    return one;
  }

  get port(): number {
    return this.socket.address().port;
  }

  async close(): Promise<void> {
    for (const key of [...this.clients.keys()]) this.end(key);
    await new Promise<void>((done) => this.socket.close(done));
  }

  private toGuest(message: Uint8Array, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    const client = this.clients.get(key) ?? this.welcome(key, from);
    if (client === undefined) return;
    this.touch(key, client);
    try {
      client.inner.send(message);
    } catch (error) {
      // An ICMP error about an earlier one: the guest does not listen (yet).
      if (!(error instanceof NetError)) throw error;
    }
  }

  private welcome(key: string, from: RemoteInfo): Client | undefined {
    const guest = this.find();
    if (guest === undefined) return undefined;
    if (this.clients.size >= MAX_CLIENTS) this.end(this.clients.keys().next().value!);
    const inner = this.udp.open({ family: guest.family, ...this.sourceOf(from, guest), reuseAddress: true });
    inner.connect(guest.words, this.forward.guestPort);
    inner.listener = {
      onMessage: () => {
        for (let one = inner.receive(); one !== undefined; one = inner.receive()) {
          this.socket.send(one.bytes, from.port, from.address);
        }
        const client = this.clients.get(key);
        if (client !== undefined) this.touch(key, client);
      },
      onError: () => {},
    };
    const { clock } = this.udp.host;
    const timer = clock.at(clock.now + IDLE_US, () => this.check(key));
    const client = { inner, lastUs: clock.now, timer };
    this.clients.set(key, client);
    return client;
  }

  private sourceOf(from: RemoteInfo, guest: GuestEnd): { address: Int32Array; port?: number } {
    const text = from.address.split('%')[0]!;
    const client = this.forward.keepSource ? parseAddress(text) : undefined;
    const isLoopback = text === '::1' || text.startsWith('127.');
    if (client?.family !== guest.family || isLoopback) return { address: guest.machine };
    return { address: client.words, port: from.port };
  }

  private touch(key: string, client: Client): void {
    client.lastUs = this.udp.host.clock.now;
    this.clients.delete(key);
    this.clients.set(key, client);
  }

  /** The timer runs on while there is traffic, and looks when it is due whether there was any. */
  private check(key: string): void {
    const client = this.clients.get(key);
    const { clock } = this.udp.host;
    if (client === undefined) return;
    const due = client.lastUs + IDLE_US;
    if (due <= clock.now) this.end(key);
    else client.timer = clock.at(due, () => this.check(key));
  }

  private end(key: string): void {
    const client = this.clients.get(key);
    this.clients.delete(key);
    client?.timer.cancel();
    client?.inner.close();
  }
}
