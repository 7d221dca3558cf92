/** `-m dscp`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };

describe('match dscp', () => {
  prints([
    ['-m dscp --dscp 10', '-m dscp --dscp 0x0a'],
    ['-m dscp ! --dscp-class EF', '-m dscp ! --dscp 0x2e'],
  ]);
  refuses([
    ['-m dscp --dscp 64', 'dscp: bad value for option "--dscp", or out of range (0-63).'],
    ['-m dscp --dscp-class foo', "Invalid DSCP value `foo'"],
    ['-m dscp', 'DSCP match: Parameter --dscp is required'],
    [
      '-m dscp --dscp 1 --dscp-class EF',
      'dscp: option "--dscp" cannot be used together with "--dscp-class".',
    ],
  ]);
  lists([
    ['-m dscp --dscp 10', 'DSCP match 0x0a'],
    ['-m dscp ! --dscp-class EF', 'DSCP match !0x2e'],
  ]);
  prints([['-m dscp --dscp 5', '-m dscp --dscp 0x05']], { family: 6 });
  lists([['-m dscp --dscp 5', 'DSCP match 0x05']], { family: 6 });

  it('compares the upper six bits in both families', () => {
    for (const ends of [v4, v6]) {
      const pkt = arrived(udp(ends, 1, 2, [], { tos: 0xbb }));
      assert.equal(ask('-m dscp --dscp-class EF', pkt), 'matches');
      assert.equal(ask('-m dscp ! --dscp 0x2e', pkt), 'no');
      assert.equal(ask('-m dscp --dscp 0', pkt), 'no');
    }
  });
});
