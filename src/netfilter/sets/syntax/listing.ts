/**
 * Sets as `ipset list` and `ipset save` print them: plain, as commands, as XML, and as JSON in the manner of releases later
 * than 7.17. Elements are printed in the order of the set, or sorted.
 */
import type { ListedElement } from '../ip-set.ts';
import type { IpSets, SetSlot } from '../ip-sets.ts';
import { printedSettings } from './create-options.ts';
import { printElement } from './elements.ts';
import { printedExtras } from './extras.ts';
import { naturalOrder } from './natural-order.ts';

export type OutputMode = 'plain' | 'save' | 'xml' | 'json';

export interface ListOptions {
  readonly mode: OutputMode;
  readonly sorted: boolean;
  /** Names alone. */
  readonly names: boolean;
  /** No elements. */
  readonly terse: boolean;
  /** How many rules hold the set. */
  readonly references: (name: string) => number;
}

/** What a set is made of, printed in whichever form. */
interface SetText {
  readonly name: string;
  readonly type: string;
  readonly revision: number;
  readonly header: Pairs;
  readonly memory: number;
  readonly references: number;
  readonly count: number;
  readonly members: readonly MemberText[];
}

interface MemberText {
  readonly element: string;
  readonly extras: Pairs;
}

type Pairs = readonly (readonly [name: string, value: string | null])[];

/** Lists of sets come last, so that what they name is there when a listing is restored. */
export function inListingOrder(sets: IpSets): readonly SetSlot[] {
  const isList = (slot: SetSlot) => slot.set.type.method === 'list';
  const slots = sets.slots();
  return [...slots.filter((slot) => !isList(slot)), ...slots.filter(isList)];
}

export function listSets(slots: readonly SetSlot[], sets: IpSets, options: ListOptions): string {
  if (options.mode === 'save') return slots.map((slot) => saveSet(describe(slot, sets, options))).join('');
  if (options.names) return listNames(slots, options.mode);
  const texts = slots.map((slot) => describe(slot, sets, options));
  switch (options.mode) {
    case 'plain':
      return texts.map((set) => plainSet(set, options.terse)).join('\n');
    case 'xml':
      return `<ipsets>\n${texts.map((set) => xmlSet(set, options.terse)).join('')}</ipsets>\n`;
    case 'json':
      return `${JSON.stringify(
        texts.map((set) => jsonSet(set, options.terse)),
        null,
        2,
      )}\n`;
  }
}

/** All of them, line by line, as `ipset save -sorted` prints them. */
export function saveSets(sets: IpSets): readonly string[] {
  const options = { mode: 'save', sorted: true, names: false, terse: false, references: () => 0 } as const;
  return listSets(inListingOrder(sets), sets, options).split('\n').slice(0, -1);
}

function listNames(slots: readonly SetSlot[], mode: OutputMode): string {
  const names = slots.map(({ name }) => name);
  if (mode === 'xml')
    return `<ipsets>\n${names.map((name) => `<ipset name="${xml(name)}"/>\n`).join('')}</ipsets>\n`;
  if (mode === 'json')
    return `${JSON.stringify(
      names.map((name) => ({ name })),
      null,
      2,
    )}\n`;
  return names.map((name) => `${name}\n`).join('');
}

function describe(slot: SetSlot, sets: IpSets, options: ListOptions): SetText {
  const { set } = slot;
  const { type, settings } = set;
  const text = ({ spec, extras }: ListedElement): MemberText => ({
    element: printElement(spec, type, settings.family),
    extras: printedExtras(extras, type, spec.iface?.wildcard === true),
  });
  const members = Array.from(set.elements(), text);
  if (options.sorted && type.method !== 'list') members.sort((a, b) => naturalOrder(a.element, b.element));
  return {
    name: slot.name,
    type: type.name,
    revision: type.revision,
    header: printedSettings(set),
    memory: set.memory(),
    references: options.references(slot.name) + sets.listsNaming(slot),
    count: members.length,
    members,
  };
}

function words(pairs: Pairs): string {
  return pairs.map(([name, value]) => (value === null ? ` ${name}` : ` ${name} ${value}`)).join('');
}

function plainSet(set: SetText, terse: boolean): string {
  const head = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Revision: ${set.revision}`,
    `Header:${words(set.header)}`,
    `Size in memory: ${set.memory}`,
    `References: ${set.references}`,
    `Number of entries: ${set.count}`,
  ];
  const members = terse
    ? []
    : ['Members:', ...set.members.map(({ element, extras }) => element + words(extras))];
  return [...head, ...members].map((line) => `${line}\n`).join('');
}

function saveSet(set: SetText): string {
  const members = set.members.map(({ element, extras }) => `add ${set.name} ${element}${words(extras)}\n`);
  return `create ${set.name} ${set.type}${words(set.header)}\n${members.join('')}`;
}

function xmlPairs(pairs: Pairs): string {
  return pairs
    .map(([name, value]) => (value === null ? `<${name}/>` : `<${name}>${xml(value, false)}</${name}>`))
    .join('');
}

function xmlSet(set: SetText, terse: boolean): string {
  const members = set.members.map(
    ({ element, extras }) => `<member><elem>${xml(element)}</elem>${xmlPairs(extras)}</member>\n`,
  );
  return [
    `<ipset name="${xml(set.name)}">\n<type>${set.type}</type>\n<revision>${set.revision}</revision>\n`,
    `<header>${xmlPairs(set.header)}\n<memsize>${set.memory}</memsize>\n`,
    `<references>${set.references}</references>\n<numentries>${set.count}</numentries>\n</header>\n`,
    ...(terse ? [] : ['<members>\n', ...members, '</members>\n']),
    '</ipset>\n',
  ].join('');
}

/** Quotes are left alone around comments, as ipset does it. */
function xml(text: string, quotes = true): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return quotes ? escaped.replaceAll('"', '&quot;') : escaped;
}

function jsonSet(set: SetText, terse: boolean): unknown {
  return {
    name: set.name,
    type: set.type,
    revision: set.revision,
    header: {
      ...jsonPairs(set.header),
      memsize: set.memory,
      references: set.references,
      numentries: set.count,
    },
    ...(terse
      ? {}
      : { members: set.members.map(({ element, extras }) => ({ elem: element, ...jsonPairs(extras) })) }),
  };
}

function jsonPairs(pairs: Pairs): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map(([name, value]) => {
      if (value === null) return [name, true];
      if (/^(0|[1-9][0-9]{0,14})$/.test(value)) return [name, Number(value)];
      return [name, value.replace(/^"(.*)"$/s, '$1')];
    }),
  );
}
