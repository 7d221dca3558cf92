/**
 * Addresses as text: IPv4, IPv6 and MAC, read strictly and printed as inet_ntop of the GNU C library prints them
 * (RFC 5952, with ::a.b.c.d and ::ffff:a.b.c.d in mixed notation). Addresses are words, as in PacketBuffer: an IPv4
 * address is one signed 32-bit integer, an IPv6 address four, most significant first.
 *
 * For printing and for tools; configuration files with their many forms are read by whoever reads configuration.
 */
import { hexByte } from './bytes.ts';

// ── IPv4 ────────────────────────────────────────────────────────────────────────────────────────────────────────

export function formatIp4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** Four decimal numbers from 0 to 255 without leading zeros (inet_pton); undefined for anything else. */
export function parseIp4(text: string): number | undefined {
  let word = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x2e) {
      if (octet < 0 || ++dots > 3) return undefined;
      word = (word << 8) | octet;
      octet = -1;
    } else if (char >= 0x30 && char <= 0x39) {
      if (octet === 0) return undefined;
      octet = (octet < 0 ? 0 : octet * 10) + (char - 0x30);
      if (octet > 255) return undefined;
    } else {
      return undefined;
    }
  }
  return dots === 3 && octet >= 0 ? (word << 8) | octet : undefined;
}

// ── IPv6 ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Printing is single-threaded and not re-entrant, so the groups of the address in work live here. */
const scratchGroups = new Uint16Array(8);

export function formatIp6(word0: number, word1: number, word2: number, word3: number): string {
  const groups = scratchGroups;
  groups[0] = word0 >>> 16;
  groups[1] = word0;
  groups[2] = word1 >>> 16;
  groups[3] = word1;
  groups[4] = word2 >>> 16;
  groups[5] = word2;
  groups[6] = word3 >>> 16;
  groups[7] = word3;
  // The longest run of at least two zero groups, the first of equal ones, becomes "::".
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
    i += length;
  }
  // Mixed notation for ::a.b.c.d (but not ::, ::1 and their like) and ::ffff:a.b.c.d.
  const mixed = best === 0 && (bestLength === 6 || (bestLength === 5 && groups[5] === 0xffff));
  const last = mixed ? 6 : 8;
  let text = '';
  for (let i = 0; i < last; i++) {
    if (i === best) {
      text += '::';
      i += bestLength - 1;
    } else {
      if (i > 0 && i !== best + bestLength) text += ':';
      text += groups[i]!.toString(16);
    }
  }
  if (!mixed) return text;
  return `${text}${bestLength === 5 ? ':' : ''}${formatIp4(word3)}`;
}

/**
 * Reads one IPv6 address, "::" and a dotted tail included (inet_pton: no zone, no prefix), into four words of `out`.
 * False, with `out` in no particular state, for anything else.
 */
export function parseIp6(text: string, out: Int32Array): boolean {
  const groups = scratchGroups;
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (count === 8) return false;
    const start = at;
    let value = 0;
    for (; at < text.length; at++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      value = (value << 4) | digit;
    }
    if (at === start) return false;
    if (text.charCodeAt(at) === 0x2e) {
      const tail = count > 6 ? undefined : parseIp4(text.slice(start));
      if (tail === undefined) return false;
      groups[count++] = tail >>> 16;
      groups[count++] = tail;
      break;
    }
    if (at - start > 4) return false;
    groups[count++] = value;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== 0x3a) return false;
    if (at === text.length) return false;
    if (text.charCodeAt(at) === 0x3a) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  if (gap >= 0) {
    const moved = count - gap;
    for (let i = 0; i < moved; i++) groups[7 - i] = groups[count - 1 - i]!;
    groups.fill(0, gap, 8 - moved);
  }
  for (let i = 0; i < 4; i++) out[i] = (groups[2 * i]! << 16) | groups[2 * i + 1]!;
  return true;
}

function hexDigit(char: number): number {
  if (char >= 0x30 && char <= 0x39) return char - 0x30;
  const lower = char | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

// ── Either family ─────────────────────────────────────────────────────────────────────────────────────────────────

/** By family 4 or 6; an IPv4 address stands in word 0. */
export function formatIp(family: number, word0: number, word1: number, word2: number, word3: number): string {
  return family === 6 ? formatIp6(word0, word1, word2, word3) : formatIp4(word0);
}

/** Reads an address of either family into four words; gives the family, or 0. */
export function parseIp(text: string, out: Int32Array): 4 | 6 | 0 {
  const word = parseIp4(text);
  if (word === undefined) return parseIp6(text, out) ? 6 : 0;
  out[0] = word;
  out[1] = out[2] = out[3] = 0;
  return 4;
}

/** Word 0–3 of the network mask of that prefix length: for IPv4 (0–32) ask for word 0. */
export function maskWord(prefix: number, wordIndex: number): number {
  const bits = prefix - 32 * wordIndex;
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Prefix length of a mask in one word, or -1 when its ones are not contiguous. */
export function prefixOfMask(word: number): number {
  const prefix = Math.clz32(~word);
  return maskWord(prefix, 0) === word ? prefix : -1;
}

// ── MAC ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Six bytes as `02:00:00:00:00:01`. */
export function formatMac(bytes: Uint8Array, offset: number): string {
  let text = hexByte(bytes[offset]!);
  for (let i = 1; i < 6; i++) text += `:${hexByte(bytes[offset + i]!)}`;
  return text;
}

/** Six pairs of hexadecimal digits with colons (or all with hyphens) between them; undefined for anything else. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i.test(text)) return undefined;
  return Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(text.slice(3 * i, 3 * i + 2), 16));
}
