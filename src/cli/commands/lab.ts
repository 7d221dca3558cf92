/** `sluice lab`: declaration; lab-run.ts does the work. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';

const OPTIONS = {
  frames: {
    kind: 'flag',
    short: 'f',
    section: 'Report',
    about:
      'Shows the way of every frame, hop by hop, with what each switch knew; always shown for steps that failed.',
  },
  capture: {
    kind: 'list',
    value: 'LINK=FILE',
    section: 'Report',
    about: 'Writes what crosses the link at NODE:PORT as a capture. May be given several times.',
  },
  socket: {
    kind: 'text',
    value: 'PATH',
    section: 'Shell',
    about: 'Takes commands of other programs too, over a control socket there.',
  },
  output: {
    kind: 'text',
    short: 'o',
    value: 'FILE',
    section: 'Picture',
    about: 'Writes the picture there; standard output otherwise.',
  },
  step: {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 100_000,
    section: 'Picture',
    about: 'Runs the steps, and draws the way of the frames of this one into the picture.',
  },
} as const satisfies OptionSpecs;

export type LabCommandOptions = OptionValues<typeof OPTIONS>;

export const lab = defineCommand({
  name: 'lab',
  summary: 'Runs networks of hosts, switches and firewalls out of one file.',
  about: [
    'A lab file describes nodes (hosts, gateways with rules, switches, hypervisors with guests inside), the links between ' +
      'them, and steps: commands on a node, with what has to come of them. Everything happens on virtual time. ' +
      'docs/labs.md describes the file.',
    '  run     runs the steps and reports',
    '  shell   stays, and takes commands at a prompt',
    '  draw    writes the topology as SVG',
  ],
  arguments: [
    { name: 'run|shell|draw', required: true, variadic: false, about: 'What to do.' },
    { name: 'FILE', required: true, variadic: false, about: 'The lab, in YAML.' },
  ],
  options: OPTIONS,
  examples: [
    {
      about: 'Why a guest behind a nested switch answers ARP and no ping:',
      command: 'sluice lab run examples/labs/nested-hypervisor.yaml --frames',
    },
    {
      about: 'The same as a picture:',
      command: 'sluice lab draw examples/labs/nested-hypervisor.yaml --step 1 -o nested.svg',
    },
  ],
  exit: [{ status: 1, about: 'a step did not come out as expected' }],
  run: async ([action, file], options, io) =>
    (await import('./lab-run.ts')).runLabCommand(action!, file!, options, io),
});
