/**
 * Where the matches on IPv6 extension headers find theirs (Linux: ipv6_find_hdr). A chain that leaves the datagram, or
 * a header that is not all there, drops the packet (hotdrop).
 */
import type { HookState } from '../hook-state.ts';
import { BROKEN, findHeader } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** Offset of the first header of that kind, of which `length` bytes can be read; -1 when there is none such. */
export function findExtension(pkt: PacketBuffer, at: HookState, kind: number, length: number): number {
  const header = findHeader(pkt.bytes, pkt.l3, pkt.l3End, kind);
  if (header >= 0 && header + length <= pkt.l3End) return header;
  if (header >= 0 || header === BROKEN) at.hotdrop = true;
  return -1;
}
