/** Text in the bytes of a packet, one character a byte. */

export function bytesOfText(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** In one call for the length of a line, which is some ten times as fast as byte by byte. */
export function textOfBytes(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= AT_ONCE) return String.fromCharCode(...bytes.subarray(start, end));
  let text = '';
  for (let at = start; at < end; at += AT_ONCE) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + AT_ONCE, end)));
  }
  return text;
}

/** Arguments that a call takes without trouble anywhere. */
const AT_ONCE = 4096;

/** What does not print is a dot. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '.');
}

/** Where `wanted` stands in `bytes[start, end)`, whole; -1 for nowhere. */
export function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array, start: number, end: number): number {
  const first = wanted[0]!;
  for (let at = bytes.indexOf(first, start); at >= 0 && at + wanted.length <= end;) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
    at = bytes.indexOf(first, at + 1);
  }
  return -1;
}

/** How many digits stand from `start` on, before `end`. */
export function digits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at - start;
}
