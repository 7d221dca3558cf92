/** `-m connbytes`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, lists, prints, refuses, World } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match connbytes', () => {
  prints([
    ['-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir original'],
    [
      '-m connbytes --connbytes 10: --connbytes-mode bytes --connbytes-dir both',
      '-m connbytes --connbytes 10 --connbytes-mode bytes --connbytes-dir both',
    ],
    ['-m connbytes ! --connbytes 10 --connbytes-mode avgpkt --connbytes-dir both'],
    [
      '-m connbytes ! --connbytes 10:10 --connbytes-mode avgpkt --connbytes-dir both',
      '-m connbytes --connbytes 10:10 --connbytes-mode avgpkt --connbytes-dir both',
    ],
    ['-m connbytes --connbytes 0:18446744073709551614 --connbytes-mode avgpkt --connbytes-dir both'],
  ]);
  refuses([
    [
      '-m connbytes --connbytes 0:18446744073709551616 --connbytes-mode avgpkt --connbytes-dir both',
      'connbytes: bad value for option "--connbytes" near "18446744073709551616", or out of range (0-18446744073709551615).',
    ],
    [
      '-m connbytes --connbytes 20:10 --connbytes-mode avgpkt --connbytes-dir both',
      '20 should be less than 10',
    ],
    [
      '-m connbytes --connbytes 1:2 --connbytes-mode foo --connbytes-dir both',
      "Unknown --connbytes-mode `foo'",
    ],
    [
      '-m connbytes --connbytes 1:2 --connbytes-mode bytes --connbytes-dir foo',
      "Unknown --connbytes-dir `foo'",
    ],
    [
      '-m connbytes --connbytes 1:2 --connbytes-dir both',
      'connbytes: option "--connbytes-mode" must be specified',
    ],
    [
      '-m connbytes --connbytes a --connbytes-mode bytes --connbytes-dir both',
      'connbytes: bad value for option "--connbytes" near "a", or out of range (0-18446744073709551615).',
    ],
    [
      '-m connbytes --connbytes -1:0 --connbytes-mode bytes --connbytes-dir both',
      'connbytes: bad value for option "--connbytes" near "-1:0", or out of range (0-18446744073709551615).',
    ],
    [
      '-m connbytes --connbytes 1:2:3 --connbytes-mode avgpkt --connbytes-dir both',
      'connbytes: Too many components for option "--connbytes" (max: 2)',
    ],
  ]);
  lists([
    [
      '-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir original',
      'connbytes 0:1000 connbytes mode packets connbytes direction original',
    ],
    [
      '-m connbytes --connbytes 10: --connbytes-mode bytes --connbytes-dir both',
      'connbytes 10 connbytes mode bytes connbytes direction both',
    ],
    [
      '-m connbytes ! --connbytes 10 --connbytes-mode avgpkt --connbytes-dir both',
      '! connbytes 10 connbytes mode avgpkt connbytes direction both',
    ],
    [
      '-m connbytes ! --connbytes 10:10 --connbytes-mode avgpkt --connbytes-dir both',
      'connbytes 10:10 connbytes mode avgpkt connbytes direction both',
    ],
    [
      '-m connbytes --connbytes 0:18446744073709551614 --connbytes-mode avgpkt --connbytes-dir both',
      'connbytes 0:18446744073709551614 connbytes mode avgpkt connbytes direction both',
    ],
  ]);

  const pkt = arrived(udp(v4, 1, 2, []), { ct: 1 });
  function counted(): World {
    const world = new World();
    world.conntrack.counts[1] = [
      { packets: 4, bytes: 1000 },
      { packets: 2, bytes: 90 },
    ];
    return world;
  }
  it('switches the counting on', () => {
    const world = new World();
    world.rule('-m connbytes --connbytes 1 --connbytes-mode bytes --connbytes-dir both');
    assert.equal(world.sysctls.get('net.netfilter.nf_conntrack_acct'), 1);
  });
  it('compares packets, bytes and bytes a packet of each direction', () => {
    const amounts = (mode: string, direction: string) =>
      [4, 2, 6, 1000, 90, 1090, 250, 45, 181].filter(
        (n) =>
          counted()
            .rule(`-m connbytes --connbytes ${n}:${n} --connbytes-mode ${mode} --connbytes-dir ${direction}`)
            .of(pkt) === 'matches',
      );
    assert.deepEqual(amounts('packets', 'original'), [4]);
    assert.deepEqual(amounts('packets', 'both'), [6]);
    assert.deepEqual(amounts('bytes', 'reply'), [90]);
    assert.deepEqual(amounts('avgpkt', 'original'), [250]);
    assert.deepEqual(amounts('avgpkt', 'both'), [181]);
  });
  it('inverts ranges, and never matches what is not counted', () => {
    const rule = '-m connbytes ! --connbytes 5:9 --connbytes-mode packets --connbytes-dir both';
    assert.equal(counted().rule(rule).of(pkt), 'no');
    assert.equal(new World().rule(rule).of(pkt), 'no');
    assert.equal(
      counted()
        .rule(rule)
        .of(arrived(udp(v4, 1, 2, []))),
      'no',
    );
  });
});
