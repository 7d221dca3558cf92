/**
 * IP addresses and prefixes between text and words. Cold: configuration and messages only; packets carry words.
 * Text is read by ipaddr.js, but of IPv4 only the four-part decimal form is taken ("10.1" and "0x7f.1" are mistakes in
 * a gateway file, whatever inet_aton says).
 */
import ipaddr from 'ipaddr.js';
import type { Family } from '../netfilter/hook.ts';
import { formatIp, maskWord } from '../wire/address.ts';

export interface IpAddress {
  readonly family: Family;
  /** Four int32 words; an IPv4 address in word 0. */
  readonly words: Int32Array;
}

export interface IpPrefix extends IpAddress {
  /** Prefix length in bits. */
  readonly length: number;
}

export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** Undefined for anything but a plain address. */
export function parseAddress(text: string): IpAddress | undefined {
  if (text.includes(':')) {
    if (!ipaddr.IPv6.isValid(text) || text.includes('%')) return undefined;
    return { family: 6, words: wordsOf(ipaddr.IPv6.parse(text).toByteArray()) };
  }
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return { family: 4, words: wordsOf(ipaddr.IPv4.parse(text).toByteArray()) };
}

export function formatAddress({ family, words }: IpAddress): string {
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

/** `10.0.0.1/24`; without a length it is a host's. The bits behind the length are kept: see `networkOf`. */
export function parsePrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = addressBits(address.family);
  const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  return length > bits ? undefined : { ...address, length };
}

/** The address with the bits behind `length` cleared. */
export function networkOf(words: Int32Array, length: number): Int32Array {
  return words.map((word, i) => word & maskWord(length, i));
}

export function sameWords(a: Int32Array, b: Int32Array): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

function wordsOf(bytes: readonly number[]): Int32Array {
  const words = new Int32Array(4);
  bytes.forEach((byte, i) => (words[i >> 2] = words[i >> 2]! | (byte << (24 - 8 * (i & 3)))));
  return words;
}
