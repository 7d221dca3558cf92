/** Circles, depth and numbers. */
import assert from 'node:assert/strict';
import { Hook } from '../../../src/netfilter/hook.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import {
  accept,
  drop,
  goTo,
  jump,
  load,
  packet,
  prefix,
  rule,
  table,
  world,
  type ChainText,
} from '../engine-support.ts';
import { one, type Ground } from './ground.ts';

export function hostileRules({ engine, forward }: Ground): void {
  describe('hostile rules', () => {
    it('refuses a chain that leads back to itself, and changes nothing then', () => {
      const { netfilter } = world(engine);
      load(netfilter, table(4, 'filter', { FORWARD: { policy: 'DROP' } }));
      const circle = table(4, 'filter', {
        FORWARD: { rules: [rule(jump('a'))] },
        a: { rules: [rule(goTo('b'))] },
        b: { rules: [rule(jump('a'))] },
      });
      assert.throws(() => load(netfilter, circle), { code: 'RULE_LOOP' });
      assert.equal(netfilter.run(Hook.FORWARD, packet()), Verdict.DROP);
    });

    it('takes a circle that no packet can reach, as the kernel does', () => {
      const { results } = forward(
        { FORWARD: { rules: [rule(accept), rule(jump('a'))] }, a: { rules: [rule(jump('a'))] } },
        one,
      );
      assert.deepEqual(results, ['ACCEPT filter:FORWARD:1']);
    });

    it('refuses a jump to a chain that is not there, or that is built in', () => {
      const { netfilter } = world(engine);
      for (const name of ['nowhere', 'INPUT']) {
        const lost = table(4, 'filter', { FORWARD: { rules: [rule(jump(name))] } });
        assert.throws(() => load(netfilter, lost), { code: 'RULE_CHAIN' });
      }
    });

    it('walks jumps nested twenty thousand deep', () => {
      const depth = 20_000;
      const chains = new Map<string, ChainText>([['FORWARD', { rules: [rule(jump('c0')), rule(drop)] }]]);
      for (let i = 0; i < depth; i++) chains.set(`c${i}`, { rules: [rule(jump(`c${i + 1}`)), rule()] });
      chains.set(`c${depth}`, {});
      assert.deepEqual(forward(chains, one).results, ['DROP RULE filter:FORWARD:2']);
    });

    it('takes 100,000 rules and finds the last', () => {
      const rules = Array.from({ length: 100_000 }, (_, i) =>
        rule(drop, { source: prefix([0x0b000000 + i], 32) }),
      );
      const { results } = forward({ FORWARD: { rules } }, { src: [0x0b000000 + 99_999] }, one);
      assert.deepEqual(results, ['DROP RULE filter:FORWARD:100000', 'ACCEPT filter:FORWARD:policy']);
    });
  });
}
