/**
 * Errors of the cold path: configuration, rules, captures, command lines.
 *
 * The path of a packet throws nothing; it returns verdicts and drop reasons. Whatever a user can get wrong ends in
 * a SluiceError, which carries a stable code for programs and a place for people. An error of any other class that
 * reaches the command line is a defect of ours.
 */

/** Where in the user's input an error stands: `file`, and either a 1-based line (and column) or a byte offset. */
export interface Place {
  file?: string | undefined;
  /** 1-based. */
  line?: number | undefined;
  /** 1-based, in characters. */
  column?: number | undefined;
  /** Bytes from the start of the (uncompressed) file. */
  offset?: number | undefined;
}

/** `rules.v4:900`, `trace.pcap: byte 1234`, or the empty string when nothing is known. */
export function formatPlace(place: Place): string {
  const file = place.file ?? '';
  if (place.line !== undefined) {
    return `${file}:${place.line}${place.column === undefined ? '' : `:${place.column}`}`;
  }
  return place.offset === undefined ? file : `${file}: byte ${place.offset}`;
}

export class SluiceError extends Error {
  /** Stable and upper case with underscores, such as `RULE_SYNTAX` or `CAPTURE_LINK_TYPE`. */
  readonly code: string;
  readonly place: Place;

  constructor(code: string, message: string, place: Place = {}) {
    super(message);
    this.name = 'SluiceError';
    this.code = code;
    this.place = place;
  }

  /** The message with its place in front, as it is printed: `rules.v4:900: unknown option "--foo"`. */
  describe(): string {
    const where = formatPlace(this.place);
    return where === '' ? this.message : `${where}: ${this.message}`;
  }
}

/** Also of an error out of another bundle, which has a class of its own (scripts/bundle.js). */
export function isSluiceError(error: unknown): error is SluiceError {
  return (
    error instanceof SluiceError ||
    (error instanceof Error && error.name === 'SluiceError' && 'place' in error)
  );
}

/** Ends every switch over a union, so that a member added later is a type error there. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
