/** The packet that an ICMP error quotes, as far as it is there: what Linux hashes in place of the error itself. */
import { dissectNetwork } from '../../wire/dissect.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';

const ICMP_HEADER = 8;
/** Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
const ICMP_ERRORS = [3, 4, 5, 11, 12];
const FIRST_INFORMATIONAL_V6 = 128;

/**
 * Null when the packet is no error, or quotes a packet of another version; undefined for an error that quotes less than a header.
 * `scratch` keeps the one object that is used.
 */
export function quotedPacket(pkt: PacketBuffer, scratch: PacketBuffer[]): PacketBuffer | null | undefined {
  const quoted = pkt.l4 + ICMP_HEADER;
  if (pkt.fragOffset !== 0 || quoted > pkt.l3End || !isError(pkt)) return null;
  if (quoted + (pkt.family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH) > pkt.l3End) return undefined;
  const inner = (scratch[0] ??= new PacketBuffer());
  inner.reset(pkt.bytes, quoted, pkt.l3End);
  dissectNetwork(inner, 0);
  return inner.family === pkt.family ? inner : null;
}

function isError(pkt: PacketBuffer): boolean {
  const type = pkt.bytes[pkt.l4]!;
  if (pkt.proto === IPPROTO_ICMP && pkt.family === 4) return ICMP_ERRORS.includes(type);
  return pkt.proto === IPPROTO_ICMPV6 && pkt.family === 6 && type < FIRST_INFORMATIONAL_V6;
}
