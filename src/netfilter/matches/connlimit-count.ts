/**
 * Connections by key, for `connlimit` (Linux: nf_conncount, as of 6.18). A packet's connection is added to the list of its
 * key unless it is there or is assured, which it became after it was counted; those that have gone, and TCP connections past their end, are taken
 * off while the list is walked, a few at a time. A list is walked once a jiffy: until the next one packets of one connection
 * that is not known yet are counted severally.
 */
import type { Clock } from '../../base/clock.ts';
import { Tuple } from '../conntrack/tuple.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import { WordKeys } from '../word-keys.ts';
import { jiffies } from './jiffies.ts';

/** CONNCOUNT_GC_MAX_NODES: how many are taken off in one walk. */
const MOST_TAKEN_OFF = 8;
/** Of one key; more than any limit that makes sense, and what a flood may cost (Linux: 2^31). */
const MOST_MEMBERS = 1 << 16;
/** Keys from which on those go that have no connection any more; from then on, whenever there are twice as many. */
const FIRST_SWEEP = 4096;

class MemberList {
  /** Original tuples. */
  readonly members: Tuple[] = [];
  /** The jiffy in which it was walked, or grew. */
  walkedAt = -1;
}

export class ConnectionCounts {
  private readonly conntrack: ConntrackView;
  private readonly clock: Clock;
  private readonly keys = new WordKeys(5);
  private readonly lists: (MemberList | undefined)[] = [];
  private sweepAt = FIRST_SWEEP;

  constructor(conntrack: ConntrackView, clock: Clock) {
    this.conntrack = conntrack;
    this.clock = clock;
  }

  /** To be filled in before `count`. */
  get key(): Int32Array {
    return this.keys.key;
  }

  /**
   * Connections of the key. That of the packet at hand (its original tuple) is among them; but one that `isAssured` only
   * if it is the key's first, or was there. 0: all that there were have gone.
   */
  count(tuple: Tuple, isAssured: boolean): number {
    const now = jiffies(this.clock);
    const list = this.listOf();
    if (isAssured && list.walkedAt >= 0) {
      if (list.walkedAt !== now) this.walk(list, null);
    } else if (list.walkedAt === now || !this.walk(list, tuple)) {
      if (list.members.length < MOST_MEMBERS) list.members.push(new Tuple().copy(tuple));
    }
    list.walkedAt = now;
    return list.members.length;
  }

  private listOf(): MemberList {
    let row = this.keys.find();
    if (row < 0) {
      if (this.keys.count >= this.sweepAt) this.sweep();
      row = this.keys.add();
      this.lists[row] = new MemberList();
    }
    return this.lists[row]!;
  }

  /** Takes off what does not count any more; true when the tuple is on the list. */
  private walk({ members }: MemberList, tuple: Tuple | null): boolean {
    let taken = 0;
    for (let i = 0; i < members.length && taken <= MOST_TAKEN_OFF;) {
      const member = members[i]!;
      const entry = this.conntrack.find(member);
      if (entry !== 0 && tuple !== null && member.equals(tuple)) return true;
      if (entry !== 0 && !this.conntrack.isPastEnd(entry)) {
        i++;
      } else {
        members.splice(i, 1);
        taken++;
      }
    }
    return false;
  }

  /** Who sends from ever new addresses costs no more keys than twice those with connections (Linux: tree_gc_worker). */
  private sweep(): void {
    const { keys, lists } = this;
    for (let row = 0; row < keys.end; row++) {
      if (!keys.isUsed(row) || lists[row]!.members.some((member) => this.counts(member))) continue;
      keys.remove(row);
      lists[row] = undefined;
    }
    this.sweepAt = Math.max(FIRST_SWEEP, 2 * keys.count);
  }

  private counts(member: Tuple): boolean {
    const entry = this.conntrack.find(member);
    return entry !== 0 && !this.conntrack.isPastEnd(entry);
  }

  /** Keys that there are lists for. */
  get size(): number {
    return this.keys.count;
  }
}
