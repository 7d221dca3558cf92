/** `-m icmp`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { echo, fragments, packet } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match icmp', () => {
  prints([
    ['-p icmp -m icmp --icmp-type any'],
    ['-p icmp -m icmp ! --icmp-type 8'],
    ['-p icmp -m icmp --icmp-type 3/1'],
    ['-p icmp -m icmp --icmp-type 255/3', '-p icmp -m icmp --icmp-type any'],
    ['-p icmp -m icmp --icmp-type 77/3'],
    ['-p icmp -m icmp --icmp-type ping', '-p icmp -m icmp --icmp-type 8'],
    ['-p icmp -m icmp ! --icmp-type any'],
    ['-p icmp --icmp-type 11/0', '-p icmp -m icmp --icmp-type 11/0'],
  ]);
  refuses([
    ['-p icmp -m icmp', 'icmp: option "--icmp-type" must be specified'],
    ['-p icmp -m icmp --icmp-type foo', "Unknown ICMP type `foo'"],
    [
      '-p icmp -m icmp --icmp-type network',
      "Ambiguous ICMP type `network': `network-unreachable' or `network-unknown'?",
    ],
  ]);
  lists([
    ['-p icmp -m icmp --icmp-type any', 'icmptype 255', 'icmp any'],
    ['-p icmp -m icmp ! --icmp-type 8', 'icmp !type 8', 'icmp !echo-request'],
    ['-p icmp -m icmp --icmp-type 3/1', 'icmptype 3 code 1', 'icmp host-unreachable'],
    ['-p icmp -m icmp --icmp-type 255/3', 'icmptype 255 code 3'],
    ['-p icmp -m icmp --icmp-type 77/3', 'icmptype 77 code 3'],
    ['-p icmp -m icmp --icmp-type ping', 'icmptype 8', 'icmp echo-request'],
    ['-p icmp -m icmp ! --icmp-type any', 'icmp !type 255', 'icmp !any'],
    ['-p icmp --icmp-type 11/0', 'icmptype 11 code 0', 'icmp ttl-zero-during-transit'],
  ]);
  refuses([['-p icmp -m icmp --icmp-type 8', "Couldn't load match `icmp'"]], { family: 6 });

  const ping = arrived(echo(v4, false, 1, 1, []));
  it('matches type and code, and 255 as any whatever its code', () => {
    assert.equal(ask('-p icmp -m icmp --icmp-type 8', ping), 'matches');
    assert.equal(ask('-p icmp -m icmp --icmp-type 8/1', ping), 'no');
    assert.equal(ask('-p icmp -m icmp ! --icmp-type 0', ping), 'matches');
    assert.equal(ask('-p icmp -m icmp --icmp-type 255/3', ping), 'matches');
    assert.equal(ask('-p icmp -m icmp ! --icmp-type any', ping), 'no');
  });
  it('drops what is shorter than a header, and does not match later fragments', () => {
    assert.equal(
      ask('-p icmp -m icmp --icmp-type any', arrived(packet(v4, 1, [8, 0, 0, 0, 0, 0, 0]))),
      'drops',
    );
    const pieces = fragments(echo(v4, false, 1, 1, new Uint8Array(64)), 32);
    assert.deepEqual(
      pieces.map((piece) => ask('-p icmp -m icmp ! --icmp-type 0', arrived(piece))),
      ['matches', 'no', 'no'],
    );
  });
});
