/**
 * A connection as a pair of web streams (WHATWG Streams), for browsers and whoever prefers them. As with Node's streams
 * nothing is held back here: what is not read closes the window, what does not fit waits in `write`.
 */
import type { Connection, ConnectionEvents } from './connection.ts';
import { NetError } from './errors.ts';
import { TcpState } from './states.ts';

export interface ByteStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Fulfilled when the connection is open, rejected when it could not be opened. */
  readonly opened: Promise<void>;
  /** Fulfilled when both sides have closed, rejected when it failed. */
  readonly closed: Promise<void>;
}

/** Has the clock catch up before what comes from outside is done, where one moves by itself. */
export type Enter = <T>(action: () => T) => T;

const AT_ONCE: Enter = (action) => action();

/** Takes over the connection's events. */
export function webStreams(c: Connection, enter = AT_ONCE): ByteStreams {
  return new Streams(c, enter);
}

class Streams implements ByteStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  private readonly connection: Connection;
  private readonly enter: Enter;
  private source: ReadableStreamDefaultController<Uint8Array> | null = null;
  private hasEnded = false;
  private wake: (() => void) | null = null;

  constructor(c: Connection, enter: Enter) {
    this.connection = c;
    this.enter = enter;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.source = controller;
        },
        pull: () => enter(() => this.pull()),
        cancel: () => enter(() => c.close()),
      },
      { highWaterMark: 1 },
    );
    this.writable = new WritableStream<Uint8Array>(
      {
        write: (chunk) => this.write(chunk),
        close: () => enter(() => c.shutdown()),
        abort: () => enter(() => c.abort()),
      },
      { highWaterMark: 1 },
    );
    const opened = settleable();
    const closed = settleable();
    this.opened = opened.promise;
    this.closed = closed.promise;
    // Whoever does not ask need not be told.
    opened.promise.catch(() => {});
    closed.promise.catch(() => {});
    c.listener = this.events(opened.resolve, opened.reject, closed.resolve, closed.reject);
    if (c.state !== TcpState.SYN_SENT) opened.resolve();
  }

  private events(
    open: () => void,
    refuse: (error: Error) => void,
    close: () => void,
    fail: (error: Error) => void,
  ): ConnectionEvents {
    return {
      onConnect: () => {
        open();
        this.wakeWriter();
      },
      onReadable: () => this.pull(),
      onWritable: () => this.wakeWriter(),
      onEnd: () => {
        this.hasEnded = true;
        this.pull();
      },
      onClose: (_c, error) => {
        if (error !== null) {
          refuse(error);
          fail(error);
          this.source?.error(error);
          this.source = null;
        } else {
          close();
        }
        this.wakeWriter();
      },
    };
  }

  private pull(): void {
    const { source, connection } = this;
    if (source === null) return;
    while ((source.desiredSize ?? 0) > 0 && connection.unread > 0) {
      const piece = connection.peek().slice();
      connection.consume(piece.length);
      source.enqueue(piece);
    }
    if (!this.hasEnded || connection.unread > 0) return;
    this.source = null;
    source.close();
  }

  private wakeWriter(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }

  private async write(chunk: Uint8Array): Promise<void> {
    await this.opened;
    for (let at = 0; at < chunk.length;) {
      const taken = this.enter(() => this.connection.write(chunk, at));
      if (taken < 0) throw this.connection.error ?? new NetError('EPIPE');
      at += taken;
      if (at < chunk.length) await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

interface Settleable {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function settleable(): Settleable {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  return { promise, resolve, reject };
}
