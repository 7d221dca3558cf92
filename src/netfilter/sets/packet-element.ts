/**
 * The parts of an element as a packet has them: addresses, ports, MAC addresses and interfaces of one side or the other.
 * Linux: ip_set_getport.c and the kadt functions of the set types.
 */
import { lacksTransport } from '../header-chain.ts';
import type { HookState } from '../hook-state.ts';
import { readU16 } from '../../wire/bytes.ts';
import * as ethernet from '../../wire/ethernet.ts';
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { cutAddress, putAddress, setField, swapPort, type ElementLayout } from './element-layout.ts';
import type { SetQuery } from './set-query.ts';

const MAC_BYTES = 6;
const ICMP_HEADER_BYTES = 4;

export function putPacketAddress(
  element: Int32Array,
  layout: ElementLayout,
  which: number,
  pkt: PacketBuffer,
  source: boolean,
): void {
  if (source) putAddress(element, layout, which, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
  else putAddress(element, layout, which, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
}

/** The packet's port or, of ICMP, type and code in two bytes; 0 for protocols without; -1 where it can't be told. */
export function packetPort(pkt: PacketBuffer, source: boolean): number {
  const { proto } = pkt;
  if (pkt.fragOffset !== 0) return hasPorts(proto) || proto === IPPROTO_ICMP || pkt.family === 6 ? -1 : 0;
  if (proto === 0 || lacksTransport(pkt)) return -1;
  if (hasPorts(proto)) return pkt.l4Ok === 0 ? -1 : source ? pkt.sport : pkt.dport;
  if (proto !== IPPROTO_ICMP && proto !== IPPROTO_ICMPV6) return 0;
  return pkt.l4 + ICMP_HEADER_BYTES > pkt.l3End ? -1 : readU16(pkt.bytes, pkt.l4);
}

/** False where the packet has no port to tell. */
export function putPacketPort(
  element: Int32Array,
  layout: ElementLayout,
  pkt: PacketBuffer,
  source: boolean,
): boolean {
  const port = packetPort(pkt, source);
  if (port < 0) return false;
  setField(element, layout.port!, swapPort(port));
  setField(element, layout.protocol!, pkt.proto);
  return true;
}

export function hasPorts(protocol: number): boolean {
  return (
    protocol === IPPROTO_TCP ||
    protocol === IPPROTO_UDP ||
    protocol === IPPROTO_SCTP ||
    protocol === IPPROTO_UDPLITE
  );
}

/** The MAC address as two words, put at `word`; false for packets without one, or with one of zeros. */
export function putPacketMac(element: Int32Array, word: number, pkt: PacketBuffer, source: boolean): boolean {
  if (pkt.l2 < 0 || pkt.l2 + ethernet.HEADER_LENGTH > pkt.l3) return false;
  const { bytes } = pkt;
  const at = pkt.l2 + (source ? MAC_BYTES : 0);
  element[word] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  element[word + 1] = bytes[at + 4]! | (bytes[at + 5]! << 8);
  return element[word] !== 0 || element[word + 1] !== 0;
}

/** Which interface that part of the element is about, 0 where the packet has none. */
export function packetInterface(at: HookState, source: boolean): number {
  return source ? at.iif : at.oif;
}

/** Fills the element's networks with the packet's addresses, each cut to its prefix. */
export function putPacketAddresses(
  element: Int32Array,
  layout: ElementLayout,
  addressParts: readonly number[],
  prefixes: readonly number[],
  pkt: PacketBuffer,
  query: SetQuery,
): void {
  for (let i = 0; i < addressParts.length; i++) {
    putPacketAddress(element, layout, i, pkt, query.isSource(addressParts[i]!));
    const field = layout.prefixes[i]!;
    if (field === null) continue;
    setField(element, field, prefixes[i]!);
    cutAddress(element, layout, i, prefixes[i]!);
  }
}
