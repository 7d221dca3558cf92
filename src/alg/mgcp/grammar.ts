/**
 * MGCP messages (RFC 3435 3.2): a command or response line, parameter lines, and behind a blank line a session description.
 * Several may share a datagram, with a line of a single dot between them (3.5.5). What is not well formed is refused with
 * the reason, never guessed at.
 */
import { MAX_LINES, MAX_PIGGYBACKED } from './facts.ts';

const VERBS = ['EPCF', 'CRCX', 'MDCX', 'DLCX', 'RQNT', 'NTFY', 'AUEP', 'AUCX', 'RSIP', 'MESG'];
/** A transaction is a number of up to nine digits, and not 0. */
const COMMAND =
  /^([A-Za-z]{4})[ \t]+([1-9]\d{0,8})[ \t]+([\x21-\x7e]{1,255})[ \t]+MGCP[ \t]+1\.0(?:[ \t][^\x00]*)?$/i;
const RESPONSE = /^(\d{3})[ \t]+([1-9]\d{0,8})(?:[ \t][^\x00]*)?$/;
const PARAMETER = /^([A-Za-z][A-Za-z0-9+\-/]{0,31}):[ \t]*([^\x00]*)$/;

export interface MgcpMessage {
  /** Of a command; empty for a response. */
  readonly verb: string;
  /** Of a response; 0 for a command. */
  readonly code: number;
  readonly transaction: string;
  readonly endpoint: string;
  readonly line: string;
  /** By name in upper case: call, connection, specific endpoint … */
  readonly parameters: ReadonlyMap<string, string>;
  /** First line and parameters, with the blank line behind them if there is one. */
  readonly headLength: number;
}

/** The messages of a datagram and the lines of dots between them, in turns. Null: too many. */
export function splitDatagram(text: string): string[] | null {
  const parts = text.split(/^(\.\r?\n)/m);
  return parts.length > 2 * MAX_PIGGYBACKED ? null : parts;
}

export function readMessage(text: string): MgcpMessage | string {
  const blank = /\r?\n\r?\n/.exec(text);
  const headLength = blank === null ? text.length : blank.index + blank[0].length;
  const lines = text.slice(0, blank?.index ?? text.length).split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > MAX_LINES) return 'too many lines';
  const [line = '', ...rest] = lines;
  const parameters = new Map<string, string>();
  for (const one of rest) {
    const found = PARAMETER.exec(one);
    if (found === null) return 'a malformed parameter';
    const name = found[1]!.toUpperCase();
    if (!parameters.has(name)) parameters.set(name, found[2]!.trim());
  }
  const command = COMMAND.exec(line);
  if (command !== null) {
    const verb = command[1]!.toUpperCase();
    if (!VERBS.includes(verb)) return 'an unknown command';
    return {
      verb,
      code: 0,
      transaction: command[2]!,
      endpoint: command[3]!.toLowerCase(),
      line,
      parameters,
      headLength,
    };
  }
  const response = RESPONSE.exec(line);
  if (response === null) return 'no MGCP message';
  const [, code, transaction] = response;
  return {
    verb: '',
    code: Number(code),
    transaction: transaction!,
    endpoint: '',
    line,
    parameters,
    headLength,
  };
}
