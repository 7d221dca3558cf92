/**
 * From packets to tuples: of the packet itself, of the packet that an ICMP error carries, and the tuple of the answer.
 * (Linux: nf_ct_get_tuple, nf_ct_get_tuplepr, nf_ct_invert_tuple.)
 */
import { readI32, readU16 } from '../../wire/bytes.ts';
import { hasPorts } from '../../wire/dissect.ts';
import {
  IPPROTO_AH,
  IPPROTO_DCCP,
  IPPROTO_FRAGMENT,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_NONE,
} from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import * as ipv6ext from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { GreKeymap, readGreKeys } from './gre.ts';
import { icmpAnswer } from './icmp.ts';
import { icmpv6Answer } from './icmpv6.ts';
import type { Tuple } from './tuple.ts';

const ICMP_FIXED_LENGTH = 8;
const PORTS_LENGTH = 4;

export class TupleReader {
  readonly greKeys = new GreKeymap();

  /** The packet's own tuple; false when its header does not reach that far. The zone is left alone. */
  ofPacket(pkt: PacketBuffer, out: Tuple): boolean {
    out.family = pkt.family;
    out.src0 = pkt.src0;
    out.src1 = pkt.src1;
    out.src2 = pkt.src2;
    out.src3 = pkt.src3;
    out.dst0 = pkt.dst0;
    out.dst1 = pkt.dst1;
    out.dst2 = pkt.dst2;
    out.dst3 = pkt.dst3;
    return this.transport(pkt.bytes, pkt.l4, pkt.l3End, pkt.proto, out);
  }

  /** The tuple of the datagram inside an ICMP error, at `at`; false when it is cut too short or a later fragment. */
  ofInner(pkt: PacketBuffer, at: number, out: Tuple): boolean {
    return pkt.family === 4 ? this.inner4(pkt, at, out) : this.inner6(pkt, at, out);
  }

  private inner4(pkt: PacketBuffer, at: number, out: Tuple): boolean {
    const bytes = pkt.bytes;
    const end = pkt.l3End;
    if (at + ipv4.HEADER_LENGTH > end || ipv4.fragOffset(bytes, at) !== 0) return false;
    // Linux looks neither at the version nor at a header length below 20 here.
    const l4 = at + ipv4.headerLength(bytes, at);
    if (l4 > end) return false;
    out.family = 4;
    out.src0 = ipv4.src(bytes, at);
    out.dst0 = ipv4.dst(bytes, at);
    out.src1 = out.src2 = out.src3 = 0;
    out.dst1 = out.dst2 = out.dst3 = 0;
    return this.transport(bytes, l4, end, ipv4.protocol(bytes, at), out);
  }

  private inner6(pkt: PacketBuffer, at: number, out: Tuple): boolean {
    const bytes = pkt.bytes;
    const end = pkt.l3End;
    if (at + ipv6.HEADER_LENGTH > end) return false;
    out.family = 6;
    out.src0 = readI32(bytes, at + 8);
    out.src1 = readI32(bytes, at + 12);
    out.src2 = readI32(bytes, at + 16);
    out.src3 = readI32(bytes, at + 20);
    out.dst0 = readI32(bytes, at + 24);
    out.dst1 = readI32(bytes, at + 28);
    out.dst2 = readI32(bytes, at + 32);
    out.dst3 = readI32(bytes, at + 36);
    let kind = ipv6.nextHeader(bytes, at);
    let l4 = at + ipv6.HEADER_LENGTH;
    while (ipv6ext.isExtension(kind)) {
      if (kind === IPPROTO_NONE || l4 + ipv6ext.MIN_LENGTH > end) return false;
      if (kind === IPPROTO_FRAGMENT && ipv6ext.fragOffset(bytes, l4) !== 0) return false;
      const length = kind === IPPROTO_AH ? (bytes[l4 + 1]! + 2) << 2 : ipv6ext.headerLength(bytes, l4, kind);
      kind = bytes[l4]!;
      l4 += length;
    }
    return this.transport(bytes, l4, end, kind, out);
  }

  private transport(bytes: Uint8Array, l4: number, end: number, proto: number, out: Tuple): boolean {
    out.proto = proto;
    if (hasPorts(proto) && proto !== IPPROTO_DCCP) {
      if (l4 + PORTS_LENGTH > end) return false;
      out.srcId = readU16(bytes, l4);
      out.dstId = readU16(bytes, l4 + 2);
      return true;
    }
    switch (proto) {
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        if (l4 + ICMP_FIXED_LENGTH > end) return false;
        out.srcId = readU16(bytes, l4 + 4);
        out.dstId = readU16(bytes, l4);
        return true;
      case IPPROTO_GRE:
        return readGreKeys(bytes, l4, end, this.greKeys, out);
      default:
        out.srcId = 0;
        out.dstId = 0;
        return true;
    }
  }
}

/** The tuple that an answer to `tuple` has; false for ICMP types that nothing answers. The zone is copied. */
export function invertTuple(tuple: Tuple, out: Tuple): boolean {
  out.family = tuple.family;
  out.proto = tuple.proto;
  out.zone = tuple.zone;
  out.src0 = tuple.dst0;
  out.src1 = tuple.dst1;
  out.src2 = tuple.dst2;
  out.src3 = tuple.dst3;
  out.dst0 = tuple.src0;
  out.dst1 = tuple.src1;
  out.dst2 = tuple.src2;
  out.dst3 = tuple.src3;
  if (tuple.proto !== IPPROTO_ICMP && tuple.proto !== IPPROTO_ICMPV6) {
    out.srcId = tuple.dstId;
    out.dstId = tuple.srcId;
    return true;
  }
  const type = tuple.dstId >>> 8;
  const answer = tuple.proto === IPPROTO_ICMP ? icmpAnswer(type) : icmpv6Answer(type);
  if (answer < 0) return false;
  out.srcId = tuple.srcId;
  out.dstId = (answer << 8) | (tuple.dstId & 0xff);
  return true;
}
