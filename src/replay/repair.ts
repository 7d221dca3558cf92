/**
 * Captures are not perfect. What is done to a frame before the engine sees it, unless it is to be taken as it is
 * (`--in`, `--checksums verify`):
 *
 *   checksums       a sniffer on the sending machine sees packets before the card has filled them in: they are filled in
 *   cut by snaplen  the headers are there and say how long the packet was: the lost bytes are put in as zeros, and the
 *                   checksum is left alone and believed
 *   over the MTU    segments that the card would still have cut (TSO), or already put together (GRO): judged as one
 *                   packet and let through whatever the MTU, as Linux does with them. A segment that is longer than
 *                   the interface it arrives on takes would have come as several: likewise
 */
import { readU16, writeU16 } from '../wire/bytes.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import * as ipv4 from '../wire/ipv4.ts';
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../wire/ip-protocol.ts';
import { ChecksumState, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as sctp from '../wire/sctp.ts';
import * as udp from '../wire/udp.ts';

/** What was done, as bits; `repairNotes` has the words. */
export const Repair = {
  NONE: 0,
  IP_CHECKSUM: 1 << 0,
  TRANSPORT_CHECKSUM: 1 << 1,
  CUT: 1 << 2,
  OFFLOADED: 1 << 3,
  TOO_LONG: 1 << 4,
} as const;

export function repairNotes(repairs: number): string[] {
  const notes: string[] = [];
  if (repairs & Repair.IP_CHECKSUM) notes.push('IP header checksum filled in');
  if (repairs & Repair.TRANSPORT_CHECKSUM)
    notes.push('transport checksum filled in (left to the network card)');
  if (repairs & Repair.CUT)
    notes.push('cut by the snap length: lost bytes taken as zeros, checksum believed');
  if (repairs & Repair.OFFLOADED) notes.push('several segments in one (offloading): passed whole');
  if (repairs & Repair.TOO_LONG) notes.push('longer than the interface takes: passed as several segments');
  return notes;
}

/**
 * Fills in wrong checksums of a dissected packet. What can't be judged is left alone: fragments, unknown protocols, and
 * the transport checksum of a packet that was `cut`.
 */
export function repairChecksums(pkt: PacketBuffer, cut: boolean): number {
  let repairs: number = Repair.NONE;
  if (pkt.family === 4 && !ipv4.checksumOk(pkt.bytes, pkt.l3)) {
    ipv4.fillChecksum(pkt.bytes, pkt.l3);
    repairs |= Repair.IP_CHECKSUM;
  }
  if (!cut && pkt.family !== 0 && pkt.l4Ok !== 0 && pkt.moreFragments === 0 && repairTransport(pkt)) {
    repairs |= Repair.TRANSPORT_CHECKSUM;
  }
  pkt.checksumState = ChecksumState.GOOD;
  return repairs;
}

function repairTransport(pkt: PacketBuffer): boolean {
  const { bytes, l4, l3End } = pkt;
  switch (pkt.proto) {
    case IPPROTO_TCP:
      return fill(pkt, 16, pseudoOf(pkt, l3End - l4), false);
    case IPPROTO_UDP: {
      // Zero is "none" over IPv4; a length that is not the datagram's is the sender's affair.
      if (readU16(bytes, l4 + 6) === 0 && pkt.family === 4) return false;
      if (udp.length(bytes, l4) !== l3End - l4) return false;
      return fill(pkt, 6, pseudoOf(pkt, l3End - l4), true);
    }
    case IPPROTO_UDPLITE: {
      // Covers as much as it says; only the usual, full cover is repaired.
      const cover = udp.length(bytes, l4);
      return cover === 0 || cover === l3End - l4 ? fill(pkt, 6, pseudoOf(pkt, l3End - l4), true) : false;
    }
    case IPPROTO_ICMP:
      return pkt.family === 4 && fill(pkt, 2, 0, false);
    case IPPROTO_ICMPV6:
      return pkt.family === 6 && fill(pkt, 2, pseudoOf(pkt, l3End - l4), false);
    case IPPROTO_SCTP:
      if (sctp.checksumOk(bytes, l4, l3End)) return false;
      sctp.fillChecksum(bytes, l4, l3End);
      return true;
    default:
      return false;
  }
}

/** Writes the right checksum at `l4 + at` if another one is there. */
function fill(pkt: PacketBuffer, at: number, pseudo: number, zeroMeansNone: boolean): boolean {
  const { bytes, l4, l3End } = pkt;
  if (checksum(bytes, l4, l3End, pseudo) === 0) return false;
  writeU16(bytes, l4 + at, 0);
  const right = checksum(bytes, l4, l3End, pseudo);
  writeU16(bytes, l4 + at, right === 0 && zeroMeansNone ? 0xffff : right);
  return true;
}
