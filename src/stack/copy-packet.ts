/** Packets that are kept beyond the call that brought them. */
import { PacketBuffer } from '../wire/packet-buffer.ts';

/** A copy that owns its bytes, with room for an Ethernet header. */
export function copyPacket(pkt: PacketBuffer): PacketBuffer {
  const headRoom = 32;
  const shift = headRoom - pkt.l3;
  const bytes = new Uint8Array(headRoom + pkt.end - pkt.l3);
  bytes.set(pkt.bytes.subarray(pkt.l3, pkt.end), headRoom);
  const copy = new PacketBuffer(bytes, headRoom, bytes.length);
  Object.assign(copy, pkt);
  copy.bytes = bytes;
  copy.start = headRoom;
  copy.end = bytes.length;
  copy.l2 = -1;
  copy.l3 = headRoom;
  copy.l3End = pkt.l3End + shift;
  copy.l4 = pkt.l4 + shift;
  return copy;
}
