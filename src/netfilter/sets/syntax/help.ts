/** What `ipset help` says of commands, options and types. */
import { SET_TYPES, type CreateOption, type SetType } from '../set-types.ts';
import { FLAGS } from './create-options.ts';
import { EXTRA_NAMES } from './extras.ts';

const COMMANDS: readonly (readonly [words: string, about: string])[] = [
  ['create SETNAME TYPENAME [type-specific-options]', 'Create a new set'],
  ['add SETNAME ENTRY', 'Add entry to the named set'],
  ['del SETNAME ENTRY', 'Delete entry from the named set'],
  ['test SETNAME ENTRY', 'Test entry in the named set'],
  ['destroy [SETNAME]', 'Destroy a named set or all sets'],
  ['list [SETNAME]', 'List the entries of a named set or all sets'],
  ['save [SETNAME]', 'Save the named set or all sets to stdout'],
  ['restore', 'Restore a saved state'],
  ['flush [SETNAME]', 'Flush a named set or all sets'],
  ['rename FROM-SETNAME TO-SETNAME', 'Rename two sets'],
  ['swap FROM-SETNAME TO-SETNAME', 'Swap the content of two existing sets'],
  ['help [TYPENAME]', 'Print help, and settype specific help'],
  ['version', 'Print version information'],
];

const OPTIONS: readonly (readonly [words: string, about: string])[] = [
  ['-o plain|save|xml|json', 'how sets are listed'],
  ['-s', 'list elements sorted'],
  ['-q', 'say nothing but what was asked for'],
  ['-!', 'go on where a set or element is there already, or is not there to be deleted'],
  ['-n', 'list names only'],
  ['-t', 'list names and headers only'],
  ['-f FILE', 'read commands from, or write the listing to, that file'],
];

export function generalHelp(version: string): string {
  const lines = (pairs: typeof COMMANDS) =>
    pairs.map(([words, about]) => `${words}\n        ${about}\n`).join('');
  return `ipset ${version}\n\nUsage: ipset [options] COMMAND\n\nCommands:\n${lines(COMMANDS)}\nOptions:\n${lines(OPTIONS)}`;
}

export function supportedTypes(): string {
  const lines = SET_TYPES.map(({ name, revision }) => `    ${name}\t${revision}\n`);
  return `\nSupported set types:\n${lines.join('')}`;
}

const VALUES: Readonly<Partial<Record<CreateOption, string>>> = {
  range: 'FROM-TO',
  netmask: 'CIDR',
  bitmask: 'bitmask',
};

export function setTypeHelp(type: SetType): string {
  const takesFamily = type.method === 'hash' && type.families !== null;
  const options = type.create.map((name) =>
    FLAGS.includes(name)
      ? `[${name}]`
      : name === 'range'
        ? `range ${VALUES.range!}`
        : `[${name} ${VALUES[name] ?? 'VALUE'}]`,
  );
  const create = [...(takesFamily ? ['[family inet|inet6]|[-4|-6]'] : []), ...options];
  const add = [
    '[timeout VALUE]',
    ...(type.parts.includes('net') ? ['[nomatch]'] : []),
    ...(type.parts.includes('iface') ? ['[wildcard]'] : []),
    ...EXTRA_NAMES.filter((name) => name !== 'timeout').map((name) => `[${name} VALUE]`),
  ];
  const indented = (words: readonly string[]) => words.map((word) => `               ${word}\n`).join('');
  const element = type.parts.map((part) => ELEMENT_WORDS[part]).join(',');
  return [
    `\n${type.name} type specific options:\n\n`,
    `create SETNAME ${type.name}\n${indented(create)}`,
    `add    SETNAME ${type.name} ${element}\n${indented(add)}`,
    `del    SETNAME ${type.name} ${element}\n`,
    `test   SETNAME ${type.name} ${element}\n`,
  ].join('');
}

const ELEMENT_WORDS = {
  ip: 'IP',
  net: 'IP[/CIDR]',
  port: '[PROTO:]PORT',
  mac: 'MAC',
  mark: 'MARK',
  iface: '[physdev:]IFACE',
  set: 'NAME [before|after NAME]',
} as const;
