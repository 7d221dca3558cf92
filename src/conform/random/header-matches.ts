/** Matches of what a packet's headers and bytes say, one function a match. */
import type { Chance } from './chance.ts';
import { Protocol } from './packet-editor.ts';
import { hex, not, quoted, reaches, span, wordOf, type Match, type Place } from './place.ts';

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const;
const WITH_PORTS: readonly number[] = [Protocol.TCP, Protocol.UDP, 33, 132, 136];
const ALL_TTL = 255;
const DSCP_CLASSES = ['CS0', 'CS1', 'CS4', 'CS6', 'AF11', 'AF21', 'AF43', 'EF', 'BE'];

function flagNames(chance: Chance, bits: number): string {
  const names = TCP_FLAGS.filter((_, i) => (bits >> i) & 1);
  if (names.length === TCP_FLAGS.length && chance.is(0.5)) return 'ALL';
  return names.length === 0 ? 'NONE' : names.join(',');
}

function ports(place: Place): string {
  const { chance, facts } = place;
  const sides = chance.pick([['sport'], ['dport'], ['sport', 'dport']]);
  return sides
    .map((side) => `${not(chance)}--${side} ${span(chance, chance.pick(facts.ports), 65535)}`)
    .join(' ');
}

function tcp(place: Place): string {
  const { chance, facts } = place;
  const words = ['-m tcp'];
  if (chance.is(0.5)) words.push(ports(place));
  if (chance.is(0.4)) {
    const mask = chance.between(1, 63);
    const wanted = chance.pick(facts.flags) & mask;
    words.push(`${not(chance)}--tcp-flags ${flagNames(chance, mask)} ${flagNames(chance, wanted)}`);
  } else if (chance.is(0.3)) words.push(`${not(chance)}--syn`);
  if (chance.is(0.2)) words.push(`${not(chance)}--tcp-option ${chance.pick([2, 3, 4, 5, 8, 1, 254])}`);
  return words.join(' ');
}

function udp(place: Place): string {
  return `-m udp ${ports(place)}`;
}

const ICMP_NAMES = {
  4: [
    'any',
    'echo-request',
    'echo-reply',
    'destination-unreachable',
    'port-unreachable',
    'fragmentation-needed',
  ],
  6: ['echo-request', 'echo-reply', 'destination-unreachable', 'packet-too-big', 'port-unreachable', '1'],
} as const;

function icmp({ chance, facts, family }: Place): string {
  const [type, code] = chance.pick(facts.icmp);
  const wanted = chance.pick([`${type}`, `${type}/${code}`, chance.pick(ICMP_NAMES[family])]);
  return family === 4
    ? `-m icmp ${not(chance)}--icmp-type ${wanted}`
    : `-m icmp6 ${not(chance)}--icmpv6-type ${wanted}`;
}

/** The match that belongs to the rule's `-p`. */
export const ofProtocol: Match = (place) => {
  if (place.protocol === Protocol.TCP) return tcp(place);
  if (place.protocol === Protocol.UDP) return udp(place);
  if (place.protocol === (place.family === 4 ? Protocol.ICMP : Protocol.ICMPV6)) return icmp(place);
  return null;
};

export const multiport: Match = ({ chance, facts, protocol }) => {
  if (protocol === null || !WITH_PORTS.includes(protocol)) return null;
  // Fifteen ports at most; a span counts as two.
  const list = chance
    .some(facts.ports, chance.between(1, 7))
    .map((port) => span(chance, port, 65535).replace(/^:/, '0:').replace(/:$/, ':65535'))
    // A range of one port is refused here.
    .map((range) => range.replace(/^(\d+):\1$/, '$1'));
  return `-m multiport ${not(chance)}--${chance.pick(['sports', 'dports', 'ports'])} ${list.join(',')}`;
};

export const dscp: Match = ({ chance, facts }) =>
  chance.is(0.3)
    ? `-m dscp ${not(chance)}--dscp-class ${chance.pick(DSCP_CLASSES)}`
    : `-m dscp ${not(chance)}--dscp ${hex(chance.pick(facts.trafficClasses) >> 2)}`;

