/**
 * One `-m …` at random. `test/kernel/generator.test.ts` holds the list against the registry of the engine, option by option.
 */
import * as header from './header-matches.ts';
import { quoted, type Match, type Place } from './place.ts';
import * as state from './state-matches.ts';

const comment: Match = ({ chance }) =>
  `-m comment --comment ${quoted(chance.pick(['x', 'two words', 'a "quoted" one']))}`;

const MATCHES: readonly (readonly [weight: number, match: Match])[] = [
  [6, header.ofProtocol],
  [2, header.multiport],
  [1, header.dscp],
  [1, header.hopLimit],
  [1, header.iprange],
  [2, header.length],
  [1, header.mac],
  [2, header.string],
  [1, header.tos],
  [2, header.u32],
  [2, state.addrtype],
  [2, state.connbytes],
  [2, state.mark],
  [2, state.connmark],
  [6, state.conntrack],
  [2, state.state],
  [1, state.helper],
  [1, state.limit],
  [1, state.pkttype],
  [2, state.recent],
  [1, state.statistic],
  [1, comment],
];

export function randomMatch(place: Place): string {
  for (;;) {
    const words = place.chance.weighted(MATCHES)(place);
    if (words !== null) return words;
  }
}
