/** The names under which the executable is one of the programs; nothing else, so that it costs nothing to ask. */
import { isRulesProgram, RULES_PROGRAMS } from '../programs/rules/names.ts';

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
