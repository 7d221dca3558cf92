/**
 * FTP's commands, as far as it matters what they do to data connections. Sources: RFC 959, 1123, 2228, 2428, 3659, 4217.
 */
import { FtpForm } from './rewrite.ts';

export const CommandKind = {
  /** Names a port: PORT, EPRT of the client's, PASV, EPSV ask for one of the server's. */
  OPENING: 0,
  /** Moves data over a data connection. */
  TRANSFER: 1,
  /** Encrypts or authenticates; from its success on nothing can be read. */
  SECURITY: 2,
  /** Starts over. */
  REINITIALIZE: 3,
  QUIT: 4,
  /** Everything else: one reply, no data connection. */
  OTHER: 5,
} as const;
export type CommandKind = (typeof CommandKind)[keyof typeof CommandKind];

interface CommandSpec {
  readonly kind: CommandKind;
  readonly form?: FtpForm;
}

const TRANSFERS = ['RETR', 'STOR', 'STOU', 'APPE', 'LIST', 'NLST', 'MLSD'];

const COMMANDS = new Map<string, CommandSpec>([
  ['PORT', { kind: CommandKind.OPENING, form: FtpForm.PORT }],
  ['PASV', { kind: CommandKind.OPENING, form: FtpForm.PASV }],
  ['EPRT', { kind: CommandKind.OPENING, form: FtpForm.EPRT }],
  ['EPSV', { kind: CommandKind.OPENING, form: FtpForm.EPSV }],
  ...TRANSFERS.map((verb) => [verb, { kind: CommandKind.TRANSFER }] as const),
  ['AUTH', { kind: CommandKind.SECURITY }],
  ['ADAT', { kind: CommandKind.SECURITY }],
  ['REIN', { kind: CommandKind.REINITIALIZE }],
  ['QUIT', { kind: CommandKind.QUIT }],
]);

const OTHER: CommandSpec = { kind: CommandKind.OTHER };

export function commandSpec(verb: string): CommandSpec {
  return COMMANDS.get(verb) ?? OTHER;
}

export interface Command {
  /** In capitals. */
  readonly verb: string;
  /** The line without Telnet's codes in front of it; `shift` characters were taken off. */
  readonly text: string;
  readonly shift: number;
  /** Where the argument begins in `text`. */
  readonly argument: number;
}

const TELNET_CODES = /^(?:\xff[\xf0-\xfa\xff]|\xff[\xfb-\xfe][^]?|[\xf0-\xff])+/;
const FIRST_TELNET_CODE = 0xf0;
const COMMAND = /^([A-Za-z]{3,4})(?: +|$)/;

/**
 * A line of the client's. Telnet's codes may stand in front of a command (ABOR behind IAC IP, IAC DM: RFC 959 4.1.3, 854);
 * null for what is no command.
 */
export function readCommand(line: string): Command | null {
  const shift = line.charCodeAt(0) < FIRST_TELNET_CODE ? 0 : (TELNET_CODES.exec(line)?.[0].length ?? 0);
  const text = shift === 0 ? line : line.slice(shift);
  const found = COMMAND.exec(text);
  if (found === null) return null;
  return { verb: found[1]!.toUpperCase(), text, shift, argument: found[0].length };
}

/** Whether a line that has only begun may become a command that names the client's port. */
export function mayNamePort(partial: string): boolean {
  const text = partial.slice(TELNET_CODES.exec(partial)?.[0].length ?? 0).toUpperCase();
  return text !== '' && ['PORT ', 'EPRT '].some((verb) => isPrefixOfOther(text, verb));
}

/** Whether a reply's line that has only begun may become one that names the server's port. */
export function mayNameServerPort(partial: string): boolean {
  return partial !== '' && ['227 ', '229 '].some((code) => isPrefixOfOther(partial, code));
}

function isPrefixOfOther(text: string, word: string): boolean {
  return text.startsWith(word) || word.startsWith(text);
}
