/** The names under which the executable is one of the programs; nothing else, so that it costs nothing to ask. */

/** Those that know rules, and so also act on a state file. */
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

/** Those that act on a running instance only. */
const LIVE_PROGRAMS: readonly string[] = [
  'arp',
  'brctl',
  'bridge',
  'conntrack',
  'ifconfig',
  'ip',
  'nc',
  'netstat',
  'ping',
  'route',
  'sleep',
  'sysctl',
  'tcpdump',
  'telnet',
  'traceroute',
  'tunctl',
];

export function isProgramName(name: string): boolean {
  return isRulesProgram(name) || LIVE_PROGRAMS.includes(name);
}

export const PROGRAM_NAMES: readonly string[] = [...RULES_PROGRAMS, ...LIVE_PROGRAMS];
