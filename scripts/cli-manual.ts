/** docs/cli.md, from the declarations of the commands. */
import type { CommandSpec } from '../src/cli/command.ts';
import { exitStatuses, optionAbout, optionSections, optionUsage, usageLine } from '../src/cli/help.ts';

export function cliManual(commands: readonly CommandSpec[]): string {
  return [
    '# The command line',
    '',
    ...commands.map(({ name, summary }) => `- [\`sluice ${name}\`](#sluice-${name}): ${summary}`),
    '',
    '`sluice --version` prints the version, `sluice help COMMAND` what a command does. What the reports look like and what ' +
      'the fields of `--json` mean is told in [output.md](output.md).',
    '',
    ...commands.flatMap(commandManual),
  ].join('\n');
}

function commandManual(spec: CommandSpec): string[] {
  const lines = [`## sluice ${spec.name}`, '', '```', usageLine(spec), '```', ''];
  for (const paragraph of spec.about) lines.push(runningText(paragraph), '');
  for (const { name, about } of spec.arguments) lines.push(`- \`${name}\`: ${runningText(about)}`);
  lines.push('');
  for (const [section, options] of optionSections(spec)) {
    lines.push(`### ${section}`, '');
    for (const [key, option] of options) {
      lines.push(`- \`${optionUsage(key, option)}\`  `, `  ${runningText(optionAbout(option))}`);
    }
    lines.push('');
  }
  if (spec.examples.length > 0) {
    lines.push('### Examples', '');
    for (const { about, command } of spec.examples) lines.push(about, '', '```sh', command, '```', '');
  }
  lines.push('### Exit status', '');
  for (const { status, about } of exitStatuses(spec)) lines.push(`- ${status}: ${about}`);
  lines.push('');
  return lines;
}

/** For the README. */
export function exitStatusTable(
  statuses: readonly { readonly status: number; readonly about: string }[],
): string {
  const rows = statuses.map(({ status, about }) => `| ${status} | ${about} |`);
  return ['| status | meaning |', '| - | - |', ...rows].join('\n');
}

/** Names of options as code, everything else literally. */
function runningText(text: string): string {
  return text.replace(/[*_<>]/g, (char) => `\\${char}`).replace(/(^|[\s(])(--?[a-z][\w-]*)/g, '$1`$2`');
}
