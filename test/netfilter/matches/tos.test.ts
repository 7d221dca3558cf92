/** `-m tos`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };

describe('match tos', () => {
  prints([
    ['-m tos --tos 0x10', '-m tos --tos 0x10/0xff'],
    ['-m tos --tos Minimize-Delay', '-m tos --tos 0x10/0x3f'],
    ['-m tos ! --tos 16/0x3f', '-m tos ! --tos 0x10/0x3f'],
  ]);
  refuses([
    ['-m tos --tos foo', 'Symbolic name "foo" is unknown'],
    ['-m tos --tos 1/x', 'Illegal value: "1/x"'],
    ['-m tos', 'tos: option "--tos" must be specified'],
  ]);
  lists([
    ['-m tos --tos 0x10', 'tos match0x10/0xff'],
    ['-m tos --tos Minimize-Delay', 'tos match0x10/0x3f', 'tos match Minimize-Delay'],
    ['-m tos ! --tos 16/0x3f', 'tos match!0x10/0x3f', 'tos match! Minimize-Delay'],
  ]);
  prints([['-m tos --tos 0x10/0xf0']], { family: 6 });
  lists([['-m tos --tos 0x10/0xf0', 'tos match0x10/0xf0']], { family: 6 });

  it('compares the byte of IPv4 and the traffic class of IPv6, of the bits in the mask', () => {
    for (const ends of [v4, v6]) {
      const pkt = arrived(udp(ends, 1, 2, [], { tos: 0xb9 }));
      assert.equal(ask('-m tos --tos 0xb9', pkt), 'matches');
      assert.equal(ask('-m tos --tos 0xb8/0xfc', pkt), 'matches');
      assert.equal(ask('-m tos ! --tos 0x00/0x06', pkt), 'no');
      assert.equal(ask('-m tos --tos 0xff/0x01', pkt), 'no');
    }
  });
});
