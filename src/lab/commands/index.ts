/** Every command of a lab's steps. Adding one means adding its file and its line here. */
import { conntrack } from '../../programs/conntrack/index.ts';
import { traceroute } from '../../programs/traceroute/index.ts';
import type { LabCommand } from './command.ts';
import { bridge, ip, iptablesSave, sleep } from './look.ts';
import { migrate } from './migrate.ts';
import { play } from './capture.ts';
import { dhclient, host } from './names.ts';
import { nc } from './nc.ts';
import { ofProgram } from './of-program.ts';
import { ping } from './ping.ts';
import { policy } from './policy.ts';
import { talk } from './talk.ts';

export const COMMANDS: readonly LabCommand[] = [
  ping,
  ofProgram(traceroute),
  nc,
  talk,
  host,
  dhclient,
  play,
  migrate,
  policy,
  bridge,
  ip,
  ofProgram(conntrack),
  iptablesSave,
  sleep,
];

export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

export function commandNamed(name: string): LabCommand {
  return COMMANDS.find((command) => command.name === name)!;
}
