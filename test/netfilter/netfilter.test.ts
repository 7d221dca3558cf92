/** What happens at a hook besides the rules themselves: the order of steps, and what is switched on by what. */
import assert from 'node:assert/strict';
import { DropReason } from '../../src/netfilter/drop-reason.ts';
import { defineMatch, defineTarget } from '../../src/netfilter/extension.ts';
import { Hook, HOOK_NAMES, type TableName } from '../../src/netfilter/hook.ts';
import type { Rule } from '../../src/netfilter/rule.ts';
import { Verdict } from '../../src/netfilter/verdict.ts';
import { accept, action, counters, drop, ip4, load, packet, rule, table, world } from './engine-support.ts';

const TRACKS = defineTarget({
  name: 'TRACKS',
  about: 'needs connection tracking',
  options: {},
  needsConntrack: true,
  create: () => ({ run: () => Verdict.CONTINUE }),
});
const tracks = (): Rule => rule({ kind: 'extension', extension: TRACKS, info: {} });

/** Tables whose chains all note that a packet came by. */
function noting(steps: string[], name: TableName, ...more: readonly Rule[]) {
  const rules = [rule(action(() => (steps.push(name), Verdict.CONTINUE))), ...more];
  return table(4, name, Object.fromEntries(HOOK_NAMES.map((hook) => [hook, { rules }])));
}

/** A table has its own hooks only; `table` makes user chains of the other names, which nothing leads to. */
function everything(engine: 'compiled' | 'reference') {
  const one = world(engine);
  const { steps, netfilter } = one;
  load(
    netfilter,
    noting(steps, 'raw'),
    noting(steps, 'mangle'),
    noting(steps, 'nat', tracks()),
    noting(steps, 'filter'),
    noting(steps, 'security'),
  );
  steps.length = 0;
  return one;
}

describe('a hook', () => {
  const expected: Record<string, string[]> = {
    PREROUTING: ['raw', 'conntrack', 'mangle', 'nat', 'nat'],
    INPUT: ['mangle', 'filter', 'security', 'nat', 'nat', 'helper', 'confirm'],
    FORWARD: ['mangle', 'filter', 'security'],
    OUTPUT: ['raw', 'conntrack', 'mangle', 'nat', 'nat', 'filter', 'security'],
    POSTROUTING: ['mangle', 'nat', 'nat', 'helper', 'confirm'],
  };
  for (const name of HOOK_NAMES) {
    it(`${name} takes a packet through ${expected[name]!.join(', ')}`, () => {
      // NAT is noted as the step itself and, since it asks, as its table.
      const { netfilter, steps } = everything('compiled');
      assert.equal(netfilter.run(Hook[name], packet()), Verdict.ACCEPT);
      assert.deepEqual(steps, expected[name]);
    });
  }

  it('collects fragments before everything else, in PREROUTING and OUTPUT, while tracking is on', () => {
    const { netfilter, steps, host } = everything('compiled');
    netfilter.run(Hook.PREROUTING, packet({ fragOffset: 8 }));
    assert.deepEqual(steps.slice(0, 2), ['defragment', 'raw']);
    host.whenDefragmented = Verdict.STOLEN;
    steps.length = 0;
    assert.equal(netfilter.run(Hook.OUTPUT, packet({ fragOffset: 8 })), Verdict.STOLEN);
    assert.deepEqual(steps, ['defragment']);
    netfilter.run(Hook.FORWARD, packet({ fragOffset: 8 }));
    assert.equal(steps.filter((step) => step === 'defragment').length, 1);
  });

  it('ends at the first step that drops', () => {
    const { netfilter, steps } = world('compiled');
    load(netfilter, noting(steps, 'mangle', rule(drop)), noting(steps, 'filter'));
    const pkt = packet();
    assert.equal(netfilter.run(Hook.FORWARD, pkt), Verdict.DROP);
    assert.deepEqual(steps, ['mangle']);
    assert.equal(pkt.dropReason, DropReason.RULE);
    assert.equal(netfilter.describeDecision(pkt), 'mangle:FORWARD:2');
  });

  it('accepts what is no IP packet, and everything while no table is loaded', () => {
    const { netfilter } = world('compiled');
    assert.equal(netfilter.run(Hook.FORWARD, packet()), Verdict.ACCEPT);
    load(netfilter, table(4, 'filter', { FORWARD: { policy: 'DROP' } }));
    const other = packet();
    other.family = 0;
    assert.equal(netfilter.run(Hook.FORWARD, other), Verdict.ACCEPT);
    assert.equal(netfilter.run(Hook.FORWARD, packet({ family: 6 })), Verdict.ACCEPT);
    assert.equal(netfilter.run(Hook.FORWARD, packet()), Verdict.DROP);
  });
});

