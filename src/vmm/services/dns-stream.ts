/**
 * Names over TCP (RFC 7766), on the gateway's own stack: queries and answers, each behind its length in two bytes. A client may
 * ask several at once, and has them in the order in which they come.
 */
import type { Timer } from '../../base/clock.ts';
import type { Connection, Tcp } from '../../stack/tcp/index.ts';
import { formatIp } from '../../wire/address.ts';
import { readU16, writeU16 } from '../../wire/bytes.ts';
import { Quotas } from '../world/quotas.ts';
import type { NameServer } from './name-server.ts';

const PORT = 53;
const LENGTH_BYTES = 2;
/** Whoever announces more wants no answer. */
const MAX_QUERY = 4096;
/** Queries of one connection that wait for their answers. */
const MOST_WAITING = 16;
const MOST_CONNECTIONS = 64;
const MOST_PER_CLIENT = 8;
const IDLE_US = 20_000_000;

export class DnsStream {
  private readonly tcp: Tcp;
  private readonly server: NameServer;
  private readonly quotas = new Quotas(MOST_PER_CLIENT);
  private count = 0;

  constructor(tcp: Tcp, server: NameServer) {
    this.tcp = tcp;
    this.server = server;
    tcp.listen({
      port: PORT,
      onConnection: (listener) => {
        for (let c = listener.accept(); c !== undefined; c = listener.accept()) this.welcome(c);
      },
    });
  }

  private welcome(connection: Connection): void {
    const [w0, w1, w2, w3] = connection.remote;
    const client = formatIp(connection.family, w0!, w1!, w2!, w3!);
    if (this.count >= MOST_CONNECTIONS || !this.quotas.take(client)) return connection.abort();
    this.count++;
    new Client(this.tcp, connection, client, this.server, () => {
      this.count--;
      this.quotas.give(client);
    });
  }
}

class Client {
  private readonly tcp: Tcp;
  private readonly connection: Connection;
  private readonly name: string;
  private readonly server: NameServer;
  private readonly held = new Uint8Array(LENGTH_BYTES + MAX_QUERY);
  private length = 0;
  private waiting = 0;
  private isEnded = false;
  private isReading = false;
  /** Answers that the connection did not take yet. */
  private readonly out: Uint8Array[] = [];
  private timer: Timer;

  constructor(tcp: Tcp, connection: Connection, name: string, server: NameServer, onEnd: () => void) {
    this.tcp = tcp;
    this.connection = connection;
    this.name = name;
    this.server = server;
    this.timer = this.idle();
    connection.listener = {
      onReadable: () => this.read(),
      onWritable: () => this.write(),
      onEnd: () => {
        this.isEnded = true;
        this.read();
        this.closeIfDone();
      },
      onClose: () => {
        this.timer.cancel();
        onEnd();
      },
    };
    this.read();
  }

  private idle(): Timer {
    const { clock } = this.tcp.host;
    return clock.at(clock.now + IDLE_US, () => this.connection.abort());
  }

  private read(): void {
    // An answer that is there at once would have the next query read within.
    if (this.isReading) return;
    this.isReading = true;
    const { connection, held } = this;
    while (connection.unread > 0 && this.waiting + this.out.length < MOST_WAITING) {
      const isAnnounced = this.length >= LENGTH_BYTES;
      const size = isAnnounced ? readU16(held, 0) : 0;
      if (isAnnounced && (size === 0 || size > MAX_QUERY)) {
        connection.abort();
        break;
      }
      this.length += connection.read(held.subarray(this.length, LENGTH_BYTES + size));
      if (isAnnounced && this.length === LENGTH_BYTES + size) this.ask(held.slice(LENGTH_BYTES, this.length));
    }
    this.isReading = false;
  }

  private ask(query: Uint8Array): void {
    this.length = 0;
    this.waiting++;
    this.timer.cancel();
    this.timer = this.idle();
    const answered = (answer: Uint8Array) => {
      this.waiting--;
      const message = new Uint8Array(LENGTH_BYTES + answer.length);
      writeU16(message, 0, answer.length);
      message.set(answer, LENGTH_BYTES);
      this.out.push(message);
      this.write();
    };
    this.server.query(query, this.name, answered, true);
  }

  private write(): void {
    const { connection, out } = this;
    while (out.length > 0) {
      const taken = connection.write(out[0]!);
      if (taken < 0) return;
      if (taken < out[0]!.length) {
        out[0] = out[0]!.subarray(taken);
        return;
      }
      out.shift();
    }
    this.read();
    this.closeIfDone();
  }

  private closeIfDone(): void {
    if (this.isEnded && this.waiting === 0 && this.out.length === 0) this.connection.close();
  }
}
