/**
 * Things that rules name and others make: ipset's sets, of addresses and ports that the frames have, and nfacct's objects.
 * Which there are is the same in every case, what is in them is drawn; they are made where rules name them.
 */
import type { Gateway } from '../kernel/gateway-file.ts';
import type { Chance } from './chance.ts';
import type { Facts } from './facts.ts';
import { not, reaches, type Match, type Target } from './place.ts';

type Family = 4 | 6;

interface NamedSet {
  readonly name: string;
  readonly type: string;
  /** In which family's rules; both, when absent. */
  readonly family?: Family;
  /** What it is created with beside. */
  readonly extras?: string;
  /** Directions that a rule gives. */
  readonly sides: number;
  element(chance: Chance, facts: Facts): string;
}

/** No set takes the address that is none. */
const address = (chance: Chance, { addresses }: Facts): string => {
  const known = addresses.filter((text) => text !== '0.0.0.0' && text !== '::');
  return known.length > 0 ? chance.pick(known) : addresses[0]!.includes(':') ? '2001:db8::1' : '192.0.2.1';
};
const port = (chance: Chance, { ports }: Facts): string =>
  `${chance.pick(['tcp', 'udp'])}:${chance.pick(ports)}`;
/** ipset takes no networks without a length, nor one of 0. */
const network = (chance: Chance, facts: Facts): string => {
  const text = address(chance, facts);
  const longest = text.includes(':') ? 128 : 32;
  return `${text}/${chance.between(longest / 4, longest)}`;
};
const exception = (chance: Chance): string => (chance.is(0.2) ? ' nomatch' : '');

const OF_A_FAMILY: readonly Omit<NamedSet, 'family'>[] = [
  { name: 'ips', type: 'hash:ip', extras: 'counters', sides: 1, element: address },
  { name: 'short', type: 'hash:ip', extras: 'timeout 5000', sides: 1, element: address },
  { name: 'info', type: 'hash:ip', extras: 'skbinfo', sides: 1, element: withInfo },
  {
    name: 'nets',
    type: 'hash:net',
    extras: 'counters',
    sides: 1,
    element: (chance, facts) => network(chance, facts) + exception(chance),
  },
  {
    name: 'pairs',
    type: 'hash:ip,port',
    sides: 2,
    element: (chance, facts) => `${address(chance, facts)},${port(chance, facts)}`,
  },
  {
    name: 'netports',
    type: 'hash:net,port',
    extras: 'counters',
    sides: 2,
    element: (chance, facts) => `${network(chance, facts)},${port(chance, facts)}`,
  },
  {
    name: 'triples',
    type: 'hash:ip,port,ip',
    sides: 3,
    element: (chance, facts) => `${address(chance, facts)},${port(chance, facts)},${address(chance, facts)}`,
  },
  {
    name: 'ifs',
    type: 'hash:net,iface',
    sides: 2,
    element: (chance, facts) => `${network(chance, facts)},${chance.pick(['eth0', 'eth1', 'lo'])}`,
  },
];

const SETS: readonly NamedSet[] = [
  ...([4, 6] as const).flatMap((family) =>
    OF_A_FAMILY.map((set) => ({ ...set, name: `${set.name}${family}`, family })),
  ),
  {
    name: 'ports',
    type: 'bitmap:port',
    extras: 'range 0-65535 counters',
    sides: 1,
    element: (chance, { ports }) => String(chance.pick(ports)),
  },
];
/** Of sets: the last, so that what it holds is there. */
const LISTS = ([4, 6] as const).map((family) => ({
  name: `list${family}`,
  family,
  sides: 1,
  members: [`nets${family}`, `ips${family}`],
}));
const OBJECTS: readonly string[] = ['web', 'rest'];
const MOST_ELEMENTS = 6;

function withInfo(chance: Chance, facts: Facts): string {
  const words = [
    chance.is(0.7) ? ` skbmark 0x${chance.below(16).toString(16)}/0xff` : '',
    chance.is(0.5) ? ` skbprio 1:${chance.between(1, 9)}` : '',
  ];
  return address(chance, facts) + words.join('');
}

