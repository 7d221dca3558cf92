/** What a connection does beside carrying a stream: windows, Nagle, probes, urgent data, ECN, path MTU, limits. */
import assert from 'node:assert/strict';
import { TcpState } from '../../../src/stack/tcp/index.ts';
import { Ended, Net, SECOND, sink, source } from './net.ts';

const bytes = (n: number) => new Uint8Array(n).fill(0x61);
const lengths = (lines: readonly string[], side: string) =>
  lines.filter((line) => line.split(' ')[1] === side).map((line) => Number(/length (\d+)$/.exec(line)![1]));

describe('tcp: windows', () => {
  it('closes the window when nobody reads, probes it, and goes on when somebody does', () => {
    const net = new Net();
    const { client, server } = net.established();
    client.setSendBuffer(1 << 20);
    client.write(bytes(500_000));
    net.run(30, () => net.checkInvariants());
    const lines = net.takeSegments();
    assert.ok(
      lines.some((line) => / b .* win 0,/.test(line)),
      'the window closes',
    );
    assert.ok(server.unread < 200_000, `only the buffer is filled: ${server.unread}`);
    const probes = lines.filter((line) => Number(line.split(' ')[0]) > 1000 && line.includes(' a '));
    assert.ok(probes.length >= 5 && probes.length < 15, `${probes.length} probes in 29 seconds`);
    let got = 0;
    const into = new Uint8Array(65536);
    for (let i = 0; i < 2000 && got < 500_000; i++) {
      got += server.read(into);
      net.run(0.05, () => net.checkInvariants());
    }
    assert.equal(got, 500_000);
  });

  it('lets the buffer grow with the speed of the connection', () => {
    const net = new Net({ netem: 'delay 50ms limit 100000' });
    const app = sink();
    const { server } = net.connect(source(8_000_000), app);
    net.run(8);
    assert.ok(server().rcvBuffer > 500_000, `${server().rcvBuffer} bytes`);
  });

  it('never offers a window that moves back', () => {
    const net = new Net({ netem: 'delay 10ms loss 2%' });
    const app = sink();
    net.connect(source(500_000), app);
    net.settle(600);
    let right = -Infinity;
    for (const line of net.takeSegments()) {
      const match = / b .*ack (\d+), win (\d+)/.exec(line);
      if (match === null || line.includes('[S.]')) continue;
      const edge = Number(match[1]) + Number(match[2]) * 1024;
      assert.ok(edge >= right || right - edge > 2 ** 31, line);
      right = edge;
    }
  });
});

describe('tcp: small segments', () => {
  it('sends the first at once and holds the next until it is acknowledged (Nagle)', () => {
    const net = new Net();
    const { client } = net.established();
    net.takeSegments();
    client.write(bytes(10));
    client.write(bytes(20));
    client.write(bytes(30));
    assert.deepEqual(lengths(net.takeSegments(), 'a'), [10]);
    net.run(0.2);
    assert.deepEqual(lengths(net.takeSegments(), 'a'), [50]);
  });

  it('holds nothing with noDelay', () => {
    const net = new Net();
    const { client } = net.established();
    client.setNoDelay(true);
    net.takeSegments();
    client.write(bytes(10));
    client.write(bytes(20));
    assert.deepEqual(lengths(net.takeSegments(), 'a'), [10, 20]);
  });

  it('sends whole segments only while it is corked', () => {
    const net = new Net();
    const { client } = net.established();
    client.setCork(true);
    net.takeSegments();
    client.write(bytes(2000));
    assert.deepEqual(lengths(net.takeSegments(), 'a'), [1448]);
    client.setCork(false);
    assert.deepEqual(lengths(net.takeSegments(), 'a'), [552]);
  });

  it('acknowledges every second segment, and a lone one after 40 ms', () => {
    const net = new Net({ netem: 'delay 1ms' });
    const { client, server } = net.established();
    server.listener = { onReadable: (c) => c.consume(c.unread) };
    // Past the quick acknowledgements of the beginning.
    for (let i = 0; i < 30; i++) {
      client.write(bytes(1448));
      net.run(0.1);
    }
    net.takeSegments();
    client.write(bytes(1448 * 4));
    net.run(0.02);
    assert.equal(lengths(net.takeSegments(), 'b').length, 2);
    net.run(0.1);
    net.takeSegments();
    const before = net.clock.now;
    client.write(bytes(100));
    net.run(1);
    const [ack] = net.takeSegments().filter((line) => line.split(' ')[1] === 'b');
    const after = Number(ack!.split(' ')[0]) * 1000 + 1.7e15 - before;
    assert.ok(after >= 40_000 && after <= 45_000, `${after} microseconds`);
  });
});

