/** `-m statistic`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, refuses, World } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match statistic', () => {
  prints([
    [
      '-m statistic --mode random ! --probability 0.33333333',
      '-m statistic --mode random ! --probability 0.33333333023',
    ],
    ['-m statistic --mode nth --every 5 --packet 2'],
    ['-m statistic --mode nth ! --every 5 --packet 0'],
    [
      '-m statistic --mode random --probability 1e-1',
      '-m statistic --mode random --probability 0.10000000009',
    ],
  ]);
  refuses([
    [
      '-m statistic --mode random --probability 1.1',
      'statistic: bad value for option "--probability", or out of range (0-1).',
    ],
    ['-m statistic --mode random', '--probability must be specified when using random mode'],
    ['-m statistic --mode nth --every 5', 'statistic: option "--every" also requires "--packet".'],
    [
      '-m statistic --mode nth --every 0 --packet 0',
      'statistic: bad value for option "--every", or out of range (1-4294967295).',
    ],
    ['-m statistic --mode nth --every 5 --packet 5', 'the --packet p must be 0 <= p <= n-1'],
    [
      '-m statistic --mode nth --probability 0.5',
      '--every and --packet must be specified when using nth mode',
    ],
    ['-m statistic --mode random --every 5', '--probability must be specified when using random mode'],
    ['-m statistic', '--probability must be specified when using random mode'],
    ['-m statistic --probability 0.5', 'statistic: option "--mode" must be specified'],
    ['-m statistic --mode foo', 'Bad mode "foo"'],
  ]);
  lists([
    [
      '-m statistic --mode random ! --probability 0.33333333',
      'statistic mode random ! probability 0.33333333023',
    ],
    ['-m statistic --mode nth --every 5 --packet 2', 'statistic mode nth every 5 packet 2'],
    ['-m statistic --mode nth ! --every 5 --packet 0', 'statistic mode nth ! every 5'],
    ['-m statistic --mode random --probability 1e-1', 'statistic mode random probability 0.10000000009'],
  ]);

  const pkt = arrived(udp(v4, 1, 2, []));
  const answers = (text: string, count: number) => {
    const rule = new World().rule(text);
    return Array.from({ length: count }, () => (rule.of(pkt) === 'matches' ? 1 : 0));
  };
  it('matches one packet in so many, beginning with the one given', () => {
    assert.deepEqual(answers('-m statistic --mode nth --every 3 --packet 0', 7), [1, 0, 0, 1, 0, 0, 1]);
    assert.deepEqual(answers('-m statistic --mode nth --every 3 --packet 2', 7), [0, 0, 1, 0, 0, 1, 0]);
    assert.deepEqual(answers('-m statistic --mode nth ! --every 3 --packet 1', 4), [1, 0, 1, 1]);
    assert.deepEqual(answers('-m statistic --mode nth --every 1 --packet 0', 3), [1, 1, 1]);
  });
  it('matches about as often as the probability says, the same way for the same seed', () => {
    const drawn = answers('-m statistic --mode random --probability 0.25', 4000);
    const share = drawn.reduce<number>((sum, one) => sum + one, 0) / drawn.length;
    assert.ok(share > 0.22 && share < 0.28, String(share));
    assert.deepEqual(answers('-m statistic --mode random --probability 0.25', 4000), drawn);
    assert.ok(answers('-m statistic --mode random --probability 1', 100).every((one) => one === 1));
    assert.ok(answers('-m statistic --mode random --probability 0', 100).every((one) => one === 0));
  });
});
