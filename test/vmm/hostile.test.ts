/**
 * Peers that mean harm, on every socket of a guest network at once; and what bad messages must not do, each by the number under
 * which it is kept (S-1, S-2; S-3 and S-4 are sandbox.test.ts, S-5 to S-9 by their numbers in other rooms, S-10 below and in stream-nic.test.ts and attachments.test.ts).
 *
 * SLUICE_FUZZ_SECONDS=3600 goes on for an hour, and SLUICE_SEED=N begins elsewhere.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as packet from 'dns-packet';
import { SeededRng } from '../../src/base/rng.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { NetworkInstance } from '../../src/shell/net/instance.ts';
import { ControlServer } from '../../src/control/index.ts';
import { createNetwork, TapNic, type RunningNetwork } from '../../src/vmm/index.ts';
import { DnsServer } from '../../src/vmm/services/dns-server.ts';
import { Outside } from '../../src/vmm/world/outside.ts';
import { RealClock } from '../../src/vmm/real-clock.ts';
import { DnsNames } from '../../src/services/dns-names.ts';
import { Leases } from '../../src/services/dhcp4-leases.ts';
import { Dhcp4Server } from '../../src/services/dhcp4-server.ts';
import * as dhcp from '../../src/wire/dhcp.ts';
import { hasProgram } from '../support/require.ts';
import { HostileGuest } from './hostile-frames.ts';
import { onControlSocket, onDatagrams, onNic, onStream, onWebSocket, type Peer } from './hostile-peers.ts';
import { ask, stackGuest, StackNic } from './stack-guest.ts';

const SECONDS = Number(process.env['SLUICE_FUZZ_SECONDS'] ?? 0);
const SEED = Number(process.env['SLUICE_SEED'] ?? 1);
/** What a round sends by each socket. */
const A_ROUND = 500;
const ROUNDS = 6;
/** Of the peer behind the TAP device (its number is 10), where the kernel would otherwise be the first to speak. */
const TAP_MAC = '02:00:00:00:00:0a';
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
  /** Has a bridge of the kernel between the network's TAP device and one of a peer's; needs root. */
  const namespace = `sluice-hostile-${process.pid}`;
  const hasTap = process.getuid?.() === 0 && hasProgram('ip');
  const peerTap = new TapNic({ device: 'peer', namespace: `/run/netns/${namespace}` });
  let control: ControlServer;

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
    if (hasTap) execFileSync('ip', ['netns', 'add', namespace]);
    network = await createNetwork({
      address: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: {
        stream: join(folder, 'stream.sock'),
        dgram: `udp:127.0.0.1:${ports[0]}-127.0.0.1:${datagrams.address().port}`,
        web: `ws:127.0.0.1:${webSocketPort}`,
        ...(hasTap ? { tap: { socket: `tap:ours@/run/netns/${namespace}`, mac: TAP_MAC } } : {}),
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
    control = new ControlServer(new NetworkInstance(network.engine, network.audit), join(folder, 'control'));
    await control.start();
    if (!hasTap) return;
    await peerTap.start({ frame: () => {}, link: () => {} });
    const inside = (...words: string[]) => execFileSync('ip', ['-n', namespace, ...words]);
    inside('link', 'add', 'wire', 'type', 'bridge', 'mcast_snooping', '0');
    for (const device of ['ours', 'peer'])
      inside('link', 'set', device, 'master', 'wire', 'mtu', '65520', 'up');
    inside('link', 'set', 'wire', 'up');
  });

  after(async () => {
    await control.close();
    await network.close();
    await peerTap.close();
    if (hasTap) spawnSync('ip', ['netns', 'del', namespace]);
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

  it('S-10: leave it alive, serving others, and no larger', async () => {
    const collect = collector();
    const guest = (index: number) => new HostileGuest(index, port, rng);
    const peers: readonly Peer[] = [
      onStream(join(folder, 'stream.sock'), guest(7), rng),
      onDatagrams(datagrams, ports[0]!, guest(8)),
      onWebSocket(webSocketPort, guest(9), rng),
      onControlSocket(join(folder, 'control'), rng),
      ...(hasTap ? [onNic(peerTap, guest(10))] : []),
    ];
    const start = Date.now();
    const sizes: number[] = [];
    for (let i = 0; i < ROUNDS || Date.now() < start + SECONDS * 1000; i++) {
      await Promise.all(peers.map((peer) => peer(A_ROUND)));
      sizes.push(collect());
      if (SECONDS > 0) record(Date.now() - start, i + 1, sizes.at(-1)!);
    }
    for (const { name, sent } of network.status().guests) assert.ok(name === 'honest' || sent > 0, name);
    const half = sizes[sizes.length >> 1]!;
    const growth = sizes.at(-1)! - half;
    assert.ok(growth < MOST_GROWTH, `${growth} bytes more: ${sizes.join(' ')}`);
    const asker = stackGuest(network.engine, honest, ['192.168.122.77/24'], ['192.168.122.1']);
    const query = packet.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'gateway' }] });
    const answer = packet.decode((await ask(network.engine, asker, '192.168.122.1', 53, query)) as Buffer);
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

let lastRecordMs = 0;

/** Once a minute: what a long run has come to. */
function record(elapsedMs: number, rounds: number, inUse: number): void {
  if (elapsedMs < lastRecordMs + 60_000) return;
  lastRecordMs = elapsedMs;
  const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
  process.stderr.write(
    `${Math.round(elapsedMs / 60_000)} min, ${rounds} rounds: ${mega(inUse)} MB in use, resident ${mega(process.memoryUsage.rss())} MB\n`,
  );
}
