/**
 * Matches of the host, of time and of amounts. What a harness's kernel can't be made to have (sockets, IPsec, bridges, more
 * processors in use than one …) is asked all the same: both sides must say that it is not there.
 */
import { hex, not, reaches, type Match } from './place.ts';

export const rpfilter: Match = (place) => {
  const { chance, table } = place;
  const isThere =
    (table === 'raw' || table === 'mangle') && place.hooks.every((hook) => hook === 'PREROUTING');
  if (!isThere) return null;
  const flags = ['--loose', '--validmark', '--accept-local', '--invert'].filter(() => chance.is(0.4));
  return ['-m rpfilter', ...flags].join(' ');
};

export const socket: Match = (place) => {
  const { chance } = place;
  if (reaches(place, 'FORWARD', 'OUTPUT', 'POSTROUTING')) return null;
  const flags = ['--transparent', '--nowildcard', '--restore-skmark'].filter(() => chance.is(0.4));
  return ['-m socket', ...flags].join(' ');
};

export const owner: Match = (place) => {
  const { chance } = place;
  if (reaches(place, 'PREROUTING', 'INPUT', 'FORWARD')) return null;
  const words = ['-m owner'];
  if (chance.is(0.5)) words.push(`${not(chance)}--uid-owner ${chance.pick(['0', '0-1000', '65534'])}`);
  if (chance.is(0.5)) {
    words.push(`${not(chance)}--gid-owner ${chance.pick(['0', '0-1000'])}`);
    if (chance.is(0.5)) words.push('--suppl-groups');
  }
  if (words.length === 1 || chance.is(0.4)) words.push(`${not(chance)}--socket-exists`);
  return words.join(' ');
};

export const cgroup: Match = (place) =>
  reaches(place, 'PREROUTING', 'FORWARD')
    ? null
    : `-m cgroup ${not(place.chance)}${place.chance.pick(['--cgroup 0', '--cgroup 7', '--path /'])}`;

export const physdev: Match = (place) => {
  const { chance } = place;
  const words = ['-m physdev'];
  if (chance.is(0.5)) words.push(`${chance.is(0.5) ? '! ' : ''}--physdev-is-in`);
  if (chance.is(0.4)) words.push(`${chance.is(0.5) ? '! ' : ''}--physdev-in eth0`);
  if (!reaches(place, 'OUTPUT')) {
    if (chance.is(0.4)) words.push(`${chance.is(0.5) ? '! ' : ''}--physdev-is-out`);
    if (chance.is(0.4)) words.push(`${chance.is(0.5) ? '! ' : ''}--physdev-out eth+`);
  }
  if (words.length === 1 || chance.is(0.4)) words.push(`${chance.is(0.5) ? '! ' : ''}--physdev-is-bridged`);
  return words.join(' ');
};

export const policy: Match = (place) => {
  const { chance, family } = place;
  const directions = [
    ...(reaches(place, 'OUTPUT', 'POSTROUTING') ? [] : ['in']),
    ...(reaches(place, 'PREROUTING', 'INPUT') ? [] : ['out']),
  ];
  if (directions.length === 0) return null;
  const head = `-m policy --dir ${chance.pick(directions)}`;
  if (chance.is(0.4)) return `${head} --pol none`;
  const end = family === 4 ? '10.0.0.0/8' : 'fd00::/8';
  const element = [
    `${not(chance)}--reqid ${chance.below(3)}`,
    `${not(chance)}--spi 0x1`,
    `${not(chance)}--proto ${chance.pick(['esp', 'ah'])}`,
    '--mode tunnel',
    `${not(chance)}--tunnel-src ${end} ${not(chance)}--tunnel-dst ${end}`,
  ];
  const said = chance.is(0.5) ? element : [element[0]!, chance.pick(['', '! --mode transport'])];
  return `${head} --pol ipsec --strict ${said.join(' ')}${chance.is(0.3) ? ' --next --reqid 2' : ''}`;
};

export const realm: Match = (place) =>
  place.family === 6 || reaches(place, 'PREROUTING')
    ? null
    : `-m realm ${not(place.chance)}--realm ${place.chance.pick(['0', '0x1/0x3', '0/0xff', '7'])}`;

export const devgroup: Match = (place) => {
  const { chance } = place;
  const words = ['-m devgroup'];
  const group = (): string => chance.pick(['0', '1', '0/0xf', '0x2/0x2']);
  if (!reaches(place, 'OUTPUT', 'POSTROUTING') && chance.is(0.7))
    words.push(`${not(chance)}--src-group ${group()}`);
  if (!reaches(place, 'PREROUTING', 'INPUT') && chance.is(0.7))
    words.push(`${not(chance)}--dst-group ${group()}`);
  return words.length === 1 ? null : words.join(' ');
};

