/** What tables and chains mean: one suite, run on the reference and on the compiled engine. */
import assert from 'node:assert/strict';
import { DropReason, dropReasonName } from '../../src/netfilter/drop-reason.ts';
import { Hook } from '../../src/netfilter/hook.ts';
import type { Rule, RuleTarget } from '../../src/netfilter/rule.ts';
import type { EngineName } from '../../src/netfilter/rules-in-force.ts';
import { Verdict } from '../../src/netfilter/verdict.ts';
import {
  accept,
  action,
  counters,
  dport,
  drop,
  fragile,
  goTo,
  jump,
  load,
  net,
  packet,
  plain,
  prefix,
  proto,
  queue,
  ret,
  rule,
  stateful,
  table,
  TCP,
  TestHost,
  UDP,
  world,
  type ChainText,
  type PacketFields,
} from './engine-support.ts';

export function engineSuite(engine: EngineName): void {
  /** Puts a filter table into force and sends packets through FORWARD. */
  function forward(
    chains: Record<string, ChainText> | Map<string, ChainText>,
    ...packets: readonly PacketFields[]
  ) {
    const one = world(engine);
    load(one.netfilter, table(packets[0]?.family ?? 4, 'filter', chains));
    const results = packets.map((fields) => {
      const pkt = packet(fields);
      const verdict = one.netfilter.run(Hook.FORWARD, pkt);
      const why = verdict === Verdict.DROP ? ` ${dropReasonName(pkt.dropReason)}` : '';
      return `${NAMES[verdict]}${why} ${one.netfilter.describeDecision(pkt)}`;
    });
    return { ...one, results, counters: counters(one.netfilter, packets[0]?.family ?? 4, 'filter') };
  }

  /** Does a rule with these conditions match these packets? */
  function matches(parts: Partial<Rule>, ...packets: readonly PacketFields[]): boolean[] {
    const { results } = forward({ FORWARD: { rules: [rule(drop, parts)] } }, ...packets);
    return results.map((result) => result.startsWith('DROP'));
  }

  const one: PacketFields = { length: 100 };

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

const NAMES: Readonly<Record<number, string>> = { 0: 'DROP', 1: 'ACCEPT', 2: 'STOLEN' };
