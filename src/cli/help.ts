/** `--help` as text of 80 columns, from the declarations of the commands. */
import type { CommandSpec, OptionSpec } from './command.ts';
import { longName } from './command.ts';
import { EXIT_STATUSES } from './exit-status.ts';

const WIDTH = 80;
const LEFT = 30;

/** The sections of a command's options, in the order of their first option. */
export function optionSections(spec: CommandSpec): Map<string, [key: string, option: OptionSpec][]> {
  const sections = new Map<string, [string, OptionSpec][]>();
  for (const [key, option] of Object.entries(spec.options)) {
    const section = sections.get(option.section) ?? [];
    section.push([key, option]);
    sections.set(option.section, section);
  }
  return sections;
}

/** `-o, --output FILE`. */
export function optionUsage(key: string, option: OptionSpec): string {
  const long = longName(key);
  const name = option.kind === 'flag' && option.negatable === true ? long.replace(/^--/, '--[no-]') : long;
  const value =
    option.kind === 'flag' ? '' : ` ${option.kind === 'choice' ? option.choices.join('|') : option.value}`;
  return `${option.short === undefined ? '' : `-${option.short}, `}${name}${value}`;
}

export function optionAbout(option: OptionSpec): string {
  return option.kind === 'choice' ? `${option.about} Default: ${option.default}.` : option.about;
}

export function usageLine(spec: CommandSpec): string {
  const args = spec.arguments.map(({ name, required, variadic }) => {
    const shown = variadic ? `${name}…` : name;
    return required ? ` ${shown}` : ` [${shown}]`;
  });
  const options = Object.keys(spec.options).length > 0 ? ' [OPTION…]' : '';
  return `sluice ${spec.name}${args.join('')}${options}`;
}

export function programHelp(commands: readonly CommandSpec[]): string {
  return [
    'Usage: sluice COMMAND [ARGUMENT…]',
    '',
    ...fill(
      "A network in a process: Linux's packet filter, connection tracking and NAT over a userspace L2-L4 stack. " +
        'Replays captures through a ruleset, without root or a kernel.',
      0,
    ),
    '',
    'Commands:',
    ...commands.flatMap(({ name, summary }) => entry(name, summary)),
    ...entry('help [COMMAND]', 'Prints this, or what a command does.'),
    '',
    'Options:',
    ...entry('-V, --version', 'Prints the version.'),
    ...entry('-h, --help', 'Prints this; behind a command, what the command does.'),
    '',
  ].join('\n');
}

export function commandHelp(spec: CommandSpec): string {
  const lines = [`Usage: ${usageLine(spec)}`, ''];
  for (const paragraph of spec.about) lines.push(...fill(paragraph, 0), '');
  if (spec.arguments.length > 0) {
    lines.push('Arguments:');
    for (const { name, about } of spec.arguments) lines.push(...entry(name, about));
    lines.push('');
  }
  for (const [section, options] of optionSections(spec)) {
    lines.push(`${section}:`);
    for (const [key, option] of options) lines.push(...entry(optionUsage(key, option), optionAbout(option)));
    lines.push('');
  }
  if (spec.examples.length > 0) {
    lines.push('Examples:');
    for (const { about, command } of spec.examples) {
      lines.push(...fill(about, 2), ...command.split('\n').map((line) => `    ${line}`), '');
    }
  }
  lines.push('Exit status:');
  for (const { status, about } of exitStatuses(spec)) lines.push(...entry(String(status), about, 8));
  lines.push('');
  return lines.join('\n');
}

export function exitStatuses(spec: CommandSpec): readonly { status: number; about: string }[] {
  const own = spec.exit ?? [];
  const common = EXIT_STATUSES.filter(({ status }) => !own.some((other) => other.status === status));
  return [...own, ...common].sort((a, b) => a.status - b.status);
}

/** A term and what it means, side by side where the term is short enough. */
function entry(term: string, about: string, left: number = LEFT): string[] {
  const lines = fill(about, left);
  if (term.length + 4 > left) return [`  ${term}`, ...lines];
  lines[0] = `  ${term}`.padEnd(left) + lines[0]!.trimStart();
  return lines;
}

/** Words filled into lines; a paragraph that begins with spaces stays as it is. */
function fill(text: string, indent: number): string[] {
  if (text.startsWith(' ')) return text.split('\n');
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(indent) + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(' '.repeat(indent) + line);
  return lines;
}
