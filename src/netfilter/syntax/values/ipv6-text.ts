/**
 * IPv6 addresses and masks as text, on top of the wire room's: an address is four signed 32-bit words, most significant
 * first. What is read and printed is what inet_pton and inet_ntop take and give.
 */
import { formatIp6, maskWord, parseIp6 } from '../../../wire/address.ts';
import { parseUnsigned } from './numbers.ts';

/** Null when the text is no IPv6 address. Zones (`%eth0`) are none of a rule's business and refused. */
export function parseIpv6(text: string): Int32Array | null {
  const words = new Int32Array(4);
  return parseIp6(text, words) ? words : null;
}

export function formatIpv6(words: Int32Array): string {
  return formatIp6(words[0]!, words[1]!, words[2]!, words[3]!);
}

export function ipv6Mask(prefix: number): Int32Array {
  return Int32Array.from([0, 1, 2, 3], (i) => maskWord(prefix, i));
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
