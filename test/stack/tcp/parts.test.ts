/** The parts that a connection is made of, each against a simple model: rings, the flight, the receive queue, cookies, hashes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SeededRng } from '../../../src/base/rng.ts';
import { ByteRing, RingMemory } from '../../../src/stack/tcp/byte-ring.ts';
import { congestionControl } from '../../../src/stack/tcp/congestion/index.ts';
import { Flight, LOST, SACKED } from '../../../src/stack/tcp/flight.ts';
import type { Ends } from '../../../src/stack/tcp/flow.ts';
import { ReceiveQueue } from '../../../src/stack/tcp/receive-queue.ts';
import { MIN_RTO_US, RoundTrip } from '../../../src/stack/tcp/rtt.ts';
import { Purpose, Secrets } from '../../../src/stack/tcp/secrets.ts';
import {
  checkCookie,
  makeCookie,
  optionsOfTimestamp,
  timestampWithOptions,
} from '../../../src/stack/tcp/syn-cookies.ts';
import { patternAt } from './net.ts';

const sequence = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 0x7fffffff, -0x80000000));
const ENDS: Ends = {
  family: 4,
  local: Int32Array.of(1, 0, 0, 0),
  localPort: 80,
  remote: Int32Array.of(2, 0, 0, 0),
  remotePort: 1234,
};

describe('tcp: byte ring', () => {
  it('keeps bytes over growth, wherever the sequence numbers begin', () => {
    fc.assert(
      fc.property(
        sequence,
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 12 }),
        (first, pieces) => {
          const ring = new ByteRing(new RingMemory());
          let length = 0;
          for (const piece of pieces) {
            ring.reserve(first, length, length + piece);
            const bytes = Uint8Array.from({ length: piece }, (_, i) => patternAt(length + i));
            ring.write((first + length) | 0, bytes, 0, piece);
            length += piece;
          }
          const out = new Uint8Array(length);
          ring.read(first, length, out, 0);
          assert.ok(out.every((byte, i) => byte === patternAt(i)));
        },
      ),
    );
  });

  it('gives its memory back', () => {
    const memory = new RingMemory();
    const ring = new ByteRing(memory);
    ring.reserve(0, 0, 100_000);
    assert.equal(memory.inUse, 131072);
    ring.release();
    assert.equal(memory.inUse, 0);
  });
});

describe('tcp: receive queue', () => {
  it('puts any stream together, from pieces in any order that overlap and repeat', () => {
    fc.assert(
      fc.property(
        sequence,
        fc.array(fc.tuple(fc.nat(3000), fc.integer({ min: 1, max: 700 })), { minLength: 1, maxLength: 60 }),
        (first, pieces) => {
          const queue = new ReceiveQueue(new RingMemory(), first);
          const have = new Set<number>();
          for (const [at, length] of pieces) {
            const bytes = Uint8Array.from({ length }, (_, i) => patternAt(at + i));
            const ahead = (((first + at) | 0) - queue.next) | 0;
            for (let i = 0; i < length; i++) have.add(at + i);
            if (ahead > 0) queue.insert((first + at) | 0, bytes, 0, length);
            else if (ahead + length > 0) queue.append(bytes, -ahead, length);
          }
          let expected = 0;
          while (have.has(expected)) expected++;
          assert.equal(queue.unread, expected);
          const out = new Uint8Array(expected);
          queue.peek(out, 0, expected);
          assert.ok(out.every((byte, i) => byte === patternAt(i)));
          assert.equal(queue.hasGaps, have.size > expected);
          for (let block = 0; block < queue.sackBlocks; block++) {
            const start = (queue.sackStart(block) - first) | 0;
            const end = (queue.sackEnd(block) - first) | 0;
            for (let n = start; n < end; n++) assert.ok(have.has(n), 'a block says only what is here');
            assert.ok(start > expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps the bytes that came first where segments disagree', () => {
    const queue = new ReceiveQueue(new RingMemory(), 0);
    queue.insert(2, Uint8Array.of(2, 2), 0, 2);
    queue.append(Uint8Array.of(9, 9, 9, 9), 0, 4);
    const out = new Uint8Array(4);
    queue.peek(out, 0, 4);
    assert.deepEqual([...out], [9, 9, 2, 2]);
  });

  it('takes a million one-byte segments out of order in bounded memory', () => {
    const queue = new ReceiveQueue(new RingMemory(), 0);
    let taken = 0;
    for (let i = 0; i < 1_000_000; i++)
      if (queue.insert(1 + 2 * (i % 30_000), Uint8Array.of(1), 0, 1)) taken++;
    assert.ok(queue.capacity <= 65536);
    assert.ok(taken > 0);
  });
});

describe('tcp: flight', () => {
  it('finds, splits and drops segments as a plain list does', () => {
    fc.assert(
      fc.property(
        sequence,
        fc.array(
          fc.oneof(
            fc.tuple(fc.constant('push'), fc.integer({ min: 1, max: 3000 })),
            fc.tuple(fc.constantFrom('shift', 'split'), fc.nat(50)),
          ),
          {
            maxLength: 80,
          },
        ),
        (first, steps) => {
          const flight = new Flight();
          const model: { start: number; end: number; flags: number }[] = [];
          let next = first;
          for (const [step, n] of steps) {
            if (step === 'push') {
              const end = (next + n) | 0;
              flight.push(next, end, n, n & SACKED);
              model.push({ start: next, end, flags: n & SACKED });
              next = end;
            } else if (step === 'shift' && model.length > 0) {
              flight.shift();
              model.shift();
            } else if (step === 'split' && model.length > 0) {
              const index = n % model.length;
              const { start, end, flags } = model[index]!;
              if (((end - start) | 0) < 2) continue;
              const middle = (start + 1) | 0;
              flight.split(index, middle);
              model.splice(index, 1, { start, end: middle, flags }, { start: middle, end, flags });
            }
          }
          assert.equal(flight.count, model.length);
          model.forEach(({ start, end, flags }, i) => {
            assert.deepEqual([flight.start(i), flight.end(i), flight.flags(i)], [start, end, flags]);
            assert.equal(flight.find(start), i);
          });
        },
      ),
    );
    const flight = new Flight();
    flight.push(0, 1, 0, 0);
    flight.mark(0, LOST);
    flight.unmark(0, LOST);
    assert.equal(flight.flags(0), 0);
  });
});

describe('tcp: round trip', () => {
  it('begins with a second, then follows RFC 6298 and never goes below 200 ms of slack', () => {
    const rtt = new RoundTrip();
    assert.equal(rtt.rto, 1_000_000);
    rtt.sample(100_000, 0, 0, 100);
    assert.equal(rtt.rto, 300_000);
    for (let i = 1; i < 100; i++) rtt.sample(100_000, i * 100_000, i * 100 + 1, (i + 1) * 100);
    assert.equal(rtt.rto, 100_000 + MIN_RTO_US);
    assert.equal(rtt.least, 100_000);
  });

  it('grows when the round trip does', () => {
    const rtt = new RoundTrip();
    for (let i = 0; i < 20; i++) rtt.sample(50_000, i * 50_000, i, i + 1);
    rtt.sample(500_000, 2e6, 21, 22);
    assert.ok(rtt.rto > 500_000, String(rtt.rto));
  });
});

describe('tcp: secrets and cookies', () => {
  const secrets = new Secrets(new SeededRng(1));

  it('hashes other ends, other purposes and other keys to other numbers', () => {
    const values = new Set<number>();
    for (let port = 0; port < 1000; port++) values.add(secrets.hash(ENDS, port, 0, Purpose.SEQUENCE));
    values.add(secrets.hash(ENDS, 0, 0, Purpose.COOKIE));
    values.add(new Secrets(new SeededRng(2)).hash(ENDS, 0, 0, Purpose.SEQUENCE));
    assert.equal(values.size, 1002);
  });

  it('takes its own cookies for two minutes, with the segment size, and no others', () => {
    fc.assert(
      fc.property(sequence, fc.integer({ min: 536, max: 9000 }), fc.nat(1e9), (irs, mss, seconds) => {
        const now = seconds * 1e6;
        const cookie = makeCookie(secrets, ENDS, irs, mss, now);
        const said = checkCookie(secrets, ENDS, irs, cookie, now);
        assert.ok(said > 0 && said <= mss);
        assert.equal(checkCookie(secrets, ENDS, irs, cookie, now + 60e6), said);
        assert.equal(checkCookie(secrets, ENDS, irs, cookie, now + 180e6), 0);
        assert.equal(checkCookie(secrets, { ...ENDS, remotePort: 1 }, irs, cookie, now), 0);
      }),
    );
  });

  it('carries the options in the timestamp, which never runs ahead', () => {
    fc.assert(
      fc.property(
        sequence,
        fc.integer({ min: -1, max: 14 }),
        fc.boolean(),
        fc.boolean(),
        (now, windowScale, sackPermitted, ecn) => {
          const stamp = timestampWithOptions(now, { windowScale, sackPermitted, ecn });
          assert.deepEqual(optionsOfTimestamp(stamp), { windowScale, sackPermitted, ecn });
          assert.ok(((stamp - now) | 0) <= 0);
        },
      ),
    );
  });
});

describe('tcp: congestion controls', () => {
  const window = (cwnd: number, ssthresh: number) => ({
    cwnd,
    ssthresh,
    inFlight: cwnd,
    sndUna: 0,
    sndNxt: 0,
    mss: 1448,
    smoothedRtt: 50_000,
  });

  it('double the window in a round trip below the threshold', () => {
    for (const name of ['reno', 'cubic']) {
      const w = window(10, 1000);
      congestionControl(name).onAck(w, 10, 0);
      assert.equal(w.cwnd, 20);
    }
  });

  it('Reno grows by one segment a round trip above it and halves', () => {
    const w = window(100, 50);
    const reno = congestionControl('reno');
    for (let i = 0; i < 100; i++) reno.onAck(w, 1, 0);
    assert.equal(w.cwnd, 101);
    assert.equal(reno.ssthresh(w), 50);
  });

  it('CUBIC keeps 0.7 of the window, comes back to it and is flat there (RFC 9438)', () => {
    const cubic = congestionControl('cubic');
    const w = window(1000, 500);
    w.ssthresh = cubic.ssthresh(w);
    assert.equal(w.ssthresh, 700);
    w.cwnd = 700;
    const k = Math.cbrt(300 / 0.4);
    const at = (seconds: number) => {
      for (let us = last; us < seconds * 1e6; us += 50_000) cubic.onAck(w, w.cwnd, us);
      last = seconds * 1e6;
      return w.cwnd;
    };
    let last = 0;
    const early = at(1);
    const half = at(k / 2);
    const back = at(k);
    assert.ok(early > 700 && half > 900 && half < 1000, `${early} ${half}`);
    assert.ok(Math.abs(back - 1000) <= 15, String(back));
    assert.ok(at(k + 5) > 1030);
  });

  it('refuses a name that is none', () => {
    assert.throws(() => congestionControl('vegas'), /cubic, reno/);
  });
});
