/** `sluice calls`, declared. The work is in calls-run.ts. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';
import { QUESTION_OPTIONS } from './question.ts';

const OPTIONS = {
  ...QUESTION_OPTIONS,
  json: {
    kind: 'flag',
    section: 'Report',
    about: 'One JSON object a line and call, with its media.',
  },
} as const satisfies OptionSpecs;

export type CallsCommandOptions = OptionValues<typeof OPTIONS>;

export const calls = defineCommand({
  name: 'calls',
  summary: 'Lists telephone calls (SIP), with the quality of their media.',
  about: [
    'Replays captures as "sluice replay" does and lists the calls that SIP’s helper saw: who called whom, how far it ' +
      'got, how long it took to ring and to be answered, how long they talked; and of the media that came through ' +
      'the pinholes of each call the packets, loss, order, jitter and an estimated mean opinion score.',
    'Without --rules and --rules6 every helper watches its usual port, and everything is let through.',
  ],
  arguments: [
    { name: 'CAPTURE', required: false, variadic: true, about: 'Captures that hold both directions.' },
  ],
  options: OPTIONS,
  examples: [{ about: 'Who called, and how did it sound?', command: 'sluice calls pcaps/sip-rtp.pcap' }],
  run: async (captures, options, io) => {
    const { runCallsCommand } = await import('./calls-run.ts');
    return runCallsCommand(captures, options, io);
  },
});
