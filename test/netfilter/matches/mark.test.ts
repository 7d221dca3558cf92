/** `-m mark`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match mark', () => {
  prints([['-m mark --mark 0x1/0xff'], ['-m mark ! --mark 1/1', '-m mark ! --mark 0x1/0x1']]);
  refuses([
    ['-m mark --mark 0xfffffffff', 'mark: bad integer value for option "--mark", or out of range.'],
    ['-m mark', 'mark: option "--mark" must be specified'],
  ]);
  lists([
    ['-m mark --mark 0x1/0xff', 'mark match 0x1/0xff'],
    ['-m mark ! --mark 1/1', 'mark match ! 0x1/0x1'],
  ]);

  it('compares the bits in the mask; a value with bits outside it never matches', () => {
    const pkt = arrived(udp(v4, 1, 2, []), { mark: 0xfeed0101 | 0 });
    assert.equal(ask('-m mark --mark 0xfeed0101', pkt), 'matches');
    assert.equal(ask('-m mark --mark 0x1/0xff', pkt), 'matches');
    assert.equal(ask('-m mark ! --mark 0x1/0xff', pkt), 'no');
    assert.equal(ask('-m mark --mark 0x101/0xff', pkt), 'no');
    assert.equal(ask('-m mark --mark 0xff000000/0xff000000', pkt), 'no');
  });
});