describe('tcp: silence', () => {
  it('probes after two hours with keepalive, and goes on while the peer answers', () => {
    const net = new Net();
    const { client } = net.established();
    client.setKeepAlive(true);
    net.takeSegments();
    net.run(7199);
    assert.deepEqual(net.takeSegments(), []);
    net.run(2);
    assert.equal(net.takeSegments().length, 2);
    assert.equal(client.state, TcpState.ESTABLISHED);
  });

  it('gives a silent peer nine probes 75 seconds apart', () => {
    const net = new Net();
    const { client, ended } = net.established();
    client.setKeepAlive(true, 10 * SECOND);
    net.link.isUp = false;
    net.takeSegments();
    net.settle();
    const segments = net.takeSegments();
    assert.equal(segments.length, 10, 'nine probes and a reset');
    assert.equal(ended.errors['client'], 'ETIMEDOUT');
  });

  it('ends after the user timeout', () => {
    const net = new Net();
    const { client, ended } = net.established();
    client.userTimeoutUs = 5 * SECOND;
    net.link.isUp = false;
    client.write(bytes(10));
    const start = net.clock.now;
    net.settle();
    assert.equal(ended.errors['client'], 'ETIMEDOUT');
    assert.ok(net.clock.now - start < 15 * SECOND);
  });
});

describe('tcp: urgent data', () => {
  it('takes the urgent byte out of the stream', () => {
    const net = new Net();
    const { client, server } = net.established();
    client.setNoDelay(true);
    client.write(Uint8Array.of(1, 2));
    client.writeUrgent(99);
    client.write(Uint8Array.of(3, 4));
    net.run(1);
    const into = new Uint8Array(10);
    const first = server.read(into);
    const second = server.read(into, first);
    assert.deepEqual([...into.subarray(0, first + second)], [1, 2, 3, 4]);
    assert.equal(server.urgentByte, 99);
  });

  it('leaves it where it is when the application wants it inline', () => {
    const net = new Net();
    const { client, server } = net.established();
    server.urgentInline = true;
    client.setNoDelay(true);
    client.write(Uint8Array.of(1, 2));
    client.writeUrgent(99);
    net.run(1);
    const into = new Uint8Array(10);
    assert.equal(server.read(into), 3);
    assert.deepEqual([...into.subarray(0, 3)], [1, 2, 99]);
  });
});

