/** Two hosts on a link, on virtual time, and applications that send, receive and close; for the tests of TCP. */
import assert from 'node:assert/strict';
import { SeededRng } from '../../../src/base/rng.ts';
import { VirtualClock } from '../../../src/base/clock.ts';
import { Host } from '../../../src/stack/host.ts';
import { connectDevices, Plugs, parseNetem, type Link } from '../../../src/stack/link/index.ts';
import { LOST, RETRANSMITTED, SACKED } from '../../../src/stack/tcp/flight.ts';
import { FlowKind } from '../../../src/stack/tcp/flow.ts';
import {
  Tcp,
  type Connection,
  type ConnectionEvents,
  type NetErrorCode,
} from '../../../src/stack/tcp/index.ts';
import { describeFrame } from '../../../src/wire/index.ts';

export const START = 1_700_000_000_000_000;
export const SECOND = 1_000_000;
const ADDRESS_4 = [Int32Array.of(0x0a000001, 0, 0, 0), Int32Array.of(0x0a000002, 0, 0, 0)] as const;
const ADDRESS_6 = [Int32Array.of(0xfd000000, 0, 0, 1), Int32Array.of(0xfd000000, 0, 0, 2)] as const;

export interface NetOptions {
  readonly seed?: number;
  readonly netem?: string;
  readonly mtu?: number;
  readonly sysctl?: Readonly<Record<string, number>>;
  readonly congestion?: string;
}

export class Net {
  readonly clock = new VirtualClock(START);
  readonly link: Link;
  readonly a: Tcp;
  readonly b: Tcp;
  /** tcpdump's line of every frame, with the time in milliseconds and the side that sent it. */
  readonly log: string[] = [];

  constructor(options: NetOptions = {}) {
    const seed = options.seed ?? 1;
    const ends = [1, 2].map((n) => {
      const plugs = new Plugs();
      const host = Host.fromObject(
        {
          interfaces: {
            eth0: {
              mac: `02:00:00:00:00:0${n}`,
              addresses: [`10.0.0.${n}/24`, `fd00::${n}/64`],
              mtu: options.mtu ?? 1500,
            },
          },
          neighbours: [4, 6].map((family) => ({
            dev: 'eth0',
            ip: family === 4 ? `10.0.0.${3 - n}` : `fd00::${3 - n}`,
            mac: `02:00:00:00:00:0${3 - n}`,
          })),
          sysctl: options.sysctl ?? {},
        },
        { clock: this.clock, rng: new SeededRng(seed * 10 + n), sink: plugs },
      );
      return { host, device: host.devices.named('eth0')!, plugs };
    });
    this.link = connectDevices(
      this.clock,
      new SeededRng(seed * 10 + 7),
      ends[0]!,
      ends[1]!,
      parseNetem(options.netem ?? 'delay 5ms limit 100000'),
    );
    this.a = new Tcp(ends[0]!.host);
    this.b = new Tcp(ends[1]!.host);
    if (options.congestion !== undefined) this.a.congestion = this.b.congestion = options.congestion;
    this.link.tap((time, fromA, bytes, start, end) => {
      this.log.push(
        `${((time - START) / 1000).toFixed(3)} ${fromA ? 'a' : 'b'} ${describeFrame(bytes.slice(start, end))}`,
      );
    });
  }

  /** Listens on B and connects from A. */
  connect(
    client: ConnectionEvents,
    server: ConnectionEvents,
    family: 4 | 6 = 4,
  ): { client: Connection; server: () => Connection } {
    let accepted: Connection | undefined;
    this.b.listen({
      port: 80,
      onConnection: (listener) => {
        for (let c = listener.accept(); c !== undefined; c = listener.accept()) {
          accepted = c;
          c.listener = server;
          server.onConnect?.(c);
        }
      },
    });
    const remote = (family === 4 ? ADDRESS_4 : ADDRESS_6)[1];
    return { client: this.a.connect({ family, remote, remotePort: 80 }, client), server: () => accepted! };
  }

  /** An established connection with applications that do nothing. */
  established(): { client: Connection; server: Connection; ended: Ended } {
    const ended = new Ended();
    const { client, server } = this.connect(ended.of('client'), ended.of('server'));
    this.run(0.1);
    assert.equal(client.state, 1);
    return { client, server: server(), ended };
  }

  remote(side: 'a' | 'b', family: 4 | 6 = 4): Int32Array {
    return (family === 4 ? ADDRESS_4 : ADDRESS_6)[side === 'a' ? 0 : 1];
  }

  /** Lets `seconds` pass; `check` is called after every event. */
  run(seconds: number, check: () => void = () => {}): void {
    const end = this.clock.now + seconds * SECOND;
    while (this.clock.nextDue <= end) {
      this.clock.advanceTo(this.clock.nextDue);
      check();
    }
    this.clock.advanceTo(end);
  }

  /** Until nothing is left to happen, or `seconds` have passed. */
  settle(seconds = 3600, check: () => void = () => {}): void {
    const end = this.clock.now + seconds * SECOND;
    while (this.clock.nextDue <= end) {
      this.clock.advanceTo(this.clock.nextDue);
      check();
    }
  }

