/** A guest made of our own stack, for tests of the network around it: a NIC whose other end is a Host with TCP. */
import { SeededRng } from '../../src/base/rng.ts';
import { Host } from '../../src/stack/host.ts';
import { Tcp, type Connection } from '../../src/stack/tcp/index.ts';
import { Udp } from '../../src/stack/udp/index.ts';
import { parseAddress } from '../../src/stack/address.ts';
import type { NetworkCore } from '../../src/vmm/network.ts';
import type { World } from '../../src/vmm/surroundings.ts';
import type { Nic, NicEvents } from '../../src/vmm/nics/nic.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';

export class StackNic implements Nic {
  readonly name = 'stack';
  private events: NicEvents | null = null;
  private receiver: ((bytes: Uint8Array) => void) | null = null;

  start(events: NicEvents): void {
    this.events = events;
    events.link(true);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    this.receiver?.(bytes.slice(start, end));
    return true;
  }

  connect(receiver: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
    this.receiver = receiver;
    return (bytes) => this.events!.frame(bytes, 0, bytes.length);
  }

  async close(): Promise<void> {}
}

export interface StackGuest {
  readonly host: Host;
  readonly tcp: Tcp;
  readonly udp: Udp;
}

/** Plugs a guest with these addresses in; the first is its gateway's network. */
export function stackGuest(
  network: NetworkCore<World>,
  nic: StackNic,
  addresses: string[],
  gateways: string[],
  mac = '02:00:00:00:00:05',
): StackGuest {
  const pkt = new PacketBuffer();
  const send = nic.connect((bytes) => {
    pkt.reset(bytes, 0, bytes.length);
    host.receive(device, pkt);
  });
  const host = Host.fromObject(
    {
      interfaces: { eth0: { mac, addresses, mtu: 65520 } },
      routes: gateways.map((via) => ({ to: via.includes(':') ? '::/0' : '0.0.0.0/0', via, dev: 'eth0' })),
      sysctl: { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0 },
    },
    {
      clock: network.clock,
      rng: new SeededRng(5),
      sink: { frame: (_device, bytes, start, end) => send(bytes.slice(start, end)) },
    },
  );
  const device = host.devices.named('eth0')!;
  return { host, tcp: new Tcp(host), udp: new Udp(host) };
}

export interface Exchange {
  readonly received: Buffer;
  readonly error: string | null;
}

/** Connects, sends everything, closes its side, and reads to the end. */
export function exchange(
  network: NetworkCore<World>,
  { tcp }: StackGuest,
  address: string,
  port: number,
  request: Uint8Array,
): Promise<Exchange> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    let sent = 0;
    let isEnded = false;
    let isWriting = false;
    let hasRoom = false;
    const write = (c: Connection) => {
      hasRoom = true;
      if (isWriting) return;
      isWriting = true;
      while (sent < request.length && hasRoom) {
        hasRoom = false;
        sent += Math.max(0, c.write(request, sent));
      }
      isWriting = false;
      if (sent < request.length) return;
      c.shutdown();
      if (isEnded) c.close();
    };
    const { family, words } = parseAddress(address)!;
    network.clock.catchUp();
    tcp.connect(
      { family, remote: words, remotePort: port },
      {
        onConnect: write,
        onWritable: write,
        onReadable: (c) => {
          for (let chunk = Buffer.alloc(c.unread); c.unread > 0; chunk = Buffer.alloc(c.unread)) {
            chunks.push(chunk.subarray(0, c.read(chunk)));
          }
        },
        onEnd: (c) => {
          isEnded = true;
          if (sent === request.length) c.close();
        },
        onClose: (_c, error) => done({ received: Buffer.concat(chunks), error: error?.code ?? null }),
      },
    );
  });
}

/** Sends a datagram from a new port, and waits for the answer; null when none comes in time. */
export function ask(
  network: NetworkCore<World>,
  { udp }: StackGuest,
  address: string,
  port: number,
  request: Uint8Array,
  withinMs = 2000,
): Promise<Buffer | string | null> {
  return new Promise((done) => {
    const { family, words } = parseAddress(address)!;
    network.clock.catchUp();
    const socket = udp.open({ family });
    socket.connect(words, port);
    const end = (answer: Buffer | string | null) => {
      clearTimeout(timer);
      socket.close();
      done(answer);
    };
    const timer = setTimeout(() => end(null), withinMs);
    socket.listener = {
      onMessage: () => end(Buffer.from(socket.receive()!.bytes)),
      onError: (_socket, error) => end(error.code),
    };
    socket.send(request);
  });
}
