/**
 * Peers that mean harm, on every socket of a guest network at once; and what bad messages must not do, each by the number under
 * which it is kept (S-1, S-2; S-3 and S-4 are sandbox.test.ts, S-10 below and in stream-nic.test.ts and attachments.test.ts).
 *
 * SLUICE_FUZZ_SECONDS=3600 goes on for an hour, and SLUICE_SEED=N begins elsewhere.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as packet from 'dns-packet';
import { WebSocket } from 'ws';
import { SeededRng } from '../../src/base/rng.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { createNetwork, type RunningNetwork } from '../../src/vmm/index.ts';
import { DnsServer } from '../../src/vmm/services/dns-server.ts';
import { Outside } from '../../src/vmm/world/outside.ts';
import { RealClock } from '../../src/vmm/real-clock.ts';
import { DnsNames } from '../../src/services/dns-names.ts';
import { Leases } from '../../src/services/dhcp4-leases.ts';
import { Dhcp4Server } from '../../src/services/dhcp4-server.ts';
import * as dhcp from '../../src/wire/dhcp.ts';
import { HostileGuest } from './hostile-frames.ts';
import { ask, stackGuest, StackNic } from './stack-guest.ts';

const SECONDS = Number(process.env['SLUICE_FUZZ_SECONDS'] ?? 0);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
/** What a round sends by each socket. */
const A_ROUND = 500;
const ROUNDS = 6;
/** Between the half and the end; a leak of a hundred bytes a frame would be more after an hour. */
const MOST_GROWTH = 24 * 1024 * 1024;

describe('hostile messages', () => {
  it('S-1: short BOOTP, options of no length, overload in a circle: no answer, and nothing leased', () => {
    const clock = new VirtualClock(1_700_000_000_000_000);
    const leases = new Leases({
      ...{ clock, first: 0x0a000002, last: 0x0a0000fe, taken: [], reservations: [], leaseUs: 1e9, perMac: 2 },
    });
    const network = {
      address: 0x0a000001,
      router: 0,
      mask: -256,
      mtu: 1500,
      leaseSeconds: 60,
      nameServers: [],
    };
    const server = new Dhcp4Server({ ...network, domain: '', extra: new Map() }, leases);
    const request = (options: ReadonlyMap<number, Uint8Array>) =>
      dhcp.emit({
        ...{ op: 1, xid: 7, secs: 0, flags: 0, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, file: '' },
        ...{ chaddr: Uint8Array.of(2, 0, 0, 0, 0, 1), options },
      });
    const answer = (bytes: Uint8Array) => {
      const message = dhcp.parse(bytes, 0, bytes.length);
      return message && server.answer(message);
    };
    const discover = request(new Map([[dhcp.Option.MESSAGE_TYPE, Uint8Array.of(1)]]));
    for (let length = 0; length < 240; length++)
      assert.equal(answer(discover.subarray(0, length)), undefined);
    assert.equal(answer(request(new Map([[dhcp.Option.MESSAGE_TYPE, new Uint8Array(0)]]))), undefined);
    const overloaded = request(new Map([[dhcp.Option.OVERLOAD, Uint8Array.of(3)]]));
    // The field for the file says again that it is one of options.
    overloaded.set([dhcp.Option.OVERLOAD, 1, 3], 108);
    assert.equal(answer(overloaded), undefined);
    assert.equal([...leases].length, 0);
  });

  it('S-2: names that point to themselves, labels that are too long, counts that lie: no answer, at once', () => {
    const clock = new RealClock();
    const names = new DnsNames({ domain: 'guests.internal', leases: [], leases6: [], fixed: new Map() });
    const server = new DnsServer(names, new Outside(clock), undefined, () => []);
    const header = (questions: number, answers: number) => [0, 1, 1, 0, 0, questions, 0, answers, 0, 0, 0, 0];
    const CASES: Readonly<Record<string, readonly number[]>> = {
      'a name that points to itself': [...header(1, 0), 0xc0, 12, 0, 1, 0, 1],
      'two that point to each other': [...header(1, 0), 0xc0, 14, 0xc0, 12, 0, 1, 0, 1],
      'a label of more than 63': [...header(1, 0), 0x7f, ...new Array<number>(127).fill(0x61), 0, 0, 1, 0, 1],
      'more questions than there are': [...header(255, 0), 1, 0x61, 0],
      'more answers than there are': [...header(0, 255)],
      'a pointer beyond the end': [...header(1, 0), 0xff, 0xff, 0, 1, 0, 1],
    };
    for (const [what, bytes] of Object.entries(CASES)) {
      server.query(Uint8Array.from(bytes), 'guest', (answer) => {
        // What can be read as a question may be refused, but not answered.
        assert.notEqual(packet.decode(Buffer.from(answer)).flags! & 15, 0, what);
      });
    }
    clock.stop();
  });
});

