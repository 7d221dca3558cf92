/**
 * What one evaluation keeps: the stack of jumps, and for each chain on it that has an index the cursors into the index's
 * lists. Reused from packet to packet; it grows to what the rules need and then stays.
 *
 *   stack     … | slot to go on at · chain · cursor · top |           a frame a jump
 *   cursors   … | number of lists · position in each list … |        a frame an indexed chain
 */
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { ChainIndex } from './classifier.ts';

/** In place of a cursor: the chain is walked rule by rule. */
export const LINEAR = -1;

/**
 * How many rules of a chain are walked before its index is asked. Rulesets begin with what accepts most packets, and
 * looking all fields up only to stop at the first rule would cost more than the rule.
 */
export const LEAD = 4;

const FRAME = 4;

export class Walk {
  /** Jumps on the stack. */
  depth: number;
  /** False once the packet's index keys can't be relied on. */
  usesIndex: boolean;
  /** Where `leave` leads. */
  chain: number;
  slot: number;
  /** Start of the present chain's frame in `cursors`, or LINEAR. */
  cursor: number;
  /** One past the last cursor in use. */
  private top: number;
  private stack: Int32Array;
  private cursors: Int32Array;
  // The packet's index keys before a target ran.
  private src0: number;
  private src1: number;
  private src2: number;
  private src3: number;
  private dst0: number;
  private dst1: number;
  private dst2: number;
  private dst3: number;
  private ports: number;

  constructor() {
    this.depth = 0;
    this.usesIndex = false;
    this.chain = 0;
    this.slot = 0;
    this.cursor = LINEAR;
    this.top = 0;
    this.stack = new Int32Array(16 * FRAME);
    this.cursors = new Int32Array(64);
    this.src0 = 0;
    this.src1 = 0;
    this.src2 = 0;
    this.src3 = 0;
    this.dst0 = 0;
    this.dst1 = 0;
    this.dst2 = 0;
    this.dst3 = 0;
    this.ports = 0;
  }

  begin(usesIndex: boolean): void {
    this.depth = 0;
    this.usesIndex = usesIndex;
    this.cursor = LINEAR;
    this.top = 0;
  }

  remember(pkt: PacketBuffer): void {
    this.src0 = pkt.src0;
    this.src1 = pkt.src1;
    this.src2 = pkt.src2;
    this.src3 = pkt.src3;
    this.dst0 = pkt.dst0;
    this.dst1 = pkt.dst1;
    this.dst2 = pkt.dst2;
    this.dst3 = pkt.dst3;
    this.ports = (pkt.sport << 16) | pkt.dport;
  }

  hasChanged(pkt: PacketBuffer): boolean {
    return (
      this.src0 !== pkt.src0 ||
      this.dst0 !== pkt.dst0 ||
      this.ports !== ((pkt.sport << 16) | pkt.dport) ||
      this.src3 !== pkt.src3 ||
      this.dst3 !== pkt.dst3 ||
      this.src1 !== pkt.src1 ||
      this.src2 !== pkt.src2 ||
      this.dst1 !== pkt.dst1 ||
      this.dst2 !== pkt.dst2
    );
  }

  /** Looks the packet up in the index of a chain that is being entered. */
  open(index: ChainIndex, pkt: PacketBuffer, iif: number, oif: number): void {
    const need = this.top + 1 + index.maxLists;
    if (need > this.cursors.length) this.cursors = grown(this.cursors, need);
    this.cursor = this.top;
    this.top = index.lookup(pkt, iif, oif, this.cursors, this.cursor);
  }

  /** Forgets the present chain's cursors: it is being left for good. */
  close(): void {
    if (this.cursor !== LINEAR) this.top = this.cursor;
    this.cursor = LINEAR;
  }

  /** The next rule at or behind `from` that can match; `end`, the chain's end, when there is none. */
  next(index: ChainIndex, from: number, end: number): number {
    return index.next(this.cursors, this.cursor, from, end);
  }

  /** Leaves for another chain, whose rules are walked until `open`; `leave` comes back to `slot`. */
  call(slot: number, chain: number): void {
    const at = this.depth++ * FRAME;
    if (at === this.stack.length) this.stack = grown(this.stack, 2 * at);
    this.stack[at] = slot;
    this.stack[at + 1] = chain;
    this.stack[at + 2] = this.cursor;
    this.stack[at + 3] = this.top;
    this.cursor = LINEAR;
  }

  /** Back to the chain that called, into `chain`, `slot` and `cursor`. */
  leave(): void {
    const at = --this.depth * FRAME;
    this.slot = this.stack[at]!;
    this.chain = this.stack[at + 1]!;
    this.cursor = this.stack[at + 2]!;
    this.top = this.stack[at + 3]!;
  }
}

function grown(array: Int32Array, atLeast: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(atLeast, 2 * array.length));
  larger.set(array);
  return larger;
}
