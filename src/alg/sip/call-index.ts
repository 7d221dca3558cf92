/**
 * The calls of one connection by Call-ID, which is looked for as it stands in the message. They are chained by links of their
 * own: a Map of strings would want a string of every message, and grow a new table every few calls.
 */
import type { ByteWord } from '../byte-word.ts';
import type { Legs } from './legs.ts';

/** A power of two; most connections carry one call at a time. */
const FIRST_SLOTS = 4;

export class CallIndex {
  count = 0;
  private slots: (Legs | null)[] = emptySlots(FIRST_SLOTS);

  find(callId: ByteWord): Legs | null {
    const { hash } = callId;
    let legs = this.slots[this.slotOf(hash)] ?? null;
    while (legs !== null && (legs.hash !== hash || !callId.is(legs.call.callId))) legs = legs.next;
    return legs;
  }

  add(legs: Legs): void {
    if (this.count === this.slots.length) this.widen();
    this.count++;
    this.link(legs);
  }

  remove(legs: Legs): void {
    const slot = this.slotOf(legs.hash);
    const first = this.slots[slot]!;
    if (first === legs) {
      this.slots[slot] = legs.next;
    } else {
      let before = first;
      while (before.next !== legs) before = before.next!;
      before.next = legs.next;
    }
    legs.next = null;
    this.count--;
  }

  private link(legs: Legs): void {
    const slot = this.slotOf(legs.hash);
    legs.next = this.slots[slot]!;
    this.slots[slot] = legs;
  }

  private widen(): void {
    const before = this.slots;
    this.slots = emptySlots(2 * before.length);
    for (let legs of before) {
      for (let next; legs !== null; legs = next) {
        next = legs.next;
        this.link(legs);
      }
    }
  }

  private slotOf(hash: number): number {
    return hash & (this.slots.length - 1);
  }
}

function emptySlots(count: number): (Legs | null)[] {
  return new Array<Legs | null>(count).fill(null);
}