describe('connection tracking', () => {
  it('is on while a rule in force needs it, for its family only', () => {
    const { netfilter, steps } = world('compiled');
    load(netfilter, table(4, 'raw', { PREROUTING: { rules: [tracks()] } }));
    assert.deepEqual(steps, ['require 4']);
    assert.equal(netfilter.tracksConnections(4), true);
    assert.equal(netfilter.tracksConnections(6), false);
    netfilter.run(Hook.POSTROUTING, packet());
    assert.deepEqual(steps.slice(1), ['helper', 'confirm']);
    load(netfilter, table(4, 'raw', {}));
    assert.equal(netfilter.tracksConnections(4), false);
  });

  it('is not switched on by an empty nat table, which then is not asked', () => {
    const { netfilter, steps } = world('compiled');
    load(netfilter, noting(steps, 'nat'));
    netfilter.run(Hook.POSTROUTING, packet());
    assert.deepEqual(steps, []);
  });

  it('stays on when it was demanded without rules', () => {
    const { netfilter, steps } = world('compiled');
    netfilter.requireConntrack(4);
    load(netfilter, table(4, 'raw', {}));
    netfilter.run(Hook.INPUT, packet());
    assert.deepEqual(steps.slice(-2), ['helper', 'confirm']);
  });
});

describe('a local packet is routed again', () => {
  const cases: [string, Parameters<typeof action>[0], boolean][] = [
    ['its mark', (pkt) => ((pkt.mark = 5), Verdict.CONTINUE), true],
    ['its TOS', (pkt) => ((pkt.bytes[pkt.l3 + 1] = 8), Verdict.CONTINUE), true],
    ['its destination', (pkt) => ((pkt.dst0 = 5), Verdict.CONTINUE), true],
    ['its TTL', (pkt) => ((pkt.bytes[pkt.l3 + 8] = 9), Verdict.CONTINUE), false],
  ];
  for (const [what, change, again] of cases) {
    it(`${again ? 'when' : 'not when'} OUTPUT's mangle table changes ${what}`, () => {
      const { netfilter, host } = world('compiled');
      const rules = [rule(action(change))];
      load(netfilter, table(4, 'mangle', { OUTPUT: { rules }, POSTROUTING: { rules } }));
      assert.equal(netfilter.run(Hook.OUTPUT, packet()), Verdict.ACCEPT);
      assert.deepEqual(host.asked, again ? ['reroute'] : []);
      netfilter.run(Hook.POSTROUTING, packet());
      assert.equal(host.asked.length, again ? 1 : 0);
    });
  }

  it("when OUTPUT's nat table changes its destination, and is dropped where there is no route", () => {
    const { netfilter, host } = world('compiled');
    const translate = rule(action((pkt) => ((pkt.dst0 = ip4('192.0.2.1')), Verdict.ACCEPT)));
    load(netfilter, table(4, 'nat', { OUTPUT: { rules: [tracks(), translate] } }));
    assert.equal(netfilter.run(Hook.OUTPUT, packet()), Verdict.ACCEPT);
    assert.equal(host.asked.at(-1), 'reroute');
    host.routes = false;
    const pkt = packet();
    assert.equal(netfilter.run(Hook.OUTPUT, pkt), Verdict.DROP);
    assert.equal(pkt.dropReason, DropReason.NO_ROUTE);
  });
});

