/**
 * What translation changed of a packet: its ends as it came in, read from a copy of the frame, beside its ends as it
 * went out.
 */
import { hasPorts } from '../wire/dissect.ts';
import { formatIp } from '../wire/address.ts';
import * as icmp from '../wire/icmp.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../wire/ip-protocol.ts';
import { sameAddresses, type PacketBuffer } from '../wire/packet-buffer.ts';
import type { Endpoints, Translation } from './outcome.ts';

/** Null when nothing changed. A datagram put together has ports that its last fragment had not: they do not count. */
export function translationBetween(before: PacketBuffer, after: PacketBuffer): Translation | null {
  if (after.family === 0 || before.family !== after.family) return null;
  const withIds = before.fragOffset === 0 && after.fragOffset === 0;
  if (sameAddresses(before, after) && (!withIds || sameIds(before, after))) return null;
  return { before: endpoints(before, withIds), after: endpoints(after, withIds) };
}

function sameIds(a: PacketBuffer, b: PacketBuffer): boolean {
  return a.sport === b.sport && a.dport === b.dport && identifier(a) === identifier(b);
}

function endpoints(pkt: PacketBuffer, withIds: boolean): Endpoints {
  const src = formatIp(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
  const dst = formatIp(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
  if (!withIds || pkt.l4Ok === 0) return { src, dst };
  if (hasPorts(pkt.proto)) return { src, dst, sport: pkt.sport, dport: pkt.dport };
  const id = identifier(pkt);
  return id < 0 ? { src, dst } : { src, dst, sport: id };
}

/** Of ICMP's questions and answers; -1 for everything else. */
function identifier({ bytes, l4, l4Ok, proto, family }: PacketBuffer): number {
  if (l4Ok === 0) return -1;
  if (family === 4 && proto === IPPROTO_ICMP) {
    const isEcho = [icmp.ECHO_REQUEST, icmp.ECHO_REPLY].includes(icmp.type(bytes, l4));
    return isEcho ? icmp.id(bytes, l4) : -1;
  }
  if (family === 6 && proto === IPPROTO_ICMPV6) {
    const isEcho = [icmpv6.ECHO_REQUEST, icmpv6.ECHO_REPLY].includes(icmpv6.type(bytes, l4));
    return isEcho ? icmp.id(bytes, l4) : -1;
  }
  return -1;
}
