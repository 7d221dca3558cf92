/** Matches of IPv6 extension headers, and of the link-layer source (eui64). One function a match. */
import { not, reaches, span, wordOf, type Match } from './place.ts';

const HEADERS = ['hop-by-hop', 'ipv6-opts', 'ipv6-route', 'ipv6-frag', 'ah', 'esp', 'ipv6-nonxt', 'protocol'];
const OPTIONS = ['1', '0', '1:4', '5:2', '201:16', '194', '30:2', '1:2'];
const BYTES = 255;

export const frag: Match = ({ chance, family }) => {
  if (family === 4) return null;
  const words = ['-m frag'];
  if (chance.is(0.4))
    words.push(`${not(chance)}--fragid ${span(chance, chance.below(0x7fff_ffff), 0xffff_ffff)}`);
  if (chance.is(0.2)) words.push(`${not(chance)}--fraglen ${chance.below(100)}`);
  if (chance.is(0.3)) words.push('--fragres');
  if (chance.is(0.4)) words.push('--fragfirst');
  if (chance.is(0.5)) words.push(chance.pick(['--fragmore', '--fraglast']));
  return words.join(' ');
};

function options(name: string): Match {
  return ({ chance, family }) => {
    if (family === 4) return null;
    const words = [`-m ${name}`];
    if (chance.is(0.4)) words.push(`${not(chance)}--${name}-len ${chance.pick([8, 16, 24, 32])}`);
    if (chance.is(0.5)) words.push(`--${name}-opts ${chance.some(OPTIONS, chance.between(1, 3)).join(',')}`);
    return words.join(' ');
  };
}

export const hopByHop = options('hbh');
export const destination = options('dst');

export const routing: Match = ({ chance, family, facts }) => {
  if (family === 4) return null;
  const words = ['-m rt'];
  const isType0 = chance.is(0.5);
  if (isType0) words.push('--rt-type 0');
  else if (chance.is(0.5)) words.push(`${not(chance)}--rt-type ${chance.pick([0, 2, 4, 253])}`);
  if (chance.is(0.4)) words.push(`${not(chance)}--rt-segsleft ${span(chance, chance.below(3), 10)}`);
  if (chance.is(0.3)) words.push(`${not(chance)}--rt-len ${chance.pick([8, 24, 40, 56])}`);
  if (isType0 && chance.is(0.4)) words.push('--rt-0-res');
  if (isType0 && chance.is(0.5)) {
    words.push(`--rt-0-addrs ${chance.some(facts.addresses, chance.between(1, 2)).join(',')}`);
    if (chance.is(0.5)) words.push('--rt-0-not-strict');
  }
  return words.join(' ');
};

export const segmentRouting: Match = ({ chance, family, facts }) => {
  if (family === 4) return null;
  const words = ['-m srh'];
  if (chance.is(0.3)) words.push(`${not(chance)}--srh-next-hdr ${chance.pick(facts.protocols)}`);
  for (const field of ['hdr-len', 'segs-left', 'last-entry']) {
    if (chance.is(0.4))
      words.push(`${not(chance)}--srh-${field}-${chance.pick(['eq', 'gt', 'lt'])} ${chance.below(5)}`);
  }
  if (chance.is(0.3)) words.push(`${not(chance)}--srh-tag ${chance.below(3)}`);
  for (const which of ['psid', 'nsid', 'lsid']) {
    if (chance.is(0.3))
      words.push(
        `${not(chance)}--srh-${which} ${chance.pick(facts.addresses)}/${chance.pick([0, 16, 64, 128])}`,
      );
  }
  return words.join(' ');
};

export const headers: Match = ({ chance, family }) =>
  family === 4
    ? null
    : `-m ipv6header ${not(chance)}--header ${chance.some(HEADERS, chance.between(1, 4)).join(',')}${chance.is(0.5) ? ' --soft' : ''}`;

export const eui64: Match = (place) =>
  place.family === 4 || reaches(place, 'OUTPUT', 'POSTROUTING') ? null : '-m eui64';

/** A program of the packet filter: a byte of the datagram, loaded, masked and compared. */
export const bpf: Match = (place) => {
  const { chance } = place;
  const { at, value } = wordOf(place);
  const wanted = (value & 0xff00_0000) >>> 24;
  const load = chance.pick([`48 0 0 ${at}`, `32 0 0 ${at},116 0 0 24,84 0 0 ${BYTES}`]);
  const count = load.split(',').length + 3;
  return `-m bpf --bytecode "${count},${load},21 0 1 ${wanted},6 0 0 1,6 0 0 0"`;
};
