/**
 * Expectations: connections that a helper foresees (FTP's pinhole, a call's media). A new connection that fits one is
 * RELATED to the connection that the helper watched, its master. What helpers do is src/alg; this is their table.
 *
 * Limits: nf_conntrack_expect_max in all, and what its helper's policy allows to a master, where the oldest one makes room.
 * Sources: conntrack(8) "expect"; Linux 6.x by observation.
 */
import { CtStatus } from './ct-info.ts';
import type { Connections } from './connections.ts';
import { ExpectationStore } from './expectation-store.ts';
import type { CtHelper } from './helpers.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { Tuple } from './tuple.ts';

/** NF_CT_EXPECT_* */
export const ExpectFlag = { PERMANENT: 0x1, INACTIVE: 0x2, USERSPACE: 0x4 } as const;

/** What became of an attempt to enter an expectation; refusals under the names of the kernel's error codes. */
export const Entered = {
  OK: 0,
  /** Another one would fit the same connection (EBUSY): a further port may do. */
  BUSY: 1,
  /** The same one is there, for another purpose or of another master (EALREADY). */
  ALREADY: 2,
  /** A limit is reached, or the master is going (EMFILE, ESHUTDOWN). */
  REFUSED: 3,
} as const;
export type Entered = (typeof Entered)[keyof typeof Entered];

/** Why an expectation went. */
export const Gone = {
  USED: 'used',
  EXPIRED: 'expired',
  REPLACED: 'replaced by the same one',
  EVICTED: 'made room for a newer one',
  MASTER: 'its master ended',
  CANCELLED: 'cancelled',
} as const;
export type Gone = (typeof Gone)[keyof typeof Gone];

const NO_ADDRESS = new Int32Array(4);

/** Told of what becomes of an expectation. */
export interface ExpectationListener {
  /** A connection came: the new, unconfirmed entry. */
  used(expectation: Expectation, entry: number, pkt: PacketBuffer): void;
  /** It is no longer in the table. Of one that expired, when that is noticed. */
  gone(expectation: Expectation, why: Gone): void;
}

export class Expectation {
  /** What the new connection's original tuple must be; its source only where `mask` has bits. */
  readonly tuple = new Tuple();
  /** Of the source address words and source port. */
  readonly mask = new Tuple();
  readonly master: number;
  /** The helper whose policy counts it, and its class there. */
  readonly owner: CtHelper | null;
  readonly policyClass: number;
  /** The helper that the expected connection gets, if any. */
  helper: CtHelper | null = null;
  flags = 0;
  /** Microseconds since the epoch. */
  deadline = Infinity;
  /** Direction, relative to the master, in which the expected connection opens. */
  direction = 0;
  /** For address translation: where the expected connection really goes; set as a whole, never word by word. */
  savedAddress: Int32Array = NO_ADDRESS;
  savedPort = 0;
  /** Called with the new, unconfirmed entry, once (Linux: expectfn; address translation sets the connection up there). */
  onExpected: ((entry: number, pkt: PacketBuffer, expectation: Expectation) => void) | null = null;
  listener: ExpectationListener | null = null;
  /** For the table alone (expectation-store.ts): is it there, and between which others? */
  isEntered = false;
  older: Expectation | null = null;
  newer: Expectation | null = null;
  next: Expectation | null = null;

  constructor(master: number, owner: CtHelper | null, policyClass = 0) {
    this.master = master;
    this.owner = owner;
    this.policyClass = policyClass;
  }
}

export class Expectations {
  private readonly connections: Connections;
  private readonly store = new ExpectationStore();
  /** Told of those that come and go; null for nobody. */
  watcher: ((kind: 'NEW' | 'DESTROY', expectation: Expectation) => void) | null = null;

  constructor(connections: Connections) {
    this.connections = connections;
  }

  get count(): number {
    return this.store.count;
  }

  /**
   * Enters an expectation (nf_ct_expect_related). The same one by the same master takes the place of the former; one that
   * would make two fit one connection is refused, as is one over a limit. `anyMaster`: of another master, the same one is
   * replaced as well.
   */
  add(expectation: Expectation, expectMax: number, anyMaster = false): Entered {
    const { connections } = this;
    if (!connections.isInTable(expectation.master) && !this.isAlive(expectation.master)) {
      return Entered.REFUSED;
    }
    let next: Expectation | null = null;
    for (let other = this.store.newestFor(expectation.tuple); other !== null; other = next) {
      next = other.next;
      if (this.isOver(other)) this.remove(other, Gone.EXPIRED);
      else if ((anyMaster || other.master === expectation.master) && isSame(other, expectation)) {
        if (other.policyClass !== expectation.policyClass || other.master !== expectation.master) {
          return Entered.ALREADY;
        }
        this.remove(other, Gone.REPLACED);
      } else if (clash(other, expectation)) return Entered.BUSY;
    }
    const policy = expectation.owner?.policies[expectation.policyClass];
    if (policy !== undefined) {
      this.makeRoom(expectation, policy.maxExpected);
      expectation.deadline = connections.now + policy.timeoutUs;
    }
    if (this.count >= expectMax) this.expire();
    if (this.count >= expectMax) return Entered.REFUSED;
    this.store.add(expectation);
    this.watcher?.('NEW', expectation);
    return Entered.OK;
  }

