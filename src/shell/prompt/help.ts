/** `help`: out of the declarations of programs, matches and targets. */
import { MATCHES } from '../../netfilter/matches/index.ts';
import { TARGETS } from '../../netfilter/targets/index.ts';
import { help as extensionHelp } from '../../netfilter/syntax/index.ts';
import { PROGRAMS } from '../../programs/index.ts';
import { RULES_PROGRAMS } from '../../programs/rules/names.ts';
import { RULES_ABOUT } from '../../programs/rules/about.ts';

export interface Entry {
  readonly usage: string;
  readonly about: string;
}

/** The prompt's own commands. */
type Entries = Readonly<Record<string, Entry>>;

/** Null when there is nothing of that name. */
export function helpText(topic: string, programs: readonly string[], own: Entries): string | null {
  if (topic === '') return overview(programs, own);
  const entry = entryOf(topic, own);
  const extensions = [...MATCHES, ...TARGETS].filter(
    ({ name, aliases = [] }) => name === topic || aliases.includes(topic),
  );
  if (entry === undefined && extensions.length === 0) return null;
  const itself = entry === undefined ? '' : `${entry.usage}\n  ${entry.about}\n`;
  const more = RULES_PROGRAMS.includes(topic) ? `  Its options: ${topic} --help\n` : '';
  return itself + more + extensions.map((extension) => extensionHelp(extension)).join('\n');
}

/** Everything there is help on. */
export function helpTopics(programs: readonly string[], own: Entries): string[] {
  const extensions = [...MATCHES, ...TARGETS].flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  return [...new Set([...programs, ...Object.keys(own), ...extensions])].sort();
}

function entryOf(name: string, own: Entries): Entry | undefined {
  if (Object.hasOwn(own, name)) return own[name];
  if (Object.hasOwn(RULES_ABOUT, name)) return RULES_ABOUT[name];
  return PROGRAMS.find((program) => program.name === name);
}

function overview(programs: readonly string[], own: Entries): string {
  const line = (name: string) => {
    const about = entryOf(name, own)?.about ?? '';
    return `  ${name.padEnd(18)} ${about}\n`;
  };
  return (
    `Commands of this prompt:\n${Object.keys(own).map(line).join('')}` +
    `Programs, on the node of the prompt or on one named in front:\n${programs.map(line).join('')}` +
    'help NAME explains a command, a match or a target. NODE goes to a node. < FILE, > FILE, >> FILE and & work.\n'
  );
}
