/**
 * Which slot of which table decided on a packet, as one small integer in `PacketBuffer.decision`; 0 while none has.
 */
const SLOT_BITS = 27;
const SLOT_MASK = (1 << SLOT_BITS) - 1;

/** More slots than one table can hold in memory. */
export const MAX_SLOTS = 1 << SLOT_BITS;

/** `table` is an index into TABLE_NAMES. */
export function packDecision(table: number, slot: number): number {
  return ((table + 1) << SLOT_BITS) | slot;
}

/** -1 when nothing decided yet. */
export function decisionTable(decision: number): number {
  return (decision >>> SLOT_BITS) - 1;
}

export function decisionSlot(decision: number): number {
  return decision & SLOT_MASK;
}
