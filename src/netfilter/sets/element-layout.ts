/**
 * How elements of hashes lie in memory: words, as Linux keeps them on a little-endian machine, since where an element
 * is kept (and so the order in which elements are listed) follows from a hash of these words. Addresses and ports stand in
 * network order. `nomatch` and names of interfaces are kept apart, as they are in no hash.
 */
import type { Family } from '../hook.ts';
import { swap } from '../nat/jenkins.ts';
import type { SetType } from './set-types.ts';

/** Some bits of a word. */
export interface Field {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
  /** Subtracted from what is kept (a prefix length from 1 to 128 fits 7 bits). */
  readonly bias: number;
}

export interface ElementLayout {
  readonly family: Family;
  readonly words: number;
  /** First word of each address. */
  readonly addresses: readonly number[];
  /** Prefix length of each address; null for those that are no networks. */
  readonly prefixes: readonly (Field | null)[];
  readonly port: Field | null;
  readonly protocol: Field | null;
  readonly mark: Field | null;
  /** First of two words. */
  readonly mac: number | null;
  /** `physdev:` was said. */
  readonly physdev: Field | null;
  /** What is the same in every element. */
  readonly constant: Field | null;
}

const field = (word: number, shift: number, bits: number, bias = 0): Field => ({ word, shift, bits, bias });

export function layoutOf(type: SetType, family: Family): ElementLayout {
  const width = family === 4 ? 1 : 4;
  const kinds = type.parts.filter((part) => part === 'ip' || part === 'net');
  const addresses = kinds.map((_, i) => i * width);
  const rest = kinds.length * width;
  const base = {
    family,
    words: rest + 1,
    addresses,
    prefixes: kinds.map(() => null) as (Field | null)[],
    port: null,
    protocol: null,
    mark: null,
    mac: null,
    physdev: null,
    constant: null,
  };
  const ports = { port: field(rest, 0, 16), protocol: field(rest, 16, 8) };
  switch (type.name) {
    case 'hash:ip':
      return { ...base, words: rest };
    case 'hash:net':
      return { ...base, prefixes: [field(rest, 24, 8)] };
    case 'hash:ip,port':
    case 'hash:ip,port,ip':
      return { ...base, ...ports };
    case 'hash:net,port':
      return { ...base, ...ports, prefixes: [field(rest, 24, 7, 1)] };
    case 'hash:ip,port,net': {
      const prefixes = [null, field(rest, 16, 7, 1)];
      return { ...base, prefixes, port: ports.port, protocol: field(rest, 24, 8) };
    }
    case 'hash:net,net':
      return { ...base, words: rest + 2, prefixes: [field(rest + 1, 0, 8), field(rest + 1, 8, 8)] };
    case 'hash:net,port,net': {
      const prefixes = [field(rest, 0, 8), field(rest, 8, 8)];
      const protocol = field(rest + 1, 16, 8);
      return { ...base, words: rest + 2, prefixes, port: field(rest + 1, 0, 16), protocol };
    }
    case 'hash:net,iface': {
      const prefixes = [field(rest, 8, 8)];
      return { ...base, prefixes, physdev: field(rest, 0, 8), constant: field(rest, 24, 8) };
    }
    case 'hash:mac':
      return { ...base, words: 2, mac: 0 };
    case 'hash:ip,mac':
      return { ...base, words: rest + 2, mac: rest };
    case 'hash:ip,mark':
      return { ...base, mark: field(rest, 0, 32) };
    default:
      throw new Error(`no hash: ${type.name}`);
  }
}

export function getField(words: Int32Array, from: number, { word, shift, bits, bias }: Field): number {
  const value = words[from + word]! >>> shift;
  return (bits === 32 ? value >>> 0 : value & ((1 << bits) - 1)) + bias;
}

export function setField(words: Int32Array, { word, shift, bits, bias }: Field, value: number): void {
  const mask = bits === 32 ? -1 : ((1 << bits) - 1) << shift;
  words[word] = (words[word]! & ~mask) | (((value - bias) << shift) & mask);
}

/** Ports stand in network order. */
export function swapPort(port: number): number {
  return ((port & 0xff) << 8) | (port >>> 8);
}

/** Puts an address (words in host order, IPv4 in the first) into an element, its bits beyond the prefix cut off. */
export function putAddress(
  element: Int32Array,
  { family, addresses }: ElementLayout,
  which: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): void {
  const at = addresses[which]!;
  element[at] = swap(w0);
  if (family === 4) return;
  element[at + 1] = swap(w1);
  element[at + 2] = swap(w2);
  element[at + 3] = swap(w3);
}

/** The address as four words in host order. */
export function takeAddress(
  words: Int32Array,
  from: number,
  { family, addresses }: ElementLayout,
  which: number,
): Int32Array {
  const at = from + addresses[which]!;
  const address = new Int32Array(4);
  const width = family === 4 ? 1 : 4;
  for (let i = 0; i < width; i++) address[i] = swap(words[at + i]!);
  return address;
}

/** Cuts an address in an element to a prefix length. */
export function cutAddress(
  element: Int32Array,
  { family, addresses }: ElementLayout,
  which: number,
  prefix: number,
): void {
  const at = addresses[which]!;
  const width = family === 4 ? 1 : 4;
  for (let i = 0; i < width; i++) {
    const bits = prefix - i * 32;
    if (bits >= 32) continue;
    element[at + i] = bits <= 0 ? 0 : element[at + i]! & swap(-1 << (32 - bits));
  }
}
