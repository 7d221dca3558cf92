/**
 * Rulesets at random, in the format of iptables-save, aimed at a list of frames: every table, policies, user chains that
 * jump and go to each other, matches and targets of all kinds where the kernel lets them stand.
 */
import { randomMatch } from './matches.ts';
import type { Chance } from './chance.ts';
import type { Facts } from './facts.ts';
import { Protocol } from './packet-editor.ts';
import { OWN, NEXT, SIDES } from '../standard-gateway.ts';
import { network, not, TABLES, type HookName, type Place, type TableName } from './place.ts';
import { randomTarget } from './targets.ts';

interface Chain {
  readonly name: string;
  readonly builtIn: boolean;
  readonly hooks: readonly HookName[];
}

export interface RulesPlan {
  readonly chance: Chance;
  readonly facts: Facts;
  readonly family: 4 | 6;
  readonly mayLog: boolean;
}

const TABLE_PROBABILITY: readonly (readonly [TableName, number])[] = [
  ['raw', 0.4],
  ['mangle', 0.6],
  ['nat', 0.7],
  ['filter', 0.85],
  ['security', 0.1],
];
/** Captures seldom have them, but matches are made for them. */
const RARE_PROTOCOLS = [
  Protocol.DCCP,
  Protocol.ESP,
  Protocol.AH,
  Protocol.COMP,
  Protocol.SCTP,
  Protocol.MOBILITY,
];
const NOBODY = { 4: '198.51.100.77', 6: '2001:db8:77::77' } as const;

export function randomRules(plan: RulesPlan): string {
  const { chance, facts, family } = plan;
  const addresses = [
    ...facts.addresses,
    OWN[family].eth0,
    OWN[family].eth1,
    NEXT[family].eth0,
    NOBODY[family],
  ].filter((address) => isHost(address));
  return TABLE_PROBABILITY.filter(([, probability]) => chance.is(probability))
    .map(([table]) => tableText(plan, table, addresses))
    .join('');
}

/** Not a group, nor this-host, nor loopback: iptables takes those too, but no reply would come. */
function isHost(address: string): boolean {
  return address.includes(':')
    ? !/^(ff|fe80|0+:)/.test(address)
    : /^(?!0\.|127\.|22[4-9]|2[34]|255)/.test(address);
}

function tableText(plan: RulesPlan, table: TableName, addresses: readonly string[]): string {
  const { chance } = plan;
  const hooks = TABLES[table];
  const chains: Chain[] = hooks.map((hook) => ({ name: hook, builtIn: true, hooks: [hook] }));
  for (let i = chance.below(4); i > 0; i -= 1) {
    const reachedFrom = chance.is(0.6) ? [chance.pick(hooks)] : chance.some(hooks, 3);
    chains.push({ name: `user${chains.length}`, builtIn: false, hooks: reachedFrom });
  }
  const policy = (): string =>
    table !== 'nat' && chance.is(table === 'filter' ? 0.2 : 0.03) ? 'DROP' : 'ACCEPT';
  const lines = chains.flatMap((chain, i) =>
    Array.from({ length: chance.below(chain.builtIn ? 5 : 4) }, () => {
      const callable = chains
        .slice(i + 1)
        .filter((other) => !other.builtIn && isWithin(chain.hooks, other.hooks));
      return ruleText(plan, table, chain, callable, addresses);
    }),
  );
  return [
    `*${table}`,
    ...chains.map(({ name, builtIn }) => `:${name} ${builtIn ? policy() : '-'} [0:0]`),
    ...lines,
    'COMMIT',
    '',
  ].join('\n');
}

function isWithin(some: readonly HookName[], all: readonly HookName[]): boolean {
  return some.every((hook) => all.includes(hook));
}

function ruleText(
  { chance, facts, family, mayLog }: RulesPlan,
  table: TableName,
  chain: Chain,
  callable: readonly Chain[],
  addresses: readonly string[],
): string {
  const words = [`-A ${chain.name}`];
  for (const option of ['-s', '-d']) {
    if (chance.is(0.15))
      words.push(`${not(chance)}${option} ${network(chance, chance.pick(facts.addresses))}`);
  }
  words.push(...interfaces(chance, chain));
  const protocol = chance.is(0.5) ? chance.pick(chance.is(0.25) ? RARE_PROTOCOLS : facts.protocols) : null;
  const isNot = protocol !== null && chance.is(0.1);
  if (protocol !== null) words.push(`${isNot ? '! ' : ''}-p ${protocol}`);
  if (family === 4 && chance.is(0.03)) words.push(`${not(chance)}-f`);
  const place: Place = {
    chance,
    facts,
    family,
    table,
    hooks: chain.hooks,
    builtIn: chain.builtIn,
    protocol: isNot ? null : protocol,
    addresses,
  };
  for (
    let i = chance.weighted([
      [4, 0],
      [5, 1],
      [2, 2],
    ]);
    i > 0;
    i -= 1
  )
    words.push(randomMatch(place));
  const call = callable.length > 0 && chance.is(0.45);
  words.push(
    call ? `-${chance.pick(['j', 'j', 'g'])} ${chance.pick(callable).name}` : randomTarget(place, mayLog),
  );
  return words.join(' ').trim();
}

/** iptables refuses -i and -o in built-in chains whose hooks lack that interface. */
function interfaces(chance: Chance, chain: Chain): string[] {
  const words: string[] = [];
  const [hook] = chain.hooks;
  const name = (): string =>
    chance.weighted([
      [8, chance.pick(SIDES)],
      [1, 'lo'],
      [1, 'eth+'],
      [1, 'wlan0'],
    ]);
  const hasIn = !chain.builtIn || (hook !== 'OUTPUT' && hook !== 'POSTROUTING');
  const hasOut = !chain.builtIn || (hook !== 'PREROUTING' && hook !== 'INPUT');
  if (hasIn && chance.is(0.2)) words.push(`${not(chance)}-i ${name()}`);
  if (hasOut && chance.is(0.2)) words.push(`${not(chance)}-o ${name()}`);
  return words;
}
