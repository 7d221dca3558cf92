/**
 * Questions for names handed on to name servers over the gateway's own stack, where no socket of the machine's can be had: by
 * datagram, or by stream (RFC 7766) for those who asked by stream. Each goes to the first server that answers.
 */
import { NetError, type Connection, type Tcp } from '../../stack/tcp/index.ts';
import type { Udp } from '../../stack/udp/index.ts';
import { readU16, writeU16 } from '../../wire/bytes.ts';
import * as dns from '../../wire/dns.ts';
import { Quotas } from '../world/quotas.ts';
import { send, serve } from './udp-service.ts';

const WAIT_US = 4_000_000;
const LENGTH_BYTES = 2;
/** Questions that wait for an answer at once; more are dropped, and asked again. */
const MOST_ASKED = 256;
const MOST_ASKED_PER_CLIENT = 64;

type Done = (answer: Uint8Array | undefined) => void;

export class GatewayResolver {
  private readonly udp: Udp;
  private readonly tcp: Tcp;
  private readonly servers: () => readonly number[];
  private readonly quotas = new Quotas(MOST_ASKED_PER_CLIENT);
  private asked = 0;

  /** @param servers - IPv4 addresses, asked anew each time */
  constructor(udp: Udp, tcp: Tcp, servers: () => readonly number[]) {
    this.udp = udp;
    this.tcp = tcp;
    this.servers = servers;
  }

  /** `done` is called once, with the answer's bytes as they came; not at all for what is too much. */
  ask(query: Uint8Array, client: string, byStream: boolean, done: Done): void {
    if (this.asked >= MOST_ASKED || !this.quotas.take(client)) return;
    this.asked++;
    const end = (answer: Uint8Array | undefined) => {
      this.asked--;
      this.quotas.give(client);
      done(answer);
    };
    // A number of its own, so that whoever knows the guest's does not know this one (RFC 5452).
    const own = query.slice();
    writeU16(own, 0, this.udp.host.rng.u32() & 0xffff);
    const servers = [...this.servers()];
    const next = (): void => {
      const server = servers.shift();
      if (server === undefined) return end(undefined);
      const answered = (answer: Uint8Array | undefined) => {
        if (answer === undefined || !isAnswer(answer, own)) return next();
        const known = answer.slice();
        known.set(query.subarray(0, 2));
        end(known);
      };
      const words = Int32Array.of(server, 0, 0, 0);
      if (byStream) this.askByStream(words, own, answered);
      else this.askByDatagram(words, own, answered);
    };
    next();
  }

  private askByDatagram(server: Int32Array, query: Uint8Array, done: Done): void {
    const { clock } = this.udp.host;
    const socket = this.udp.open({ family: 4 });
    const end: Done = (answer) => {
      timer.cancel();
      socket.close();
      done(answer);
    };
    const timer = clock.at(clock.now + WAIT_US, () => end(undefined));
    socket.connect(server, dns.PORT);
    serve(socket, (bytes) => {
      if (!socket.isClosed && isAnswer(bytes, query)) end(bytes);
    });
    send(socket, query);
  }

  private askByStream(remote: Int32Array, query: Uint8Array, done: Done): void {
    const { clock } = this.tcp.host;
    const message = new Uint8Array(LENGTH_BYTES + query.length);
    writeU16(message, 0, query.length);
    message.set(query, LENGTH_BYTES);
    let held = new Uint8Array(0);
    let isOver = false;
    const end: Done = (answer) => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      connection?.abort();
      done(answer);
    };
    const timer = clock.at(clock.now + WAIT_US, () => end(undefined));
    const read = (c: Connection) => {
      for (let bytes = c.peek(); bytes.length > 0; bytes = c.peek()) {
        const both = new Uint8Array(held.length + bytes.length);
        both.set(held);
        both.set(bytes, held.length);
        held = both;
        c.consume(bytes.length);
      }
      const length = held.length < LENGTH_BYTES ? Infinity : LENGTH_BYTES + readU16(held, 0);
      if (held.length >= length) end(held.slice(LENGTH_BYTES, length));
    };
    let connection: Connection | undefined;
    try {
      connection = this.tcp.connect(
        { family: 4, remote, remotePort: dns.PORT },
        // A question is a few hundred bytes: a new connection's buffer takes it at once.
        { onConnect: (c) => void c.write(message), onReadable: read, onClose: () => end(undefined) },
      );
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      end(undefined);
    }
  }
}

/** Number and question are those that were asked; names may come back in other case. */
function isAnswer(answer: Uint8Array, query: Uint8Array): boolean {
  const asked = dns.parseQuery(query);
  const said = dns.parseResponse(answer);
  return asked !== undefined && said !== undefined && said.id === asked.id && said.name === asked.name;
}