describe('hostile peers on every socket of a guest network', function () {
  this.timeout(120_000 + SECONDS * 2000);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-hostile-'));
  const rng = new SeededRng(SEED);
  let network: RunningNetwork;
  let resolver: UdpSocket;
  let datagrams: UdpSocket;
  const honest = new StackNic();
  let webSocketPort = 0;
  let server: Server;
  /** Of an echo server, the one place that rules let guests go to. */
  let port = 0;
  const ports: number[] = [];

  before(async () => {
    writeFileSync(join(folder, 'boot'), Buffer.alloc(100_000));
    resolver = createSocket('udp4');
    resolver.on('message', (message, from) => resolver.send(hostileAnswer(message), from.port, from.address));
    datagrams = createSocket('udp4');
    for (const socket of [resolver, datagrams])
      await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
    for (let i = 0; i < 2; i++) {
      const socket = createSocket('udp4');
      await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
      ports.push(socket.address().port);
      await new Promise<void>((done) => socket.close(done));
    }
    webSocketPort = ports[1]!;
    server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
    network = await createNetwork({
      address: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: {
        stream: join(folder, 'stream.sock'),
        dgram: `udp:127.0.0.1:${ports[0]}-127.0.0.1:${datagrams.address().port}`,
        web: `ws:127.0.0.1:${webSocketPort}`,
        honest: { nic: honest },
      },
      boot: { folder, file: 'boot' },
      ntp: true,
      names: { sets: { evil: ['*.test'] }, deny: ['denied.test'] },
      resolvers: [`127.0.0.1:${resolver.address().port}`],
      rules: `
*raw
-A PREROUTING -p tcp --dport 21 -j CT --helper ftp
COMMIT
*filter
:FORWARD DROP
-A FORWARD -i wan -j ACCEPT
-A FORWARD -d 100.64.0.2 -p tcp -m multiport --dports 21,${port} -j ACCEPT
-A FORWARD -d 100.64.0.2 -p udp --dport ${port} -j ACCEPT
-A FORWARD -j REJECT
COMMIT
`,
    });
  });

  after(async () => {
    await network.close();
    resolver.close();
    datagrams.close();
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** As a resolver answers that was taken over. */
  function hostileAnswer(query: Buffer): Buffer {
    const address = `${10 + rng.below(200)}.${rng.below(256)}.0.1`;
    const { questions = [], id = 0 } = packet.decode(query);
    const name = questions[0]!.name;
    const answer = packet.encode({
      ...{ type: 'response', id, questions },
      answers: [
        { type: 'CNAME', name, ttl: rng.u32() >>> 1, data: rng.below(2) === 0 ? name : 'denied.test' },
        { type: 'A', name, ttl: rng.below(10), data: address },
      ],
    });
    for (let changes = rng.below(4); changes > 0; changes--)
      answer[2 + rng.below(answer.length - 2)] = rng.below(256);
    return answer;
  }

  async function byStream(guest: HostileGuest, count: number): Promise<void> {
    let socket: Socket | null = null;
    for (let i = 0; i < count; i++) {
      if (socket === null || socket.destroyed) {
        socket = connect({ path: join(folder, 'stream.sock') });
        socket.on('error', () => {});
        // One in some does not read what it is sent.
        if (rng.below(4) > 0) socket.resume();
        await once(socket, 'connect');
      }
      const bytes = guest.next();
      const length = Buffer.alloc(4);
      // Sometimes a length that lies: of nothing, of gigabytes, of a bit more.
      const lie = rng.below(100);
      length.writeUInt32BE(
        lie === 0 ? 0 : lie === 1 ? 0xffffffff : lie === 2 ? bytes.length + 3 : bytes.length,
      );
      // And sometimes half of one, with what comes next behind it.
      socket.write(lie === 3 ? length.subarray(0, 2) : length);
      socket.write(bytes);
      if (i % 50 === 0) await new Promise((done) => setImmediate(done));
    }
    socket?.destroy();
  }

  async function byDatagram(guest: HostileGuest, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await new Promise((done) => datagrams.send(guest.next(), ports[0]!, '127.0.0.1', done));
    }
  }

  async function byWebSocket(guest: HostileGuest, count: number): Promise<void> {
    let socket: WebSocket | null = null;
    for (let i = 0; i < count; i++) {
      if (socket === null || socket.readyState !== WebSocket.OPEN) {
        socket?.terminate();
        socket = new WebSocket(`ws://127.0.0.1:${webSocketPort}/`);
        socket.on('error', () => {});
        await Promise.race([once(socket, 'open').catch(() => {}), once(socket, 'close').catch(() => {})]);
        continue;
      }
      socket.send(rng.below(100) === 0 ? 'text' : guest.next());
      if (i % 50 === 0) await new Promise((done) => setImmediate(done));
    }
    socket?.terminate();
  }

  const round = (guests: readonly HostileGuest[]) =>
    Promise.all([
      byStream(guests[0]!, A_ROUND),
      byDatagram(guests[1]!, A_ROUND),
      byWebSocket(guests[2]!, A_ROUND),
    ]);

  it('S-10: leave it alive, serving others, and no larger', async () => {
    const collect = collector();
    const guests = [7, 8, 9].map((index) => new HostileGuest(index, port, rng));
    const until = Date.now() + SECONDS * 1000;
    const sizes: number[] = [];
    for (let i = 0; i < ROUNDS || Date.now() < until; i++) {
      await round(guests);
      sizes.push(collect());
    }
    const half = sizes[sizes.length >> 1]!;
    const growth = sizes.at(-1)! - half;
    assert.ok(growth < MOST_GROWTH, `${growth} bytes more: ${sizes.join(' ')}`);
    const guest = stackGuest(network.engine, honest, ['192.168.122.77/24'], ['192.168.122.1']);
    const query = packet.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'gateway' }] });
    const answer = packet.decode((await ask(network.engine, guest, '192.168.122.1', 53, query)) as Buffer);
    assert.equal(answer.answers!.length, 1);
  });
});

/** What is in use after everything was collected that can be. */
function collector(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}
