/** Names of a lab's host: asked of its name servers (RFC 1035), each in its turn, and what they mean handed back. */
import { readI32 } from '../../wire/bytes.ts';
import * as dns from '../../wire/dns.ts';
import { parseAddress, type IpAddress } from '../../stack/address.ts';
import type { Family } from '../../netfilter/hook.ts';
import type { Udp } from '../../stack/udp/index.ts';
import { send, take } from './host-services.ts';

/** How long a server is given, and how often all are asked (resolv.conf(5): 5 s and 2). */
const WAIT_US = 5_000_000;
const ATTEMPTS = 2;

export interface Resolution {
  readonly addresses: readonly IpAddress[];
  /** Why there are none: `not found: 3(NXDOMAIN)`. */
  readonly error: string;
}

export class Resolver {
  servers: readonly IpAddress[];
  private readonly udp: Udp;

  constructor(udp: Udp, servers: readonly IpAddress[]) {
    this.udp = udp;
    this.servers = servers;
  }

  /** What a name, or an address as text, means; `done` is called once, at once for an address. */
  resolve(name: string, family: Family, done: (resolution: Resolution) => void): void {
    const address = parseAddress(name);
    if (address !== undefined) return done({ addresses: [address], error: '' });
    const order = Array.from({ length: ATTEMPTS }, () => this.servers).flat();
    const next = (index: number): void => {
      const server = order[index];
      if (server === undefined) return done({ addresses: [], error: 'no name server answered' });
      this.ask(server, name, family, (answer) => (answer === null ? next(index + 1) : done(answer)));
    };
    next(0);
  }

  private ask(
    server: IpAddress,
    name: string,
    family: Family,
    done: (resolution: Resolution | null) => void,
  ): void {
    const { host } = this.udp;
    const socket = this.udp.open({ family: server.family });
    const id = host.rng.u32() & 0xffff;
    const [type, length] = family === 4 ? [dns.Type.A, 4] : [dns.Type.AAAA, 16];
    const end = (resolution: Resolution | null) => {
      timer.cancel();
      socket.close();
      done(resolution);
    };
    const timer = host.clock.at(host.clock.now + WAIT_US, () => end(null));
    socket.connect(server.words, dns.PORT);
    take(socket, (bytes) => {
      const response = dns.parseResponse(bytes);
      if (response === undefined || response.id !== id || response.name !== name.toLowerCase()) return;
      const addresses = response.answers.flatMap(({ type: kind, data }) =>
        kind === type && typeof data !== 'string' && data.length === length ? [addressOf(data)] : [],
      );
      const error = response.code === dns.ResponseCode.NO_SUCH_NAME ? 'not found: 3(NXDOMAIN)' : '';
      end({ addresses, error: error === '' && addresses.length === 0 ? 'has no such address' : error });
    });
    send(socket, dns.query(id, name, type), server.words, dns.PORT);
  }
}

function addressOf(data: Uint8Array): IpAddress {
  const family = data.length === 4 ? 4 : 6;
  const words = Int32Array.from({ length: 4 }, (_, i) => (4 * i < data.length ? readI32(data, 4 * i) : 0));
  return { family, words };
}
