/**
 * Q.931 messages in TPKTs (RFC 1006): where the user-user information element, which carries H.225.0, has its contents.
 *
 *     3 │ 0 │ length (2) │ 8 │ length of call reference │ call reference │ message type │ elements …
 */

export const TPKT_HEADER = 4;
const TPKT_VERSION = 3;
const PROTOCOL_DISCRIMINATOR = 8;
const USER_USER = 0x7e;

/** Length of the TPKT that these octets begin with, itself included; 0 while it is not known, -1 for none. */
export function tpktLength(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== TPKT_VERSION || (start + 1 < end && bytes[start + 1] !== 0)) return -1;
  if (end - start < TPKT_HEADER) return 0;
  const length = bytes[start + 2]! * 256 + bytes[start + 3]!;
  return length < TPKT_HEADER ? -1 : length;
}

/** The contents of the user-user element without its own discriminator; null where there are none. */
export function userUser(
  bytes: Uint8Array,
  start: number,
  end: number,
): readonly [from: number, to: number] | null {
  if (end - start < 2 || bytes[start] !== PROTOCOL_DISCRIMINATOR) return null;
  let at = start + 2 + bytes[start + 1]!;
  // The type, and an element at least.
  if (at + 2 > end) return null;
  at++;
  while (at < end) {
    const element = bytes[at]!;
    if (element === USER_USER) {
      if (at + 3 > end) return null;
      const length = bytes[at + 1]! * 256 + bytes[at + 2]!;
      const from = at + 3;
      return length === 0 || from + length > end ? null : [from + 1, from + length];
    }
    if (at + 2 > end) return null;
    at += 2 + bytes[at + 1]!;
  }
  return null;
}
