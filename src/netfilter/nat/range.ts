/** Is a tuple's changed side within what a rule allows? Source: Linux nf_nat_core.c, uapi nf_nat.h. */
import { hasPorts } from '../../wire/dissect.ts';
import { IPPROTO_GRE, IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import type { Tuple } from '../conntrack/tuple.ts';
import { Manip, NatFlag, type NatRange } from './view.ts';

/** Any of these asks for a port drawn at random even where the packet's own is free. */
export const PROTO_RANDOM_ALL = NatFlag.PROTO_RANDOM | NatFlag.PROTO_RANDOM_FULLY;

/** Source address and port of `tuple` lie in the range, as far as the range restricts them. */
export function sourceInRange(tuple: Tuple, range: NatRange): boolean {
  if (
    range.flags & NatFlag.MAP_IPS &&
    !addressInRange(tuple.src0, tuple.src1, tuple.src2, tuple.src3, range)
  ) {
    return false;
  }
  return (range.flags & NatFlag.PROTO_SPECIFIED) === 0 || idInRange(tuple, Manip.SRC, range);
}

/** The port (identifier, call key) of the side that changes lies in the range; protocols without one always do. */
export function idInRange(tuple: Tuple, manip: Manip, range: NatRange): boolean {
  const { proto } = tuple;
  let id: number;
  if (proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6) id = tuple.srcId;
  else if (proto === IPPROTO_GRE || hasPorts(proto)) id = manip === Manip.SRC ? tuple.srcId : tuple.dstId;
  else return true;
  return id >= range.minPort && id <= range.maxPort;
}

function addressInRange(w0: number, w1: number, w2: number, w3: number, range: NatRange): boolean {
  return (
    compareAddress(w0, w1, w2, w3, range.minAddress) >= 0 &&
    compareAddress(w0, w1, w2, w3, range.maxAddress) <= 0
  );
}

/** Below, equal to or above `other`: -1, 0, 1. An IPv4 address stands in word 0 and the rest are equal. */
function compareAddress(w0: number, w1: number, w2: number, w3: number, other: Int32Array): number {
  return (
    compareWord(w0, other[0]!) ||
    compareWord(w1, other[1]!) ||
    compareWord(w2, other[2]!) ||
    compareWord(w3, other[3]!)
  );
}

function compareWord(a: number, b: number): number {
  return a >>> 0 < b >>> 0 ? -1 : a === b ? 0 : 1;
}
