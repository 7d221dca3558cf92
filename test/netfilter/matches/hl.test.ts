/** `-m hl`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };

describe('match hl', () => {
  refuses([['-m hl --hl-eq 3', "Couldn't load match `hl'"]]);
  prints([['-m hl ! --hl-eq 42'], ['-m hl --hl 42', '-m hl --hl-eq 42'], ['-m hl --hl-lt 42']], {
    family: 6,
  });
  refuses(
    [
      ['-m hl --hl-gt 42 --hl-eq 42', 'hl: option "--hl-gt" cannot be used together with "--hl-eq".'],
      ['-m hl', "HL match: You must specify one of `--hl-eq', `--hl-lt', `--hl-gt'"],
    ],
    { family: 6 },
  );
  lists(
    [
      ['-m hl ! --hl-eq 42', 'HL match HL != 42'],
      ['-m hl --hl 42', 'HL match HL == 42'],
      ['-m hl --hl-lt 42', 'HL match HL < 42'],
    ],
    { family: 6 },
  );

  it('compares the hop limit', () => {
    const pkt = arrived(udp(v6, 1, 2, [], { ttl: 3 }));
    assert.equal(ask('-m hl --hl-eq 3', pkt), 'matches');
    assert.equal(ask('-m hl --hl-gt 3', pkt), 'no');
    assert.equal(ask('-m hl --hl-lt 4', pkt), 'matches');
  });
});
