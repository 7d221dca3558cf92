/**
 * Rewriting one side of a packet: address, port (or ICMP identifier, or GRE call id) and every checksum that covers
 * them, by update. Works on any header in the buffer, so that the packet inside an ICMP error is rewritten by the
 * same code, where the transport header may be cut after eight bytes.
 * Behaves as Linux's nf_nat_proto.c, down to which fields it leaves alone.
 */
import { readI32, readU16, writeU16, writeU32 } from '../../wire/bytes.ts';
import { change, updateBy, updateWord32 } from '../../wire/checksum.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../wire/ip-protocol.ts';
import { hasPorts } from '../../wire/dissect.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as sctp from '../../wire/sctp.ts';
import type { Tuple } from '../conntrack/tuple.ts';
import { DropReason } from '../drop-reason.ts';
import { Verdict } from '../verdict.ts';
import { Manip } from './view.ts';

/** ICMP(v6) types whose identifier belongs to the tuple; of all others only the addresses change. */
const ICMP_WITH_ID = new Set([0, 8, 13, 14, 15, 16, 17, 18]);
const ICMPV6_ECHO_REQUEST = 128;
const ICMPV6_ECHO_REPLY = 129;

/** A UDP checksum that came out as zero is sent as this; zero means "none" (RFC 768). */
const UDP_ZERO = 0xffff;

const GRE_VERSION_MASK = 7;
const ENHANCED_GRE = 1;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
const ICMP_HEADER = 8;
const SCTP_HEADER = 12;
/** What an ICMP error guarantees of the header it quotes (RFC 792). */
const GUARANTEED = 8;

/**
 * Makes the packet whose IP header stands at `l3` carry the source (or destination) of `target`. `l4` is where its
 * transport header begins, or -1 when it has none (a later fragment); `end` is one past its last byte.
 * Returns false when the packet is too short to be rewritten; it must then be dropped.
 */
export function manipulate(
  bytes: Uint8Array,
  l3: number,
  l4: number,
  end: number,
  family: number,
  proto: number,
  target: Tuple,
  manip: Manip,
): boolean {
  if (l4 >= 0 && !manipulateTransport(bytes, l3, l4, end, family, proto, target, manip)) return false;
  const source = manip === Manip.SRC;
  if (family === 4) {
    if (source) ipv4.setSrc(bytes, l3, target.src0);
    else ipv4.setDst(bytes, l3, target.dst0);
  } else if (source) {
    writeWords(bytes, l3 + 8, target.src0, target.src1, target.src2, target.src3);
  } else {
    writeWords(bytes, l3 + 24, target.dst0, target.dst1, target.dst2, target.dst3);
  }
  return true;
}

/** One past the transport header, as far as it is rewritten. */
export function rewrittenEnd({ l4, l3End, proto }: PacketBuffer): number {
  const whole = proto === IPPROTO_TCP ? TCP_HEADER : proto === IPPROTO_SCTP ? SCTP_HEADER : GUARANTEED;
  return l4 + (l4 + whole <= l3End ? whole : GUARANTEED);
}

/** Rewrites the packet's own headers and the fields that repeat them. */
export function rewriteHeaders(pkt: PacketBuffer, target: Tuple, manip: Manip): number {
  const l4 = pkt.fragOffset === 0 ? pkt.l4 : -1;
  if (!manipulate(pkt.bytes, pkt.l3, l4, pkt.l3End, pkt.family, pkt.proto, target, manip)) {
    pkt.dropReason = DropReason.NAT_FAILED;
    return Verdict.DROP;
  }
  const ports = pkt.l4Ok !== 0 && hasPorts(pkt.proto);
  if (manip === Manip.SRC) {
    pkt.src0 = target.src0;
    pkt.src1 = target.src1;
    pkt.src2 = target.src2;
    pkt.src3 = target.src3;
    if (ports) pkt.sport = target.srcId;
  } else {
    pkt.dst0 = target.dst0;
    pkt.dst1 = target.dst1;
    pkt.dst2 = target.dst2;
    pkt.dst3 = target.dst3;
    if (ports) pkt.dport = target.dstId;
  }
  return Verdict.ACCEPT;
}

/**
 * Rewrites both sides of a whole packet, as two calls of `rewriteHeaders` would. For TCP over IPv4 (nearly every packet that
 * comes here) what changes is summed up once for both checksums.
 */
export function rewriteBoth(pkt: PacketBuffer, target: Tuple, source: boolean, destination: boolean): number {
  if (pkt.family !== 4 || pkt.proto !== IPPROTO_TCP) {
    const verdict = destination ? rewriteHeaders(pkt, target, Manip.DST) : Verdict.ACCEPT;
    return source && verdict === Verdict.ACCEPT ? rewriteHeaders(pkt, target, Manip.SRC) : verdict;
  }
  const { bytes, l3, l4 } = pkt;
  let addresses = 0;
  let ports = 0;
  if (source) {
    addresses = change(pkt.src0, target.src0);
    ports = change(pkt.sport, target.srcId);
    writeU32(bytes, l3 + 12, target.src0);
    writeU16(bytes, l4, target.srcId);
    pkt.src0 = target.src0;
    pkt.sport = target.srcId;
  }
  if (destination) {
    addresses += change(pkt.dst0, target.dst0);
    ports += change(pkt.dport, target.dstId);
    writeU32(bytes, l3 + 16, target.dst0);
    writeU16(bytes, l4 + 2, target.dstId);
    pkt.dst0 = target.dst0;
    pkt.dport = target.dstId;
  }
  writeU16(bytes, l3 + 10, updateBy(readU16(bytes, l3 + 10), addresses));
  writeU16(bytes, l4 + 16, updateBy(readU16(bytes, l4 + 16), addresses + ports));
  return Verdict.ACCEPT;
}

