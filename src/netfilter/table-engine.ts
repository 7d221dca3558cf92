/**
 * What the packet filter asks of an engine that judges packets by one table. There are two: the reference
 * (reference.ts), which is obvious, and the compiled one (evaluate.ts), which is fast. They answer alike.
 */
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Hook } from './hook.ts';
import type { HookState } from './hook-state.ts';
import type { Layout } from './layout.ts';

/** TableEngine.stepCount. */
export const NOT_STEADY = -1;

export interface TableEngine {
  readonly layout: Layout;
  /** The slot that the last call of `run` decided at. */
  readonly decidedAt: number;
  /**
   * Judges the packet by the chain of that hook; ACCEPT where the table has none. A verdict as the kernel's:
   * NFQUEUE's number stands in the upper 16 bits.
   */
  run(hook: Hook, pkt: PacketBuffer, at: HookState): number;
  /**
   * By hook: the slot of the policy where the chain has no rules and its policy is ACCEPT, else -1. Most chains of most
   * tables are so, and then `count` is all that there is to do.
   */
  readonly emptyAt: Int32Array;
  /** Counts packets and bytes that passed a slot without being judged. */
  count(slot: number, packets: number, bytes: number): void;
  /** What the last call of `run` counted, in order: the first `stepCount` are slots. */
  readonly steps: Int32Array;
  /** NOT_STEADY when another steady packet (flow-table.ts) of the same flow may go another way, or a target acted. */
  readonly stepCount: number;
  /** Writes the counters into the rules and chains of the layout's table. */
  storeCounters(): void;
  /** Takes the counters from there. */
  loadCounters(): void;
}

/** Is told of every rule and chain's end that a traced packet matches, before the target acts. */
export interface TraceSink {
  /** True when every packet is traced, not only those that `-j TRACE` marked. */
  readonly all: boolean;
  passed(layout: Layout, slot: number, pkt: PacketBuffer, at: HookState): void;
}
