/** The names under which the executable is one of the programs; nothing else, so that it costs nothing to ask. */
const PROGRAMS: readonly string[] = [
  'iptables',
  'iptables-save',
  'iptables-restore',
  'ip6tables',
  'ip6tables-save',
  'ip6tables-restore',
];

export function isProgramName(name: string): boolean {
  return PROGRAMS.includes(name);
}
