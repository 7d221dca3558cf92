/**
 * How Linux finds what it wants in session descriptions: line by line, by their first letter, from wherever the last
 * search has ended. Source: nf_conntrack_sip (behaviour).
 */
import type { Address } from '../address.ts';
import type { EditedText } from '../edited-text.ts';
import { isFound, type Found, type Search } from './kernel-text.ts';
import { digitCount, letterCount, lineAfter, readAddress, searchInLine, SPACE } from '../text-search.ts';

const EQUALS = 0x3d;

export type SdpKind = 'v' | 'o' | 'c' | 'm';

/** The first line of its kind behind `from`, not beyond a line of kind `stop`. */
export function findSdp(
  text: EditedText,
  from: number,
  kind: SdpKind,
  stop: SdpKind | null,
  family: number,
): Search {
  for (let i = text.lineBehind(from); i < text.lineCount; i = lineAfter(text, i)) {
    const line = text.lineStart(i);
    if (stop !== null && isOfKind(text, line, stop)) return null;
    if (!isOfKind(text, line, kind)) continue;
    const from = line + 2;
    let at = from;
    if (kind === 'o' || kind === 'c') {
      const before = `IN IP${family} `;
      at = searchInLine(text, from, before);
      if (at < 0) return { broken: from };
      at += before.length;
    }
    const length = sdpLength(text, at, kind, family);
    return length === 0 ? { broken: from } : { at, length };
  }
  return null;
}

function isOfKind(text: EditedText, line: number, kind: SdpKind): boolean {
  return (text.code(line) | 0x20) === kind.charCodeAt(0) && text.code(line + 1) === EQUALS;
}

function sdpLength(text: EditedText, at: number, kind: SdpKind, family: number): number {
  switch (kind) {
    case 'v':
      return digitCount(text, at, text.end);
    case 'm': {
      const word = letterCount(text, at);
      return text.code(at + word) === SPACE ? word + 1 + digitCount(text, at + word + 1, text.end) : 0;
    }
    case 'o':
    case 'c': {
      const end = readAddress(text, at, text.end, family, new Int32Array(4), false);
      return end < 0 ? 0 : end - at;
    }
  }
}

/** The address of a `c=` line. */
export function findSdpAddress(
  text: EditedText,
  from: number,
  stop: SdpKind | null,
  family: number,
): (Found & { readonly address: Address }) | null {
  const found = findSdp(text, from, 'c', stop, family);
  if (!isFound(found)) return null;
  const address = new Int32Array(4);
  const end = readAddress(text, found.at, found.at + found.length, family, address, false);
  return end < 0 ? null : { ...found, address };
}
