/** `sluice test`, declared. The work is in test-run.ts. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';

const CASES = 'Cases';
const REPORT = 'Report';

const OPTIONS = {
  filter: {
    kind: 'text',
    value: 'NAME',
    section: CASES,
    about:
      'Only cases that have this text in their name or path (capitals apart), or match it: /expression/.',
  },
  list: { kind: 'flag', section: CASES, about: 'Lists the cases, and runs none.' },
  bail: { kind: 'flag', section: CASES, about: 'Stops at the first case that does not pass.' },
  update: {
    kind: 'flag',
    section: CASES,
    about: 'Writes golden files that are missing or differ, and says which. Nothing else is changed.',
  },
  reporter: {
    kind: 'choice',
    choices: ['human', 'tap', 'junit', 'json'],
    default: 'human',
    section: REPORT,
    about: 'The form of the report: for people, TAP 14, JUnit XML, or one JSON object a line.',
  },
  output: {
    kind: 'text',
    short: 'o',
    value: 'FILE',
    section: REPORT,
    about: 'Writes the report there; "-" is standard output.',
  },
  color: {
    kind: 'choice',
    choices: ['auto', 'always', 'never'],
    default: 'auto',
    section: REPORT,
    about: 'Colours; auto means on a terminal, unless NO_COLOR is set.',
  },
  progress: {
    kind: 'flag',
    negatable: true,
    section: REPORT,
    about: 'Shows on standard error which case runs. Default: when that is a terminal and it takes long.',
  },
} as const satisfies OptionSpecs;

export type TestCommandOptions = OptionValues<typeof OPTIONS>;

export const test = defineCommand({
  name: 'test',
  summary: 'Runs regression cases: replays with what has to come of them.',
  about: [
    'A case is a YAML file, NAME.case.yaml, beside its captures: what comes in, the rules, the gateway, and what to ' +
      'expect of single packets, of all packets that a filter takes, or of the whole. docs/regression-tests.md ' +
      'describes it.',
    'Folders are searched for cases, and the folders in them. Without an argument, the current folder is.',
  ],
  arguments: [
    { name: 'DIR|FILE', required: false, variadic: true, about: 'Case files, and folders that hold some.' },
  ],
  options: OPTIONS,
  examples: [
    { about: 'The cases that come with Sluice:', command: 'sluice test examples' },
    {
      about: 'For a CI server that reads JUnit XML:',
      command: 'sluice test firewall --reporter junit -o report.xml',
    },
    {
      about: 'The rules were changed on purpose, and so are the golden captures:',
      command: 'sluice test --update',
    },
  ],
  exit: [
    { status: 1, about: 'a case failed' },
    { status: 2, about: 'a case has a mistake or names what cannot be read, or there is no case at all' },
  ],
  run: async (paths, options, io) => (await import('./test-run.ts')).runTestCommand(paths, options, io),
});
