/** One `-m …` at random, one function a match. Those that draw at random themselves (`statistic --mode random`) are left out. */
import type { Chance } from './chance.ts';
import { Protocol } from './packet-editor.ts';
import { hex, network, not, quoted, reaches, span, type Place } from './place.ts';

/** The words of a match; null where it can't stand. */
type Match = (place: Place) => string | null;

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const;
const WITH_PORTS: readonly number[] = [Protocol.TCP, Protocol.UDP, 33, 132, 136];
const ALL_TTL = 255;

function flagNames(bits: number): string {
  const names = TCP_FLAGS.filter((_, i) => (bits >> i) & 1);
  return names.length === 0 ? 'NONE' : names.join(',');
}

function ports(place: Place): string {
  const { chance, facts } = place;
  const sides = chance.pick([['sport'], ['dport'], ['sport', 'dport']]);
  return sides
    .map((side) => `${not(chance)}--${side} ${span(chance, chance.pick(facts.ports), 65535)}`)
    .join(' ');
}

export function tcp(place: Place): string {
  const { chance, facts } = place;
  const words = ['-m tcp'];
  if (chance.is(0.5)) words.push(ports(place));
  if (chance.is(0.4)) {
    const mask = chance.between(1, 63);
    words.push(`${not(chance)}--tcp-flags ${flagNames(mask)} ${flagNames(chance.pick(facts.flags) & mask)}`);
  } else if (chance.is(0.3)) words.push(`${not(chance)}--syn`);
  if (chance.is(0.2)) words.push(`${not(chance)}--tcp-option ${chance.pick([2, 3, 4, 5, 8, 1, 254])}`);
  return words.join(' ');
}

function udp(place: Place): string {
  return `-m udp ${ports(place)}`;
}

function icmp({ chance, facts, family }: Place): string {
  const [type, code] = chance.pick(facts.icmp);
  const wanted = chance.pick([`${type}`, `${type}/${code}`, family === 4 ? 'any' : '1']);
  return family === 4
    ? `-m icmp ${not(chance)}--icmp-type ${wanted}`
    : `-m icmp6 ${not(chance)}--icmpv6-type ${wanted}`;
}

/** The match that belongs to the rule's `-p`. */
export function ofProtocol(place: Place): string | null {
  if (place.protocol === Protocol.TCP) return tcp(place);
  if (place.protocol === Protocol.UDP) return udp(place);
  if (place.protocol === (place.family === 4 ? Protocol.ICMP : Protocol.ICMPV6)) return icmp(place);
  return null;
}

function multiport({ chance, facts, protocol }: Place): string | null {
  if (protocol === null || !WITH_PORTS.includes(protocol)) return null;
  const list = chance.some(facts.ports, chance.between(1, 7)).map((port) => span(chance, port, 65535));
  return `-m multiport ${not(chance)}--${chance.pick(['sports', 'dports', 'ports'])} ${list.join(',')}`;
}

function addrtype(place: Place): string {
  const { chance, family } = place;
  const types = ['UNICAST', 'LOCAL', 'MULTICAST', 'ANYCAST', 'UNREACHABLE', 'UNSPEC'];
  if (family === 4) types.push('BROADCAST', 'BLACKHOLE', 'PROHIBIT');
  const words = chance
    .pick([['src'], ['dst'], ['src', 'dst']])
    .map((side) => `${not(chance)}--${side}-type ${chance.some(types, chance.between(1, 3)).join(',')}`);
  if (!reaches(place, 'OUTPUT', 'POSTROUTING') && chance.is(0.2)) words.push('--limit-iface-in');
  else if (!reaches(place, 'PREROUTING', 'INPUT') && chance.is(0.2)) words.push('--limit-iface-out');
  return `-m addrtype ${words.join(' ')}`;
}

