/**
 * Texts that come again and again, such as the identifier of a call and the tags of its ends: the same bytes give the same
 * string, which is made once and is as quick to look up as one that stands in the program. What has not come for long makes
 * room for others.
 */
import { textOfBytes } from './byte-text.ts';

/** A power of two. */
const SLOTS = 2048;
/** What is longer is made each time. */
const LONGEST = 64;

export class TextPool {
  /** Both empty until somebody asks. */
  private texts: string[] = [];
  /** The texts' bytes, slot by slot. */
  private bytes = new Uint8Array(0);

  of(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length <= 0) return '';
    if (length > LONGEST) return textOfBytes(bytes, start, end);
    if (this.texts.length === 0) this.begin();
    let hash = length;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    const known = this.texts[slot]!;
    if (known.length === length && this.holds(slot, bytes, start, length)) return known;
    this.bytes.set(bytes.subarray(start, end), slot * LONGEST);
    return (this.texts[slot] = textOfBytes(bytes, start, end));
  }

  private begin(): void {
    this.texts = new Array<string>(SLOTS).fill('');
    this.bytes = new Uint8Array(SLOTS * LONGEST);
  }

  private holds(slot: number, bytes: Uint8Array, start: number, length: number): boolean {
    const own = slot * LONGEST;
    for (let i = 0; i < length; i++) if (this.bytes[own + i] !== bytes[start + i]) return false;
    return true;
  }
}
