/** What a rule asks of a packet, and matches that refuse to decide. */
import assert from 'node:assert/strict';
import { Hook } from '../../../src/netfilter/hook.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import {
  accept,
  drop,
  fragile,
  load,
  net,
  packet,
  plain,
  prefix,
  proto,
  rule,
  table,
  TCP,
  TestHost,
  UDP,
  world,
  type PacketFields,
} from '../engine-support.ts';
import { one, type Ground } from './ground.ts';

export function conditions({ engine, forward, matches }: Ground): void {
  describe('conditions of a rule', () => {
    it('-s and -d compare under the mask', () => {
      const rules: PacketFields[] = [{ src: '10.1.2.3' }, { src: '10.2.0.1' }];
      assert.deepEqual(matches({ source: net('10.1.0.0/16') }, ...rules), [true, false]);
      assert.deepEqual(matches({ source: net('10.1.0.0/16', true) }, ...rules), [false, true]);
      assert.deepEqual(
        matches({ destination: net('192.0.2.7') }, { dst: '192.0.2.7' }, { dst: '192.0.2.6' }),
        [true, false],
      );
    });

    it('-s takes a mask of any bits, and addresses above 127.255.255.255', () => {
      const odd = { words: Int32Array.of(5, 0, 0, 0), mask: Int32Array.of(0xff, 0, 0, 0), not: false };
      assert.deepEqual(matches({ source: odd }, { src: '1.2.3.5' }, { src: '1.2.5.3' }), [true, false]);
      assert.deepEqual(matches({ source: net('224.0.0.0/4') }, { src: '239.1.1.1' }, { src: '95.1.1.1' }), [
        true,
        false,
      ]);
    });

    it('-s of IPv6 compares all four words', () => {
      const source = prefix([0x20010db8, 1, 0, 0], 64);
      const packets: PacketFields[] = [
        { family: 6, src: [0x20010db8, 1, 5, 6] },
        { family: 6, src: [0x20010db8, 2, 5, 6] },
        { family: 6, src: [0x20010db9, 1, 5, 6] },
      ];
      assert.deepEqual(matches({ source }, ...packets), [true, false, false]);
      const host = prefix([1, 2, 3, 4], 128);
      assert.deepEqual(
        matches(
          { destination: host },
          { family: 6, dst: [1, 2, 3, 4] },
          { family: 6, dst: [1, 2, 3, 5] },
          { family: 6, dst: [1, 2, 4, 4] },
        ),
        [true, false, false],
      );
    });

    it('! -s 0.0.0.0/0 matches nothing', () => {
      assert.deepEqual(matches({ source: net('0.0.0.0/0', true) }, one), [false]);
      assert.deepEqual(matches({ source: net('0.0.0.0/0') }, one), [true]);
    });

    it('-i and -o match names, prefixes with +, and their negation', () => {
      const packets: PacketFields[] = [{ iif: 1 }, { iif: 2 }, { iif: 3 }];
      const seen = (name: string, not = false) => matches({ inInterface: { name, not } }, ...packets);
      assert.deepEqual(seen('eth0'), [true, false, false]);
      assert.deepEqual(seen('eth+'), [true, true, false]);
      assert.deepEqual(seen('eth+', true), [false, false, true]);
      assert.deepEqual(seen('+'), [true, true, true]);
      assert.deepEqual(seen('eth'), [false, false, false]);
      assert.deepEqual(matches({ outInterface: { name: 'ppp+', not: false } }, { oif: 3 }, { oif: 2 }), [
        true,
        false,
      ]);
    });

    it('an interface that the hook does not know has no name', () => {
      const { netfilter } = world(engine);
      const rules = [rule(drop, { outInterface: { name: 'eth0', not: true } })];
      load(netfilter, table(4, 'mangle', { INPUT: { rules } }));
      assert.equal(netfilter.run(Hook.INPUT, packet({ oif: 1 })), Verdict.DROP);
    });

    it('follows an interface that is renamed', () => {
      const host = new TestHost();
      const { netfilter } = world(engine, host);
      load(
        netfilter,
        table(4, 'filter', {
          FORWARD: { rules: [rule(drop, { inInterface: { name: 'wan', not: false } })] },
        }),
      );
      assert.equal(netfilter.run(Hook.FORWARD, packet()), Verdict.ACCEPT);
      host.rename(1, 'wan');
      assert.equal(netfilter.run(Hook.FORWARD, packet()), Verdict.DROP);
    });

    it('-p and ! -p', () => {
      assert.deepEqual(matches({ protocol: proto(TCP) }, { proto: TCP }, { proto: UDP }), [true, false]);
      assert.deepEqual(matches({ protocol: proto(TCP, true) }, { proto: TCP }, { proto: UDP }), [
        false,
        true,
      ]);
    });

    it('-f matches later fragments only, ! -f everything else', () => {
      const packets: PacketFields[] = [{}, { fragOffset: 8 }];
      assert.deepEqual(matches({ fragment: { not: false } }, ...packets), [false, true]);
      assert.deepEqual(matches({ fragment: { not: true } }, ...packets), [true, false]);
    });

    it('asks the matches in order, and none behind the first that says no', () => {
      const asked: string[] = [];
      const say = (name: string, answer: boolean) =>
        plain(() => {
          asked.push(name);
          return answer;
        });
      matches({ matches: [say('a', true), say('b', false), say('c', true)] }, one);
      assert.deepEqual(asked, ['a', 'b']);
    });

    it('asks no match when addresses, interfaces or protocol do not fit', () => {
      const never = plain(() => assert.fail('asked'));
      assert.deepEqual(matches({ protocol: proto(UDP), matches: [never] }, one), [false]);
      assert.deepEqual(matches({ source: net('1.1.1.1'), matches: [never] }, one), [false]);
    });
  });

  describe('hotdrop', () => {
    it('drops at once and counts nothing when a match refuses to decide', () => {
      const refuse = fragile((_, at) => {
        at.hotdrop = true;
        return false;
      });
      const { results, counters } = forward(
        { FORWARD: { rules: [rule(accept, { matches: [refuse] }), rule(accept)] } },
        one,
      );
      assert.deepEqual(results, ['DROP HOT_DROP filter:FORWARD:1']);
      assert.deepEqual(counters, []);
    });

    it('counts and acts, then drops, when the match said yes all the same', () => {
      const both = fragile((_, at) => (at.hotdrop = true));
      const { results, counters } = forward({ FORWARD: { rules: [rule(accept, { matches: [both] })] } }, one);
      assert.deepEqual(results, ['DROP HOT_DROP filter:FORWARD:1']);
      assert.deepEqual(counters, ['FORWARD:1 1/100']);
    });

    it('of IPv6: a rule with -p drops a packet whose extension headers lead out of it', () => {
      const broken: PacketFields = { family: 6, proto: 60, l4Ok: 0, length: 100 };
      const named = [rule(accept), rule(accept)];
      assert.deepEqual(forward({ FORWARD: { rules: named } }, broken).results, ['ACCEPT filter:FORWARD:1']);
      const asking = forward(
        { FORWARD: { rules: [rule(accept, { protocol: proto(TCP, true) }), rule(accept)] } },
        broken,
      );
      assert.deepEqual(asking.results, ['DROP HOT_DROP filter:FORWARD:1']);
      assert.deepEqual(asking.counters, []);
    });
  });
}
