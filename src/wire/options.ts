/**
 * The option area that IPv4 (RFC 791 3.1) and TCP (RFC 9293 3.1) share: one byte of kind, and for every kind but 0 (end
 * of list) and 1 (no operation) one byte of length that counts both. The walk is by offset:
 *
 *     for (let at = start, n; (n = optionLength(b, at, end)) > 0; at += n) … b[at] is the kind …
 */

export const OPTION_END = 0;
export const OPTION_NOP = 1;

/** Bytes of the option at `at`; 0 at the end of the list; -1 where the list is broken (length 0 or 1, or past `end`). */
export function optionLength(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  const kind = bytes[at]!;
  if (kind === OPTION_END) return 0;
  if (kind === OPTION_NOP) return 1;
  if (at + 1 >= end) return -1;
  const length = bytes[at + 1]!;
  return length < 2 || at + length > end ? -1 : length;
}

/** Offset of the first option of that kind, or -1; what stands behind a broken option is not found. */
export function findOption(bytes: Uint8Array, start: number, end: number, kind: number): number {
  for (let at = start, n = 0; (n = optionLength(bytes, at, end)) > 0; at += n)
    if (bytes[at] === kind) return at;
  return -1;
}

/** One option in a record: `data` is what follows kind and length; NOP and end of list have none. */
export interface OptionRecord {
  readonly kind: number;
  readonly data: Uint8Array;
}
