/** Verdicts, policies, jumps and returns. */
import assert from 'node:assert/strict';
import { Hook } from '../../../src/netfilter/hook.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import { accept, drop, goTo, jump, packet, ret, rule, type ChainText } from '../engine-support.ts';
import { one, type Ground } from './ground.ts';

export function chains({ forward }: Ground): void {
  describe('chains', () => {
    it('takes the first rule that decides, and counts packets and datagram bytes', () => {
      const { results, counters } = forward({ FORWARD: { rules: [rule(), rule(accept), rule(drop)] } }, one, {
        length: 40,
      });
      assert.deepEqual(results, ['ACCEPT filter:FORWARD:2', 'ACCEPT filter:FORWARD:2']);
      assert.deepEqual(counters, ['FORWARD:1 2/140', 'FORWARD:2 2/140']);
    });

    it('falls through to the policy, which counts', () => {
      const { results, counters } = forward({ FORWARD: { policy: 'DROP', rules: [rule()] } }, one);
      assert.deepEqual(results, ['DROP POLICY filter:FORWARD:policy']);
      assert.deepEqual(counters, ['FORWARD:1 1/100', 'FORWARD:policy 1/100']);
    });

    it('returns from the end of a user chain to behind the jump', () => {
      const { results, counters } = forward(
        { FORWARD: { rules: [rule(jump('users')), rule(drop)] }, users: { rules: [rule(), rule()] } },
        one,
      );
      assert.deepEqual(results, ['DROP RULE filter:FORWARD:2']);
      assert.deepEqual(counters, ['FORWARD:1 1/100', 'FORWARD:2 1/100', 'users:1 1/100', 'users:2 1/100']);
    });

    it('takes RETURN in a user chain as its end', () => {
      const { results } = forward(
        {
          FORWARD: { rules: [rule(jump('users')), rule(accept)] },
          users: { rules: [rule(ret), rule(drop)] },
        },
        one,
      );
      assert.deepEqual(results, ['ACCEPT filter:FORWARD:2']);
    });

    it('takes RETURN in a built-in chain to the policy', () => {
      const { results, counters } = forward(
        { FORWARD: { policy: 'DROP', rules: [rule(ret), rule(accept)] } },
        one,
      );
      assert.deepEqual(results, ['DROP POLICY filter:FORWARD:policy']);
      assert.deepEqual(counters, ['FORWARD:1 1/100', 'FORWARD:policy 1/100']);
    });

    it('leads a chain entered by goto back to where its caller would have returned', () => {
      const { results, counters } = forward(
        {
          FORWARD: { rules: [rule(jump('first')), rule(drop)] },
          first: { rules: [rule(goTo('second')), rule(accept)] },
          second: { rules: [rule()] },
        },
        one,
      );
      assert.deepEqual(results, ['DROP RULE filter:FORWARD:2']);
      assert.deepEqual(counters, ['FORWARD:1 1/100', 'FORWARD:2 1/100', 'first:1 1/100', 'second:1 1/100']);
    });

    it('leads a chain entered by goto from a built-in chain to the policy', () => {
      const { results } = forward(
        {
          FORWARD: { policy: 'DROP', rules: [rule(goTo('users')), rule(accept)] },
          users: { rules: [rule()] },
        },
        one,
      );
      assert.deepEqual(results, ['DROP POLICY filter:FORWARD:policy']);
    });

    it('returns through nested jumps one by one', () => {
      const { results, counters } = forward(
        {
          FORWARD: { rules: [rule(jump('a')), rule(drop)] },
          a: { rules: [rule(jump('b')), rule()] },
          b: { rules: [rule(jump('c')), rule()] },
          c: { rules: [] },
        },
        one,
      );
      assert.deepEqual(results, ['DROP RULE filter:FORWARD:2']);
      assert.deepEqual(counters, [
        'FORWARD:1 1/100',
        'FORWARD:2 1/100',
        'a:1 1/100',
        'a:2 1/100',
        'b:1 1/100',
        'b:2 1/100',
      ]);
    });

    it('keeps the counters that the rules came with', () => {
      const { counters } = forward({ FORWARD: { rules: [rule(accept, { packets: 5, bytes: 7 })] } }, one);
      assert.deepEqual(counters, ['FORWARD:1 6/107']);
    });

    it('takes names such as __proto__ and constructor as any other', () => {
      const { results } = forward(
        new Map<string, ChainText>([
          ['FORWARD', { rules: [rule(jump('__proto__')), rule(drop)] }],
          ['__proto__', { rules: [rule(jump('constructor'))] }],
          ['constructor', { rules: [rule(accept)] }],
        ]),
        one,
      );
      assert.deepEqual(results, ['ACCEPT filter:constructor:1']);
    });

    it('accepts at a hook where the table has no chain', () => {
      const { netfilter } = forward({ FORWARD: { policy: 'DROP' } }, one);
      assert.equal(netfilter.run(Hook.PREROUTING, packet(one)), Verdict.ACCEPT);
    });
  });
}
