/** A session of the rule shell for the README, run here; and the table of programs for docs/shell.md. */
import { readFileSync } from 'node:fs';
import { Lab, parseLab } from '../src/lab/index.ts';
import { PROGRAMS } from '../src/programs/index.ts';
import { labInstance } from '../src/shell/lab/instance.ts';
import { OWN_COMMANDS, Session } from '../src/shell/prompt/session.ts';
import { RULES_ABOUT } from '../src/programs/rules/about.ts';

const LAB = 'examples/labs/router.yaml';
const LINES = [
  'office nc 203.0.113.100 80',
  'conntrack -L -p tcp',
  'iptables -nvL FORWARD',
  'iptables -I FORWARD -s 192.168.1.10 -j REJCT',
  'iptables -I FORWARD -s 192.168.1.10 -j REJECT',
  'office ping -c 1 203.0.113.100',
  'iptables -nvL FORWARD 1',
  'help REJECT',
];

export async function shellSession(): Promise<string> {
  const lab = new Lab(parseLab({ text: readFileSync(LAB, 'utf8'), file: LAB }));
  let text = `$ sluice shell ${LAB}\n`;
  const say = (more: string) => void (text += more);
  const session = new Session(labInstance(lab), { out: say, err: say, cwd: '/', now: () => 0 }, 'router');
  for (const line of LINES) {
    say(`${session.prompt}${line}\n`);
    await session.enter(line, session.prompt.length);
  }
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
  return ['```', ...lines, '```'].join('\n');
}

interface Entry {
  readonly usage: string;
  readonly about: string;
}

export function programTable(): string {
  const rows = (entries: readonly Entry[]) =>
    entries.map(({ usage, about }) => `| \`${usage.replaceAll('|', '\\|')}\` | ${about} |`);
  return [
    '| at the prompt only | |',
    '| --- | --- |',
    ...rows(Object.values(OWN_COMMANDS)),
    '',
    '| program | |',
    '| --- | --- |',
    ...rows([...Object.values(RULES_ABOUT), ...PROGRAMS]),
  ].join('\n');
}
