/** Links do what tc-netem's words say, and the same again with the same seed. */
import assert from 'node:assert/strict';
import { SeededRng } from '../../../src/base/rng.ts';
import { VirtualClock } from '../../../src/base/clock.ts';
import { Link, parseNetem } from '../../../src/stack/link/index.ts';

interface Arrival {
  readonly n: number;
  readonly at: number;
  readonly damaged: boolean;
}

/** Sends `count` frames of `length` bytes a `gap` of microseconds apart. */
function send(
  netem: string,
  count: number,
  gap: number,
  length = 1000,
  seed = 1,
): { arrivals: Arrival[]; link: Link } {
  const clock = new VirtualClock(0);
  const arrivals: Arrival[] = [];
  const link = new Link(
    clock,
    new SeededRng(seed),
    () => assert.fail('nothing goes back'),
    (bytes, start, end) => {
      const n = (bytes[start]! << 8) | bytes[start + 1]!;
      const clean = bytes.subarray(start + 2, end).every((byte) => byte === 0);
      arrivals.push({ n, at: clock.now, damaged: !clean || end - start !== length });
    },
    parseNetem(netem),
  );
  const frame = new Uint8Array(length);
  for (let n = 0; n < count; n++) {
    clock.advanceTo(n * gap);
    frame[0] = n >> 8;
    frame[1] = n & 0xff;
    link.sendFromA(frame, 0, length);
  }
  while (clock.nextDue < Infinity) clock.advanceTo(clock.nextDue);
  return { arrivals, link };
}

describe('links', () => {
  it('deliver in order after the delay', () => {
    const { arrivals } = send('delay 10ms', 100, 100);
    assert.deepEqual(
      arrivals.map(({ n, at }) => at - n * 100),
      Array.from({ length: 100 }, () => 10_000),
    );
  });

  it('vary the delay by the jitter', () => {
    const { arrivals } = send('delay 10ms 2ms', 1000, 10_000);
    const delays = arrivals.map(({ n, at }) => at - n * 10_000);
    assert.ok(delays.every((delay) => delay >= 8000 && delay <= 12_000));
    assert.ok(new Set(delays.map(Math.round)).size > 500);
  });

  it('lose the share that they are told to, one by one or in bursts', () => {
    const { link } = send('loss 10%', 10_000, 1);
    assert.ok(Math.abs(link.counters.aToB.lost - 1000) < 150);
    const bursts = send('loss gemodel 1% 10%', 10_000, 1).link.counters.aToB.lost;
    assert.ok(bursts > 600 && bursts < 1300, String(bursts));
  });

  it('repeat and damage', () => {
    const repeated = send('duplicate 20% limit 20000', 5000, 1);
    assert.equal(repeated.arrivals.length, 5000 + repeated.link.counters.aToB.duplicated);
    assert.ok(Math.abs(repeated.link.counters.aToB.duplicated - 1000) < 150);
    const { arrivals, link } = send('corrupt 10%', 5000, 1);
    const damaged = arrivals.filter((arrival) => arrival.damaged).length;
    assert.ok(damaged > 0.99 * link.counters.aToB.corrupted - 5 && damaged <= link.counters.aToB.corrupted);
  });

  it('let frames overtake with reorder', () => {
    const { arrivals } = send('delay 10ms reorder 25%', 1000, 100);
    const early = arrivals.filter(({ n, at }) => at === n * 100).length;
    assert.ok(early > 150 && early < 350, String(early));
  });

  it('overtake every fifth with a gap', () => {
    const { arrivals } = send('delay 10ms reorder 100% gap 5', 100, 100);
    assert.deepEqual(
      arrivals.filter(({ n, at }) => at === n * 100).map(({ n }) => n % 5),
      Array.from({ length: 20 }, () => 4),
    );
  });

  it('keep to the rate and drop what the queue has no room for', () => {
    const { arrivals } = send('rate 8mbit', 100, 0);
    assert.equal(arrivals.at(-1)!.at, 100_000);
    const { link } = send('rate 8mbit limit 10', 100, 0);
    assert.equal(link.counters.aToB.overflowed, 90);
  });

  it('do the same again with the same seed', () => {
    const words = 'delay 10ms 5ms 20% distribution normal loss 5% 10% duplicate 2% corrupt 1%';
    assert.deepEqual(send(words, 500, 100, 100, 7).arrivals, send(words, 500, 100, 100, 7).arrivals);
    assert.notDeepEqual(send(words, 500, 100, 100, 7).arrivals, send(words, 500, 100, 100, 8).arrivals);
  });

  it('lose everything while unplugged', () => {
    const { link } = send('delay 1ms', 1, 1);
    link.isUp = false;
    link.sendFromA(new Uint8Array(60), 0, 60);
    assert.equal(link.counters.aToB.frames, 1);
  });

  it('refuse words that they do not know, and reordering without a delay', () => {
    assert.throws(() => parseNetem('delay 10ms slot 5ms'), /slot/);
    assert.throws(() => parseNetem('loss many'), /loss/);
    assert.throws(() => parseNetem('reorder 5%'), /delay/);
    assert.throws(() => parseNetem('delay 10ms distribution flat'), /uniform, normal/);
  });
});
