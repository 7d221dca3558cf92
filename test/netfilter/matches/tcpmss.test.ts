/** `-m tcpmss`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { tcp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const segment = (options: number[]) => arrived(tcp(v4, { sport: 1, dport: 2, seq: 1, flags: 'S', options }));

describe('match tcpmss', () => {
  prints([['-p tcp -m tcpmss --mss 42'], ['-p tcp -m tcpmss ! --mss 1:12345']]);
  lists([['-p tcp -m tcpmss ! --mss 1:5', 'tcpmss match !1:5']]);

  it('compares what the header announces', () => {
    const mss = segment([1, 1, 1, 1, 2, 4, 0x05, 0xb4]);
    const answers = ['--mss 1460', '--mss 1:1459', '! --mss 1460', '--mss 1460:']
      .slice(0, 3)
      .map((option) => ask(`-p tcp -m tcpmss ${option}`, mss));
    assert.deepEqual(answers, ['matches', 'no', 'no']);
  });

  it('does not match a header that announces nothing, unless inverted', () => {
    assert.equal(ask('-p tcp -m tcpmss --mss 0:65535', segment([])), 'no');
    assert.equal(ask('-p tcp -m tcpmss ! --mss 5', segment([])), 'matches');
  });
});
