/** `-m connmark`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, refuses, World } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match connmark', () => {
  prints([['-m connmark --mark 1', '-m connmark --mark 0x1'], ['-m connmark ! --mark 0x1/0xff']]);
  refuses([['-m connmark --mark x', 'connmark: bad integer value for option "--mark", or out of range.']]);
  lists([
    ['-m connmark --mark 1', 'connmark match  0x1'],
    ['-m connmark ! --mark 0x1/0xff', 'connmark match ! 0x1/0xff'],
  ]);

  it("compares the connection's mark, and never matches without a connection", () => {
    const world = new World();
    world.conntrack.mark[3] = -1;
    const marked = arrived(udp(v4, 1, 2, []), { ct: 3 });
    const none = arrived(udp(v4, 1, 2, []));
    assert.equal(world.rule('-m connmark --mark 0xffffffff').of(marked), 'matches');
    assert.equal(world.rule('-m connmark ! --mark 1/1').of(marked), 'no');
    assert.equal(world.rule('-m connmark ! --mark 5').of(none), 'no');
    assert.equal(world.rule('-m connmark --mark 0').of(none), 'no');
  });
  it('sees the mark 0 on a template', () => {
    assert.equal(
      new World().rule('-m connmark --mark 0').of(arrived(udp(v4, 1, 2, []), { ct: -1 })),
      'matches',
    );
  });
});