export const tos: Match = ({ chance, facts }) => {
  const mask = chance.pick([0xff, 0x3f, 0xfc, 0x03]);
  return `-m tos ${not(chance)}--tos ${hex(chance.pick(facts.trafficClasses) & mask)}/${hex(mask)}`;
};

export const hopLimit: Match = ({ chance, facts, family }) => {
  const value = Math.min(ALL_TTL, chance.pick(facts.hopLimits));
  const name = family === 4 ? 'ttl' : 'hl';
  const compare = chance.pick([
    `${not(chance)}--${name}-eq ${value}`,
    `--${name}-lt ${value}`,
    `--${name}-gt ${value}`,
  ]);
  return `-m ${name} ${compare}`;
};

export const iprange: Match = ({ chance, facts }) =>
  `-m iprange ${chance
    .pick([['src'], ['dst'], ['src', 'dst']])
    .map((side) => `${not(chance)}--${side}-range ${addressSpan(chance, chance.pick(facts.addresses))}`)
    .join(' ')}`;

function addressSpan(chance: Chance, address: string): string {
  if (address.includes(':')) return `${address.replace(/[^:]*$/, '')}0-${address.replace(/[^:]*$/, '')}ffff`;
  const last = Number(address.replace(/.*\./, ''));
  const end = (value: number): string => address.replace(/\d+$/, String(value));
  return `${end(chance.between(0, last))}-${end(chance.between(last, 255))}`;
}

export const length: Match = ({ chance, facts }) =>
  `-m length ${not(chance)}--length ${span(chance, chance.pick(facts.lengths), 65535)}`;

export const mac: Match = (place) =>
  reaches(place, 'OUTPUT', 'POSTROUTING')
    ? null
    : `-m mac ${not(place.chance)}--mac-source ${place.chance.pick(place.facts.macs)}`;

export const string: Match = ({ chance, facts }) => {
  const { at, bytes } = chance.pick(facts.pieces);
  const text = bytes.toString('latin1');
  const pattern =
    /^[\x21-\x7e]+$/.test(text) && !/[|"\\]/.test(text)
      ? `--string ${quoted(text)}`
      : `--hex-string "|${bytes.toString('hex')}|"`;
  const words = [`-m string ${not(chance)}${pattern} --algo ${chance.pick(['bm', 'kmp'])}`];
  const from = chance.is(0.3) ? Math.max(0, at + chance.between(-2, 1)) : 0;
  const to = chance.is(0.3) ? at + bytes.length + chance.between(-2, 40) + 4000 * chance.below(2) : 65535;
  if (from > 0 && from <= to) words.push(`--from ${from}`);
  if (to < 65535 && from <= to) words.push(`--to ${to}`);
  // Boyer-Moore in Linux loses its way over ß and ÿ, which it takes for small letters.
  const strange = words[0]!.includes('--algo bm') && bytes.some((byte) => [0xbf, 0xdf, 0xff].includes(byte));
  if (chance.is(0.2) && !strange) words.push('--icase');
  return words.join(' ');
};

export const u32: Match = (place) => {
  const { chance } = place;
  const test = (): string => {
    const { at, value } = wordOf(place);
    const way = chance.below(8);
    if (way === 0) return `0>>22&0x3C@${chance.pick([0, 4, 8, 12])}=0:0x7fffffff`;
    if (way === 1) return `0>>22&0x3C@12>>26&0x3C@0=${hex(chance.below(0x7fffffff))}:0xffffffff`;
    if (way === 2)
      return `${at}>>${chance.below(32)}<<${chance.below(32)}&0xffff=0:${hex(chance.below(65536))}`;
    const mask = chance.pick([0xffffffff, 0xff, 0xffff, 0xff0000]);
    const low = (value & mask) >>> 0;
    const further = chance.is(0.2) ? `,${hex(chance.below(0x7fffffff))}` : '';
    return `${at}&${hex(mask)}=${hex(low)}${chance.is(0.3) ? `:${hex(Math.min(0xffffffff, low + 16))}` : ''}${further}`;
  };
  const tests = chance.is(0.3) ? [test(), test()] : [test()];
  return `-m u32 ${not(chance)}--u32 "${tests.join('&&')}"`;
};
