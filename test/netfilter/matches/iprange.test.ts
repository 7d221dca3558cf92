/** `-m iprange`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };

describe('match iprange', () => {
  prints([
    ['-m iprange --src-range 1.1.1.1-1.1.1.10'],
    [
      '-m iprange ! --src-range 1.1.1.1 --dst-range 2.2.2.2-2.2.2.3',
      '-m iprange ! --src-range 1.1.1.1-1.1.1.1 --dst-range 2.2.2.2-2.2.2.3',
    ],
    [
      '-m iprange --dst-range 2.2.2.2-2.2.2.3 ! --src-range 1.1.1.1',
      '-m iprange ! --src-range 1.1.1.1-1.1.1.1 --dst-range 2.2.2.2-2.2.2.3',
    ],
  ]);
  refuses([
    ['-m iprange --src-range foo', 'iprange: Bad value for "--src-range" option: "foo"'],
    ['-m iprange --src-range 1.1.1.1-foo', 'iprange: Bad value for "--src-range" option: "foo"'],
    ['-m iprange', "iprange match: You must specify `--src-range' or `--dst-range'"],
  ]);
  lists([
    ['-m iprange --src-range 1.1.1.1-1.1.1.10', 'source IP range 1.1.1.1-1.1.1.10'],
    [
      '-m iprange ! --src-range 1.1.1.1 --dst-range 2.2.2.2-2.2.2.3',
      'source IP range ! 1.1.1.1-1.1.1.1 destination IP range 2.2.2.2-2.2.2.3',
    ],
    [
      '-m iprange --dst-range 2.2.2.2-2.2.2.3 ! --src-range 1.1.1.1',
      'source IP range ! 1.1.1.1-1.1.1.1 destination IP range 2.2.2.2-2.2.2.3',
    ],
  ]);
  prints(
    [
      ['-m iprange --src-range fe80::1-fe80::ff'],
      ['-m iprange ! --dst-range fe80::1', '-m iprange ! --dst-range fe80::1-fe80::1'],
    ],
    { family: 6 },
  );
  refuses([['-m iprange --src-range 1.2.3.4', 'iprange: Bad value for "--src-range" option: "1.2.3.4"']], {
    family: 6,
  });
  lists(
    [
      ['-m iprange --src-range fe80::1-fe80::ff', 'source IP range fe80::1-fe80::ff'],
      ['-m iprange ! --dst-range fe80::1', 'destination IP range ! fe80::1-fe80::1'],
    ],
    { family: 6 },
  );

  it('compares unsigned, both ends included', () => {
    const pkt = arrived(udp(v4, 1, 2, []));
    assert.equal(ask('-m iprange --src-range 10.0.0.2-10.0.0.2', pkt), 'matches');
    assert.equal(
      ask('-m iprange --src-range 9.0.0.0-200.0.0.0 --dst-range 198.51.100.7-255.0.0.0', pkt),
      'matches',
    );
    assert.equal(ask('-m iprange --dst-range 0.0.0.0-127.255.255.255', pkt), 'no');
    assert.equal(ask('-m iprange ! --dst-range 198.51.100.8-255.255.255.255', pkt), 'matches');
  });
  it('holds nothing in a reversed range', () => {
    const pkt = arrived(udp(v4, 1, 2, []));
    assert.equal(ask('-m iprange --src-range 10.0.0.5-10.0.0.1', pkt), 'no');
    assert.equal(ask('-m iprange ! --src-range 10.0.0.5-10.0.0.1', pkt), 'matches');
  });
  it('compares IPv6 addresses word by word', () => {
    const pkt = arrived(udp(v6, 1, 2, []));
    assert.equal(
      ask('-m iprange --src-range fd00:a::1-fd00:a::2 --dst-range 2001:db8::-2001:db8:a::', pkt),
      'matches',
    );
    assert.equal(ask('-m iprange --src-range fd00:a::3-fd00:b::', pkt), 'no');
  });
});
