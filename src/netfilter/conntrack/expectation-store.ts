/**
 * Where expectations are kept: in the order of their making, by master, and by what every connection that fits has in common,
 * its protocol and destination. They are chained by links of their own, so that coming and going allocates nothing: a
 * call has four, and in a Map they also lived on in the tables that it had outgrown (bench alg-messages-sip: a quarter of
 * the time).
 */
import type { Expectation } from './expectations.ts';
import type { Tuple } from './tuple.ts';

const NONE: readonly Expectation[] = [];
/** A power of two. */
const FIRST_SLOTS = 64;

export class ExpectationStore {
  count = 0;
  /** The ends of the chain by age. */
  oldest: Expectation | null = null;
  private newest: Expectation | null = null;
  /** The newest of each slot. */
  private slots = emptySlots(FIRST_SLOTS);
  /** Empty lists stay as long as their masters, which announce again and again. */
  private readonly byMaster = new Map<number, Expectation[]>();

  add(expectation: Expectation): void {
    if (this.count === this.slots.length) this.widen();
    this.count++;
    expectation.isEntered = true;
    expectation.older = this.newest;
    if (this.newest === null) this.oldest = expectation;
    else this.newest.newer = expectation;
    this.newest = expectation;
    this.index(expectation);
    const own = this.byMaster.get(expectation.master);
    if (own === undefined) this.byMaster.set(expectation.master, [expectation]);
    else own.push(expectation);
  }

  remove(expectation: Expectation): void {
    this.count--;
    expectation.isEntered = false;
    const { older, newer } = expectation;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
    expectation.older = expectation.newer = null;
    this.unindex(expectation);
    const own = this.byMaster.get(expectation.master)!;
    own.splice(own.indexOf(expectation), 1);
  }

  /** The newest of those among which all that this tuple may fit are; `next` leads to the others. */
  newestFor(tuple: Tuple): Expectation | null {
    return this.slots[this.slotOf(tuple)]!;
  }

  of(master: number): readonly Expectation[] {
    return this.byMaster.get(master) ?? NONE;
  }

  /** The master went, and its expectations with it. */
  forget(master: number): void {
    this.byMaster.delete(master);
  }

  private index(expectation: Expectation): void {
    const slot = this.slotOf(expectation.tuple);
    expectation.next = this.slots[slot]!;
    this.slots[slot] = expectation;
  }

  private unindex(expectation: Expectation): void {
    const slot = this.slotOf(expectation.tuple);
    const first = this.slots[slot]!;
    if (first === expectation) {
      this.slots[slot] = expectation.next;
    } else {
      let before = first;
      while (before.next !== expectation) before = before.next!;
      before.next = expectation.next;
    }
    expectation.next = null;
  }

  private widen(): void {
    this.slots = emptySlots(2 * this.slots.length);
    for (let one = this.oldest; one !== null; one = one.newer) this.index(one);
  }

  private slotOf(tuple: Tuple): number {
    const hash = hashOf(tuple);
    return (hash ^ (hash >>> 15)) & (this.slots.length - 1);
  }
}

function emptySlots(count: number): (Expectation | null)[] {
  return new Array<Expectation | null>(count).fill(null);
}

function hashOf({ family, proto, dst0, dst1, dst2, dst3, dstId }: Tuple): number {
  const hash = Math.imul(dst0 ^ proto, 0x9e3779b1) ^ dstId;
  if (family === 4) return Math.imul(hash, 0x85ebca6b);
  return Math.imul(Math.imul(hash ^ dst1 ^ dst2, 0x9e3779b1) ^ dst3, 0x85ebca6b);
}
