/**
 * A world without sockets: what guests reach behind their gateway are servers of one's own, on a stack of ours. Everything
 * else is unreachable, and guests are told so.
 *
 *     guests ─ switch ─ gateway (rules, NAT, helpers) ─ uplink ─ this host: every server's addresses
 */
import { SluiceError } from '../../base/errors.ts';
import { parseAddress } from '../../stack/address.ts';
import { parseHostConfig } from '../../stack/config.ts';
import type { Device } from '../../stack/device.ts';
import { Host } from '../../stack/host.ts';
import { Udp, type UdpSocket } from '../../stack/udp/index.ts';
import { Tcp, type Connection, type Listener } from '../../stack/tcp/index.ts';
import { webStreams } from '../../stack/tcp/web-streams.ts';
import { formatIp } from '../../wire/address.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { RealClock } from '../real-clock.ts';
import type { World, WorldOptions } from '../surroundings.ts';
import { Quotas } from '../world/quotas.ts';
import type { Witness, WorldFlow } from '../world/witness.ts';
import { send, serve } from '../services/udp-service.ts';
import type { DatagramService, Server, Service } from './server.ts';

const UPLINK = 'uplink';
/** Frames; a guest that loses one sends it again. */
const MAX_WAITING = 1024;

export class ServersWorld implements World {
  private readonly host: Host;
  private readonly device: Device;
  private readonly tcp: Tcp;
  private readonly udp: Udp;
  private readonly clock: RealClock;
  private readonly witness: Witness;
  private readonly quotas: Quotas;
  private readonly open = new Set<Connection>();
  private readonly pkt = new PacketBuffer();
  private readonly waiting: Uint8Array[] = [];
  private isBusy = false;

  /** Throws SluiceError. */
  constructor(options: WorldOptions, servers: readonly Server[]) {
    const { clock, rng, toGateway, mac, mtu, addresses, guests } = options;
    this.clock = clock;
    this.witness = options.witness;
    this.quotas = new Quotas(options.connectionsPerGuest);
    const own = servers.flatMap((server) => server.addresses);
    const config = parseHostConfig({
      interfaces: { [UPLINK]: { mac, mtu, addresses } },
      routes: [
        ...guests.map(({ to, via }) => ({ to, via, dev: UPLINK })),
        ...own.map((address) => ({ to: `${address}/${address.includes(':') ? 128 : 32}`, type: 'local' })),
      ],
      // Only a router says that there is no way.
      sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
    });
    this.host = new Host(config, {
      clock,
      rng,
      sink: { frame: (_device, bytes, start, end) => toGateway(bytes, start, end, false) },
    });
    this.device = this.host.devices.named(UPLINK)!;
    this.tcp = new Tcp(this.host);
    this.udp = new Udp(this.host);
    for (const server of servers) this.serve(server);
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.isBusy) {
      if (this.waiting.length < MAX_WAITING) this.waiting.push(bytes.slice(start, end));
      return;
    }
    this.alone(() => this.take(bytes, start, end));
  }

  private take(bytes: Uint8Array, start: number, end: number): void {
    this.pkt.reset(bytes, start, end);
    this.host.receive(this.device, this.pkt);
  }

  /** What comes while a frame, or what a service does, is dealt with waits until that is done. */
  private alone<T>(action: () => T): T {
    if (this.isBusy) return action();
    this.isBusy = true;
    try {
      return action();
    } finally {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift())
        this.take(next, 0, next.length);
      this.isBusy = false;
    }
  }

  async close(): Promise<void> {
    for (const connection of [...this.open]) connection.abort();
  }

  private serve({ addresses, ports = {}, datagrams = {} }: Server): void {
    for (const text of addresses) {
      const address = parseAddress(text);
      if (address === undefined) throw new SluiceError('NETWORK', `servers: "${text}" is no address`);
      for (const [port, service] of Object.entries(ports)) {
        this.tcp.listen({
          port: Number(port),
          address: address.words,
          family: address.family,
          onConnection: (listener) => this.accept(listener, service),
        });
      }
      for (const [port, service] of Object.entries(datagrams)) {
        const { family, words } = address;
        this.hear(this.udp.open({ family, address: words, port: Number(port) }), service);
      }
    }
  }

  private hear(socket: UdpSocket, service: DatagramService): void {
    const [w0, w1, w2, w3] = socket.address!;
    const to = { address: formatIp(socket.family, w0!, w1!, w2!, w3!), port: socket.port };
    serve(socket, (bytes, remote, port) => {
      const [r0, r1, r2, r3] = remote;
      const from = { address: formatIp(socket.family, r0!, r1!, r2!, r3!), port };
      const answer = (reply: Uint8Array) => {
        this.clock.catchUp();
        this.alone(() => send(socket, reply, remote, port));
      };
      // What a service gets wrong is one datagram's loss.
      void Promise.resolve()
        .then(() => service({ bytes, from, to }, answer))
        .catch(() => {});
    });
  }

  private accept(listener: Listener, service: Service): void {
    for (let c = listener.accept(); c !== undefined; c = listener.accept()) this.welcome(c, service);
  }

  private welcome(c: Connection, service: Service): void {
    const flow = flowOf(c);
    if (!this.quotas.take(flow.from)) return c.abort();
    this.open.add(c);
    this.witness.opened(flow);
    const streams = webStreams(c, (action) => {
      this.clock.catchUp();
      return this.alone(action);
    });
    const sent = new Counted();
    const received = new Counted();
    const over = () => {
      this.open.delete(c);
      this.quotas.give(flow.from);
      this.witness.ended(flow, sent.bytes, received.bytes);
    };
    streams.closed.then(over, over);
    // Where the connection fails, `closed` says so.
    received.stream.readable.pipeTo(streams.writable).catch(() => {});
    const visit = {
      ...streams,
      readable: streams.readable.pipeThrough(sent.stream),
      writable: received.stream.writable,
      from: { address: flow.from, port: flow.fromPort },
      to: { address: flow.to, port: flow.toPort },
    };
    // What a service gets wrong ends its connection, and nothing else.
    void Promise.resolve(visit)
      .then(service)
      .catch(() => c.abort());
  }
}

/** Lets bytes through, and counts them. */
class Counted {
  bytes = 0;
  readonly stream = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, to) => {
      this.bytes += chunk.length;
      to.enqueue(chunk);
    },
  });
}

function flowOf(c: Connection): WorldFlow {
  const text = ([w0, w1, w2, w3]: Int32Array) => formatIp(c.family, w0!, w1!, w2!, w3!);
  return {
    protocol: 'tcp',
    from: text(c.remote),
    fromPort: c.remotePort,
    to: text(c.local),
    toPort: c.localPort,
    // The packet that a rule let through has long gone by when the connection stands.
    rule: undefined,
  };
}
