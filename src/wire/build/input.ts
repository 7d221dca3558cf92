/** Addresses as builders take them: text, or what text becomes. Text that is no address is a RangeError. */
import { parseIp4, parseIp6, parseMac } from '../address.ts';
import { writeU32 } from '../bytes.ts';

export type MacInput = string | Uint8Array;
export type Ip4Input = string | number;
export type Ip6Input = string | Uint8Array;

export function macBytes(input: MacInput): Uint8Array {
  const bytes = typeof input === 'string' ? parseMac(input) : input;
  if (bytes === undefined) throw new RangeError(`not a MAC address: ${String(input)}`);
  return bytes;
}

export function ip4Word(input: Ip4Input): number {
  const word = typeof input === 'string' ? parseIp4(input) : input;
  if (word === undefined) throw new RangeError(`not an IPv4 address: ${input}`);
  return word;
}

export function ip6Bytes(input: Ip6Input): Uint8Array {
  if (typeof input !== 'string') return input;
  const words = new Int32Array(4);
  if (!parseIp6(input, words)) throw new RangeError(`not an IPv6 address: ${input}`);
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 4; i++) writeU32(bytes, 4 * i, words[i]!);
  return bytes;
}
