/** Tables that matches and sets keep, when somebody sends from ever new addresses (S-7): none grows beyond its bound. Of sets: sets/. */
import assert from 'node:assert/strict';
import { VirtualClock } from '../../src/base/clock.ts';
import { udp } from '../../src/conform/frames.ts';
import { Tuple } from '../../src/netfilter/conntrack/tuple.ts';
import type { ConntrackView } from '../../src/netfilter/conntrack/view.ts';
import { ConnectionCounts } from '../../src/netfilter/matches/connlimit-count.ts';
import { MAX_ADDRESSES, RecentTable } from '../../src/netfilter/matches/recent-table.ts';
import { arrived, World } from './matches/support.ts';

const SENDERS = 20_000;
const address = (n: number) => `10.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}`;
const from = (n: number) => arrived(udp({ from: address(n), to: '198.51.100.7' }, 1, 2, []));

describe('S-7: tables flooded with addresses', () => {
  it('recent: a hundred addresses, the one not seen for longest makes room', () => {
    const table = new RecentTable(Int32Array.of(-1, -1, -1, -1), 0);
    for (let n = 1; n <= SENDERS; n++) table.add(4, n, 0, 0, 0, 64, n);
    assert.equal(table.size, MAX_ADDRESSES);
    assert.notEqual(table.find(4, SENDERS, 0, 0, 0, 0), 0);
    assert.equal(table.find(4, SENDERS - MAX_ADDRESSES, 0, 0, 0, 0), 0);
  });

  it('hashlimit: packets of new addresses are dropped while the table is full, and known ones go on', () => {
    const world = new World();
    const words = '--hashlimit-mode srcip --hashlimit-htable-size 8 --hashlimit-htable-max 16';
    const rule = world.rule(`-m hashlimit --hashlimit-upto 1000/s --hashlimit-name flood ${words}`);
    const answers = Array.from({ length: SENDERS }, (_, n) => rule.of(from(n)));
    assert.equal(answers.filter((answer) => answer === 'matches').length, 16);
    assert.equal(answers.at(-1), 'drops');
    assert.equal(rule.of(from(3)), 'matches');
  });

  it('connlimit: as many lists as twice the addresses that have connections', () => {
    const alive = new Set<number>();
    const conntrack: Pick<ConntrackView, 'find' | 'isPastEnd'> = {
      find: (tuple) => (alive.has(tuple.src0) ? 1 : 0),
      isPastEnd: () => false,
    };
    const counts = new ConnectionCounts(conntrack as ConntrackView, new VirtualClock(0));
    const tuple = new Tuple();
    let most = 0;
    for (let n = 1; n <= SENDERS; n++) {
      // Every tenth stays; what becomes of the others is that they are dropped.
      if (n % 10 === 0 && alive.size < 100) alive.add(n);
      counts.key.fill(0);
      counts.key[0] = tuple.src0 = n;
      assert.equal(counts.count(tuple, false), 1);
      most = Math.max(most, counts.size);
    }
    assert.equal(most, 4096);
  });

  it('connlimit: one address with ever new connections is counted to a bound', () => {
    const conntrack: Pick<ConntrackView, 'find' | 'isPastEnd'> = { find: () => 1, isPastEnd: () => false };
    const counts = new ConnectionCounts(conntrack as ConntrackView, new VirtualClock(0));
    const tuple = new Tuple();
    let count = 0;
    for (let n = 0; n < 70_000; n++) {
      tuple.srcId = n & 0xffff;
      counts.key.fill(0);
      count = counts.count(tuple, false);
    }
    assert.equal(count, 65_536);
  });
});
