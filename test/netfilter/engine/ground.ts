/** The ground that the suites of the engines stand on: rules in, packets through, verdicts and counters out. */
import { dropReasonName } from '../../../src/netfilter/drop-reason.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import type { Rule } from '../../../src/netfilter/rule.ts';
import type { EngineName } from '../../../src/netfilter/rules-in-force.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import {
  counters,
  drop,
  load,
  packet,
  rule,
  table,
  world,
  type ChainText,
  type PacketFields,
} from '../engine-support.ts';

/** What the suites of one engine are run with. */
export type Ground = ReturnType<typeof ground>;

export function ground(engine: EngineName) {
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

  return { engine, forward, matches };
}

/** A packet of which only the length matters. */
export const one: PacketFields = { length: 100 };

const NAMES: Readonly<Record<number, string>> = { 0: 'DROP', 1: 'ACCEPT', 2: 'STOLEN' };
