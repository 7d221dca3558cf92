import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SeededRng } from '../../../src/base/index.ts';
import { CtStatus } from '../../../src/netfilter/conntrack/ct-info.ts';
import type { Conntrack } from '../../../src/netfilter/conntrack/conntrack.ts';
import { Records } from '../../../src/netfilter/conntrack/record.ts';
import { MAX_CHAIN, TupleStore } from '../../../src/netfilter/conntrack/tuple-store.ts';
import { Tuple } from '../../../src/netfilter/conntrack/tuple.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import { Rig, type Way } from './support.ts';

/** Every confirmed entry hangs with both nodes in the chains of its tuples, every node once, and nothing else does. */
function checkTable(ct: Conntrack): void {
  const { connections } = ct;
  const { tuples } = connections;
  const linked = new Map<number, number>();
  const tuple = new Tuple();
  for (let bucket = 0; bucket < tuples.bucketCount; bucket++) {
    for (let node = tuples.bucketHead(bucket); node !== 0; node = tuples.nextInBucket(node)) {
      linked.set(node, (linked.get(node) ?? 0) + 1);
      assert.ok(linked.get(node)! <= 1, `node ${node} is linked twice`);
      tuples.read(node, tuple);
      assert.equal(tuples.bucketOfTuple(tuple) & (tuples.bucketCount - 1), bucket);
    }
  }
  let confirmed = 0;
  for (let entry = 1; entry <= connections.highest; entry++) {
    if (!connections.isInTable(entry)) {
      assert.ok(!linked.has(entry * 2) && !linked.has(entry * 2 + 1), `entry ${entry} is linked`);
      continue;
    }
    confirmed++;
    assert.ok(linked.has(entry * 2) && linked.has(entry * 2 + 1), `entry ${entry} is not linked`);
    assert.equal(tuples.findTwin(entry * 2), 0);
  }
  assert.equal(linked.size, confirmed * 2);
  assert.equal(connections.count, confirmed, 'with no packet on its way, all that counts is in the table');
}

const step = fc.record({
  way: fc.constantFrom<Way>('>', '<'),
  kind: fc.constantFrom('tcp', 'udp', 'icmp', 'sctp', 'bytes', 'wait'),
  flags: fc.subarray(['F', 'S', 'R', 'P', 'A', 'U']),
  port: fc.integer({ min: 1, max: 12 }),
  seq: fc.constantFrom(0, 1, 1000, 65535, 0x7fffffff, 0xffffffff),
  ack: fc.constantFrom(0, 1, 1001, 65536, 0x80000000),
  proto: fc.constantFrom(1, 6, 17, 33, 47, 50, 58, 132, 136, 255),
  bytes: fc.uint8Array({ maxLength: 60 }),
  drop: fc.boolean(),
});

describe('conntrack: whatever comes', () => {
  for (const family of [4, 6] as const) {
    it(`throws nothing and keeps its table whole (IPv${family})`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
          const rig = new Rig({ family, sysctls: { max: 12, acct: 1, log_invalid: 255 } });
          for (const { way, kind, flags, port, seq, ack, proto, bytes, drop } of steps) {
            if (kind === 'wait') {
              rig.wait(port * 11);
              continue;
            }
            const pkt =
              kind === 'tcp'
                ? rig.tcpPacket(way, flags.join(''), { seq, ack, sport: port, len: port })
                : kind === 'udp'
                  ? rig.udpPacket(way, port)
                  : kind === 'icmp'
                    ? rig.icmpPacket(way, bytes[0] ?? 8, 0, port << 16, bytes)
                    : rig.packet(way, kind === 'sctp' ? 132 : proto, bytes);
            if (drop) {
              rig.ct.in(pkt, Hook.OUTPUT);
              rig.ct.release(pkt);
            } else {
              rig.pass(pkt);
            }
            checkTable(rig.ct);
            assert.ok(rig.ct.count <= 12);
          }
        }),
        { numRuns: 60 },
      );
    });
  }

  it('never says anything but the kernel’s states of a connection’s status', () => {
    const rig = new Rig();
    rig.establish();
    const status = rig.ct.status[1]!;
    assert.equal(status, CtStatus.CONFIRMED | CtStatus.SEEN_REPLY | CtStatus.ASSURED);
  });
});

describe('conntrack: the hash', () => {
  it('L4-5: spreads tuples that share all but a few bits, with any key, so that chains stay short', () => {
    for (const seed of [1, 2, 3]) {
      const capacity = 1 << 14;
      const store = new TupleStore(capacity, new Records(capacity), new SeededRng(seed));
      const tuple = new Tuple();
      tuple.proto = 6;
      for (let entry = 1; entry <= capacity; entry++) {
        // An attacker's choice: source and port move against each other, as a sum or an exclusive or would not notice.
        tuple.src0 = 0x0a000000 | entry;
        tuple.dst0 = 0xc0a80001 | 0;
        tuple.srcId = 0xffff & ~entry;
        tuple.dstId = 80;
        store.write(entry * 2, tuple);
        store.link(entry * 2);
      }
      let longest = 0;
      for (let bucket = 0; bucket < store.bucketCount; bucket++) {
        let length = 0;
        for (let node = store.bucketHead(bucket); node !== 0; node = store.nextInBucket(node)) length++;
        longest = Math.max(longest, length);
      }
      assert.ok(longest < 12, `a chain of ${longest}`);
    }
  });

  it('L4-5: differs from key to key', () => {
    const tuple = new Tuple();
    const buckets = [1, 2, 3, 4].map((seed) =>
      new TupleStore(1 << 12, new Records(1 << 12), new SeededRng(seed)).bucketOfTuple(tuple),
    );
    assert.ok(new Set(buckets).size > 1);
  });

  it('L4-5: a chain that is as long as it may become refuses further entries', () => {
    const store = new TupleStore(1000, new Records(1000), new SeededRng(1));
    const tuple = new Tuple();
    for (let entry = 1; entry <= MAX_CHAIN; entry++) {
      store.write(entry * 2, tuple);
      store.link(entry * 2);
      assert.equal(store.chainFull(entry * 2), entry === MAX_CHAIN);
    }
  });
});

describe('conntrack: memory', () => {
  it('needs at most 190 bytes a connection of IPv4, buckets included', () => {
    const capacity = 1 << 20;
    const records = new Records(capacity);
    const store = new TupleStore(capacity, records, new SeededRng(1));
    const bytes = records.words.buffer.byteLength + store.bucketCount * 4 + 2 * 4 * capacity;
    assert.ok(bytes / capacity <= 190, `${bytes / capacity}`);
  });
});
