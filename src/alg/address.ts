/** Addresses as helpers handle them, four words each (an IPv4 address in word 0), out of tuples and back into them. */
import type { Tuple } from '../netfilter/conntrack/tuple.ts';

export type Address = Int32Array;

export function sourceOf(tuple: Tuple): Address {
  return copySource(tuple, new Int32Array(4));
}

export function copySource(tuple: Tuple, out: Address): Address {
  out[0] = tuple.src0;
  out[1] = tuple.src1;
  out[2] = tuple.src2;
  out[3] = tuple.src3;
  return out;
}

export function destinationOf(tuple: Tuple): Address {
  return copyDestination(tuple, new Int32Array(4));
}

export function copyDestination(tuple: Tuple, out: Address): Address {
  out[0] = tuple.dst0;
  out[1] = tuple.dst1;
  out[2] = tuple.dst2;
  out[3] = tuple.dst3;
  return out;
}

export function setSource(tuple: Tuple, address: Address): void {
  tuple.src0 = address[0]!;
  tuple.src1 = address[1]!;
  tuple.src2 = address[2]!;
  tuple.src3 = address[3]!;
}

export function setDestination(tuple: Tuple, address: Address): void {
  tuple.dst0 = address[0]!;
  tuple.dst1 = address[1]!;
  tuple.dst2 = address[2]!;
  tuple.dst3 = address[3]!;
}

export function copyAddress(from: Address, to: Address): void {
  to[0] = from[0]!;
  to[1] = from[1]!;
  to[2] = from[2]!;
  to[3] = from[3]!;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}
