/**
 * FTP's commands, as far as it matters what they do to data connections. Sources: RFC 959, 1123, 2228, 2428, 3659, 4217.
 */
import { readI32 } from '../../wire/bytes.ts';
import { bytesOfText } from '../byte-text.ts';
import type { Line } from '../line-reader.ts';
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

export interface CommandSpec {
  /** The empty string for those that are all alike. */
  readonly verb: string;
  readonly kind: CommandKind;
  readonly form?: FtpForm;
}

const TRANSFERS = ['RETR', 'STOR', 'STOU', 'APPE', 'LIST', 'NLST', 'MLSD'];

/** By the number that the letters of their verb are. */
const COMMANDS = new Map<number, CommandSpec>(
  [
    { verb: 'PORT', kind: CommandKind.OPENING, form: FtpForm.PORT },
    { verb: 'PASV', kind: CommandKind.OPENING, form: FtpForm.PASV },
    { verb: 'EPRT', kind: CommandKind.OPENING, form: FtpForm.EPRT },
    { verb: 'EPSV', kind: CommandKind.OPENING, form: FtpForm.EPSV },
    ...TRANSFERS.map((verb) => ({ verb, kind: CommandKind.TRANSFER })),
    { verb: 'AUTH', kind: CommandKind.SECURITY },
    { verb: 'ADAT', kind: CommandKind.SECURITY },
    { verb: 'REIN', kind: CommandKind.REINITIALIZE },
    { verb: 'QUIT', kind: CommandKind.QUIT },
    { verb: 'PASS', kind: CommandKind.OTHER },
  ].map((spec) => [readI32(bytesOfText(spec.verb), 0), spec]),
);

const OTHER: CommandSpec = { verb: '', kind: CommandKind.OTHER };

export interface Command {
  readonly spec: CommandSpec;
  /** Where it stands in its line, behind Telnet's codes, and where its argument does. */
  readonly start: number;
  readonly argument: number;
}

const TELNET_CODES = /^(?:\xff[\xf0-\xfa\xff]|\xff[\xfb-\xfe][^]?|[\xf0-\xff])+/;
const FIRST_TELNET_CODE = 0xf0;
const SHORTEST_VERB = 3;
const LONGEST_VERB = 4;
const BLANK = 0x20;
const FIRST_LETTER = 0x41;
const LAST_LETTER = 0x5a;
/** Makes a letter a capital. */
const CAPITAL = 0xdf;

/**
 * A line of the client's. Telnet's codes may stand in front of a command (ABOR behind IAC IP, IAC DM: RFC 959 4.1.3, 854);
 * null for what is no command. From the bytes, since most commands are never needed as text.
 */
export function readCommand(line: Line): Command | null {
  const { bytes, length } = line;
  const hasCodes = length > 0 && bytes[0]! >= FIRST_TELNET_CODE;
  const start = hasCodes ? (TELNET_CODES.exec(line.text)?.[0].length ?? 0) : 0;
  let verb = 0;
  let at = start;
  for (; at < length && at - start <= LONGEST_VERB; at++) {
    const letter = bytes[at]! & CAPITAL;
    if (letter < FIRST_LETTER || letter > LAST_LETTER) break;
    verb = (verb << 8) | letter;
  }
  if (at - start < SHORTEST_VERB || at - start > LONGEST_VERB) return null;
  if (at < length && bytes[at] !== BLANK) return null;
  const spec = at - start === LONGEST_VERB ? (COMMANDS.get(verb) ?? OTHER) : OTHER;
  while (at < length && bytes[at] === BLANK) at++;
  return { spec, start, argument: at };
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
