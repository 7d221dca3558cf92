/**
 * The reference is the judge: random rulesets and packets must give the same verdict, decision, counters, traces, and the
 * same questions to matches with state in the same order, from both engines.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dropReasonName } from '../../src/netfilter/drop-reason.ts';
import { Hook, type Family } from '../../src/netfilter/hook.ts';
import type { Rule, RuleTarget } from '../../src/netfilter/rule.ts';
import type { EngineName } from '../../src/netfilter/rules-in-force.ts';
import { Verdict } from '../../src/netfilter/verdict.ts';
import {
  accept,
  action,
  counters,
  drop,
  fragile,
  goTo,
  jump,
  load,
  packet,
  plain,
  ports,
  prefix,
  proto,
  queue,
  ret,
  rule,
  stateful,
  table,
  TestHost,
  world,
  type ChainText,
  type PacketFields,
} from './engine-support.ts';

// Small universes, so that rules and packets meet.
const INTERFACES = ['eth0', 'eth1', 'ppp0', 'ppp1'];
const PROTOCOLS = [6, 17, 1, 50];
const CHAINS = ['a', 'b', 'c', 'd'];

const word = fc.integer({ min: 0, max: 15 }).map((n) => 0x0a000000 | ((n >> 2) << 16) | (n & 3) | 0);
const port = fc.integer({ min: 0, max: 40 }).map((n) => (n < 30 ? n : 65535 - (n - 30) * 97));

const addressOf = (family: Family) =>
  family === 4
    ? fc.record({ words: word.map((w) => [w]), length: fc.constantFrom(32, 32, 32, 24, 16, 15, 8, 0) })
    : fc.record({
        words: fc.tuple(word, word, word, word).map((w) => [...w]),
        length: fc.constantFrom(128, 128, 127, 64, 48, 32, 0),
      });

const rarely = { nil: null, freq: 2 };
const negated = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

/** Matches are described as data first, since each engine needs instances (and journals) of its own. */
type MatchPlan =
  | { kind: 'ports'; field: 'sport' | 'dport'; ranges: [number, number][] }
  | { kind: 'mark'; mark: number }
  | { kind: 'every'; period: number; id: number }
  | { kind: 'fragile'; bit: number };
type TargetPlan =
  | { kind: 'standard'; target: RuleTarget }
  | { kind: 'mark'; add: number }
  | { kind: 'rewrite'; src: number; dport: number }
  | { kind: 'verdict'; verdict: number };
interface RulePlan {
  readonly parts: Partial<Rule>;
  readonly matches: readonly MatchPlan[];
  readonly target: TargetPlan;
}

const range = fc
  .tuple(port, fc.constantFrom(0, 0, 0, 1, 9, 100, 5000, 60000))
  .map(([low, width]): [number, number] => [low, Math.min(65535, low + width)]);

const matchPlan: fc.Arbitrary<MatchPlan> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ports' as const),
      field: fc.constantFrom('sport' as const, 'dport' as const, 'dport' as const),
      ranges: fc.array(range, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mark' as const), mark: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('every' as const),
      period: fc.integer({ min: 1, max: 3 }),
      id: fc.nat(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fragile' as const), bit: fc.constantFrom(1, 2, 4, 64) }),
  },
);

/** Chains may only lead to later ones, so that there are no circles. */
function targetPlan(later: readonly string[]): fc.Arbitrary<TargetPlan> {
  const standard = (target: RuleTarget): TargetPlan => ({ kind: 'standard', target });
  const plans: fc.WeightedArbitrary<TargetPlan>[] = [
    { weight: 6, arbitrary: fc.constant(standard({ kind: 'none' })) },
    { weight: 4, arbitrary: fc.constantFrom(...[accept, drop, ret, queue].map(standard)) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('mark' as const), add: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewrite' as const), src: word, dport: port }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('verdict' as const),
        verdict: fc.constantFrom<number>(
          Verdict.CONTINUE,
          Verdict.RETURN,
          Verdict.DROP,
          Verdict.STOLEN,
          0x18003,
        ),
      }),
    },
  ];
  if (later.length > 0) {
    const leads = later.flatMap((name) => [standard(jump(name)), standard(goTo(name))]);
    plans.push({ weight: 6, arbitrary: fc.constantFrom(...leads) });
  }
  return fc.oneof(...plans);
}

function rulePlan(family: Family, later: readonly string[]): fc.Arbitrary<RulePlan> {
  const address = fc
    .tuple(addressOf(family), negated)
    .map(([{ words, length }, not]) => prefix(words, length, not));
  const iface = fc.record({ name: fc.constantFrom(...INTERFACES, 'ppp+', '+', 'wan'), not: negated });
  return fc.record({
    parts: fc.record({
      source: fc.option(address, rarely),
      destination: fc.option(address, rarely),
      inInterface: fc.option(iface, { nil: null, freq: 1 }),
      outInterface: fc.option(iface, { nil: null, freq: 1 }),
      protocol: fc.option(
        fc.tuple(fc.constantFrom(...PROTOCOLS), negated).map(([number, not]) => proto(number, not)),
        rarely,
      ),
      fragment: fc
        .option(fc.record({ not: fc.boolean() }), { nil: null, freq: 1 })
        .map((f) => (family === 4 ? f : null)),
    }),
    matches: fc.array(matchPlan, { maxLength: 3 }),
    target: targetPlan(later),
  });
}

