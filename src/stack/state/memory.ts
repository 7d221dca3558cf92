/**
 * Memory written down without what it is full of: tables are large and mostly empty, and empty is one number, 0 or another, in
 * all of them. That number is what the memory ends with.
 */
import { bytesToHex, hexToBytes } from '../../wire/bytes.ts';

export interface SavedMemory {
  readonly length: number;
  /** The 32 bits that stand wherever no piece does. */
  readonly filler: number;
  /** Where a piece begins, and its bytes in hexadecimal, in turn. */
  readonly pieces: readonly (number | string)[];
}

/** Looked at and written in pieces of so many bytes. */
const PIECE = 256;
const WORD = 4;

export function saveMemory(memory: ArrayBufferLike): SavedMemory {
  const bytes = new Uint8Array(memory);
  const words = wordsOf(memory);
  const filler = words.length === 0 ? 0 : words[words.length - 1]!;
  const pieces: (number | string)[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) {
    const end = Math.min(at + PIECE, bytes.length);
    if (!isFiller(bytes, words, at, end, filler)) pieces.push(at, bytesToHex(bytes, at, end));
  }
  return { length: bytes.length, filler, pieces };
}

export function restoreMemory(memory: ArrayBufferLike, { filler, pieces }: SavedMemory): void {
  const bytes = new Uint8Array(memory);
  const words = wordsOf(memory);
  let next = 0;
  for (let at = 0; at < bytes.length; at += PIECE) {
    const end = Math.min(at + PIECE, bytes.length);
    if (pieces[next] === at) {
      bytes.set(hexToBytes(String(pieces[next + 1])), at);
      next += 2;
    } else if (!isFiller(bytes, words, at, end, filler)) {
      // Only then: memory that was never touched costs nothing, and shall go on doing so.
      words.fill(filler, at / WORD, end / WORD);
      bytes.fill(0, end - (end % WORD), end);
    }
  }
}

function wordsOf(memory: ArrayBufferLike): Int32Array {
  return new Int32Array(memory, 0, Math.floor(memory.byteLength / WORD));
}

/** Bytes behind the last whole word are taken for empty when they are 0. */
function isFiller(bytes: Uint8Array, words: Int32Array, from: number, to: number, filler: number): boolean {
  const lastWord = Math.floor(to / WORD);
  for (let at = from / WORD; at < lastWord; at++) if (words[at] !== filler) return false;
  for (let at = lastWord * WORD; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
