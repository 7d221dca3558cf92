/**
 * Reassembly: for connection tracking (before anything else sees the packet) and for local delivery. Each user has queues of
 * its own. What was put together remembers the sizes of its pieces, since Linux sends it on in the same pieces.
 * The pieces themselves are fragment-queue.ts; what each family asks of a fragment is reassembly4.ts and reassembly6.ts.
 */
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { FragmentTable, type DefragUser } from './fragment-queue.ts';
import type { Host } from './host.ts';
import { collect4, expire4 } from './reassembly4.ts';
import { collect6, expire6 } from './reassembly6.ts';

/** Sources whose fragments are counted for ipfrag_max_dist. */
const MOST_SOURCES = 4096;

export class Fragments {
  private readonly host: Host;
  readonly table4: FragmentTable;
  readonly table6: FragmentTable;
  /** Payload sizes of the fragments that a datagram came in, by the memory it was put together in. */
  private readonly pieceSizes = new WeakMap<Uint8Array, Int32Array>();
  /** Datagrams that got DF only after they had been put together, by their memory. */
  private readonly givenDf = new WeakSet<Uint8Array>();
  private readonly sources = new Map<number, number>();

  constructor(host: Host) {
    this.host = host;
    this.table4 = new FragmentTable(host.clock, (queue) => expire4(host, queue));
    this.table6 = new FragmentTable(host.clock, (queue) => expire6(host, queue));
  }

  /** Verdict.ACCEPT with `pkt` whole, STOLEN when it is kept, DROP with its reason. */
  collect4(pkt: PacketBuffer, user: DefragUser, zone: number): number {
    return collect4(this.host, pkt, user, zone);
  }

  collect6(pkt: PacketBuffer, user: DefragUser, zone: number): number {
    return collect6(this.host, pkt, user, zone);
  }

  /** A datagram with DF that is too long may leave in pieces when it came in pieces that fit (ip_exceeds_mtu). */
  mayFragment(pkt: PacketBuffer, mtu: number): boolean {
    return pkt.fragMaxSize !== 0 && pkt.fragMaxSize <= mtu;
  }

  /** Its fragments, if it is cut again, go without DF, as they came (Linux: IPSKB_FRAG_PMTU is not set). */
  noteGivenDf(bytes: Uint8Array): void {
    this.givenDf.add(bytes);
  }

  /** Do the fragments of a datagram with DF get it, too? */
  keepsDf(pkt: PacketBuffer): boolean {
    return pkt.fragMaxSize !== 0 && !this.givenDf.has(pkt.bytes);
  }

  rememberPieces(bytes: Uint8Array, sizes: Int32Array): void {
    this.pieceSizes.set(bytes, sizes);
  }

  /**
   * A datagram of the host's own is cut for the way that it is made for; where OUTPUT sends it another way, it leaves in the
   * same pieces if they fit (Linux: ip_append_data). `room`: payload that a fragment of that way has.
   */
  cutOwn(pkt: PacketBuffer, payloadLength: number, room: number): void {
    const size = room & ~7;
    if (size <= 0 || payloadLength <= room) return;
    const sizes = new Int32Array(Math.ceil(payloadLength / size)).fill(size);
    sizes[sizes.length - 1] = payloadLength - (sizes.length - 1) * size;
    this.rememberPieces(pkt.bytes, sizes);
  }

  /** To be called before the memory of a packet that was cut is used for another. */
  forgetPieces(pkt: PacketBuffer): void {
    this.pieceSizes.delete(pkt.bytes);
  }

  sizesOf(pkt: PacketBuffer): Int32Array | undefined {
    return this.pieceSizes.get(pkt.bytes);
  }

  /** The sizes it came in, if its payload still has their sum; undefined otherwise. */
  piecesOf(pkt: PacketBuffer, payloadLength: number): Int32Array | undefined {
    const sizes = this.sizesOf(pkt);
    if (sizes === undefined) return undefined;
    let total = 0;
    for (const size of sizes) total += size;
    return total === payloadLength ? sizes : undefined;
  }

  /**
   * Whoever rewrites a datagram wants everything up to `end` in one piece: what the first lacks is taken from those behind
   * it, and they shrink or go (Linux: skb_ensure_writable on a list of fragments).
   */
  gather(pkt: PacketBuffer, end: number): void {
    const sizes = this.pieceSizes.get(pkt.bytes);
    if (sizes === undefined) return;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const wanted = Math.min(total, end - (pkt.l3End - total));
    if (sizes[0]! >= wanted) return;
    const gathered = [wanted];
    let at = 0;
    for (const size of sizes) {
      at += size;
      if (at > wanted) gathered.push(Math.min(size, at - wanted));
    }
    this.pieceSizes.set(pkt.bytes, Int32Array.from(gathered));
  }

  /** Counts a fragment of a source; the difference of two values is how many of its fragments came between. */
  countSource(source: number): number {
    const count = (this.sources.get(source) ?? 0) + 1;
    if (count === 1 && this.sources.size >= MOST_SOURCES) {
      for (const oldest of this.sources.keys()) {
        this.sources.delete(oldest);
        break;
      }
    }
    this.sources.set(source, count);
    return count;
  }
}
