/**
 * The server of iperf3 on a host of ours, as far as TCP tests of its client need it: what a client in the kernel's namespace
 * sends over its streams is counted, or with `-R` sent. The protocol is what iperf3 3.12 says on the wire: a control
 * connection of single bytes (below) and of JSON behind its length, streams that begin with the cookie of the test.
 */
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import type { NodeNet, Server, Socket } from '../../../../src/node/index.ts';

const COOKIE_BYTES = 37;
const LENGTH_BYTES = 4;
const DEFAULT_BLOCK = 131_072;
/** What either side says of where the test is. */
const State = {
  TEST_START: 1,
  TEST_RUNNING: 2,
  TEST_END: 4,
  PARAM_EXCHANGE: 9,
  CREATE_STREAMS: 10,
  EXCHANGE_RESULTS: 13,
  DISPLAY_RESULTS: 14,
  IPERF_DONE: 16,
} as const;

interface Parameters {
  readonly parallel?: number;
  readonly reverse?: boolean;
  readonly len?: number;
}

/** Reads so many bytes at a time. */
class Reader {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async take(length: number): Promise<Buffer> {
    while (this.rest.length < length) {
      const { done, value } = await this.chunks.next();
      if (done === true) throw new Error('iperf3: the connection ended early');
      this.rest = Buffer.concat([this.rest, value]);
    }
    const taken = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return taken;
  }

  async json(): Promise<unknown> {
    const length = (await this.take(LENGTH_BYTES)).readUInt32BE();
    return JSON.parse((await this.take(length)).toString());
  }

  /** Counts everything up to the end. */
  async drain(count: (bytes: number) => void): Promise<void> {
    count(this.rest.length);
    this.rest = Buffer.alloc(0);
    for (;;) {
      const { done, value } = await this.chunks.next();
      if (done === true) return;
      count(value.length);
    }
  }
}

interface Results {
  readonly streams: readonly { readonly id: number; readonly bytes: number }[];
}

/** What all streams of a test have carried. */
class Streams {
  readonly each: { readonly id: number; bytes: number }[] = [];
  bytes = 0;
  private wanted = Infinity;
  private onReached: () => void = () => {};

  /** Whoever is counted as the next stream; iperf3 numbers its streams 1, 3, 4, 5 … */
  add(): number {
    this.each.push({ id: this.each.length === 0 ? 1 : this.each.length + 2, bytes: 0 });
    return this.each.length - 1;
  }

  count(stream: number, bytes: number): void {
    this.each[stream]!.bytes += bytes;
    this.bytes += bytes;
    if (this.bytes >= this.wanted) this.onReached();
  }

  reach(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.wanted = bytes;
      this.onReached = resolve;
      if (this.bytes >= bytes) resolve();
    });
  }
}

export interface Iperf3Result {
  readonly streams: number;
  readonly bytes: number;
}

export class Iperf3Server {
  private readonly server: Server;
  /** The test under way: its streams are told by its cookie. */
  private test: {
    readonly cookie: string;
    readonly parameters: Parameters;
    readonly streams: Streams;
  } | null = null;
  private isEnded = false;
  private onStream: () => void = () => {};
  private readonly results: Iperf3Result[] = [];

  static async open(net: NodeNet, port: number): Promise<Iperf3Server> {
    const server = new Iperf3Server(net, port);
    await once(server.server, 'listening');
    return server;
  }

  private constructor(net: NodeNet, port: number) {
    this.server = net.createServer((socket) => {
      // A client that ends its test resets what it has not read.
      void this.accept(socket).catch(() => socket.destroy());
    });
    this.server.listen(port);
  }

  close(): void {
    this.server.close();
  }

  /** What the last test brought. */
  get last(): Iperf3Result | undefined {
    return this.results.at(-1);
  }

  private async accept(socket: Socket): Promise<void> {
    const reader = new Reader(socket);
    const cookie = (await reader.take(COOKIE_BYTES)).toString();
    if (this.test?.cookie === cookie) await this.stream(socket, reader);
    else await this.control(socket, reader, cookie);
  }

  private async control(socket: Socket, reader: Reader, cookie: string): Promise<void> {
    const say = (state: number) => socket.write(Buffer.of(state));
    const hear = async () => (await reader.take(1))[0]!;
    say(State.PARAM_EXCHANGE);
    const parameters = (await reader.json()) as Parameters;
    const streams = new Streams();
    this.isEnded = false;
    this.test = { cookie, parameters, streams };
    const wanted = parameters.parallel ?? 1;
    const allThere = new Promise<void>((resolve) => {
      this.onStream = () => streams.each.length === wanted && resolve();
    });
    say(State.CREATE_STREAMS);
    await allThere;
    say(State.TEST_START);
    say(State.TEST_RUNNING);
    if ((await hear()) !== State.TEST_END) throw new Error('iperf3: the client gave up');
    this.isEnded = true;
    say(State.EXCHANGE_RESULTS);
    const sent = (await reader.json()) as Results;
    // What is still under way counts, too: nothing of it may be lost. (Streams need not arrive in the client's order.)
    if (parameters.reverse !== true)
      await streams.reach(sent.streams.reduce((sum, { bytes }) => sum + bytes, 0));
    this.results.push({ streams: streams.each.length, bytes: streams.bytes });
    const text = Buffer.from(JSON.stringify(resultsOf(streams)));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(text.length);
    socket.write(Buffer.concat([length, text]));
    say(State.DISPLAY_RESULTS);
    await hear();
    this.test = null;
    socket.end();
  }

  private async stream(socket: Socket, reader: Reader): Promise<void> {
    const { streams, parameters } = this.test!;
    // iperf3 numbers its streams 1, 3, 4, 5 …
    const number = streams.add();
    this.onStream();
    if (parameters.reverse !== true) return reader.drain((bytes) => streams.count(number, bytes));
    const block = Buffer.alloc(parameters.len ?? DEFAULT_BLOCK, 'sluice');
    const hasEnded = () => this.isEnded;
    await pipeline(function* () {
      for (; !hasEnded(); streams.count(number, block.length)) yield block;
    }, socket);
  }
}

function resultsOf({ each }: Streams): object {
  return {
    cpu_util_total: 0,
    cpu_util_user: 0,
    cpu_util_system: 0,
    sender_has_retransmits: 0,
    streams: each.map(({ id, bytes }) => ({
      id,
      bytes,
      retransmits: -1,
      jitter: 0,
      errors: 0,
      packets: 0,
      start_time: 0,
      end_time: 1,
    })),
  };
}
