/** What the programs that know rules are for, in a line each. */
interface About {
  readonly usage: string;
  readonly about: string;
}

const OF_A_FAMILY = [
  ['tables', 'tables [-t TABLE] COMMAND [CHAIN] [RULE] [OPTIONS]', 'Lists and changes the rules'],
  ['tables-save', 'tables-save [-c] [-t TABLE]', 'Prints the rules as tables-restore reads them'],
  ['tables-restore', 'tables-restore [-c] [-n] [-t] [FILE]', 'Replaces the rules by those of a file'],
] as const;

const FAMILIES = [
  ['ip', 'IPv4'],
  ['ip6', 'IPv6'],
] as const;

export const RULES_ABOUT: Readonly<Record<string, About>> = {
  ...Object.fromEntries(
    FAMILIES.flatMap(([prefix, family]) =>
      OF_A_FAMILY.map(([name, usage, about]): [string, About] => [
        `${prefix}${name}`,
        {
          usage: `${prefix}${usage}`,
          about: `${about.replace(/(?<= )tables/, `${prefix}tables`)} (${family}).`,
        },
      ]),
    ),
  ),
  'iptables-xml': {
    usage: 'iptables-xml [-c] [-v] [FILE]',
    about: 'Writes what iptables-save printed as XML.',
  },
  ipset: { usage: 'ipset [OPTIONS] COMMAND [OPERANDS]', about: 'Lists and changes sets of addresses.' },
  nfacct: { usage: 'nfacct COMMAND [OPERANDS]', about: 'Lists and changes accounting objects.' },
};
