/** `-m comment`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, readRule, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match comment', () => {
  prints([
    ['-m comment --comment "foo bar"'],
    ['-m comment --comment \'foo "bar" \\x\'', '-m comment --comment "foo \\"bar\\" \\\\x"'],
    ["-m comment --comment ''", '-m comment --comment ""'],
  ]);
  refuses([['-m comment ! --comment foo', 'comment: option "--comment" cannot be inverted.']]);
  lists([
    ['-m comment --comment "foo bar"', '/* foo bar */'],
    ['-m comment --comment \'foo "bar" \\x\'', '/* foo "bar" \\x */'],
    ["-m comment --comment ''", '/*  */'],
  ]);

  it('matches every packet', () => {
    assert.equal(ask('-m comment --comment "so be it"', arrived(udp(v4, 1, 2, []))), 'matches');
  });
  it('takes 255 bytes and no more', () => {
    assert.ok(readRule(`-m comment --comment ${'x'.repeat(255)}`));
    assert.throws(() => readRule(`-m comment --comment ${'x'.repeat(256)}`), /unexpected length 256/);
  });
});
