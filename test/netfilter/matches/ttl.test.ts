/** `-m ttl`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match ttl', () => {
  prints([['-m ttl --ttl 5', '-m ttl --ttl-eq 5'], ['-m ttl ! --ttl-eq 5'], ['-m ttl --ttl-lt 5']]);
  refuses([
    ['-m ttl ! --ttl-lt 5', 'ttl: option "--ttl-lt" cannot be inverted.'],
    ['-m ttl --ttl-eq 256', 'ttl: bad value for option "--ttl-eq", or out of range (0-255).'],
    ['-m ttl', "TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt"],
  ]);
  lists([
    ['-m ttl --ttl 5', 'TTL match TTL == 5'],
    ['-m ttl ! --ttl-eq 5', 'TTL match TTL != 5'],
    ['-m ttl --ttl-lt 5', 'TTL match TTL < 5'],
  ]);
  refuses([['-m ttl --ttl-eq 5', "Couldn't load match `ttl'"]], { family: 6 });

  it('compares the time to live', () => {
    const pkt = arrived(udp(v4, 1, 2, [], { ttl: 64 }));
    const answers = [
      '--ttl-eq 64',
      '! --ttl-eq 64',
      '--ttl-lt 65',
      '--ttl-lt 64',
      '--ttl-gt 63',
      '--ttl-gt 64',
    ].map((o) => ask(`-m ttl ${o}`, pkt));
    assert.deepEqual(answers, ['matches', 'no', 'matches', 'no', 'matches', 'no']);
  });
  it('has nothing below 0 and nothing above 255', () => {
    assert.equal(ask('-m ttl --ttl-lt 0', arrived(udp(v4, 1, 2, [], { ttl: 0 }))), 'no');
    assert.equal(ask('-m ttl --ttl-gt 255', arrived(udp(v4, 1, 2, [], { ttl: 255 }))), 'no');
  });
});