/** Mostly rules that one long chain could hold many of. */
function chainPlans(family: Family, most: number) {
  const chain = (later: readonly string[]) =>
    fc.array(rulePlan(family, later), { minLength: most >> 1, maxLength: most, size: 'max' });
  return fc.record({
    FORWARD: chain(CHAINS),
    a: chain(CHAINS.slice(1)),
    b: chain(CHAINS.slice(2)),
    c: chain(CHAINS.slice(3)),
    d: chain([]),
    policy: fc.constantFrom('ACCEPT' as const, 'DROP' as const),
  });
}

function packetFields(family: Family): fc.Arbitrary<PacketFields> {
  const address = family === 4 ? word.map((w) => [w]) : fc.tuple(word, word, word, word).map((w) => [...w]);
  return fc.record({
    family: fc.constant(family),
    src: address,
    dst: address,
    proto: fc.constantFrom(...PROTOCOLS, 60),
    sport: port,
    dport: port,
    length: fc.integer({ min: 40, max: 1500 }),
    iif: fc.integer({ min: 0, max: 4 }),
    oif: fc.integer({ min: 0, max: 4 }),
    mark: fc.nat(7),
    fragOffset: fc.constantFrom(0, 0, 0, 0, 8, 1480),
    l4Ok: fc.constantFrom(1, 1, 1, 1, 0),
  });
}

type Plans = { policy: 'ACCEPT' | 'DROP' } & Record<string, readonly RulePlan[] | string>;

function outcome(engine: EngineName, family: Family, plans: Plans, packets: readonly PacketFields[]) {
  const journal: string[] = [];
  const { netfilter } = world(engine, new TestHost(INTERFACES));
  const chains = new Map<string, ChainText>();
  for (const [name, rules] of Object.entries(plans)) {
    if (typeof rules === 'string') continue;
    chains.set(name, { policy: plans.policy, rules: rules.map((plan) => make(plan, journal)) });
  }
  load(netfilter, table(family, 'filter', chains));
  netfilter.tracer = { passed: (step) => journal.push(step) };
  for (const fields of packets) {
    const pkt = packet(fields);
    if (pkt.proto === 60) pkt.l4Ok = 0;
    const verdict = netfilter.run(Hook.FORWARD, pkt);
    journal.push(
      `${verdict} ${dropReasonName(pkt.dropReason)} ${netfilter.describeDecision(pkt)} ${pkt.mark}`,
    );
  }
  return { journal, counters: counters(netfilter, family, 'filter') };
}

function make({ parts, matches, target }: RulePlan, journal: string[]): Rule {
  return rule(makeTarget(target), { ...parts, matches: matches.map((match) => makeMatch(match, journal)) });
}

function makeMatch(plan: MatchPlan, journal: string[]) {
  switch (plan.kind) {
    case 'ports':
      return ports(plan.field, ...plan.ranges);
    case 'mark':
      return plain((pkt) => (pkt.mark & 3) === plan.mark);
    case 'every': {
      let asked = 0;
      return stateful(() => {
        journal.push(`asked ${plan.id}`);
        return ++asked % plan.period === 0;
      });
    }
    case 'fragile':
      return fragile((pkt, at) => {
        if ((pkt.mark & plan.bit) !== 0 && (pkt.src0 & 1) !== 0) at.hotdrop = true;
        return (pkt.mark & plan.bit) === 0;
      });
  }
}

function makeTarget(plan: TargetPlan): RuleTarget {
  switch (plan.kind) {
    case 'standard':
      return plan.target;
    case 'mark':
      return action((pkt) => {
        pkt.mark += plan.add;
        return Verdict.CONTINUE;
      });
    case 'rewrite':
      return action((pkt) => {
        pkt.src0 = plan.src;
        if (pkt.l4Ok === 1) pkt.dport = plan.dport;
        return Verdict.CONTINUE;
      });
    case 'verdict':
      return action(() => plan.verdict);
  }
}

describe('both engines', () => {
  for (const family of [4, 6] as const) {
    for (const most of [6, 80]) {
      it(`agree on random IPv${family} rules, chains of up to ${most} rules`, function () {
        this.timeout(60_000);
        fc.assert(
          fc.property(
            chainPlans(family, most),
            fc.array(packetFields(family), { minLength: 1, maxLength: 12, size: 'max' }),
            (plans, packets) => {
              assert.deepEqual(
                outcome('compiled', family, plans, packets),
                outcome('reference', family, plans, packets),
              );
            },
          ),
          { numRuns: most > 50 ? 150 : 400 },
        );
      });
    }
  }
});