  /** Lines of the log since the last call that look like segments. */
  takeSegments(): string[] {
    return this.log.splice(0).filter((line) => line.includes('Flags'));
  }

  connections(): Connection[] {
    return [...this.a.table.entries(), ...this.b.table.entries()].filter(
      (flow): flow is Connection => flow.kind === FlowKind.CONNECTION,
    );
  }

  /** What must be true of every connection at any time. */
  checkInvariants(): void {
    for (const c of this.connections()) checkConnection(c);
  }
}

export class Ended {
  readonly errors: Record<string, NetErrorCode | 'closed' | undefined> = {};
  readonly events: string[] = [];

  of(name: string): ConnectionEvents {
    return {
      onConnect: () => void this.events.push(`${name} connect`),
      onEnd: () => void this.events.push(`${name} end`),
      onClose: (_c, error) => {
        this.events.push(`${name} close`);
        this.errors[name] = error?.code ?? 'closed';
      },
    };
  }
}

function checkConnection(c: Connection): void {
  const { flight } = c;
  const at = `${c.localPort}>${c.remotePort}`;
  let [sacked, lost, retransmitted] = [0, 0, 0];
  let seq = c.sndUna;
  for (let i = 0; i < flight.count; i++) {
    const flags = flight.flags(i);
    assert.equal(flight.start(i), seq, `${at}: the flight has no gaps and begins at SND.UNA`);
    assert.ok(((flight.end(i) - seq) | 0) > 0, `${at}: no empty segments in flight`);
    assert.ok((flags & (SACKED | LOST)) !== (SACKED | LOST), `${at}: not lost and delivered at once`);
    seq = flight.end(i);
    if ((flags & SACKED) !== 0) sacked++;
    if ((flags & LOST) !== 0) lost++;
    if ((flags & RETRANSMITTED) !== 0) retransmitted++;
  }
  assert.equal(seq, c.sndNxt, `${at}: the flight ends at SND.NXT`);
  if (c.hasSack) assert.equal(c.sackedOut, sacked, `${at}: sackedOut`);
  assert.equal(c.lostOut, lost, `${at}: lostOut`);
  assert.equal(c.retransOut, retransmitted, `${at}: retransOut`);
  assert.ok(c.inFlight >= 0, `${at}: ${c.inFlight} segments in flight`);
  assert.ok(c.cwnd >= 1, `${at}: cwnd ${c.cwnd}`);
  assert.ok(((c.sndNxt - c.writeSeq) | 0) <= 1, `${at}: nothing is sent that was not written`);
  assert.ok(c.unacked <= Math.max(c.sendBuffer, 4 * 1024 * 1024), `${at}: send buffer`);
  assert.ok(
    c.received.unread >= 0 && c.received.unread <= c.rcvBuffer + 65536,
    `${at}: unread ${c.received.unread}`,
  );
  assert.ok(
    c.received.capacity <= 4 * Math.max(c.rcvBuffer, 65536),
    `${at}: receive memory ${c.received.capacity}`,
  );
  assert.ok(
    c.flight.count === 0 || c.timerDue < Infinity,
    `${at}: a timer runs while segments are in flight`,
  );
}

/** Sends a stream whose byte n is a function of n, and closes. */
export function source(
  total: number,
  onClose: ConnectionEvents['onClose'] = () => {},
): ConnectionEvents & { sent: number } {
  const buffer = new Uint8Array(16384);
  const pump = (c: Connection) => {
    while (app.sent < total) {
      const n = Math.min(buffer.length, total - app.sent);
      for (let i = 0; i < n; i++) buffer[i] = patternAt(app.sent + i);
      const taken = c.write(buffer, 0, n);
      if (taken < 0) return;
      app.sent += taken;
      if (taken < n) return;
    }
    c.shutdown();
  };
  const app = { sent: 0, onConnect: pump, onWritable: pump, onEnd: (c: Connection) => c.close(), onClose };
  return app;
}

/** Reads and checks such a stream, and closes after its end. */
export function sink(
  onClose: ConnectionEvents['onClose'] = () => {},
): ConnectionEvents & { got: number; ended: boolean } {
  const app = {
    got: 0,
    ended: false,
    onReadable(c: Connection) {
      for (let piece = c.peek(); piece.length > 0; piece = c.peek()) {
        for (let i = 0; i < piece.length; i++) {
          if (piece[i] !== patternAt(app.got + i)) assert.fail(`byte ${app.got + i} is ${piece[i]}`);
        }
        app.got += piece.length;
        c.consume(piece.length);
      }
    },
    onEnd(c: Connection) {
      app.ended = true;
      c.close();
    },
    onClose,
  };
  return app;
}

/** Not periodic in any power of two, so that a byte in a wrong place shows. */
export function patternAt(n: number): number {
  return (Math.imul(n, 0x9e3779b1) >>> 24) ^ (n & 0xff);
}
