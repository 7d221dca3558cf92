/** Streams over links that lose, repeat, damage, delay and reorder: what comes out is what went in, or the connection says why not. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Net, sink, source } from './net.ts';

interface Result {
  readonly got: number;
  readonly seconds: number;
  readonly retransmitted: number;
}

function transfer(net: Net, bytes: number, family: 4 | 6 = 4): Result {
  const server = sink();
  const client = source(bytes);
  net.connect(client, server, family);
  net.settle(7200, () => net.checkInvariants());
  assert.ok(server.ended, `the stream ended after ${server.got} of ${bytes} bytes`);
  assert.equal(server.got, bytes);
  assert.deepEqual(net.connections(), [], 'both connections are gone');
  return {
    got: server.got,
    seconds: (net.clock.now - 1.7e15) / 1e6,
    retransmitted: net.a.counters.retransmitted,
  };
}

describe('tcp: streams over links', () => {
  for (const family of [4, 6] as const) {
    it(`carries 3 MB over a clean link without a retransmission, IPv${family}`, () => {
      const net = new Net();
      const { retransmitted } = transfer(net, 3_000_000, family);
      assert.equal(retransmitted, 0);
    });

    for (const netem of [
      'delay 10ms loss 1%',
      'delay 10ms loss 5%',
      'delay 20ms 10ms',
      'delay 10ms reorder 25% 50%',
      'delay 10ms duplicate 10%',
      'delay 5ms corrupt 2%',
      'delay 20ms loss gemodel 1% 20% 80% 0.1%',
      'delay 5ms rate 10mbit limit 20',
    ]) {
      it(`carries 1 MB over "${netem}", IPv${family}`, () => {
        transfer(new Net({ netem, seed: 3 }), 1_000_000, family);
      });
    }
  }

  for (const [what, sysctl] of [
    ['SACK', { 'net.ipv4.tcp_sack': 0 }],
    ['timestamps', { 'net.ipv4.tcp_timestamps': 0 }],
    ['window scaling', { 'net.ipv4.tcp_window_scaling': 0 }],
    ['RACK', { 'net.ipv4.tcp_recovery': 0 }],
    ['tail loss probes', { 'net.ipv4.tcp_early_retrans': 0 }],
    [
      'any option',
      { 'net.ipv4.tcp_sack': 0, 'net.ipv4.tcp_timestamps': 0, 'net.ipv4.tcp_window_scaling': 0 },
    ],
  ] as const) {
    it(`carries 500 kB over a link that loses 3 % without ${what}`, () => {
      transfer(new Net({ netem: 'delay 10ms loss 3%', sysctl }), 500_000);
    });
  }

  it('carries a stream with Reno', () => {
    transfer(new Net({ netem: 'delay 10ms loss 1%', congestion: 'reno' }), 500_000);
  });

  it('carries a stream at an MTU of 65520 and at one of 576', () => {
    transfer(new Net({ mtu: 65520, netem: 'delay 5ms loss 1%' }), 5_000_000);
    transfer(new Net({ mtu: 576, netem: 'delay 5ms loss 1%', sysctl: { 'net.ipv4.tcp_sack': 1 } }), 200_000);
  });

  it('carries any stream over any bad link, whatever the seed', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 1, max: 1e6 }),
          bytes: fc.integer({ min: 0, max: 150_000 }),
          delay: fc.integer({ min: 0, max: 50 }),
          jitter: fc.integer({ min: 0, max: 30 }),
          loss: fc.integer({ min: 0, max: 15 }),
          duplicate: fc.integer({ min: 0, max: 15 }),
          corrupt: fc.integer({ min: 0, max: 5 }),
          sack: fc.constantFrom(0, 1),
          timestamps: fc.constantFrom(0, 1),
          ecn: fc.constantFrom(0, 1, 2),
          family: fc.constantFrom(4 as const, 6 as const),
        }),
        ({ seed, bytes, delay, jitter, loss, duplicate, corrupt, sack, timestamps, ecn, family }) => {
          const net = new Net({
            seed,
            netem: `delay ${delay}ms ${jitter}ms loss ${loss}% duplicate ${duplicate}% corrupt ${corrupt}%`,
            sysctl: {
              'net.ipv4.tcp_sack': sack,
              'net.ipv4.tcp_timestamps': timestamps,
              'net.ipv4.tcp_ecn': ecn,
            },
          });
          transfer(net, bytes, family);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps the window open where more duplicates arrive than segments can be missing, without SACK', () => {
    const sysctl = { 'net.ipv4.tcp_sack': 0, 'net.ipv4.tcp_timestamps': 0, 'net.ipv4.tcp_ecn': 0 };
    const netem = 'delay 6ms 26ms loss 3% duplicate 11% corrupt 3%';
    transfer(new Net({ seed: 999_987, netem, sysctl }), 148_921);
  });

  it('is the same to the byte with the same seed, and another with another', () => {
    const frames = (seed: number) => {
      const net = new Net({ seed, netem: 'delay 10ms 3ms loss 3%' });
      transfer(net, 200_000);
      return net.log.join('\n');
    };
    assert.equal(frames(5), frames(5));
    assert.notEqual(frames(5), frames(6));
  });

  it('carries streams both ways at once over hundreds of connections', () => {
    const net = new Net({ netem: 'delay 10ms 2ms loss 2% limit 100000' });
    const servers: ReturnType<typeof sink>[] = [];
    net.b.listen({
      port: 80,
      backlog: 1000,
      onConnection: (listener) => {
        for (let c = listener.accept(); c !== undefined; c = listener.accept()) {
          const app = sink();
          servers.push(app);
          c.listener = app;
        }
      },
    });
    for (let i = 0; i < 300; i++)
      net.a.connect({ family: 4, remote: net.remote('b'), remotePort: 80 }, source(20_000));
    net.settle(3600);
    assert.equal(servers.length, 300);
    assert.ok(servers.every(({ got, ended }) => ended && got === 20_000));
  });
});