function writeWords(bytes: Uint8Array, at: number, w0: number, w1: number, w2: number, w3: number): void {
  writeU32(bytes, at, w0);
  writeU32(bytes, at + 4, w1);
  writeU32(bytes, at + 8, w2);
  writeU32(bytes, at + 12, w3);
}

function manipulateTransport(
  bytes: Uint8Array,
  l3: number,
  l4: number,
  end: number,
  family: number,
  proto: number,
  target: Tuple,
  manip: Manip,
): boolean {
  const portAt = manip === Manip.SRC ? l4 : l4 + 2;
  const id = manip === Manip.SRC ? target.srcId : target.dstId;
  const available = end - l4;
  switch (proto) {
    case IPPROTO_TCP: {
      if (available < GUARANTEED) return false;
      const old = readU16(bytes, portAt);
      writeU16(bytes, portAt, id);
      if (available < TCP_HEADER) return true;
      const check = pseudoUpdate(readU16(bytes, l4 + 16), bytes, l3, family, target, manip);
      writeU16(bytes, l4 + 16, updateWord32(check, old, id));
      return true;
    }
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE: {
      if (available < UDP_HEADER) return false;
      const old = readU16(bytes, portAt);
      writeU16(bytes, portAt, id);
      const was = readU16(bytes, l4 + 6);
      if (was === 0 && proto === IPPROTO_UDP) return true;
      const check = updateWord32(pseudoUpdate(was, bytes, l3, family, target, manip), old, id);
      writeU16(bytes, l4 + 6, check === 0 ? UDP_ZERO : check);
      return true;
    }
    case IPPROTO_SCTP: {
      if (available < GUARANTEED) return false;
      writeU16(bytes, portAt, id);
      // Not incremental: the CRC runs over the whole packet, whatever changed.
      if (available >= SCTP_HEADER) sctp.fillChecksum(bytes, l4, end);
      return true;
    }
    case IPPROTO_ICMP: {
      if (available < ICMP_HEADER) return false;
      if (!ICMP_WITH_ID.has(bytes[l4]!)) return true;
      const old = readU16(bytes, l4 + 4);
      writeU16(bytes, l4 + 2, updateWord32(readU16(bytes, l4 + 2), old, target.srcId));
      writeU16(bytes, l4 + 4, target.srcId);
      return true;
    }
    case IPPROTO_ICMPV6: {
      if (available < ICMP_HEADER) return false;
      const check = pseudoUpdate(readU16(bytes, l4 + 2), bytes, l3, family, target, manip);
      writeU16(bytes, l4 + 2, check);
      const type = bytes[l4]!;
      if (type !== ICMPV6_ECHO_REQUEST && type !== ICMPV6_ECHO_REPLY) return true;
      writeU16(bytes, l4 + 2, updateWord32(check, readU16(bytes, l4 + 4), target.srcId));
      writeU16(bytes, l4 + 4, target.srcId);
      return true;
    }
    case IPPROTO_GRE:
      return manipulateGre(bytes, l4, available, target, manip);
    default:
      return true;
  }
}

/** Enhanced GRE (PPTP) carries the receiver's call id; plain GRE has nothing to rewrite, other versions are refused. */
function manipulateGre(
  bytes: Uint8Array,
  l4: number,
  available: number,
  target: Tuple,
  manip: Manip,
): boolean {
  if (available < GUARANTEED) return false;
  if (manip !== Manip.DST) return true;
  const version = bytes[l4 + 1]! & GRE_VERSION_MASK;
  if (version === ENHANCED_GRE) writeU16(bytes, l4 + 6, target.dstId);
  return version <= ENHANCED_GRE;
}

/** The transport checksum after the address in the pseudo header changed from what the IP header says now. */
function pseudoUpdate(
  check: number,
  bytes: Uint8Array,
  l3: number,
  family: number,
  target: Tuple,
  manip: Manip,
): number {
  const source = manip === Manip.SRC;
  if (family === 4) {
    return updateWord32(
      check,
      readI32(bytes, source ? l3 + 12 : l3 + 16),
      source ? target.src0 : target.dst0,
    );
  }
  const at = source ? l3 + 8 : l3 + 24;
  let now = updateWord32(check, readI32(bytes, at), source ? target.src0 : target.dst0);
  now = updateWord32(now, readI32(bytes, at + 4), source ? target.src1 : target.dst1);
  now = updateWord32(now, readI32(bytes, at + 8), source ? target.src2 : target.dst2);
  return updateWord32(now, readI32(bytes, at + 12), source ? target.src3 : target.dst3);
}
