/** The names of the programs that know rules; nothing else, so that it costs nothing to ask. */
export const RULES_PROGRAMS: readonly string[] = [
  'iptables',
  'iptables-save',
  'iptables-restore',
  'ip6tables',
  'ip6tables-save',
  'ip6tables-restore',
  'iptables-xml',
  'ipset',
  'nfacct',
];

export function isRulesProgram(name: string): boolean {
  return RULES_PROGRAMS.includes(name);
}
