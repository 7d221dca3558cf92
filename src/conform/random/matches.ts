/**
 * One `-m …` at random. `test/kernel/generator.test.ts` holds the list against the registry of the engine, option by option.
 */
import * as extension from './extension-matches.ts';
import * as header from './header-matches.ts';
import * as host from './host-matches.ts';
import * as named from './named-objects.ts';
import { quoted, type Match, type Place } from './place.ts';
import * as state from './state-matches.ts';
import * as transport from './transport-matches.ts';

const comment: Match = ({ chance }) =>
  `-m comment --comment ${quoted(chance.pick(['x', 'two words', 'a "quoted" one']))}`;

/** The match that belongs to the rule's `-p`. */
const ofProtocol: Match = (place) => header.ofProtocol(place) ?? transport.ofProtocol(place);

const MATCHES: readonly (readonly [weight: number, match: Match])[] = [
  [6, ofProtocol],
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
  [1, transport.ah],
  [1, transport.ecn],
  [1, transport.tcpmss],
  [1, extension.frag],
  [1, extension.hopByHop],
  [1, extension.destination],
  [1, extension.routing],
  [1, extension.segmentRouting],
  [1, extension.headers],
  [1, extension.eui64],
  [1, extension.bpf],
  [1, host.rpfilter],
  [1, host.socket],
  [1, host.owner],
  [1, host.cgroup],
  [1, host.physdev],
  [1, host.policy],
  [1, host.realm],
  [1, host.devgroup],
  [1, host.cpu],
  [1, host.osf],
  [1, host.time],
  [1, host.quota],
  [1, host.hashlimit],
  [1, host.connlimit],
  [1, host.connlabel],
  [1, host.cluster],
  [2, named.set],
  [1, named.nfacct],
];

export function randomMatch(place: Place): string {
  for (;;) {
    const words = place.chance.weighted(MATCHES)(place);
    if (words !== null) return words;
  }
}
