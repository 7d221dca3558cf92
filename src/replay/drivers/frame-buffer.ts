/** Memory for frames that do not stay in their capture's bytes: wrapped, padded out or re-addressed ones. */

const ETHERNET_HEADER = 14;
/** Free in front, so that a longer header can be written before the packet without moving it. */
export const HEADROOM = 64;
const USUAL_LENGTH = 65536;

/** Source of frames whose sender's address the capture does not tell; locally administered. */
export const UNKNOWN_SENDER = Uint8Array.of(2, 0, 0, 0, 0xff, 1);

export class FrameBuffer {
  private memory: Uint8Array;
  private room: Uint8Array;

  constructor() {
    this.memory = new Uint8Array(HEADROOM + ETHERNET_HEADER + USUAL_LENGTH);
    this.room = this.memory.subarray(HEADROOM);
  }

  /** Memory for an Ethernet header and `length` bytes behind it from HEADROOM on. What was there before is gone. */
  ofLength(length: number): Uint8Array {
    const needed = HEADROOM + ETHERNET_HEADER + length;
    if (needed > this.memory.length) {
      this.memory = new Uint8Array(needed);
      this.room = this.memory.subarray(HEADROOM);
    }
    return this.memory;
  }

  /** The same memory from HEADROOM on. */
  get frame(): Uint8Array {
    return this.room;
  }
}