describe('tcp: ECN', () => {
  it('is agreed on when one side asks for it', () => {
    const net = new Net({ sysctl: { 'net.ipv4.tcp_ecn': 1 } });
    const { client, server } = net.established();
    const [syn, synAck] = net.takeSegments();
    assert.match(syn!, /Flags \[S(EW|WE|\.?)/);
    assert.match(synAck!, /Flags \[S\.E\]/);
    assert.equal(client.ecn & 1, 1);
    assert.equal(server.ecn & 1, 1);
  });

  it('is not asked for by default', () => {
    const net = new Net();
    const { client } = net.established();
    assert.equal(client.ecn & 1, 0);
  });
});

describe('tcp: listening under pressure', () => {
  const flood = (net: Net, count: number) => {
    // SYNs whose senders never answer: the answers are lost on the way.
    net.link.setNetem({ delay: 1000, limit: 100_000 }, { loss: 1 });
    for (let i = 0; i < count; i++) net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 });
    net.run(0.5);
    net.link.setNetem({ delay: 1000, limit: 100_000 });
  };

  it('answers by cookie when its queue is full, and the connection has its options nevertheless', () => {
    const net = new Net();
    const accepted: number[] = [];
    const listener = net.b.listen({ port: 80, backlog: 10 });
    flood(net, 200);
    assert.ok(listener.handshakes <= 10);
    assert.ok(net.b.counters.syncookiesSent >= 150, `${net.b.counters.syncookiesSent} cookies`);
    const late = net.a.connect(
      { family: 4, remote: net.remote('b'), remotePort: 80 },
      { onConnect: (c) => void c.write(bytes(5)) },
    );
    net.run(0.9);
    for (let c = listener.accept(); c !== undefined; c = listener.accept()) {
      if (c.remotePort !== late.localPort) continue;
      accepted.push(c.unread);
      assert.ok(c.hasSack && c.hasTimestamps && c.hasScaling, 'options survive in the timestamp');
      assert.ok(c.peerMss >= 1440);
    }
    assert.deepEqual(accepted, [5]);
  });

  it('drops SYNs when its queue is full and cookies are off', () => {
    const net = new Net({ sysctl: { 'net.ipv4.tcp_syncookies': 0 } });
    const listener = net.b.listen({ port: 80, backlog: 10 });
    flood(net, 200);
    assert.equal(listener.handshakes, 10);
    assert.equal(net.b.counters.syncookiesSent, 0);
    assert.ok(net.b.counters.listenDrops > 100);
  });

  it('keeps to the backlog when nobody accepts, and goes on when somebody does', () => {
    const net = new Net({ sysctl: { 'net.ipv4.tcp_syncookies': 0 } });
    const listener = net.b.listen({ port: 80, backlog: 3 });
    for (let i = 0; i < 10; i++) net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 });
    net.run(0.5);
    assert.equal(listener.queue.length, 3);
    while (listener.accept() !== undefined);
    net.run(10);
    assert.ok(listener.queue.length > 0);
  });

  it('forgets a handshake after five repetitions of its answer', () => {
    const net = new Net();
    const listener = net.b.listen({ port: 80 });
    net.link.setNetem({ delay: 1000 }, { loss: 1 });
    const ended = new Ended();
    const c = net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 }, ended.of('client'));
    net.run(0.5);
    c.abort();
    net.settle();
    assert.equal(listener.handshakes, 0);
    assert.equal(net.takeSegments().filter((line) => line.includes('[S.]')).length, 6);
  });
});

describe('tcp: the path', () => {
  it('sends smaller segments where a router says that they are too large', () => {
    const net = new Net();
    const app = sink();
    const { client } = net.connect(source(100_000), app);
    net.run(0.0105);
    net.a.packetTooBig(
      { family: 4, local: client.local, localPort: client.localPort, remote: client.remote, remotePort: 80 },
      client.sndUna,
      1000,
    );
    net.settle(600, () => net.checkInvariants());
    assert.equal(app.got, 100_000);
    const after = lengths(net.takeSegments(), 'a').slice(13);
    assert.ok(
      after.every((n) => n <= 948),
      String(Math.max(...after)),
    );
  });

  it('believes no path MTU below 552 and no error about what it never sent', () => {
    const net = new Net();
    const { client } = net.established();
    const ends = {
      family: 4 as const,
      local: client.local,
      localPort: client.localPort,
      remote: client.remote,
      remotePort: 80,
    };
    net.a.packetTooBig(ends, client.sndUna + 1000, 600);
    assert.equal(client.pathMtu, 1500);
    net.a.packetTooBig(ends, client.sndUna, 68);
    assert.equal(client.pathMtu, 552);
  });

  it('finds a path that swallows large packets and says nothing, with tcp_mtu_probing', () => {
    const net = new Net({ sysctl: { 'net.ipv4.tcp_mtu_probing': 1 } });
    const app = sink();
    net.connect(source(20_000), app);
    const { link } = net;
    const send = link.sendFromA.bind(link);
    link.sendFromA = (frame, start, end) => {
      if (end - start <= 1200) send(frame, start, end);
    };
    net.settle(600);
    assert.equal(app.got, 20_000);
  });
});
