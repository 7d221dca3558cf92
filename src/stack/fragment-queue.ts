/**
 * Fragments of one datagram on their way to being whole, and the table of all such queues (Linux: inet_fragment.c). It
 * knows nothing of headers: only of pieces of data with a place.
 *
 * A piece that lies within what is there already is a duplicate and is ignored; one that overlaps in part ends the
 * queue (RFC 5722, and Linux for IPv4 as well). Memory is charged as Linux charges it, roughly: a queue and a piece
 * cost more than their bytes. Above the limit no new queue is begun; those that exist may still become whole.
 */
import { call } from '../base/call.ts';
import type { Clock, Timer } from '../base/clock.ts';

/** Who collects; queues of different users never mix (Linux: enum ip_defrag_users). */
export const DefragUser = { LOCAL_DELIVER: 0, CONNTRACK_IN: 1, CONNTRACK_OUT: 2 } as const;
export type DefragUser = (typeof DefragUser)[keyof typeof DefragUser];

export const Insert = { OK: 0, DUPLICATE: 1, OVERLAP: 2 } as const;
export type Insert = (typeof Insert)[keyof typeof Insert];

const MICROSECONDS_PER_SECOND = 1_000_000;
/** sizeof(struct ipq), and what an sk_buff costs beside its data, in bytes. */
const QUEUE_COST = 256;
const PIECE_COST = 640;

const NO_HEADER = new Uint8Array(0);

/** A fragment's data; the first one's headers stand in front of it in `bytes`. */
export interface Piece {
  readonly offset: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  /** Where the data begin in `bytes`. */
  readonly dataAt: number;
  readonly packetType: number;
}

export class FragmentQueue {
  readonly key: string;
  /** In the order of their offsets; they never overlap. */
  readonly pieces: Piece[] = [];
  /** One past the last byte known of. */
  length = 0;
  /** Bytes that have come. */
  have = 0;
  hasLast = false;
  cost = QUEUE_COST;
  /** Largest fragment, in bytes at layer 3, and the largest that had DF set (IPv4). */
  maxSize = 0;
  maxDfSize = 0;
  /** Bit set (1 << ECN field) of what the fragments had. */
  ecn = 0;
  /** Interface of the latest fragment, and the number of the input packet that brought it. */
  iif = 0;
  cause = 0;
  /** IPv4: the value of its source's counter when the latest fragment came (ipfrag_max_dist). */
  distance = 0;
  /** IPv6: where in the first fragment the field stands that names its fragment header, from the IP header on. */
  firstNextAt = 0;
  /** Ethernet header of the first fragment, which log lines show; empty until it has come. */
  frameHeader: Uint8Array = NO_HEADER;
  timer: Timer | null = null;

  constructor(key: string) {
    this.key = key;
  }

  get first(): Piece | undefined {
    return this.pieces.length > 0 && this.pieces[0]!.offset === 0 ? this.pieces[0] : undefined;
  }

  get isWhole(): boolean {
    return this.hasLast && this.have === this.length && this.first !== undefined;
  }

  /** True when a fragment with these bounds contradicts what is known of the datagram's end; else notes its own end. */
  contradicts(end: number, isLast: boolean): boolean {
    if (isLast) {
      if (end < this.length || (this.hasLast && end !== this.length)) return true;
      this.hasLast = true;
      this.length = end;
    } else if (end > this.length) {
      if (this.hasLast) return true;
      this.length = end;
    }
    return false;
  }

  insert(piece: Piece): Insert {
    const { pieces } = this;
    // The usual case first: the next one in order.
    let at = pieces.length;
    if (at > 0 && piece.offset < pieces[at - 1]!.end) at = this.position(piece.offset);
    if (at > 0 && pieces[at - 1]!.end > piece.offset) return this.covers(at - 1, piece);
    if (at < pieces.length && pieces[at]!.offset < piece.end) return Insert.OVERLAP;
    pieces.splice(at, 0, piece);
    this.have += piece.end - piece.offset;
    return Insert.OK;
  }

  /** Index behind the last piece that starts at or before the offset. */
  private position(offset: number): number {
    let low = 0;
    let high = this.pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pieces[middle]!.offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The piece begins inside an existing one: a duplicate if pieces without a gap reach to its end. */
  private covers(from: number, piece: Piece): Insert {
    let end = this.pieces[from]!.end;
    for (let i = from + 1; end < piece.end && i < this.pieces.length && this.pieces[i]!.offset === end; i++) {
      end = this.pieces[i]!.end;
    }
    return end >= piece.end ? Insert.DUPLICATE : Insert.OVERLAP;
  }
}

export class FragmentTable {
  private readonly clock: Clock;
  private readonly onExpire: (queue: FragmentQueue) => void;
  private readonly queues = new Map<string, FragmentQueue>();
  /** Bytes charged by all queues. */
  memory = 0;

  constructor(clock: Clock, onExpire: (queue: FragmentQueue) => void) {
    this.clock = clock;
    this.onExpire = onExpire;
  }

  get size(): number {
    return this.queues.size;
  }

  /** The queue of that key, begun if need be; undefined when there is no memory for another. */
  find(key: string, limit: number, timeoutSeconds: number): FragmentQueue | undefined {
    const known = this.queues.get(key);
    if (known !== undefined) return known;
    if (this.memory > limit) return undefined;
    const queue = new FragmentQueue(key);
    const due = this.clock.now + timeoutSeconds * MICROSECONDS_PER_SECOND;
    queue.timer = this.clock.at(due, call(this, 'expire', queue));
    this.queues.set(key, queue);
    this.memory += queue.cost;
    return queue;
  }

  /** The timer's. */
  expire(queue: FragmentQueue): void {
    this.remove(queue);
    this.onExpire(queue);
  }

  charge(queue: FragmentQueue, piece: Piece): void {
    const cost = PIECE_COST + piece.bytes.length;
    queue.cost += cost;
    this.memory += cost;
  }

  remove(queue: FragmentQueue): void {
    if (this.queues.get(queue.key) !== queue) return;
    this.queues.delete(queue.key);
    queue.timer?.cancel();
    this.memory -= queue.cost;
  }
}

/** The ECN field of a datagram out of those of its fragments (RFC 3168 5.3); -1 when they must not go together. */
export function joinEcn(seen: number): number {
  const notCapable = (seen & 1) !== 0;
  if (notCapable) return seen === 1 ? 0 : -1;
  const congestion = (seen & 8) !== 0;
  return congestion && seen !== 8 ? 3 : 0;
}
