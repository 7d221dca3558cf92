/**
 * Buffers for the packets that the host makes itself. Whoever takes one gives it back when the packet has left; a reply
 * can cause another while it is on its way (REJECT of an ICMP error), so there are several. A datagram too large
 * for a pooled buffer gets memory of its own.
 */
import { PacketBuffer } from '../wire/packet-buffer.ts';

/** Free bytes before the IP header: an Ethernet header, and room for tags. */
export const HEAD_ROOM = 32;
/** Takes every error message and all but jumbo frames. */
const BUFFER_SIZE = 2048;
const MOST_KEPT = 16;

export class PacketPool {
  private readonly free: PacketBuffer[] = [];

  /** A packet without layer 2 whose `length` bytes of layer 3 are to be written at `l3`. */
  take(length: number): PacketBuffer {
    const pkt = this.free.pop() ?? new PacketBuffer(new Uint8Array(BUFFER_SIZE));
    const bytes = HEAD_ROOM + length <= pkt.bytes.length ? pkt.bytes : new Uint8Array(HEAD_ROOM + length);
    pkt.reset(bytes, HEAD_ROOM, HEAD_ROOM + length);
    pkt.l3 = HEAD_ROOM;
    pkt.l3End = HEAD_ROOM + length;
    return pkt;
  }

  give(pkt: PacketBuffer): void {
    // A datagram that was reassembled on its way points at memory of the fragment queue.
    if (pkt.bytes.length === BUFFER_SIZE && this.free.length < MOST_KEPT) this.free.push(pkt);
  }
}
