/**
 * ICMP errors about a translated connection: the packet quoted inside must look as its sender sent it, the error itself
 * as if it came from (or went to) the address that the sender knows. Linux: nf_nat_icmp_reply_translation and its IPv6
 * twin (behaviour); RFC 5508 section 4.
 *
 *   server ──► gateway: dst gateway │ ICMP error │ src gateway:port, dst server     as it arrives
 *   gateway ──► client: dst client  │ ICMP error │ src client:port,  dst server     as it leaves
 */
import { writeU16 } from '../../wire/bytes.ts';
import { checksum, pseudoOf } from '../../wire/checksum.ts';
import { dissectNetwork } from '../../wire/dissect.ts';
import { ChecksumState, isKnownRight, PacketBuffer } from '../../wire/packet-buffer.ts';
import { CtStatus } from '../conntrack/ct-info.ts';
import type { Tuple } from '../conntrack/tuple.ts';
import { Verdict } from '../verdict.ts';
import { manipulate, rewriteHeaders, rewrittenEnd } from './manip.ts';
import { Manip } from './view.ts';

const ICMP_HEADER = 8;
const ICMP_REDIRECT = 5;
const ICMPV6_REDIRECT = 137;
const NAT_DONE = CtStatus.SRC_NAT_DONE | CtStatus.DST_NAT_DONE;
const NAT_MASK = CtStatus.SRC_NAT | CtStatus.DST_NAT;

const inner = new PacketBuffer();

/**
 * `opposite` is the connection's tuple of the direction against the error, `target` its inverse, `manip` the side that
 * this hook translates; `changes` says whether the connection has that side of these packets translated.
 * False: the error is broken, or a redirect (which a translated connection must not see), and must be dropped.
 */
export function translateIcmpError(
  pkt: PacketBuffer,
  opposite: Tuple,
  target: Tuple,
  manip: Manip,
  changes: boolean,
  status: number,
): boolean {
  const { bytes, l4, l3End } = pkt;
  const quoted = l4 + ICMP_HEADER;
  if (quoted + (pkt.family === 4 ? 20 : 40) > l3End) return false;
  if (!isIntact(pkt)) return false;
  if (bytes[l4] === (pkt.family === 4 ? ICMP_REDIRECT : ICMPV6_REDIRECT)) {
    if ((status & NAT_DONE) !== NAT_DONE || status & NAT_MASK) return false;
  }
  if (!changes) return true;

  dissectQuoted(pkt, quoted);
  if (inner.family !== pkt.family) return false;
  const other = manip === Manip.SRC ? Manip.DST : Manip.SRC;
  if (!manipulate(bytes, quoted, inner.l4, l3End, inner.family, inner.proto, opposite, other)) return false;
  fillChecksum(pkt);
  return rewriteHeaders(pkt, target, manip) === Verdict.ACCEPT;
}

/** One past what Linux wants in one piece of an error: the header quoted, and where that is translated the next, too. */
export function rewrittenErrorEnd(pkt: PacketBuffer, changes: boolean): number {
  const quoted = pkt.l4 + ICMP_HEADER;
  if (!changes) return quoted + (pkt.family === 4 ? 20 : 40);
  dissectQuoted(pkt, quoted);
  return rewrittenEnd(inner);
}

/** Linux takes it for granted that what is quoted has the version of what it is quoted in. */
function dissectQuoted(pkt: PacketBuffer, quoted: number): void {
  const { bytes } = pkt;
  const first = bytes[quoted]!;
  bytes[quoted] = (pkt.family << 4) | (first & 15);
  inner.reset(bytes, quoted, pkt.l3End);
  dissectNetwork(inner, pkt.etherType);
  bytes[quoted] = first;
}

/**
 * What NAT found to be right after connection tracking had stays right for Linux, even where NPT has changed an address
 * since; of a packet of its own OUTPUT finds it. What is forwarded is asked once more (skb_forward_csum) where PREROUTING
 * had changed the header in between.
 */
function isIntact(pkt: PacketBuffer): boolean {
  if (isKnownRight(pkt)) {
    pkt.checksumState = ChecksumState.SETTLED;
    return true;
  }
  if (checksum(pkt.bytes, pkt.l4, pkt.l3End, pseudoSum(pkt)) !== 0) return false;
  if (pkt.iif === 0) pkt.checksumState = ChecksumState.GOOD;
  return true;
}

function fillChecksum(pkt: PacketBuffer): void {
  writeU16(pkt.bytes, pkt.l4 + 2, 0);
  writeU16(pkt.bytes, pkt.l4 + 2, checksum(pkt.bytes, pkt.l4, pkt.l3End, pseudoSum(pkt)));
}

function pseudoSum(pkt: PacketBuffer): number {
  return pkt.family === 4 ? 0 : pseudoOf(pkt, pkt.l3End - pkt.l4);
}
