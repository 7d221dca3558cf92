/** The parts of the documentation that are derived from the declarations of matches, targets and sysctls. */
import type { SysctlSpec } from '../src/base/sysctl.ts';
import type { MatchExtension, TargetExtension } from '../src/netfilter/extension.ts';
import { describeExtension, type ExtensionHelp, type OptionHelp } from '../src/netfilter/syntax/index.ts';

type Extension = MatchExtension | TargetExtension;

/** The rows of the README's tables. */
export function supportMatrix(title: string, extensions: readonly Extension[]): string {
  const rows = extensions.map((extension) => {
    const { name, families, tables, about } = describeExtension(extension);
    const has = (family: 4 | 6) => (families.includes(family) ? '✓' : '–');
    return `| \`${name}\` | ${has(4)} | ${has(6)} | ${tables.join(', ')} | ${cell(about)} |`;
  });
  return [`| ${title} | IPv4 | IPv6 | tables | |`, '| - | :-: | :-: | - | - |', ...rows].join('\n');
}

export function extensionManual(matches: readonly Extension[], targets: readonly Extension[]): string {
  return [
    '# Matches and targets',
    '',
    'Options are those of iptables-extensions(8), with the same values; `!` before an option that takes it inverts it.',
    '',
    '## Matches',
    '',
    ...matches.flatMap(extensionSection),
    '## Targets',
    '',
    'ACCEPT, DROP, QUEUE, RETURN and the names of chains, and:',
    '',
    ...targets.flatMap(extensionSection),
  ].join('\n');
}

function extensionSection(extension: Extension): string[] {
  const help = describeExtension(extension);
  const switchName = help.kind === 'match' ? '-m' : '-j';
  const lines = [
    `### ${switchName} ${help.name}`,
    '',
    `${sentence(help.about)} ${limitsOf(help)}`.trim(),
    '',
  ];
  for (const option of help.options) lines.push(optionLine(option, help));
  if (help.options.length > 0) lines.push('');
  return lines;
}

function limitsOf({ families, tables, hooks, protocols }: ExtensionHelp): string {
  const limits: string[] = [];
  if (families.length === 1) limits.push(`IPv${families[0]!} only.`);
  if (protocols.length > 0) limits.push(`Needs \`-p ${protocols.join('` or `')}\`.`);
  if (tables.length > 0) limits.push(`Tables: ${tables.join(', ')}.`);
  if (hooks.length > 0) limits.push(`Reached from ${hooks.join(', ')}.`);
  return limits.join(' ');
}

function optionLine(option: OptionHelp, { families }: ExtensionHelp): string {
  const names = option.names.map((name) => `--${name}`);
  if (option.short !== null) names.push(`-${option.short}`);
  const usage = `${option.negatable ? '[!] ' : ''}${names.join(', ')}${option.value === '' ? '' : ` ${option.value}`}`;
  const more: string[] = [];
  if (option.required) more.push('required');
  if (option.repeatable) more.push('may be given several times');
  if (option.means !== null) more.push(`another way to write \`--${option.means}\``);
  if (option.families.length < families.length) more.push(`IPv${option.families[0]!} only`);
  return `- \`${usage}\`: ${cell(option.about)}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}

export function sysctlManual(groups: readonly (readonly SysctlSpec[])[]): string {
  const rows = groups
    .flat()
    .map(
      ({ name, default: value, min, max, unit, about }) =>
        `| \`${name}\` | ${value} | ${min}–${max} | ${unit ?? ''} | ${cell(about)} |`,
    );
  return [
    '# Sysctls',
    '',
    'What a gateway file may set under `sysctl`, by the names that Linux uses; `*` stands for `all`, `default` or an ' +
      'interface. Others are refused by name.',
    '',
    '| name | default | range | unit | |',
    '| - | -: | - | - | - |',
    ...rows,
    '',
  ].join('\n');
}

function sentence(text: string): string {
  const plain = cell(text);
  return `${plain.charAt(0).toUpperCase()}${plain.slice(1)}${plain.endsWith('.') ? '' : '.'}`;
}

/** Literally, within a table or a paragraph. */
function cell(text: string): string {
  return text.replace(/[*_<>|\\]/g, (char) => `\\${char}`);
}
