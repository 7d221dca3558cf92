/**
 * Strings in rules and the quoting that iptables-save wraps them in: a string of letters, digits, `-` and `_` stands
 * as it is; any other stands between double quotes, with a backslash before `"`, `\` and `'`.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';

const PLAIN = /^[-_0-9A-Za-z]+$/;

/** As iptables-save writes a string. */
export function quote(text: string): string {
  return PLAIN.test(text) ? text : `"${text.replace(/["'\\]/g, '\\$&')}"`;
}

/** Bytes that the text has on the wire and in the kernel's structures (UTF-8). */
export function byteLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i++;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return length;
}

/** A string of at most `max` bytes. */
export function text(max: number, label = 'string', min = 0): ValueType<string> {
  return {
    label,
    parse(words, use) {
      const word = words[0]!;
      const length = byteLength(word);
      if (length > max || length < min) {
        throw new ValueError(
          `${use.extension}: Argument passed to --${use.option} has unexpected length ${length}, must be in range ${min}-${max}.`,
        );
      }
      return word;
    },
    print: quote,
  };
}

/** A string that is cut to `max` bytes, as iptables does with some, but is not empty. */
export function cutText(max: number, label = 'string'): ValueType<string> {
  return {
    label,
    parse(words) {
      let word = words[0]!;
      if (word === '') throw new ValueError('Argument must have a minimum length of 1 characters');
      while (byteLength(word) > max) word = word.slice(0, Math.min(word.length - 1, max));
      return word;
    },
    print: quote,
  };
}

/** A pattern as bytes, written with `|0d 0a|` for what can't be typed (`-m string --hex-string`). */
export function hexString(max: number, label = 'string'): ValueType<Uint8Array> {
  return {
    label,
    parse: (words) => parseHexString(words[0]!, max),
    print: printHexString,
  };
}

/** The same as `text`, held as UTF-8 bytes; printed plain, or as a hex-string where it has bytes beyond ASCII's. */
export function bytesOfText(word: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of word) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x1_0000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else {
      bytes.push(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 63),
        0x80 | ((code >> 6) & 63),
        0x80 | (code & 63),
      );
    }
  }
  return Uint8Array.from(bytes);
}

const BACKSLASH = 0x5c;
const BAR = 0x7c;
const SPACE = 0x20;

/**
 * iptables' own reading, with its corners: blanks are let through after an opening bar and one after each byte; the
 * character behind a closing bar is taken as it is, whatever it is; a block may end with the string.
 */
function parseHexString(word: string, max: number): Uint8Array {
  if (word === '') throw new ValueError('STRING must contain at least one char');
  const source = bytesOfText(word);
  const bytes: number[] = [];
  let inHex = false;
  let i = 0;
  while (i < source.length) {
    if (source[i] === BACKSLASH && !inHex) {
      const next = source[i + 1];
      if (next === undefined) throw new ValueError('Bad literal placement at end of string');
      bytes.push(next);
      i += 2;
    } else {
      if (source[i] === BAR) {
        inHex = !inHex;
        while (inHex && source[i + 1] === SPACE) i++;
        if (++i >= source.length) break;
      }
      bytes.push(inHex ? hexPair(source, i) : source[i]!);
      i += !inHex ? 1 : source[i + 2] === SPACE ? 3 : 2;
    }
    if (bytes.length > max) throw new ValueError(`STRING too long "${word}"`);
  }
  return Uint8Array.from(bytes);
}

/** The byte that two digits say; a digit is never the last character, since a bar closes the block. */
function hexPair(source: Uint8Array, at: number): number {
  if (at + 1 >= source.length) throw new ValueError('Odd number of hex digits');
  if (at + 2 >= source.length) throw new ValueError('Invalid hex block');
  const digits = String.fromCharCode(source[at]!, source[at + 1]!);
  for (const digit of digits) {
    if (!/[0-9a-fA-F]/.test(digit)) throw new ValueError(`Invalid hex char '${digit}'`);
  }
  return Number.parseInt(digits, 16);
}

/** True where a pattern has a byte that a plain string can't show: iptables-save then prints it as a hex-string. */
export function needsHex(bytes: Uint8Array): boolean {
  return (
    bytes.some((byte) => byte < 0x20 || byte > 0x7e) || (bytes.length > 0 && bytes[bytes.length - 1] === 0x5c)
  );
}

/** `"|0d0a|"`: the whole pattern in one hex block. */
export function printHexString(bytes: Uint8Array): string {
  let digits = '';
  for (const byte of bytes) digits += byte.toString(16).padStart(2, '0');
  return `"|${digits}|"`;
}

/** Bytes known to be printable, as a quoted string (`-m string --string`). */
export function printByteText(bytes: Uint8Array): string {
  let plain = '';
  for (const byte of bytes)
    plain +=
      byte === 0x22 || byte === BACKSLASH ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
  return `"${plain}"`;
}
