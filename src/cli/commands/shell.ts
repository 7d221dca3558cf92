/** `sluice shell`, declared. The work is in shell-run.ts. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';

const OPTIONS = {
  socket: {
    kind: 'text',
    value: 'PATH',
    section: 'Instance',
    about: 'The control socket of a running instance to act on. Default: $SLUICE_SOCKET.',
  },
  rules: {
    kind: 'text',
    value: 'FILE',
    section: 'Gateway',
    about: 'Rules that the gateway begins with (iptables-save format).',
  },
  rules6: { kind: 'text', value: 'FILE', section: 'Gateway', about: 'The same for IPv6.' },
} as const satisfies OptionSpecs;

export type ShellOptions = OptionValues<typeof OPTIONS>;

export const shell = defineCommand({
  name: 'shell',
  summary: 'One prompt for iptables, conntrack, ip and the rest, on a lab, a gateway or a running instance.',
  about: [
    'All the programs of a Linux host at one prompt, on hosts that live in here: those of a lab file, the gateway of a gateway ' +
      'file, or those of a running instance (a held replay, a lab, a guest network) behind its control socket.',
    'There is history, and completion of commands, tables, chains, matches, targets, their options and values, and ' +
      'interfaces; "help NAME" explains a command, a match or a target; a complaint points at the word. "source FILE" runs ' +
      'the lines of a file. With standard input from a file or a pipe, its lines are run up to the first that fails.',
  ],
  arguments: [
    {
      name: 'LAB|GATEWAY',
      required: false,
      variadic: false,
      about: 'A lab file or a gateway file, in YAML.',
    },
  ],
  options: OPTIONS,
  examples: [
    { about: 'Look around in a lab:', command: 'sluice shell examples/labs/router.yaml' },
    {
      about: 'Set a held gateway up by a script:',
      command: 'sluice shell --socket gw.sock < setup.txt',
    },
  ],
  exit: [{ status: 1, about: 'the status of the line of the script that failed' }],
  run: async ([file], options, io) => (await import('./shell-run.ts')).runShellCommand(file, options, io),
});
