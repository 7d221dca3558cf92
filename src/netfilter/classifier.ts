/**
 * The index of a long chain: which of its rules can match this packet, without walking the others.
 *
 * Every rule is filed under what it fixes: its source network, or its destination port, or whatever tells it from the
 * others best (classifier-plan.ts chooses). Rules that fix the same fields form a group, and a packet is looked up once a
 * group: its fields, masked as the group says, are hashed, and the hash leads to the rules filed there. Rules that fix
 * nothing useful stand in the residual list, which every packet gets.
 *
 *   group      dims · seed · level · source mask · destination mask          what of the packet is hashed
 *   table      hash · position | hash · position | …                         open addressing, position 0 is empty
 *   lists      slot slot … END slot END …                                    ascending; position 0 is not used
 *
 * All that is promised of a list is that no rule which can match is missing from the packet's lists: each rule is
 * evaluated in full when its turn comes. `next` merges the lists by slot, so that order, first match, counters and the
 * effects of matches that keep state are those of the linear walk.
 *
 * Cost: about 5 ns a group, and nothing for a rule that is in none of the packet's lists.
 */
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { InterfacePatterns } from './interface-patterns.ts';
import type { Program } from './compile.ts';
import { planIndex, type IndexPlan } from './classifier-plan.ts';
import { Dim, hashAddress, hashWord, finishHash } from './classifier-key.ts';

/** Ends a list; larger than any slot, so that a merge need not ask. */
const END = 0x7fffffff;

/** Integers a group. */
const GROUP = { DIMS: 0, SEED: 1, LEVEL: 2, SOURCE: 3, DESTINATION: 7 } as const;
const GROUP_STRIDE = 11;

/** By chain number; null where walking is cheaper. */
export function indexChains(program: Program, patterns: InterfacePatterns): (ChainIndex | null)[] {
  return program.layout.chains.map((_, number) => {
    const plan = planIndex(program, number, patterns);
    return plan === null ? null : new ChainIndex(plan, program.addressWords);
  });
}

export class ChainIndex {
  /** How many lists a packet may get at most. */
  readonly maxLists: number;
  private readonly addressWords: number;
  private readonly groups: Int32Array;
  private readonly table: Int32Array;
  private readonly mask: number;
  private readonly lists: Int32Array;
  /** Position of the residual list, 0 when it is empty. */
  private readonly residual: number;

  constructor(plan: IndexPlan, addressWords: number) {
    this.addressWords = addressWords;
    this.maxLists = plan.groups.length + 1;
    this.groups = new Int32Array(plan.groups.length * GROUP_STRIDE);
    plan.groups.forEach((group, i) => {
      const at = i * GROUP_STRIDE;
      this.groups[at + GROUP.DIMS] = group.dims;
      this.groups[at + GROUP.SEED] = group.seed;
      this.groups[at + GROUP.LEVEL] = group.level;
      this.groups.set(group.sourceMask, at + GROUP.SOURCE);
      this.groups.set(group.destinationMask, at + GROUP.DESTINATION);
    });
    const keys = plan.lists.size;
    // At most a quarter full: a miss, the usual case, then ends at its first look nearly always.
    let size = 4;
    while (size < 4 * keys) size *= 2;
    this.table = new Int32Array(2 * size);
    this.mask = size - 1;
    this.lists = new Int32Array(plan.entries + keys + plan.residual.length + 2);
    let top = 1;
    const write = (slots: readonly number[]): number => {
      const position = top;
      for (const slot of slots) this.lists[top++] = slot;
      this.lists[top++] = END;
      return position;
    };
    this.residual = plan.residual.length === 0 ? 0 : write(plan.residual);
    for (const [hash, slots] of plan.lists) {
      let at = hash & this.mask;
      while (this.table[2 * at + 1] !== 0) at = (at + 1) & this.mask;
      this.table[2 * at] = hash;
      this.table[2 * at + 1] = write(slots);
    }
  }

  /**
   * Finds the packet's lists and writes their number and positions to `out` from `at` on. Returns where they end.
   * `iif` and `oif` are the numbers of the patterns that are the interfaces' own names, -1 for none.
   */
  lookup(pkt: PacketBuffer, iif: number, oif: number, out: Int32Array, at: number): number {
    const { groups, table, mask } = this;
    let top = at + 1;
    if (this.residual !== 0) out[top++] = this.residual;
    for (let g = 0; g < groups.length; g += GROUP_STRIDE) {
      const hash = this.hash(g, pkt, iif, oif);
      for (let i = (hash & mask) << 1; table[i + 1]! !== 0; i = (i + 2) & ((mask << 1) | 1)) {
        if (table[i]! !== hash) continue;
        out[top++] = table[i + 1]!;
        break;
      }
    }
    out[at] = top - at - 1;
    return top;
  }

  /** The smallest slot at or behind `from` in the lists at `at`, or `end`. Moves the lists' positions on. */
  next(cursors: Int32Array, at: number, from: number, end: number): number {
    const { lists } = this;
    const stop = at + cursors[at]!;
    let best = end;
    for (let i = at + 1; i <= stop; i++) {
      let position = cursors[i]!;
      if (lists[position]! < from) {
        do position++;
        while (lists[position]! < from);
        cursors[i] = position;
      }
      if (lists[position]! < best) best = lists[position]!;
    }
    return best;
  }

  private hash(g: number, pkt: PacketBuffer, iif: number, oif: number): number {
    const { groups } = this;
    const dims = groups[g]!;
    let hash = groups[g + GROUP.SEED]!;
    if ((dims & Dim.SOURCE) !== 0) {
      const m = g + GROUP.SOURCE;
      hash =
        this.addressWords === 1
          ? hashWord(hash, pkt.src0 & groups[m]!)
          : hashAddress(
              hash,
              pkt.src0 & groups[m]!,
              pkt.src1 & groups[m + 1]!,
              pkt.src2 & groups[m + 2]!,
              pkt.src3 & groups[m + 3]!,
            );
    }
    if ((dims & Dim.DESTINATION) !== 0) {
      const m = g + GROUP.DESTINATION;
      hash =
        this.addressWords === 1
          ? hashWord(hash, pkt.dst0 & groups[m]!)
          : hashAddress(
              hash,
              pkt.dst0 & groups[m]!,
              pkt.dst1 & groups[m + 1]!,
              pkt.dst2 & groups[m + 2]!,
              pkt.dst3 & groups[m + 3]!,
            );
    }
    if ((dims & Dim.PROTOCOL) !== 0) hash = hashWord(hash, pkt.proto);
    if ((dims & Dim.SPORT) !== 0) hash = hashWord(hash, pkt.sport >> groups[g + GROUP.LEVEL]!);
    if ((dims & Dim.DPORT) !== 0) hash = hashWord(hash, pkt.dport >> groups[g + GROUP.LEVEL]!);
    if ((dims & Dim.IN) !== 0) hash = hashWord(hash, iif);
    if ((dims & Dim.OUT) !== 0) hash = hashWord(hash, oif);
    return finishHash(hash);
  }
}
