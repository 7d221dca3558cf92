/** What targets do, and what is told of it. */
import assert from 'node:assert/strict';
import { DropReason } from '../../../src/netfilter/drop-reason.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import type { RuleTarget } from '../../../src/netfilter/rule.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import {
  accept,
  action,
  counters,
  drop,
  jump,
  load,
  net,
  packet,
  plain,
  proto,
  queue,
  ret,
  rule,
  table,
  UDP,
  world,
  type PacketFields,
} from '../engine-support.ts';
import { one, type Ground } from './ground.ts';

export function targets({ engine, forward }: Ground): void {
  describe('targets', () => {
    const run = (target: RuleTarget, ...packets: readonly PacketFields[]) =>
      forward({ FORWARD: { rules: [rule(target), rule(drop)] } }, ...packets);

    it('goes on behind a target that only changes something, with the change in sight', () => {
      const { results } = forward(
        {
          FORWARD: {
            rules: [
              rule(
                action((pkt) => {
                  pkt.mark = 7;
                  return Verdict.CONTINUE;
                }),
              ),
              rule(accept, { matches: [plain((pkt) => pkt.mark === 7)] }),
              rule(drop),
            ],
          },
        },
        one,
      );
      assert.deepEqual(results, ['ACCEPT filter:FORWARD:2']);
    });

    it('takes what an extension decides', () => {
      assert.deepEqual(
        run(
          action(() => Verdict.DROP),
          one,
        ).results,
        ['DROP RULE filter:FORWARD:1'],
      );
      assert.deepEqual(
        run(
          action(() => Verdict.ACCEPT),
          one,
        ).results,
        ['ACCEPT filter:FORWARD:1'],
      );
      assert.deepEqual(
        run(
          action(() => Verdict.STOLEN),
          one,
        ).results,
        ['STOLEN filter:FORWARD:1'],
      );
      assert.deepEqual(
        run(
          action(() => Verdict.RETURN),
          one,
        ).results,
        ['ACCEPT filter:FORWARD:policy'],
      );
    });

    it('keeps the reason that a target gave for its drop', () => {
      const refuse = action((pkt) => {
        pkt.dropReason = DropReason.NAT_FAILED;
        return Verdict.DROP;
      });
      assert.deepEqual(run(refuse, one).results, ['DROP NAT_FAILED filter:FORWARD:1']);
    });

    it('drops what is queued, since nobody listens, unless the rule says bypass', () => {
      const nfqueue = (number: number, bypass: boolean) =>
        action(() => (number << 16) | (bypass ? 0x8000 : 0) | Verdict.QUEUE | 0);
      assert.deepEqual(run(queue, one).results, ['DROP QUEUE_NO_LISTENER filter:FORWARD:1']);
      assert.deepEqual(run(nfqueue(65535, false), one).results, ['DROP QUEUE_NO_LISTENER filter:FORWARD:1']);
      assert.deepEqual(run(nfqueue(65535, true), one).results, ['ACCEPT filter:FORWARD:1']);
    });

    it('may send another packet through the hooks while it runs', () => {
      const inner = packet({ src: '9.9.9.9', length: 50 });
      const { netfilter } = world(engine);
      const reply = action(() => {
        assert.equal(netfilter.run(Hook.OUTPUT, inner), Verdict.DROP);
        return Verdict.CONTINUE;
      });
      load(
        netfilter,
        table(4, 'filter', {
          FORWARD: { rules: [rule(jump('users')), rule(drop)] },
          OUTPUT: { rules: [rule(jump('users')), rule(drop)] },
          users: { rules: [rule(ret, { source: net('9.9.9.9') }), rule(reply), rule()] },
        }),
      );
      const outer = packet(one);
      assert.equal(netfilter.run(Hook.FORWARD, outer), Verdict.DROP);
      assert.equal(netfilter.describeDecision(outer), 'filter:FORWARD:2');
      assert.equal(netfilter.describeDecision(inner), 'filter:OUTPUT:2');
      assert.deepEqual(counters(netfilter, 4, 'filter'), [
        'FORWARD:1 1/100',
        'FORWARD:2 1/100',
        'OUTPUT:1 1/50',
        'OUTPUT:2 1/50',
        'users:1 1/50',
        'users:2 1/100',
        'users:3 1/100',
      ]);
    });
  });

  describe('traces', () => {
    const chains = {
      FORWARD: {
        rules: [
          rule(undefined, { source: net('1.1.1.1') }),
          rule(jump('users')),
          rule(),
          rule(accept, { inInterface: { name: '+', not: false } }),
        ],
      },
      users: { rules: [rule(undefined, { protocol: proto(UDP) }), rule(ret)] },
    };

    it("names each rule passed in the kernel's words: a bare verdict counts as a chain's end", () => {
      const { netfilter } = world(engine);
      load(netfilter, table(4, 'filter', chains));
      const steps: string[] = [];
      netfilter.tracer = { passed: (step) => steps.push(step) };
      netfilter.run(Hook.FORWARD, packet(one));
      assert.deepEqual(steps, [
        'filter:FORWARD:rule:2',
        'filter:users:return:2',
        'filter:FORWARD:rule:3',
        'filter:FORWARD:rule:4',
      ]);
      netfilter.tracer = null;
      netfilter.run(Hook.FORWARD, packet(one));
      assert.equal(steps.length, 4);
    });

    it('logs marked packets only, as warnings', () => {
      const { netfilter, lines } = world(engine);
      load(netfilter, table(4, 'filter', { FORWARD: { policy: 'DROP' } }));
      netfilter.run(Hook.FORWARD, packet(one));
      assert.equal(lines.length, 0);
      netfilter.run(Hook.FORWARD, packet({ ...one, traced: 1 }));
      assert.equal(lines.length, 1);
      assert.equal(lines[0]!.level, 4);
      assert.match(lines[0]!.text, /^TRACE: filter:FORWARD:policy:1 IN=eth0 OUT=eth1 MAC=/);
    });
  });
}