describe('the decision on a packet that lives', () => {
  it('is that of the filter table, whatever other tables said later', () => {
    const { netfilter } = world('compiled');
    load(
      netfilter,
      table(4, 'filter', { FORWARD: { rules: [rule(), rule(accept)] } }),
      table(4, 'mangle', { POSTROUTING: { rules: [rule(accept)] }, PREROUTING: { rules: [rule(accept)] } }),
    );
    const pkt = packet();
    netfilter.run(Hook.PREROUTING, pkt);
    assert.equal(netfilter.describeDecision(pkt), 'mangle:PREROUTING:1');
    assert.equal(netfilter.decidingRule(pkt)?.target, accept);
    netfilter.run(Hook.FORWARD, pkt);
    netfilter.run(Hook.POSTROUTING, pkt);
    assert.equal(netfilter.describeDecision(pkt), 'filter:FORWARD:2');
    assert.equal(netfilter.describeDecision(packet()), '');
  });
});

describe('loading', () => {
  const failing = defineMatch({
    name: 'failing',
    about: 'cannot be made',
    options: {},
    create: () => {
      throw new Error('no such set');
    },
  });

  it('changes nothing when an extension cannot be made', () => {
    const { netfilter } = world('compiled');
    load(netfilter, table(4, 'filter', { FORWARD: { policy: 'DROP' } }));
    const broken = rule(accept, { matches: [{ extension: failing, info: {} }] });
    assert.throws(() => load(netfilter, table(4, 'filter', { FORWARD: { rules: [broken] } })), /no such set/);
    assert.equal(netfilter.run(Hook.FORWARD, packet()), Verdict.DROP);
    assert.deepEqual(counters(netfilter, 4, 'filter'), ['FORWARD:policy 1/60']);
  });

  it('takes over counters that somebody set', () => {
    for (const engine of ['compiled', 'reference'] as const) {
      const { netfilter } = world(engine);
      load(netfilter, table(4, 'filter', { FORWARD: { rules: [rule()] } }));
      netfilter.run(Hook.FORWARD, packet());
      const chain = netfilter.ruleset(4)!.tables.get('filter')!.chains.get('FORWARD')!;
      chain.rules[0]!.packets = 0;
      chain.packets = 41;
      netfilter.takeCounters(4);
      netfilter.run(Hook.FORWARD, packet());
      assert.deepEqual(counters(netfilter, 4, 'filter'), ['FORWARD:1 1/120', 'FORWARD:policy 42/120']);
    }
  });

  it('keeps what rules share by name as long as a rule in force names it', () => {
    const seen: object[] = [];
    const sharing = defineMatch({
      name: 'sharing',
      about: 'shares',
      options: {},
      create: (_, services) => {
        seen.push(services.shared('list', () => ({})));
        return { test: () => true };
      },
    });
    const { netfilter } = world('compiled');
    const named = (family: 4 | 6) =>
      table(family, 'filter', {
        FORWARD: { rules: [rule(accept, { matches: [{ extension: sharing, info: {} }] })] },
      });
    load(netfilter, named(4));
    load(netfilter, named(4));
    load(netfilter, named(6));
    load(netfilter, table(4, 'filter', {}));
    load(netfilter, named(4));
    assert.ok(
      seen.every((thing) => thing === seen[0]),
      'one thing, for both families',
    );
    load(netfilter, table(4, 'filter', {}));
    load(netfilter, table(6, 'filter', {}));
    load(netfilter, named(4));
    assert.notEqual(seen.at(-1), seen[0], 'forgotten when nobody names it');
  });

  it('tells extensions from which hooks their rule can be reached', () => {
    const hooks: number[] = [];
    const curious = defineMatch({
      name: 'curious',
      about: 'asks',
      options: {},
      create: (_, __, use) => {
        hooks.push(use.hooks);
        return { test: () => true };
      },
    });
    const asks = rule(undefined, { matches: [{ extension: curious, info: {} }] });
    const { netfilter } = world('compiled');
    load(
      netfilter,
      table(4, 'filter', {
        INPUT: { rules: [rule({ kind: 'jump', chain: 'users' })] },
        FORWARD: { rules: [asks, rule(accept), asks, rule({ kind: 'goto', chain: 'users' })] },
        OUTPUT: { rules: [rule({ kind: 'goto', chain: 'users' })] },
        users: { rules: [asks] },
      }),
    );
    // What stands behind an unconditional ACCEPT is reached by nobody.
    assert.deepEqual(hooks, [1 << Hook.FORWARD, 0, (1 << Hook.INPUT) | (1 << Hook.OUTPUT)]);
  });
});
