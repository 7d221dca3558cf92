/**
 * `tcp-stack` and `tcp-stack-jumbo`: one TCP connection between two stacks in this process, over a link of 50 µs, every
 * checksum made and checked, every byte copied in and out. `tcp-connections`: connects, closes and what an idle
 * connection costs in memory.
 *
 * The peer is tcpip.js (lwIP compiled to WebAssembly). It is not in the npm registry, so its figure is quoted: 0.70
 * Gbit/s, measured with the same work (one connection, MTU 1500, in one process).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SeededRng, VirtualClock } from '../src/base/index.ts';
import { Host } from '../src/stack/host.ts';
import { connectDevices, parseNetem, Plugs } from '../src/stack/link/index.ts';
import { Tcp, type Connection } from '../src/stack/tcp/index.ts';
import { less, median, more, type Bench, type Figure } from './figure.ts';

const START = 1_700_000_000_000_000;
const PEER = 'tcpip.js (lwIP in WebAssembly), quoted';
const PEER_GBITS = 0.7;
const SERVER = Int32Array.of(0x0a000002, 0, 0, 0);
const RUNS = 5;
const STREAM_BYTES = 600_000_000;
/** Larger pieces than the caches hold cost more than they save. */
const SOCKET_BUFFER = 256 * 1024;
const JUMBO_MTU = 65520;
const JUMBO_BUFFER = 1024 * 1024;

interface Pair {
  readonly clock: VirtualClock;
  readonly client: Tcp;
  readonly server: Tcp;
}

function pair(mtu: number): Pair {
  const clock = new VirtualClock(START);
  const ends = [1, 2].map((n) => {
    const plugs = new Plugs();
    const host = Host.fromObject(
      {
        interfaces: { eth0: { mac: `02:00:00:00:00:0${n}`, addresses: [`10.0.0.${n}/24`], mtu } },
        neighbours: [{ dev: 'eth0', ip: `10.0.0.${3 - n}`, mac: `02:00:00:00:00:0${3 - n}` }],
        sysctl: { 'net.ipv4.ip_local_port_range[0]': 1024, 'net.ipv4.ip_local_port_range[1]': 65535 },
      },
      { clock, rng: new SeededRng(n), sink: plugs },
    );
    return { host, device: host.devices.named('eth0')!, plugs };
  });
  connectDevices(clock, new SeededRng(3), ends[0]!, ends[1]!, parseNetem('delay 50us limit 100000'));
  return { clock, client: new Tcp(ends[0]!.host), server: new Tcp(ends[1]!.host) };
}

function step({ clock }: Pair): void {
  clock.advanceTo(clock.nextDue);
}

/** Gigabits of payload a second. */
function streamRate(mtu: number, buffer: number): number {
  const net = pair(mtu);
  let got = 0;
  net.server.listen({
    port: 80,
    onConnection(listener) {
      const c = listener.accept()!;
      c.setReceiveBuffer(2 * buffer);
      c.listener = {
        onReadable(connection) {
          const n = connection.read(into);
          got += n;
          for (let more = connection.unread; more > 0; more = connection.unread) got += connection.read(into);
        },
      };
    },
  });
  const into = new Uint8Array(1 << 17);
  const out = new Uint8Array(1 << 16).fill(0x5a);
  const pump = (c: Connection) => {
    while (c.write(out) === out.length);
  };
  const client = net.client.connect(
    { family: 4, remote: SERVER, remotePort: 80 },
    { onConnect: pump, onWritable: pump },
  );
  client.setSendBuffer(buffer);
  const until = (bytes: number) => {
    while (got < bytes) step(net);
  };
  until(STREAM_BYTES / 3);
  const warm = got;
  const start = process.hrtime.bigint();
  until(STREAM_BYTES);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  return ((got - warm) * 8) / seconds / 1e9;
}

