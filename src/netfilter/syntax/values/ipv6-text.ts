/**
 * IPv6 addresses and masks as text: RFC 4291 2.2 in, RFC 5952 out (as inet_ntop prints, so that a mapped or compatible
 * address ends in its IPv4 form). An address is four signed 32-bit words, most significant first.
 */
import { formatIpv4, parseIpv4 } from './ipv4-text.ts';
import { parseUnsigned } from './numbers.ts';

const GROUP = /^[0-9a-fA-F]{1,4}$/;
const DOTTED = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Null when the text is no IPv6 address. Zones (`%eth0`) are none of a rule's business and refused. */
export function parseIpv6(text: string): Int32Array | null {
  if (text.length > 45 || !text.includes(':')) return null;
  const gap = text.indexOf('::');
  if (gap >= 0 && text.indexOf('::', gap + 1) >= 0) return null;
  const front = groups(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const back = gap < 0 ? [] : groups(text.slice(gap + 2), true);
  if (front === null || back === null) return null;
  const missing = 8 - front.length - back.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return null;
  const all = [...front, ...new Array<number>(missing).fill(0), ...back];
  return Int32Array.from([0, 2, 4, 6], (i) => (all[i]! << 16) | all[i + 1]!);
}

/** The 16-bit groups between colons; where the text ends the address, the last may be an IPv4 address. */
function groups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const found: number[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (GROUP.test(part)) {
      found.push(Number.parseInt(part, 16));
    } else {
      const v4 = last && i === parts.length - 1 && DOTTED.test(part) ? parseIpv4(part) : null;
      if (v4 === null) return null;
      found.push(v4 >>> 16, v4 & 0xffff);
    }
  }
  return found;
}

export function formatIpv6(words: Int32Array): string {
  const all: number[] = [];
  for (let i = 0; i < 4; i++) all.push(words[i]! >>> 16, words[i]! & 0xffff);
  const [start, length] = longestZeros(all);
  if (
    start === 0 &&
    (length === 6 || (length === 7 && all[7] !== 1) || (length === 5 && all[5] === 0xffff))
  ) {
    return `::${length === 5 ? 'ffff:' : ''}${formatIpv4(words[3]!)}`;
  }
  const text = (from: number, to: number) =>
    all
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return length < 2 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

/** Start and length of the longest run of zero groups, the first of equals. */
function longestZeros(all: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [-1, 0];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && all[end] === 0) end++;
    if (end - i > best[1]) best = [i, end - i];
    if (end > i) i = end;
  }
  return best;
}

export function ipv6Mask(prefix: number): Int32Array {
  return Int32Array.from([0, 1, 2, 3], (i) => {
    const bits = Math.min(32, Math.max(0, prefix - 32 * i));
    return bits === 0 ? 0 : -1 << (32 - bits);
  });
}

/** The prefix length of a mask, -1 when its ones don't stand together at the front. */
export function ipv6Prefix(mask: Int32Array): number {
  let ones = 0;
  for (let i = 0; i < 4; i++) {
    const inWord = Math.clz32(~mask[i]!);
    ones += inWord;
    if (inWord < 32) break;
  }
  return ipv6Mask(ones).every((word, i) => word === mask[i]) ? ones : -1;
}

export function parseIpv6Mask(text: string): Int32Array | null {
  const prefix = parseUnsigned(text);
  return prefix >= 0 && prefix <= 128 ? ipv6Mask(prefix) : parseIpv6(text);
}

export function formatIpv6Mask(mask: Int32Array): string {
  const prefix = ipv6Prefix(mask);
  return prefix < 0 ? formatIpv6(mask) : String(prefix);
}
