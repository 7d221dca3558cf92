/** `-m length`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00::2', to: '2001:db8::7' };

describe('match length', () => {
  prints([
    ['-m length --length 1'],
    ['-m length ! --length 1:2'],
    ['-m length --length 5:', '-m length --length 5:65535'],
  ]);
  refuses([
    ['-m length --length 65536', 'length: bad value for option "--length"'],
    ['-m length', 'length: option "--length" must be specified'],
  ]);
  lists([
    ['-m length --length 100', 'length 100'],
    ['-m length ! --length 1:2', 'length !1:2'],
  ]);

  it('counts the whole datagram, header and all, without padding', () => {
    const answers = ['--length 32', '--length 31', '! --length 32', '--length 0:32', '--length 33:'].map(
      (option) => ask(`-m length ${option}`, arrived([...udp(v4, 1, 2, [1, 2, 3, 4]), 0, 0, 0])),
    );
    assert.deepEqual(answers, ['matches', 'no', 'no', 'matches', 'no']);
  });

  it("counts IPv6's header too", () => {
    assert.equal(ask('-m length --length 52', arrived(udp(v6, 1, 2, [1, 2, 3, 4]))), 'matches');
  });
});
