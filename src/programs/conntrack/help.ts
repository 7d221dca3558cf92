/** `conntrack -h`, out of the declarations of its options. */
import { COMMAND_NAMES, COMMANDS, OPTIONS, TABLES } from './options.ts';

export function helpText(): string {
  const commands = COMMANDS.map(
    (letter) => `  -${letter}, --${COMMAND_NAMES[letter]}${letter === 'S' ? '' : ' [TABLE]'}`,
  );
  const options = OPTIONS.map(({ name, letter, others, value, about }) => {
    const names = [...(letter === null ? [] : [`-${letter}`]), ...[name, ...others].map((one) => `--${one}`)];
    const operand = value === 'none' ? '' : value === 'required' ? ' VALUE' : ' [VALUE]';
    return `  ${`${names.join(', ')}${operand}`.padEnd(34)} ${about}`;
  });
  return [
    'Looks into the connection tracking of a host, changes it and watches it.',
    'Usage: conntrack COMMAND [OPTIONS]',
    '',
    'Commands:',
    ...commands,
    '  -R, --load-file FILE             commands out of a file (-: standard input), as -o save prints them',
    '',
    `Tables: ${TABLES.join(', ')}`,
    '',
    'Options:',
    ...options,
    '',
  ].join('\n');
}
