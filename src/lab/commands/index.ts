/** Every command of a lab's steps: those of a lab alone, and the programs of its hosts. Adding one means adding its file and its line here. */
import { PROGRAMS } from '../../programs/index.ts';
import { RULES_PROGRAMS } from '../../programs/rules/names.ts';
import { ping } from '../../programs/ping/index.ts';
import type { LabCommand } from './command.ts';
import { bridge, ip, sleep } from './look.ts';
import { migrate } from './migrate.ts';
import { play } from './capture.ts';
import { dhclient, host } from './names.ts';
import { ofProgram } from './of-program.ts';
import { policy } from './policy.ts';
import { ofRulesProgram } from './rules.ts';
import { talk } from './talk.ts';

const OWN: readonly LabCommand[] = [
  // One request, unless the step says how many.
  ofProgram(ping, ['-c', '1']),
  talk,
  host,
  dhclient,
  play,
  migrate,
  policy,
  bridge,
  ip,
  sleep,
];

export const COMMANDS: readonly LabCommand[] = [
  ...OWN,
  ...RULES_PROGRAMS.map(ofRulesProgram),
  ...PROGRAMS.filter(({ name }) => !OWN.some((own) => own.name === name)).map((program) =>
    ofProgram(program),
  ),
];

export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

export function commandNamed(name: string): LabCommand {
  return COMMANDS.find((command) => command.name === name)!;
}