/** The gateway with what the rules name; each set holds some of what the frames have. */
export function withNamedObjects(
  gateway: Gateway,
  rules: string,
  chance: Chance,
  facts: Readonly<Record<Family, Facts>>,
): Gateway {
  const sets = / --(match|add|del|map)-set /.test(rules) ? { sets: setsText(chance, facts) } : {};
  const accounting = / --nfacct-name /.test(rules) ? { accounting: OBJECTS } : {};
  return { ...gateway, ...sets, ...accounting };
}

function setsText(chance: Chance, facts: Readonly<Record<Family, Facts>>): string {
  const lines = SETS.flatMap(({ name, type, family, extras = '', element }) => {
    const which =
      family === undefined || !type.startsWith('hash:') ? '' : `family inet${family === 6 ? '6' : ''} `;
    const initval = type.startsWith('hash:') ? 'initval 1 ' : '';
    const drawn = Array.from({ length: chance.below(MOST_ELEMENTS) }, () =>
      element(chance, facts[family ?? 4]),
    );
    return [
      `create ${name} ${type} ${which}${initval}${extras}`.trim(),
      // Two may be the same network.
      ...[...new Set(drawn)].map((text) => `add ${name} ${text} -exist`),
    ];
  });
  const lists = LISTS.flatMap(({ name, members }) => [
    `create ${name} list:set size 8`,
    ...members.map((member) => `add ${name} ${member}`),
  ]);
  return [...lines, ...lists].map((line) => `${line}\n`).join('');
}

interface Use {
  readonly name: string;
  readonly directions: string;
}

function use(chance: Chance, family: Family, name?: string): Use {
  const own = [...SETS, ...LISTS].filter((set) => set.family === undefined || set.family === family);
  const set = name === undefined ? chance.pick(own) : own.find((one) => one.name === name)!;
  const directions = Array.from({ length: set.sides }, () => chance.pick(['src', 'dst']));
  return { name: set.name, directions: directions.join() };
}

export const set: Match = (place) => {
  const { chance, family } = place;
  const { name, directions } = use(chance, family);
  const words = [`-m set ${not(chance)}--match-set ${name} ${directions}`];
  if (chance.is(0.15)) words.push('--return-nomatch');
  if (chance.is(0.2)) words.push(`${chance.is(0.8) ? '! ' : ''}--update-counters`);
  if (chance.is(0.15)) words.push(`${chance.is(0.8) ? '! ' : ''}--update-subcounters`);
  for (const [unit, most] of [
    ['packets', 6],
    ['bytes', 800],
  ] as const) {
    if (!chance.is(0.1)) continue;
    const way = chance.pick(['eq', 'lt', 'gt']);
    words.push(`${way === 'eq' ? not(chance) : ''}--${unit}-${way} ${chance.below(most)}`);
  }
  return words.join(' ');
};

export const setTarget: Target = (place) => {
  const { chance, family, table } = place;
  if (table === 'mangle' && !reaches(place, 'PREROUTING', 'INPUT') && chance.is(0.4)) {
    const { name, directions } = use(chance, family, `info${family}`);
    const maps = chance.some(['--map-mark', '--map-prio', '--map-queue'], chance.between(1, 3));
    return `-j SET --map-set ${name} ${directions} ${maps.join(' ')}`;
  }
  const { name, directions } = use(chance, family);
  if (chance.is(0.3)) return `-j SET --del-set ${name} ${directions}`;
  const timeout = chance.is(0.2) ? ` --timeout ${chance.between(600, 6000)}` : '';
  return `-j SET --add-set ${name} ${directions}${chance.is(0.4) ? ' --exist' : ''}${timeout}`;
};

export const nfacct: Match = ({ chance }) => `-m nfacct --nfacct-name ${chance.pick(OBJECTS)}`;
