/**
 * Room for a packet to grow. A PacketBuffer is a window onto memory of somebody else, with a neighbour right behind it;
 * whoever has to insert bytes first moves the packet to memory of its own. That happens to few packets (a TCP option
 * added, a payload that grows under an application-level gateway), so the allocation is no matter.
 */
import type { PacketBuffer } from './packet-buffer.ts';

/** Bytes left free in front, for a longer link header. */
const HEADROOM = 64;

/** Moves the packet to fresh memory with `extra` free bytes behind the datagram; padding behind it is dropped. */
export function moveWithTailroom(pkt: PacketBuffer, extra: number): void {
  const length = pkt.l3End - pkt.start;
  const memory = new Uint8Array(HEADROOM + length + extra);
  memory.set(pkt.bytes.subarray(pkt.start, pkt.l3End), HEADROOM);
  const shift = HEADROOM - pkt.start;
  pkt.bytes = memory;
  pkt.start += shift;
  pkt.end = pkt.l3End + shift;
  if (pkt.l2 >= 0) pkt.l2 += shift;
  pkt.l3 += shift;
  pkt.l3End += shift;
  pkt.l4 += shift;
}
