/**
 * Room for a packet to grow. A PacketBuffer is a window onto memory of somebody else, with a neighbour right behind it;
 * whoever has to insert bytes first moves the packet to memory of its own. That happens to few packets (a TCP option
 * added, a payload that grows under an application-level gateway). Many of them share one allocation, each with a place in
 * it that nobody else gets.
 */
import type { PacketBuffer } from './packet-buffer.ts';

/** Bytes left free in front, for a longer link header. */
const HEADROOM = 64;

const SHARED_BYTES = 65_536;
/** What is longer gets memory of its own. */
const MAX_SHARED = 4096;

/** Where the next place begins in the memory that is shared out. */
let shared = new Uint8Array(0);
let sharedAt = 0;

/** Moves the packet to fresh memory with `extra` free bytes behind the datagram; padding behind it is dropped. */
export function moveWithTailroom(pkt: PacketBuffer, extra: number): void {
  const length = pkt.l3End - pkt.start;
  const size = HEADROOM + length + extra;
  const isShared = size <= MAX_SHARED;
  if (isShared && sharedAt + size > shared.length) {
    shared = new Uint8Array(SHARED_BYTES);
    sharedAt = 0;
  }
  const memory = isShared ? shared : new Uint8Array(size);
  const start = HEADROOM + (isShared ? sharedAt : 0);
  if (isShared) sharedAt += size;
  memory.set(pkt.bytes.subarray(pkt.start, pkt.l3End), start);
  const shift = start - pkt.start;
  pkt.bytes = memory;
  pkt.start += shift;
  pkt.end = pkt.l3End + shift;
  if (pkt.l2 >= 0) pkt.l2 += shift;
  pkt.l3 += shift;
  pkt.l3End += shift;
  pkt.l4 += shift;
}