  /** Of a class that has as many as it may, the oldest goes. */
  private makeRoom({ master, policyClass }: Expectation, most: number): void {
    if (most === 0) return;
    const all = this.of(master);
    let count = 0;
    let oldest: Expectation | null = null;
    for (let i = all.length - 1; i >= 0; i--) {
      const other = all[i]!;
      if (other.policyClass !== policyClass) continue;
      if (this.isOver(other)) {
        this.remove(other, Gone.EXPIRED);
      } else {
        oldest = other;
        count++;
      }
    }
    if (count >= most && oldest !== null) this.remove(oldest, Gone.EVICTED);
  }

  /** Forgets those whose time is over. */
  private expire(): void {
    let newer: Expectation | null = null;
    for (let one = this.store.oldest; one !== null; one = newer) {
      newer = one.newer;
      if (this.isOver(one)) this.remove(one, Gone.EXPIRED);
    }
  }

  /** The expectation that a new connection with this tuple fulfils; unless it is permanent it is gone thereby. */
  take(tuple: Tuple): Expectation | null {
    let next: Expectation | null = null;
    for (let one = this.store.newestFor(tuple); one !== null; one = next) {
      next = one.next;
      if (this.isOver(one)) {
        this.remove(one, Gone.EXPIRED);
        continue;
      }
      if (one.flags & ExpectFlag.INACTIVE || !fits(tuple, one)) continue;
      // A master that has not left this machine yet: nobody can know of what it announced.
      if (!this.connections.isInTable(one.master)) return null;
      if ((one.flags & ExpectFlag.PERMANENT) === 0) this.remove(one, Gone.USED);
      return one;
    }
    return null;
  }

  /** The one that a connection with this tuple would fulfil, active or not; the newest comes first. */
  find(tuple: Tuple): Expectation | null {
    let one = this.store.newestFor(tuple);
    while (one !== null && (this.isOver(one) || !fits(tuple, one))) one = one.next;
    return one;
  }

  remove(expectation: Expectation, why: Gone = Gone.CANCELLED): void {
    if (!expectation.isEntered) return;
    this.store.remove(expectation);
    this.watcher?.('DESTROY', expectation);
    if (expectation.listener !== null) expectation.listener.gone(expectation, why);
  }

  /** All that a connection announced, when it goes. */
  removeOf(master: number): void {
    for (const expectation of [...this.of(master)]) this.remove(expectation, Gone.MASTER);
    this.store.forget(master);
  }

  /** Who removes some of them on the way takes a copy. */
  of(master: number): readonly Expectation[] {
    return this.store.of(master);
  }

  /** Those that still hold. */
  *[Symbol.iterator](): IterableIterator<Expectation> {
    let newer: Expectation | null = null;
    for (let one = this.store.oldest; one !== null; one = newer) {
      newer = one.newer;
      if (!this.isOver(one)) yield one;
    }
  }

  private isOver(expectation: Expectation): boolean {
    return expectation.deadline <= this.connections.now;
  }

  private isAlive(entry: number): boolean {
    return (this.connections.status[entry]! & CtStatus.DYING) === 0;
  }
}

function fits(tuple: Tuple, { tuple: wanted, mask }: Expectation): boolean {
  return (
    sameDestination(tuple, wanted) &&
    ((tuple.src0 ^ wanted.src0) & mask.src0) === 0 &&
    ((tuple.src1 ^ wanted.src1) & mask.src1) === 0 &&
    ((tuple.src2 ^ wanted.src2) & mask.src2) === 0 &&
    ((tuple.src3 ^ wanted.src3) & mask.src3) === 0 &&
    ((tuple.srcId ^ wanted.srcId) & mask.srcId) === 0 &&
    tuple.zone === wanted.zone
  );
}

function sameDestination(a: Tuple, b: Tuple): boolean {
  return (
    a.family === b.family &&
    a.proto === b.proto &&
    a.dstId === b.dstId &&
    a.dst0 === b.dst0 &&
    a.dst1 === b.dst1 &&
    a.dst2 === b.dst2 &&
    a.dst3 === b.dst3
  );
}

function sameSource(a: Tuple, b: Tuple): boolean {
  return (
    a.src0 === b.src0 && a.src1 === b.src1 && a.src2 === b.src2 && a.src3 === b.src3 && a.srcId === b.srcId
  );
}

function isSame(a: Expectation, b: Expectation): boolean {
  return (
    sameDestination(a.tuple, b.tuple) &&
    sameSource(a.tuple, b.tuple) &&
    sameSource(a.mask, b.mask) &&
    a.tuple.zone === b.tuple.zone
  );
}

/** Could one connection fit both? Judged by what both masks look at. */
function clash(a: Expectation, b: Expectation): boolean {
  return (
    sameDestination(a.tuple, b.tuple) &&
    a.tuple.zone === b.tuple.zone &&
    ((a.tuple.src0 ^ b.tuple.src0) & a.mask.src0 & b.mask.src0) === 0 &&
    ((a.tuple.src1 ^ b.tuple.src1) & a.mask.src1 & b.mask.src1) === 0 &&
    ((a.tuple.src2 ^ b.tuple.src2) & a.mask.src2 & b.mask.src2) === 0 &&
    ((a.tuple.src3 ^ b.tuple.src3) & a.mask.src3 & b.mask.src3) === 0 &&
    ((a.tuple.srcId ^ b.tuple.srcId) & a.mask.srcId & b.mask.srcId) === 0
  );
}
