/**
 * What a value type or an extension's `check` throws when the user wrote something it can't take. The text is in
 * iptables' manner; whoever parses the line adds the place (file, line, column, word) and makes a SluiceError of it.
 */
import type { OptionUse } from '../extension.ts';

/** Which of iptables' kinds of failure it is; decides the exit status (2 for PARAMETER, 1 for REFUSED). */
export type ValueErrorKind =
  /** The words are wrong: iptables refuses them itself ("Try `iptables -h' …"). */
  | 'PARAMETER'
  /** The words are fine, yet the kernel refuses the rule ("Invalid argument"). */
  | 'REFUSED';

export class ValueError extends Error {
  readonly kind: ValueErrorKind;

  constructor(message: string, kind: ValueErrorKind = 'PARAMETER') {
    super(message);
    this.name = 'ValueError';
    this.kind = kind;
  }
}

/** iptables' most common complaint, with the range where there is one. */
export function badValue(use: OptionUse, word: string, range = ''): ValueError {
  const near = word === '' ? '' : ` near "${word}"`;
  return new ValueError(
    `${use.extension}: bad value for option "--${use.option}"${near}, or out of range${range === '' ? '' : ` (${range})`}.`,
  );
}

/** The other one, for values that are not a plain number. */
export function badInteger(use: OptionUse): ValueError {
  return new ValueError(`${use.extension}: bad integer value for option "--${use.option}", or out of range.`);
}
