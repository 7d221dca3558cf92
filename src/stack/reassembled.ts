/**
 * A packet that becomes the datagram its fragments were pieces of: it is pointed at other memory, and what is known of it
 * beside its bytes stays. It keeps the Ethernet header of the first fragment, as Linux's does.
 */
import { dissectNetwork } from '../wire/dissect.ts';
import * as ethernet from '../wire/ethernet.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { HEAD_ROOM } from './packet-pool.ts';

/** A copy of the frame's Ethernet header without tags; empty when there is none. */
export function readFrameHeader(pkt: PacketBuffer): Uint8Array {
  const { bytes, l2 } = pkt;
  if (l2 < 0) return new Uint8Array(0);
  const header = bytes.slice(l2, l2 + ethernet.HEADER_LENGTH);
  ethernet.setType(header, 0, pkt.etherType);
  return header;
}

/** `bytes` holds the datagram from HEAD_ROOM on. */
export function moveTo(
  pkt: PacketBuffer,
  bytes: Uint8Array,
  etherType: number,
  frameHeader: Uint8Array,
): void {
  const hasFrame = frameHeader.length > 0;
  const start = HEAD_ROOM - frameHeader.length;
  bytes.set(frameHeader, start);
  pkt.bytes = bytes;
  pkt.start = start;
  pkt.end = bytes.length;
  pkt.l2 = hasFrame ? start : -1;
  pkt.l3 = HEAD_ROOM;
  dissectNetwork(pkt, etherType);
}
