/**
 * Addresses as option values, of the family that the rule is of: plain, with a mask, as a range; and MAC addresses.
 * All are four words, an IPv4 address in word 0. Host names are for `-s` and `-d` alone (build.ts), never here.
 */
import type { OptionUse, ValueType } from '../../extension.ts';
import type { Family } from '../../hook.ts';
import { formatIp } from '../../../wire/address.ts';
import { ValueError, badValue } from '../value-error.ts';
import { formatIpv4Mask, parseIpv4, parseIpv4Host, parseIpv4Mask, parseIpv4Network } from './ipv4-text.ts';
import { formatIpv6Mask, parseIpv6, parseIpv6Mask } from './ipv6-text.ts';

/** Null when the text is no numeric address of the family, written in full. */
export function parseAddress(text: string, family: Family): Int32Array | null {
  return read(text, family, parseIpv4);
}

/** The same with an IPv4 address cut short, zeros at the end (`10.1` is 10.1.0.0). */
export function parseNetworkAddress(text: string, family: Family): Int32Array | null {
  return read(text, family, parseIpv4Network);
}

/** The same with an IPv4 address cut short, zeros before the last part (`10.1` is 10.0.0.1). */
export function parseHostAddress(text: string, family: Family): Int32Array | null {
  return read(text, family, parseIpv4Host);
}

function read(text: string, family: Family, read4: (text: string) => number | null): Int32Array | null {
  if (family === 6) return parseIpv6(text);
  const address = read4(text);
  return address === null ? null : fourWords(address);
}

/** Rules files make these by the hundred thousand: filling is much quicker than Int32Array.of. */
function fourWords(first: number): Int32Array {
  const words = new Int32Array(4);
  words[0] = first;
  return words;
}

export function formatAddress(words: Int32Array, family: Family): string {
  return formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
}

/** Masks read so far: there are few, they are never written to, and rules share them. */
const MASKS: Readonly<Record<Family, Map<string, Int32Array>>> = { 4: new Map(), 6: new Map() };
const MOST_MASKS = 1024;

/** What stands after the slash; null when it is no mask of the family. */
export function parseMask(text: string, family: Family): Int32Array | null {
  const known = MASKS[family].get(text);
  if (known !== undefined) return known;
  const word = family === 4 ? parseIpv4Mask(text) : null;
  const mask = family === 6 ? parseIpv6Mask(text) : word === null ? null : fourWords(word);
  if (mask !== null && MASKS[family].size < MOST_MASKS) MASKS[family].set(text, mask);
  return mask;
}

/** A prefix length where it is one, else the mask. */
export function formatMask(mask: Int32Array, family: Family): string {
  return family === 4 ? formatIpv4Mask(mask[0]!) : formatIpv6Mask(mask);
}

export function badAddress(text: string): ValueError {
  return new ValueError(`host/network \`${text}' not found`);
}

function hostOrThrow(text: string, family: Family): Int32Array {
  const words = parseHostAddress(text, family);
  if (words === null) throw badAddress(text);
  return words;
}

/** As `-s` and `-d` read it: as a network where it can be one, else as a host. */
function networkOrThrow(text: string, family: Family): Int32Array {
  return parseNetworkAddress(text, family) ?? hostOrThrow(text, family);
}

/** One address. */
export const address: ValueType<Int32Array> = {
  label: 'address',
  parse: (words, use) => hostOrThrow(words[0]!, use.family),
  print: formatAddress,
};

export interface MaskedAddress {
  /** Already cut to the mask. */
  readonly words: Int32Array;
  readonly mask: Int32Array;
}

/** `address[/mask]` as `-s` and `-d` read it. */
export function parseMaskedAddress(text: string, family: Family, parse = networkOrThrow): MaskedAddress {
  const slash = text.lastIndexOf('/');
  const words = parse(slash < 0 ? text : text.slice(0, slash), family);
  const maskText = slash < 0 ? (family === 4 ? '32' : '128') : text.slice(slash + 1);
  const mask = parseMask(maskText, family);
  if (mask === null) throw new ValueError(`invalid mask \`${maskText}' specified`);
  for (let i = 0; i < 4; i++) words[i] = words[i]! & mask[i]!;
  return { words, mask };
}

/**
 * The mask of an extension's `address[/mask]`, all ones where there is none; and where it is no prefix: that is what
 * iptables makes of it. Throws ValueError.
 */
export function parseHostMask(text: string | undefined, family: Family): Int32Array {
  const whole = family === 4 ? '32' : '128';
  const mask = parseMask(text ?? whole, family);
  if (mask === null) throw new ValueError(`invalid mask \`${text}' specified`);
  return /^\d+$/.test(formatMask(mask, family)) ? mask : parseMask(whole, family)!;
}

/** `address[/mask]` as an extension's option, printed with its mask always. */
export const hostNetwork: ValueType<MaskedAddress> = {
  label: 'address[/mask]',
  print: (value, family) => `${formatAddress(value.words, family)}/${formatMask(value.mask, family)}`,
  parse(given, use) {
    const { words, mask } = wholeAddress.parse(given, use);
    return { words: words.map((part, i) => part & mask[i]!), mask };
  },
};

/** `address[/mask]` whose address is kept and printed whole, without a mask of all ones. */
export const wholeAddress: ValueType<MaskedAddress> = {
  label: 'address[/mask]',
  parse([word], { family }) {
    const [text, mask] = word!.split('/');
    const words = hostOrThrow(text!, family);
    return { words, mask: parseHostMask(mask, family) };
  },
  print(value, family) {
    const length = formatMask(value.mask, family);
    const isFull = length === (family === 4 ? '32' : '128');
    return `${formatAddress(value.words, family)}${isFull ? '' : `/${length}`}`;
  },
};

/** Both ends belong to it; compare the words unsigned. */
export interface AddressRange {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** `address[-address]` (`-m iprange`); a low end above the high one is let through and holds no address. */
export const addressRange: ValueType<AddressRange> = {
  label: 'address[-address]',
  parse: (words, use) => parseAddressRange(words[0]!, use),
  print: (value, family) => `${formatAddress(value.low, family)}-${formatAddress(value.high, family)}`,
};

function parseAddressRange(word: string, use: OptionUse): AddressRange {
  const dash = word.indexOf('-');
  const ends = dash < 0 ? [word, word] : [word.slice(0, dash), word.slice(dash + 1)];
  const [low, high] = ends.map((end) => {
    const words = parseNetworkAddress(end, use.family);
    if (words === null) throw badRange(end, use);
    return words;
  });
  return { low: low!, high: high! };
}

function badRange(end: string, use: OptionUse): ValueError {
  return new ValueError(`${use.extension}: Bad value for "--${use.option}" option: "${end}"\n`);
}

/** A negative, zero or positive number, as the first address lies below, at or above the second. */
export function compareAddresses(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < 4; i++) {
    const difference = (a[i]! >>> 0) - (b[i]! >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const MAC = /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/;

/** Six bytes; printed in small letters with colons. */
export const macAddress: ValueType<Uint8Array> = {
  label: 'XX:XX:XX:XX:XX:XX',
  parse(words, use) {
    const word = words[0]!;
    if (!MAC.test(word)) throw badValue(use, word);
    return Uint8Array.from(word.split(':'), (byte) => Number.parseInt(byte, 16));
  },
  print: (value) => Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(':'),
};
