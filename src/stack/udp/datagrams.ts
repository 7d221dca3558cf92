/**
 * Datagrams that wait to be read, within the socket's buffer (Linux: sk_rcvbuf, udp_rmem): what has no room is dropped
 * and counted.
 */

/** What the kernel charges a datagram beside its bytes (skb->truesize of a small one). */
const OVERHEAD = 768;

export interface Datagram {
  readonly bytes: Uint8Array;
  /** Whom it is from. */
  readonly address: Int32Array;
  readonly port: number;
  /** Whom it was sent to: the socket's address, a group, a broadcast. */
  readonly to: Int32Array;
  /** The device that it came in on. */
  readonly device: number;
  readonly hopLimit: number;
}

export class Datagrams {
  private readonly waiting: Datagram[] = [];
  private charged = 0;
  limit: number;
  /** Datagrams for which there was no room. */
  dropped = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get count(): number {
    return this.waiting.length;
  }

  /** False when there is no room. */
  add(datagram: Datagram): boolean {
    if (this.charged > this.limit) {
      this.dropped++;
      return false;
    }
    this.charged += datagram.bytes.length + OVERHEAD;
    this.waiting.push(datagram);
    return true;
  }

  take(): Datagram | undefined {
    const datagram = this.waiting.shift();
    if (datagram !== undefined) this.charged -= datagram.bytes.length + OVERHEAD;
    return datagram;
  }
}
