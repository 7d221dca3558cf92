/** `sluice flows`, declared. The work is in flows-run.ts. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';
import { QUESTION_OPTIONS } from './question.ts';

const REPORT = 'Report';

const OPTIONS = {
  ...QUESTION_OPTIONS,
  ladder: {
    kind: 'flag',
    section: REPORT,
    about:
      'Shows each control connection as a ladder too: who said what, which packet opened which pinhole, who came ' +
      'through it, why it went.',
  },
  flow: {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 2 ** 31,
    section: REPORT,
    about: 'Only the flow with this number.',
  },
  svg: {
    kind: 'text',
    value: 'FILE',
    section: REPORT,
    about: 'Writes the ladders as a picture. "-" is standard output, and nothing else is then printed there.',
  },
  json: {
    kind: 'flag',
    section: REPORT,
    about: 'One JSON object a line and flow, with all that happened.',
  },
} as const satisfies OptionSpecs;

export type FlowsCommandOptions = OptionValues<typeof OPTIONS>;

export const flows = defineCommand({
  name: 'flows',
  summary: 'Shows what helpers see: control connections, and the pinholes that they open.',
  about: [
    'Replays captures as "sluice replay" does and prints the flow table of the helpers: a row for each control ' +
      'connection (FTP …) with the command that negotiated last, the address and port negotiated, the code of the ' +
      'reply, the state and how long it has held, the pinholes opened and those that were used.',
    'Without --rules and --rules6 every helper watches its usual port, and everything is let through.',
  ],
  arguments: [
    { name: 'CAPTURE', required: false, variadic: true, about: 'Captures that hold both directions.' },
  ],
  options: OPTIONS,
  examples: [
    { about: 'What was negotiated in this capture?', command: 'sluice flows pcaps/ftp-port.pcap' },
    { about: 'And in which order?', command: 'sluice flows pcaps/ftp-port.pcap --ladder' },
    { about: 'A picture for a report:', command: 'sluice flows pcaps/ftp-port.pcap --svg ftp.svg' },
  ],
  run: async (captures, options, io) => {
    const { runFlowsCommand } = await import('./flows-run.ts');
    return runFlowsCommand(captures, options, io);
  },
});
