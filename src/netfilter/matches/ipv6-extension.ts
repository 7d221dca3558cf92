/**
 * Where the matches on IPv6 extension headers find theirs (Linux: ipv6_find_hdr). A chain that leaves the datagram, or
 * a header that is not all there, drops the packet (hotdrop).
 */
import type { HookState } from '../hook-state.ts';
import { BROKEN, findHeader, headerLength } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** Offset of the first header of that kind, whole, and at least `fixed` bytes of it; -1 when there is none such. */
export function findExtension(pkt: PacketBuffer, at: HookState, kind: number, fixed: number): number {
  const { bytes, l3End } = pkt;
  const header = findHeader(bytes, pkt.l3, l3End, kind);
  if (header >= 0 && header + fixed <= l3End && header + headerLength(bytes, header, kind) <= l3End)
    return header;
  if (header >= 0 || header === BROKEN) at.hotdrop = true;
  return -1;
}