/** Which processor it is differs from run to run; above all that there may be, it does not. */
export const cpu: Match = ({ chance }) => `-m cpu ${not(chance)}--cpu ${chance.pick([4096, 70000])}`;

/** No fingerprints are loaded. */
export const osf: Match = (place) =>
  place.family === 6 || place.protocol !== 6 || reaches(place, 'OUTPUT', 'POSTROUTING')
    ? null
    : `-m osf ${not(place.chance)}--genre Linux --ttl ${place.chance.below(3)}`;

/** Days, dates and hours that hold whenever it is, or never: the kernel's clock is another than the capture's. */
export const time: Match = ({ chance }) => {
  const words = ['-m time'];
  if (chance.is(0.4)) words.push('--timestart 00:00 --timestop 23:59:59');
  if (chance.is(0.3))
    words.push(chance.pick(['--weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun', '! --weekdays 1,2,3,4,5,6,7']));
  if (chance.is(0.3)) {
    const days = Array.from({ length: 31 }, (_, i) => i + 1).join(',');
    words.push(`${not(chance)}--monthdays ${days}`);
  }
  if (chance.is(0.3)) words.push('--datestart 2000-01-01');
  if (chance.is(0.3)) words.push(`--datestop ${chance.pick(['2037-12-31T23', '1999'])}`);
  if (chance.is(0.3)) words.push(chance.pick(['--utc', '--kerneltz', '--localtz']));
  if (chance.is(0.1)) return '-m time --timestart 00:00:01 --timestop 00:00 --contiguous';
  return words.join(' ');
};

/** Either nothing comes back while a case runs, or there is plenty of it. */
export const quota: Match = ({ chance }) =>
  `-m quota ${not(chance)}--quota ${chance.pick([0, 100, 1000, 5000, 10_000_000])}`;

const MODES = ['srcip', 'srcport', 'dstip', 'dstport'] as const;

/** A table belongs to the first rule that names it, so each rule has its own; rates as with quota. */
export const hashlimit: Match = ({ chance, family }) => {
  const way = chance.pick([
    '--hashlimit-upto',
    '--hashlimit-above',
    '! --hashlimit-upto',
    '! --hashlimit-above',
  ]);
  const words = [`-m hashlimit ${way}`];
  const isBytes = chance.is(0.2);
  if (isBytes) words.push('100mb/s');
  else words.push(`1/hour --hashlimit-burst ${chance.between(1, 30)}`);
  if (isBytes && chance.is(0.3)) words.push('--hashlimit-burst 200mb');
  if (chance.is(0.7)) words.push(`--hashlimit-mode ${chance.some(MODES, chance.between(1, 3)).join(',')}`);
  words.push(`--hashlimit-name t${chance.below(1_000_000_000)}`);
  const prefix = (): number => chance.between(8, family === 4 ? 32 : 128);
  if (chance.is(0.2)) words.push(`--hashlimit-srcmask ${prefix()}`);
  if (chance.is(0.2)) words.push(`--hashlimit-dstmask ${prefix()}`);
  if (chance.is(0.2)) words.push('--hashlimit-htable-size 100');
  if (chance.is(0.2)) words.push('--hashlimit-htable-max 2000');
  if (chance.is(0.2)) words.push('--hashlimit-htable-expire 600000');
  if (chance.is(0.2)) words.push('--hashlimit-htable-gcinterval 600000');
  if (!isBytes && chance.is(0.2)) words.push('--hashlimit-rate-match --hashlimit-rate-interval 3600');
  return words.join(' ');
};

const CONNLIMIT_PREFIXES = { 4: ['8', '24', '32'], 6: ['16', '64', '128'] } as const;

export const connlimit: Match = ({ chance, family }) => {
  const way = chance.pick(['--connlimit-upto', '--connlimit-above']);
  const mask = chance.is(0.5) ? ` --connlimit-mask ${chance.pick(CONNLIMIT_PREFIXES[family])}` : '';
  const side = chance.pick(['', ' --connlimit-saddr', ' --connlimit-daddr']);
  return `-m connlimit ${not(chance)}${way} ${chance.pick([0, 1000])}${mask}${side}`;
};

export const connlabel: Match = ({ chance }) =>
  `-m connlabel ${not(chance)}--label ${chance.below(3)}${chance.is(0.5) ? ' --set' : ''}`;

export const cluster: Match = ({ chance }) => {
  const total = chance.between(1, 6);
  const node = chance.is(0.6)
    ? `--cluster-local-node ${chance.between(1, total)}`
    : `--cluster-local-nodemask ${chance.between(1, Math.min(32, 2 ** total - 1))}`;
  return `-m cluster --cluster-total-nodes ${total} ${not(chance)}${node} --cluster-hash-seed ${hex(chance.below(0x7fff_ffff))}`;
};
