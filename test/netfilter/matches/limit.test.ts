/** `-m limit`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, refuses, World } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match limit', () => {
  prints([
    ['-m limit --limit 5', '-m limit --limit 5/sec'],
    ['-m limit', '-m limit --limit 3/hour'],
    ['-m limit --limit 1/sec --limit-burst 5', '-m limit --limit 1/sec'],
    ['-m limit --limit 1/sec --limit-burst 6'],
    ['-m limit --limit 3000/s --limit-burst 7', '-m limit --limit 3333/sec --limit-burst 7'],
    ['-m limit --limit 1/hour --limit-burst 10000'],
    ['-m limit --limit 7/d', '-m limit --limit 7/day'],
  ]);
  refuses([
    ['-m limit --limit-burst 10000', 'Numerical result out of range'],
    [
      '-m limit --limit-burst 10001',
      'limit: bad value for option "--limit-burst", or out of range (0-10000).',
    ],
    ['-m limit --limit-burst 0', 'Numerical result out of range'],
    ['-m limit --limit 10001/s', 'Rate too fast "10001/s"'],
    ['-m limit --limit foo', 'bad rate "foo"\''],
    ['-m limit --limit 1/day --limit-burst 1000', 'Numerical result out of range'],
    ['-m limit --limit 1/day --limit-burst 2', 'Numerical result out of range'],
    ['-m limit ! --limit 1/hour', 'limit: option "--limit" cannot be inverted.'],
  ]);
  lists([
    ['-m limit --limit 5', 'limit: avg 5/sec burst 5'],
    ['-m limit', 'limit: avg 3/hour burst 5'],
    ['-m limit --limit 1/sec --limit-burst 5', 'limit: avg 1/sec burst 5'],
    ['-m limit --limit 1/sec --limit-burst 6', 'limit: avg 1/sec burst 6'],
    ['-m limit --limit 3000/s --limit-burst 7', 'limit: avg 3333/sec burst 7'],
    ['-m limit --limit 1/hour --limit-burst 10000', 'limit: avg 1/hour burst 10000'],
    ['-m limit --limit 7/d', 'limit: avg 7/day burst 5'],
  ]);

  const pkt = arrived(udp(v4, 1, 2, []));
  it('passes the burst, then as many as the rate earns', () => {
    const world = new World();
    const rule = world.rule('-m limit --limit 2/sec --limit-burst 3');
    const passed = (asked: number) =>
      Array.from({ length: asked }, () => rule.of(pkt)).filter((a) => a === 'matches').length;
    assert.equal(passed(10), 3);
    world.seconds(0.6);
    assert.equal(passed(10), 1);
    world.seconds(0.5);
    assert.equal(passed(10), 1);
    world.seconds(60);
    assert.equal(passed(10), 3);
  });
  it("counts time in the kernel's ticks of 4 ms", () => {
    const world = new World();
    const rule = world.rule('-m limit --limit 250/sec --limit-burst 1');
    assert.equal(rule.of(pkt), 'matches');
    world.seconds(0.0039);
    assert.equal(rule.of(pkt), 'no');
    world.seconds(0.0001);
    assert.equal(rule.of(pkt), 'matches');
  });
  it("wraps in 32 bits after a long silence, as the kernel's does", () => {
    const world = new World();
    const rule = world.rule('-m limit --limit 1/hour --limit-burst 2');
    rule.of(pkt);
    rule.of(pkt);
    // 2^32 credits are 2^25 ticks of 128 credits.
    world.seconds(2 ** 25 / 250);
    assert.equal(rule.of(pkt), 'no');
  });
});
