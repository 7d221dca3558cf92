/** The services of a lab's host at work: its ports over TCP and UDP, DHCP and names, each on the host's own stack. */
import type { Clock } from '../../base/clock.ts';
import { Leases } from '../../services/dhcp4-leases.ts';
import { Dhcp4Server } from '../../services/dhcp4-server.ts';
import { DnsNames } from '../../services/dns-names.ts';
import { answerQuery } from '../../services/dns-responder.ts';
import { NetError, type Connection, type ConnectionEvents, type Tcp } from '../../stack/tcp/index.ts';
import type { Udp, UdpSocket } from '../../stack/udp/index.ts';
import * as dhcp from '../../wire/dhcp.ts';
import * as dns from '../../wire/dns.ts';
import type { DhcpService, DnsService, Service, Services } from './service-config.ts';

const EVERYBODY = Int32Array.of(-1, 0, 0, 0);
const US_PER_SECOND = 1_000_000;
/** Leases of one hardware address. */
const LEASES_PER_MAC = 4;

export class HostServices {
  /** Of each interface that is served. */
  readonly leases: readonly Leases[];
  private readonly tcp: Tcp;
  private readonly udp: Udp;

  constructor(tcp: Tcp, udp: Udp, clock: Clock, { plain, dhcp: leasing, dns: names }: Services) {
    this.tcp = tcp;
    this.udp = udp;
    for (const service of plain) {
      if (service.protocol === 'tcp') this.serveTcp(service);
      else this.serveUdp(service);
    }
    this.leases = leasing.map((one) => this.serveDhcp(one, clock));
    if (names !== null) this.serveNames(names, leasing[0]?.domain ?? '');
  }

  private serveTcp({ port, answer }: Service): void {
    this.tcp.listen({
      port,
      onConnection: (listener) => {
        for (let one = listener.accept(); one !== undefined; one = listener.accept()) {
          if (answer === 'echo') ECHO.begin(one);
          else greet(one, answer.line);
        }
      },
    });
  }

  private serveUdp({ port, answer }: Service): void {
    const line = answer === 'echo' ? null : new TextEncoder().encode(`${answer.line}\n`);
    for (const family of [4, 6] as const) {
      const socket = this.udp.open({ family, port });
      take(socket, (bytes, from, fromPort) => send(socket, line ?? bytes, from, fromPort));
    }
  }

  private serveDhcp(config: DhcpService, clock: Clock): Leases {
    const { address, mask, first, last, router, nameServers, domain, leaseSeconds, reservations } = config;
    const leases = new Leases({
      clock,
      first,
      last,
      taken: [address],
      reservations,
      leaseUs: leaseSeconds * US_PER_SECOND,
      perMac: LEASES_PER_MAC,
    });
    const device = this.udp.host.devices.named(config.interface)!;
    const network = {
      address,
      mask,
      router,
      mtu: device.mtu,
      leaseSeconds,
      nameServers,
      domain,
      extra: new Map(),
    };
    const server = new Dhcp4Server(network, leases);
    const socket = this.udp.open({ family: 4, port: dhcp.SERVER_PORT, device: device.index });
    socket.mayBroadcast = true;
    take(socket, (bytes) => {
      const message = dhcp.parse(bytes, 0, bytes.length);
      const answer = message && server.answer(message);
      if (answer === undefined) return;
      // A client without an address hears what everybody hears.
      const to = answer.ciaddr === 0 ? EVERYBODY : Int32Array.of(answer.ciaddr, 0, 0, 0);
      send(socket, dhcp.emit(answer), to, dhcp.CLIENT_PORT);
    });
    return leases;
  }

  private serveNames(fixed: DnsService, domain: string): void {
    const { leases } = this;
    const all = { [Symbol.iterator]: () => leases.flatMap((one) => [...one])[Symbol.iterator]() };
    const names = new DnsNames({ domain, leases: all, leases6: [], fixed });
    for (const family of [4, 6] as const) {
      const socket = this.udp.open({ family, port: dns.PORT });
      take(socket, (bytes, from, port) => {
        const answer = answerQuery(names, bytes);
        if (answer !== undefined) send(socket, answer, from, port);
      });
    }
  }
}

/** Gives every datagram that a socket gets to `use`. */
export function take(
  socket: UdpSocket,
  use: (bytes: Uint8Array, from: Int32Array, port: number) => void,
): void {
  socket.listener = {
    onMessage: () => {
      for (let one = socket.receive(); one !== undefined; one = socket.receive()) {
        use(one.bytes, one.address, one.port);
      }
    },
  };
}

/** Whoever cannot be reached gets no answer. */
export function send(socket: UdpSocket, bytes: Uint8Array, to: Int32Array, port: number): void {
  try {
    socket.send(bytes, to, port);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
  }
}

/** Says back what it is told. A class, so that its connections can be saved with their lab. */
export class Echo implements ConnectionEvents {
  begin(connection: Connection): void {
    connection.listener = this;
    this.onReadable(connection);
  }

  onReadable(connection: Connection): void {
    for (let bytes = connection.peek(); bytes.length > 0; bytes = connection.peek()) {
      const taken = connection.write(bytes.slice());
      if (taken <= 0) return;
      connection.consume(taken);
    }
  }

  onWritable(connection: Connection): void {
    this.onReadable(connection);
  }

  onEnd(connection: Connection): void {
    connection.close();
  }
}

const ECHO = new Echo();

function greet(connection: Connection, line: string): void {
  connection.write(new TextEncoder().encode(`${line}\n`));
  connection.close();
}