function connbytes({ chance }: Place): string {
  const mode = chance.pick(['packets', 'bytes', 'avgpkt']);
  const low = chance.below(mode === 'packets' ? 8 : 800);
  const high = chance.is(0.6) ? `:${low + 1 + chance.below(1000)}` : '';
  const direction = chance.pick(['original', 'reply', 'both']);
  return `-m connbytes ${not(chance)}--connbytes ${low}${high} --connbytes-mode ${mode} --connbytes-dir ${direction}`;
}

function mark(name: string): Match {
  return ({ chance }) => {
    const mask = chance.pick([0xff, 0xf, 0xffffffff, 0x3]);
    return `-m ${name} ${not(chance)}--mark ${hex(chance.below(8) & mask)}/${hex(mask)}`;
  };
}

/** Far from the timeouts that connections start with, since the kernel's clock runs. */
const EXPIRIES = ['0:20', '0', '20:45', '45:90', '90:200', '200:500', '500:1000', '1000:500000'];

function conntrack({ chance, facts }: Place): string {
  const states = ['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED', 'SNAT', 'DNAT'];
  const one = (): string => {
    const way = chance.below(10);
    const side = chance.pick(['ctorigsrc', 'ctorigdst', 'ctreplsrc', 'ctrepldst']);
    if (way < 5) return `${not(chance)}--ctstate ${chance.some(states, chance.between(1, 3)).join(',')}`;
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
  };
  // An option may be given once.
  const options = new Map(
    [one(), one()].slice(0, chance.between(1, 2)).map((text) => [/--\w+/.exec(text)![0], text]),
  );
  return `-m conntrack ${[...options.values()].join(' ')}`;
}

function state({ chance }: Place): string {
  const states = chance.some(['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED'], chance.between(1, 3));
  return `-m state ${not(chance)}--state ${states.join(',')}`;
}

function dscp({ chance, facts }: Place): string {
  return `-m dscp ${not(chance)}--dscp ${hex(chance.pick(facts.trafficClasses) >> 2)}`;
}

function hopLimit({ chance, facts, family }: Place): string {
  const value = chance.pick(facts.hopLimits);
  const name = family === 4 ? 'ttl' : 'hl';
  const compare = chance.pick([
    `${not(chance)}--${name}-eq ${value}`,
    `--${name}-lt ${value}`,
    `--${name}-gt ${value}`,
  ]);
  return `-m ${name} ${compare}`.replace(`${ALL_TTL + 1}`, `${ALL_TTL}`);
}

function iprange({ chance, facts }: Place): string {
  return `-m iprange ${chance
    .pick([['src'], ['dst'], ['src', 'dst']])
    .map((side) => `${not(chance)}--${side}-range ${addressSpan(chance, chance.pick(facts.addresses))}`)
    .join(' ')}`;
}

function addressSpan(chance: Chance, address: string): string {
  if (address.includes(':')) return `${address.replace(/[^:]*$/, '')}0-${address.replace(/[^:]*$/, '')}ffff`;
  const last = Number(address.replace(/.*\./, ''));
  const end = (value: number): string => address.replace(/\d+$/, String(value));
  return `${end(chance.between(0, last))}-${end(chance.between(last, 255))}`;
}

function length({ chance, facts }: Place): string {
  return `-m length ${not(chance)}--length ${span(chance, chance.pick(facts.lengths), 65535)}`;
}

/** Either nothing is refilled while a case runs, or everything. */
function limit({ chance }: Place): string {
  return chance.is(0.7)
    ? `-m limit --limit 1/hour --limit-burst ${chance.between(1, 30)}`
    : '-m limit --limit 10000/sec --limit-burst 10000';
}

function mac(place: Place): string | null {
  if (reaches(place, 'OUTPUT', 'POSTROUTING')) return null;
  return `-m mac ${not(place.chance)}--mac-source ${place.chance.pick(place.facts.macs)}`;
}

function pkttype({ chance }: Place): string {
  return `-m pkttype ${not(chance)}--pkt-type ${chance.pick(['unicast', 'broadcast', 'multicast'])}`;
}

