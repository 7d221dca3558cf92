/** Matches of what is known beyond the packet: its connection, its marks, earlier packets. One function a match. */
import { hex, network, not, reaches, span, type Match, type Place } from './place.ts';

export const addrtype: Match = (place) => {
  const { chance, family } = place;
  const types = ['UNICAST', 'LOCAL', 'MULTICAST', 'ANYCAST', 'UNREACHABLE', 'UNSPEC'];
  if (family === 4) types.push('BROADCAST', 'BLACKHOLE', 'PROHIBIT');
  const words = chance
    .pick([['src'], ['dst'], ['src', 'dst']])
    .map((side) => `${not(chance)}--${side}-type ${chance.some(types, chance.between(1, 3)).join(',')}`);
  if (!reaches(place, 'OUTPUT', 'POSTROUTING') && chance.is(0.2)) words.push('--limit-iface-in');
  else if (!reaches(place, 'PREROUTING', 'INPUT') && chance.is(0.2)) words.push('--limit-iface-out');
  return `-m addrtype ${words.join(' ')}`;
};

export const connbytes: Match = ({ chance }) => {
  const mode = chance.pick(['packets', 'bytes', 'avgpkt']);
  const low = chance.below(mode === 'packets' ? 8 : 800);
  const high = chance.is(0.6) ? `:${low + 1 + chance.below(1000)}` : '';
  const direction = chance.pick(['original', 'reply', 'both']);
  return `-m connbytes ${not(chance)}--connbytes ${low}${high} --connbytes-mode ${mode} --connbytes-dir ${direction}`;
};

function markMatch(name: string): Match {
  return ({ chance }) => {
    const mask = chance.pick([0xff, 0xf, 0xffffffff, 0x3]);
    return `-m ${name} ${not(chance)}--mark ${hex(chance.below(8) & mask)}/${hex(mask)}`;
  };
}

export const mark = markMatch('mark');
export const connmark = markMatch('connmark');

/** Far from the timeouts that connections start with, since the kernel's clock runs. */
const EXPIRIES = ['0:20', '0', '20:45', '45:90', '90:200', '200:500', '500:1000', '1000:500000'];
const STATES = ['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED'];

function conntrackOption({ chance, facts }: Place): string {
  const way = chance.below(10);
  const side = chance.pick(['ctorigsrc', 'ctorigdst', 'ctreplsrc', 'ctrepldst']);
  if (way < 5) {
    const states = chance.some([...STATES, 'SNAT', 'DNAT'], chance.between(1, 3));
    return `${not(chance)}--ctstate ${states.join(',')}`;
  }
  if (way === 5) return `${not(chance)}--ctproto ${chance.pick(facts.protocols)}`;
  if (way === 6) return `${not(chance)}--${side} ${network(chance, chance.pick(facts.addresses))}`;
  if (way === 7) return `${not(chance)}--${side}port ${span(chance, chance.pick(facts.ports), 65535)}`;
  if (way === 8) {
    const statuses = chance.some(['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'], chance.between(1, 2));
    return `${not(chance)}--ctstatus ${chance.is(0.1) ? 'NONE' : statuses.join(',')}`;
  }
  return chance.is(0.6)
    ? `${not(chance)}--ctexpire ${chance.pick(EXPIRIES)}`
    : `--ctdir ${chance.pick(['ORIGINAL', 'REPLY'])}`;
}

export const conntrack: Match = (place) => {
  const drawn = Array.from({ length: place.chance.between(1, 2) }, () => conntrackOption(place));
  // An option may be given once.
  const options = new Map(drawn.map((text) => [/--\w+/.exec(text)![0], text]));
  return `-m conntrack ${[...options.values()].join(' ')}`;
};

export const state: Match = ({ chance }) =>
  `-m state ${not(chance)}--state ${chance.some(STATES, chance.between(1, 3)).join(',')}`;

export const helper: Match = ({ chance }) =>
  `-m helper ${not(chance)}--helper ${chance.pick(['ftp', 'ftp', 'ftp-2121', 'tftp'])}`;

/** Either nothing is refilled while a case runs, or everything. */
export const limit: Match = ({ chance }) =>
  chance.is(0.7)
    ? `-m limit --limit 1/hour${chance.is(0.8) ? ` --limit-burst ${chance.between(1, 30)}` : ''}`
    : '-m limit --limit 10000/sec --limit-burst 10000';

export const pkttype: Match = ({ chance }) =>
  `-m pkttype ${not(chance)}--pkt-type ${chance.pick(['unicast', 'broadcast', 'multicast'])}`;

const RECENT_MASK = { 4: '255.255.255.0', 6: 'ffff:ffff::' } as const;

/** A list has one mask, that of the first rule that names it. */
export const recent: Match = ({ chance, family }) => {
  const list = chance.below(3);
  const mask = list === 2 ? ` --mask ${RECENT_MASK[family]}` : '';
  const name = `--name list${list}${mask} ${chance.pick(['--rsource', '--rdest'])}`;
  const way = chance.below(5);
  if (way < 2) return `-m recent ${not(chance)}--set ${name}`;
  if (way === 2) return `-m recent ${not(chance)}--remove ${name}`;
  const words = [`${not(chance)}--${chance.pick(['rcheck', 'update'])}`];
  if (chance.is(0.4))
    words.push(`--seconds ${chance.pick([3600, 100_000])}`, ...(chance.is(0.3) ? ['--reap'] : []));
  if (chance.is(0.5)) words.push(`--hitcount ${chance.between(1, 12)}`);
  if (chance.is(0.2)) words.push('--rttl');
  return `-m recent ${words.join(' ')} ${name}`;
};

/** By counting, or at random where chance decides nothing. */
export const statistic: Match = ({ chance }) => {
  if (chance.is(0.2)) return `-m statistic --mode random ${not(chance)}--probability ${chance.below(2)}`;
  const every = chance.between(1, 6);
  return `-m statistic --mode nth ${not(chance)}--every ${every} --packet ${chance.below(every)}`;
};
