/**
 * Buffers for the packets that the host makes itself. Whoever takes one gives it back when the packet has left; a reply
 * can cause another while it is on its way (REJECT of an ICMP error), so there are several of each of two sizes.
 */
import { PacketBuffer } from '../wire/packet-buffer.ts';

/** Free bytes before the IP header: an Ethernet header, and room for tags. */
export const HEAD_ROOM = 32;
/** Takes every error message and all but jumbo frames. */
const BUFFER_SIZE = 2048;
const MOST_KEPT = 16;
/** Takes the largest datagram. */
const LARGE_SIZE = HEAD_ROOM + 65536;
const MOST_LARGE_KEPT = 4;

export class PacketPool {
  private readonly free: PacketBuffer[] = [];
  private readonly large: PacketBuffer[] = [];

  /** A packet without layer 2 whose `length` bytes of layer 3 are to be written at `l3`. */
  take(length: number): PacketBuffer {
    const isLarge = HEAD_ROOM + length > BUFFER_SIZE;
    const pkt =
      (isLarge ? this.large : this.free).pop() ??
      new PacketBuffer(new Uint8Array(isLarge ? Math.max(LARGE_SIZE, HEAD_ROOM + length) : BUFFER_SIZE));
    pkt.reset(pkt.bytes, HEAD_ROOM, HEAD_ROOM + length);
    pkt.l3 = HEAD_ROOM;
    pkt.l3End = HEAD_ROOM + length;
    return pkt;
  }

  give(pkt: PacketBuffer): void {
    // A datagram that was reassembled on its way points at memory of the fragment queue.
    if (pkt.bytes.length === BUFFER_SIZE) {
      if (this.free.length < MOST_KEPT) this.free.push(pkt);
    } else if (pkt.bytes.length === LARGE_SIZE && this.large.length < MOST_LARGE_KEPT) {
      this.large.push(pkt);
    }
  }
}
