/** Memory for frames that do not stay in their capture's bytes: wrapped, padded out or re-addressed ones. */

const ETHERNET_HEADER = 14;
/** Free in front, so that a longer header can be written before the packet without moving it. */
const HEADROOM = 64;
const USUAL_LENGTH = 65536;

/** Source of frames whose sender's address the capture does not tell; locally administered. */
export const UNKNOWN_SENDER = Uint8Array.of(2, 0, 0, 0, 0xff, 1);

export class FrameBuffer {
  private memory = new Uint8Array(HEADROOM + ETHERNET_HEADER + USUAL_LENGTH);

  /** Room for an Ethernet header and `length` bytes behind it, from `start` on. What was there before is gone. */
  ofLength(length: number): { frame: Uint8Array; start: number } {
    const needed = HEADROOM + ETHERNET_HEADER + length;
    if (needed > this.memory.length) this.memory = new Uint8Array(needed);
    return { frame: this.memory, start: HEADROOM };
  }
}