function streamFigure(name: string, mtu: number, buffer: number, peer: number | null, note?: string): Figure {
  const rates = Array.from({ length: RUNS }, () => streamRate(mtu, buffer));
  return more(name, median(rates), 'Gbit/s', PEER, peer, note);
}

export const tcpStack: Bench = {
  name: 'tcp-stack',
  about: 'one TCP connection, stack to stack in one process, MTU 1500',
  run: () => [streamFigure('tcp-stack', 1500, SOCKET_BUFFER, PEER_GBITS)],
};

export const tcpStackJumbo: Bench = {
  name: 'tcp-stack-jumbo',
  about: 'the same with an MTU of 65520',
  run: () => [
    streamFigure('tcp-stack-jumbo', JUMBO_MTU, JUMBO_BUFFER, null, 'the figure quoted is for an MTU of 1500'),
  ],
};

const IDLE = 10_000;
const IDLE_LIMIT_MB = 40;
const CYCLES = 40_000;
const CYCLES_AT_ONCE = 200;
const CYCLES_WANTED = 20;

/** Megabytes that the connections take, both ends of each: both are in this process. */
function idleMemory(): number {
  const net = pair(1500);
  const kept: Connection[] = [];
  net.server.listen({
    port: 80,
    backlog: IDLE,
    onConnection(listener) {
      for (let c = listener.accept(); c !== undefined; c = listener.accept()) kept.push(c);
    },
  });
  const before = heapUsed();
  for (let i = 0; i < IDLE; i++) {
    kept.push(net.client.connect({ family: 4, remote: SERVER, remotePort: 80 }));
    if (i % CYCLES_AT_ONCE === 0) net.clock.advanceTo(net.clock.now + 1000);
  }
  net.clock.advanceTo(net.clock.now + 10_000_000);
  if (kept.length !== 2 * IDLE || kept.some((c) => c.state !== 1))
    throw new Error('not every connection was made');
  // One exchange each, so that everything that a connection makes when it is used has been made.
  for (const c of kept) c.write(Uint8Array.of(1));
  net.clock.advanceTo(net.clock.now + 10_000_000);
  for (const c of kept) c.consume(1);
  net.clock.advanceTo(net.clock.now + 10_000_000);
  return (heapUsed() - before) / 1e6;
}

/** The collector, which Node hands out only when asked at the start or in a new context. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

function heapUsed(): number {
  const collect = collector();
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Thousands of connections a second: handshake, FIN both ways, TIME_WAIT. */
function cycleRate(): number {
  const net = pair(1500);
  let closed = 0;
  let opened = 0;
  net.server.listen({
    port: 80,
    backlog: CYCLES_AT_ONCE * 2,
    onConnection(listener) {
      for (let c = listener.accept(); c !== undefined; c = listener.accept())
        c.listener = { onEnd: (it) => it.close() };
    },
  });
  const open = () => {
    if (opened++ < CYCLES)
      net.client.connect(
        { family: 4, remote: SERVER, remotePort: 80 },
        { onConnect: (c) => c.shutdown(), onClose },
      );
  };
  const onClose = () => {
    closed++;
    open();
  };
  const start = process.hrtime.bigint();
  for (let i = 0; i < CYCLES_AT_ONCE; i++) open();
  while (closed < CYCLES) step(net);
  return CYCLES / (Number(process.hrtime.bigint() - start) / 1e9) / 1000;
}

export const tcpConnections: Bench = {
  name: 'tcp-connections',
  figures: ['tcp-connections', 'tcp-idle-memory'],
  about: '10,000 idle connections (both ends), and connects and closes a second',
  run: () => [
    less('tcp-idle-memory', idleMemory(), 'MB', 'the limit set for 10,000', IDLE_LIMIT_MB),
    more(
      'tcp-connections',
      median([cycleRate(), cycleRate(), cycleRate()]),
      'k/s',
      'the least wanted',
      CYCLES_WANTED,
    ),
  ],
};