function recent({ chance }: Place): string {
  const name = `--name list${chance.below(2)} ${chance.pick(['--rsource', '--rdest'])}`;
  const way = chance.below(5);
  if (way < 2) return `-m recent ${not(chance)}--set ${name}`;
  if (way === 2) return `-m recent ${not(chance)}--remove ${name}`;
  const words = [`${not(chance)}--${chance.pick(['rcheck', 'update'])}`];
  if (chance.is(0.4))
    words.push(`--seconds ${chance.pick([3600, 100_000])}`, ...(chance.is(0.3) ? ['--reap'] : []));
  if (chance.is(0.5)) words.push(`--hitcount ${chance.between(1, 12)}`);
  if (chance.is(0.2)) words.push('--rttl');
  return `-m recent ${words.join(' ')} ${name}`;
}

function statistic({ chance }: Place): string {
  const every = chance.between(1, 6);
  return `-m statistic --mode nth ${not(chance)}--every ${every} --packet ${chance.below(every)}`;
}

function string({ chance, facts }: Place): string {
  const { at, bytes } = chance.pick(facts.pieces);
  const printable =
    /^[\x21-\x7e]+$/.test(bytes.toString('latin1')) && !/[|"\\]/.test(bytes.toString('latin1'));
  const pattern = printable
    ? `--string ${quoted(bytes.toString('latin1'))}`
    : `--hex-string "|${bytes.toString('hex')}|"`;
  const words = [`-m string ${not(chance)}${pattern} --algo ${chance.pick(['bm', 'kmp'])}`];
  if (chance.is(0.3)) words.push(`--from ${Math.max(0, at + chance.between(-2, 1))}`);
  if (chance.is(0.3))
    words.push(`--to ${at + bytes.length + chance.between(-2, 40) + 4000 * chance.below(2)}`);
  const [from, to] = ['from', 'to'].map((name) =>
    Number(new RegExp(`--${name} (\\d+)`).exec(words.join(' '))?.[1]),
  );
  if (from! > to!) words.splice(2);
  if (chance.is(0.2)) words.push('--icase');
  return words.join(' ');
}

function tos({ chance, facts }: Place): string {
  const mask = chance.pick([0xff, 0x3f, 0xfc, 0x03]);
  return `-m tos ${not(chance)}--tos ${hex(chance.pick(facts.trafficClasses) & mask)}/${hex(mask)}`;
}

function u32({ chance, facts }: Place): string {
  const test = (): string => {
    const { at, value } = chance.pick(facts.words);
    const way = chance.below(6);
    if (way === 0) return `0>>22&0x3C@${chance.pick([0, 4, 8, 12])}=0:0x7fffffff`;
    if (way === 1) return `0>>22&0x3C@12>>26&0x3C@0=${hex(chance.below(0x7fffffff))}:0xffffffff`;
    const mask = chance.pick([0xffffffff, 0xff, 0xffff, 0xff0000]);
    const low = (value & mask) >>> 0;
    return `${at}&${hex(mask)}=${hex(low)}${chance.is(0.3) ? `:${hex(Math.min(0xffffffff, low + 16))}` : ''}`;
  };
  const tests = chance.is(0.3) ? [test(), test()] : [test()];
  return `-m u32 ${not(chance)}--u32 "${tests.join('&&')}"`;
}

function comment({ chance }: Place): string {
  return `-m comment --comment ${quoted(chance.pick(['x', 'two words', 'a "quoted" one']))}`;
}

const MATCHES: readonly (readonly [weight: number, match: Match])[] = [
  [6, ofProtocol],
  [2, multiport],
  [2, addrtype],
  [2, connbytes],
  [2, mark('mark')],
  [2, mark('connmark')],
  [6, conntrack],
  [2, state],
  [1, dscp],
  [1, hopLimit],
  [1, iprange],
  [2, length],
  [1, limit],
  [1, mac],
  [1, pkttype],
  [2, recent],
  [1, statistic],
  [2, string],
  [1, tos],
  [2, u32],
  [1, comment],
];

export function randomMatch(place: Place): string {
  for (;;) {
    const words = place.chance.weighted(MATCHES)(place);
    if (words !== null) return words;
  }
}
