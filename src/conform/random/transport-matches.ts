/** Matches of transport headers beyond ports: DCCP, SCTP, IPsec, ECN, the MSS option. One function a match. */
import { Protocol } from './packet-editor.ts';
import { not, span, type Match, type Place } from './place.ts';

const MAX_SPI = 0xffff_ffff;
const DCCP_TYPES = ['REQUEST', 'RESPONSE', 'DATA', 'ACK', 'DATAACK', 'RESET', 'SYNC', 'INVALID'];
const CHUNKS = [
  'DATA',
  'INIT',
  'INIT_ACK',
  'SACK',
  'HEARTBEAT',
  'ABORT:T',
  'DATA:Be',
  'COOKIE_ECHO',
  'SHUTDOWN',
];

function ports({ chance, facts }: Place): string[] {
  return chance
    .pick([['sport'], ['dport'], ['sport', 'dport']])
    .map((side) => `${not(chance)}--${side} ${span(chance, chance.pick(facts.ports), 65535)}`);
}

function spi({ chance }: Place): string {
  if (chance.is(0.7)) return String(chance.below(300));
  const low = chance.below(0x7fff_ffff);
  return `${low}:${low + chance.below(MAX_SPI - low)}`;
}

function dccp(place: Place): string {
  const { chance } = place;
  const words = ['-m dccp'];
  if (chance.is(0.5)) words.push(...ports(place));
  if (chance.is(0.5))
    words.push(`${not(chance)}--dccp-types ${chance.some(DCCP_TYPES, chance.between(1, 4)).join(',')}`);
  if (chance.is(0.3)) words.push(`${not(chance)}--dccp-option ${chance.pick([1, 2, 32, 255])}`);
  return words.join(' ');
}

function sctp(place: Place): string {
  const { chance } = place;
  const words = ['-m sctp'];
  if (chance.is(0.5)) words.push(...ports(place));
  if (chance.is(0.6)) {
    const chunks = chance.some(CHUNKS, chance.between(1, 3)).join(',');
    const how = chance.pick(['all', 'any', 'only']);
    words.push(`${not(chance)}--chunk-types ${how} ${chance.pick([chunks, chunks, 'ALL', 'NONE'])}`);
  }
  return words.join(' ');
}

function esp(place: Place): string {
  return `-m esp ${not(place.chance)}--espspi ${spi(place)}`;
}

function ipcomp(place: Place): string {
  const { chance } = place;
  return `-m ipcomp ${not(chance)}--ipcompspi ${spi(place)}${chance.is(0.3) ? ' --compres' : ''}`;
}

function mh({ chance }: Place): string {
  return `-m mh ${not(chance)}--mh-type ${span(chance, chance.below(8), 255)}`;
}

/** The match of a protocol that captures seldom have, in a rule with its `-p`. */
export const ofProtocol: Match = (place) => {
  switch (place.protocol) {
    case Protocol.DCCP:
      return dccp(place);
    case Protocol.ESP:
      return esp(place);
    case Protocol.AH:
      return ah(place);
    case Protocol.COMP:
      return ipcomp(place);
    case Protocol.SCTP:
      return sctp(place);
    case Protocol.MOBILITY:
      return place.family === 6 ? mh(place) : null;
    default:
      return null;
  }
};

/** In IPv6 the header is looked for behind others, whatever the protocol. */
export const ah: Match = (place) => {
  const { chance, family, protocol } = place;
  if (family === 4 && protocol !== Protocol.AH) return null;
  const words = [`-m ah ${not(chance)}--ahspi ${spi(place)}`];
  if (family === 6 && chance.is(0.4)) words.push(`${not(chance)}--ahlen ${chance.pick([12, 16, 24, 32])}`);
  if (family === 6 && chance.is(0.3)) words.push('--ahres');
  return words.join(' ');
};

export const ecn: Match = ({ chance, protocol }) => {
  const words = ['-m ecn'];
  if (protocol === Protocol.TCP && chance.is(0.7)) {
    for (const flag of chance.some(['ece', 'cwr'], 2)) words.push(`${not(chance)}--ecn-tcp-${flag}`);
  }
  if (words.length === 1 || chance.is(0.5)) words.push(`${not(chance)}--ecn-ip-ect ${chance.below(4)}`);
  return words.join(' ');
};

export const tcpmss: Match = ({ chance, protocol }) =>
  protocol === Protocol.TCP
    ? `-m tcpmss ${not(chance)}--mss ${chance.pick(['1460', '1400:1460', '536', '0:65535', '1000:1400'])}`
    : null;
