/**
 * A complaint about one line, before it is known in which file the line stands: what is wrong, of which kind, and at
 * which word. restore.ts and command.ts make SluiceErrors with a place out of it.
 */
import { SluiceError, type Place } from '../../base/errors.ts';

/** Stable codes of what can be wrong with rules. */
export type RuleErrorCode =
  /** The words: options, values, their number. iptables exits with 2. */
  | 'RULE_SYNTAX'
  /** A match or target that there is none of. 2. */
  | 'RULE_UNKNOWN'
  /** A chain or table that is not there, or is there already; a rule number too large. 1. */
  | 'RULE_CHAIN'
  /** Well written, yet not possible there: wrong table, hook or protocol, a loop. 1. */
  | 'RULE_REFUSED';

export class LineError extends Error {
  readonly code: RuleErrorCode;
  /** Number of the word, from 0; -1 for the line as a whole. */
  readonly word: number;

  constructor(code: RuleErrorCode, message: string, word = -1) {
    super(message);
    this.name = 'LineError';
    this.code = code;
    this.word = word;
  }
}

/** A SluiceError that also knows the word it is about, for shells that point at it. */
export class RuleError extends SluiceError {
  /** The word as it was read, quotes removed; null when the complaint is about more than one word. */
  readonly word: string | null;
  /** The message with the blank lines that iptables prints around it. */
  readonly said: string;

  constructor(code: RuleErrorCode, said: string, place: Place, word: string | null) {
    super(code, said.trim(), place);
    this.name = 'RuleError';
    this.word = word;
    this.said = said;
  }
}
