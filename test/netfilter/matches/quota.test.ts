/** `-m quota`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, World } from './support.ts';

describe('match quota', () => {
  prints([['-m quota --quota 0'], ['-m quota ! --quota 23'], ['-m quota --quota 18446744073709551615']]);
  lists([['-m quota --quota 512', 'quota: 512 bytes']]);

  it('matches until so many bytes have gone by, and then never again', () => {
    const pkt = arrived(udp({ from: '10.0.0.2', to: '198.51.100.7' }, 1, 2, [1, 2]));
    const world = new World();
    const rule = world.rule('-m quota --quota 75');
    assert.deepEqual(
      [1, 2, 3, 4].map(() => rule.of(pkt)),
      ['matches', 'matches', 'no', 'no'],
    );
    const inverted = world.rule('-m quota ! --quota 30');
    assert.deepEqual(
      [1, 2].map(() => inverted.of(pkt)),
      ['no', 'matches'],
    );
  });
});
