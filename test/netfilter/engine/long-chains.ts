/** Chains long enough that an engine may look rules up instead of walking them. */
import assert from 'node:assert/strict';
import { Hook } from '../../../src/netfilter/hook.ts';
import type { Rule } from '../../../src/netfilter/rule.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import {
  accept,
  action,
  dport,
  drop,
  fragile,
  goTo,
  jump,
  load,
  net,
  packet,
  proto,
  rule,
  stateful,
  table,
  TCP,
  TestHost,
  UDP,
  world,
} from '../engine-support.ts';
import { one, type Ground } from './ground.ts';

export function longChains({ engine, forward }: Ground): void {
  describe('long chains', () => {
    /** Many rules that don't match around those that a test is about. */
    const amid = (...rules: readonly Rule[]): Rule[] => [
      ...Array.from({ length: 200 }, (_, i) =>
        i % 2 === 0
          ? rule(drop, { source: net(`192.168.${i}.1`) })
          : rule(drop, { protocol: proto(TCP), matches: [dport(1000 + i)] }),
      ),
      ...rules,
      ...Array.from({ length: 100 }, (_, i) => rule(drop, { destination: net(`172.16.${i}.0/24`) })),
    ];

    it('find the first of several that match, wherever they stand', () => {
      const rules = amid(
        rule(undefined, { protocol: proto(TCP), matches: [dport(1, 100)] }),
        rule(accept, { source: net('10.0.0.0/8') }),
        rule(drop, { source: net('10.0.0.1') }),
      );
      const { results, counters } = forward({ FORWARD: { rules } }, one, { ...one, src: '192.168.4.1' });
      assert.deepEqual(results, ['ACCEPT filter:FORWARD:202', 'DROP RULE filter:FORWARD:5']);
      assert.deepEqual(counters, ['FORWARD:5 1/100', 'FORWARD:201 1/100', 'FORWARD:202 1/100']);
    });

    it('ask matches that keep state for every packet that gets so far', () => {
      let asked = 0;
      const count = stateful(() => {
        asked++;
        return false;
      });
      const rules = amid(rule(drop, { protocol: proto(TCP), matches: [count, dport(9999)] }), rule(accept));
      const { results } = forward({ FORWARD: { rules } }, one, { ...one, proto: UDP }, one);
      assert.deepEqual(results, Array(3).fill('ACCEPT filter:FORWARD:202'));
      assert.equal(asked, 2);
    });

    it('let a match refuse to decide before the ports behind it', () => {
      const refuse = fragile((_, at) => {
        at.hotdrop = true;
        return false;
      });
      const rules = amid(rule(drop, { protocol: proto(TCP), matches: [refuse, dport(9999)] }));
      assert.deepEqual(forward({ FORWARD: { rules } }, one).results, ['DROP HOT_DROP filter:FORWARD:201']);
    });

    it('drop a packet without a whole header at the first rule that asks for ports', () => {
      const { results, counters } = forward({ FORWARD: { rules: amid() } }, { ...one, l4Ok: 0 });
      assert.deepEqual(results, ['DROP HOT_DROP filter:FORWARD:2']);
      assert.deepEqual(counters, []);
    });

    it('do not ask later fragments for ports', () => {
      const { results } = forward({ FORWARD: { rules: amid() } }, { ...one, fragOffset: 1480 });
      assert.deepEqual(results, ['ACCEPT filter:FORWARD:policy']);
    });

    it('go by the addresses that a target before has written', () => {
      const rewrite = action((pkt) => {
        pkt.src0 = net('192.168.198.1').words[0]!;
        return Verdict.CONTINUE;
      });
      const rules = [rule(rewrite), ...amid()];
      assert.deepEqual(forward({ FORWARD: { rules } }, one).results, ['DROP RULE filter:FORWARD:200']);
    });

    it('go by the addresses that a chain called in between has written', () => {
      const rewrite = action((pkt) => {
        pkt.dst0 = net('172.16.99.9').words[0]!;
        return Verdict.CONTINUE;
      });
      const { results } = forward(
        { FORWARD: { rules: amid(rule(jump('users'))) }, users: { rules: [rule(rewrite)] } },
        one,
      );
      assert.deepEqual(results, ['DROP RULE filter:FORWARD:301']);
    });

    it('are resumed behind a jump out of them, also when the chain called is long itself', () => {
      const { results, counters } = forward(
        {
          FORWARD: { rules: amid(rule(jump('users')), rule(), rule(goTo('users'))) },
          users: { rules: amid(rule(jump('inner')), rule()) },
          inner: { rules: amid(rule(undefined, { source: net('10.0.0.1') })) },
        },
        one,
      );
      assert.deepEqual(results, ['ACCEPT filter:FORWARD:policy']);
      assert.deepEqual(counters, [
        'FORWARD:201 1/100',
        'FORWARD:202 1/100',
        'FORWARD:203 1/100',
        'FORWARD:policy 1/100',
        'users:201 2/200',
        'users:202 2/200',
        'inner:201 2/200',
      ]);
    });

    it('take interfaces by name, also after renaming', () => {
      const host = new TestHost();
      const { netfilter } = world(engine, host);
      const rules = Array.from({ length: 100 }, (_, i) =>
        rule(drop, { inInterface: { name: `vlan${i}`, not: false } }),
      );
      load(netfilter, table(4, 'filter', { FORWARD: { rules } }));
      assert.equal(netfilter.run(Hook.FORWARD, packet({ iif: 2 })), Verdict.ACCEPT);
      host.rename(2, 'vlan77');
      const pkt = packet({ iif: 2 });
      assert.equal(netfilter.run(Hook.FORWARD, pkt), Verdict.DROP);
      assert.equal(netfilter.describeDecision(pkt), 'filter:FORWARD:78');
    });

    it('find port ranges at both their ends and nowhere else', () => {
      const ranges = Array.from({ length: 60 }, (_, i) => [1000 * i + 3, 1000 * i + 3 + 17 * i] as const);
      const rules = ranges.map(([low, high]) =>
        rule(drop, { protocol: proto(TCP), matches: [dport(low, high)] }),
      );
      ranges.forEach(([low, high], i) => {
        const { results } = forward(
          { FORWARD: { rules } },
          { dport: low - 1 },
          { dport: low },
          { dport: high },
          { dport: high + 1 },
          { dport: low, proto: UDP },
        );
        const hit = `DROP RULE filter:FORWARD:${i + 1}`;
        const missed = results.filter((result) => result !== hit);
        assert.deepEqual([results[1], results[2]], [hit, hit], `${low}:${high}`);
        assert.equal(missed.length, 3, `${low}:${high}`);
      });
    });
  });
}
