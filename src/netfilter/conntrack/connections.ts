/**
 * The connections: one small integer each, everything known of it side by side in typed arrays. Their life:
 *
 *   allocate ──► (packet on its way, unconfirmed) ──► confirm ──► in the hash ──► kill: dying ──► limbo ──► free
 *                          └── discard: the packet was dropped ─────────────────────────────────► limbo ──► free
 *
 * Entries that went stay readable in limbo for a while, since packets on their way may still point at them; a number is
 * given out again only after LIMBO others went. Whoever is a master of living entries stays until they are gone.
 * Expiry is lazy (on lookup) and by a sweep in small steps; no timers.
 *
 * It knows no packets and no protocols: those are conntrack.ts and the trackers.
 *
 * Bytes an entry: 128 record, 4 status, 4 mark, 4–8 buckets: about 145; counters (32) and start times (8) only when their
 * sysctls are on, IPv6 addresses (64) in TupleStore's side pool.
 */
import type { Rng } from '../../base/rng.ts';
import { CtStatus } from './ct-info.ts';
import {
  DEADLINE_STRIDE,
  OCTETS_LENGTH,
  PROTO_LENGTH,
  PROTO_OCTETS,
  PROTO_WORDS,
  Records,
  WAYS_STRIDE,
} from './record.ts';
import type { Tuple } from './tuple.ts';
import { TupleStore, enlarged } from './tuple-store.ts';

/** Private status bits, above those of Linux. */
export const HAS_COUNTERS = 1 << 24;
/** Linux: IPS_NAT_CLASH, which shares its bit with IPS_UNTRACKED. Only the reply direction is in the hash. */
export const NAT_CLASH = CtStatus.UNTRACKED;

const LIMBO = 64;
/** Packets that can be on their way at once (nested rejects and the like); older unconfirmed entries are given up. */
const MAX_PENDING = 64;
const SPARE = LIMBO + MAX_PENDING + 1;
/** A larger table begins with this and doubles. */
const FIRST_CAPACITY = 1 << 22;
const UNLIMITED_CAPACITY = 1 << 16;

/** Linux sweeps the whole table about so often; here a step of it runs when its time has come. */
const SWEEP_PERIOD_US = 30_000_000;
const SWEEP_STEP = 64;
/** Neighbouring buckets that early drop looks at (NF_CT_EVICTION_RANGE). */
const EVICTION_RANGE = 8;

export class Connections {
  readonly tuples: TupleStore;
  status: Int32Array;
  mark: Int32Array;
  private records: Records;
  private deadline: Float64Array;
  /** The tracker's own, at `entry * PROTO_WORDS` and `entry * PROTO_OCTETS` (record.ts). */
  proto: Int32Array;
  octets: Uint8Array;
  /** The packet filter's own, at `entry * WAYS_STRIDE` (flow-table.ts). */
  ways: Uint16Array;
  /** Four numbers an entry: packets and bytes of the original, then of the reply direction. Empty until needed. */
  private counters: Float64Array;
  private started: Float64Array;
  private readonly timeouts = new Map<number, Float64Array>();
  private readonly masters = new Map<number, number>();
  /** Living children by master. */
  private readonly children = new Map<number, number>();

  /** The time of the packet at hand. */
  now: number;
  /** Entries that count against nf_conntrack_max: unconfirmed ones too, those in limbo not. */
  count: number;
  /** How often an entry had to go for another. */
  earlyDropped: number;
  /** Told of every entry that goes, while its tuples can still be read. */
  onRemove: ((entry: number) => void) | null;
  /** Of assured entries: past its end, so that the sweep may take it when the table is full. */
  private readonly isClosing: (entry: number) => boolean;

  private free: number;
  private top: number;
  private readonly limbo = new Int32Array(LIMBO);
  private limboAt: number;
  private readonly pending = new Int32Array(MAX_PENDING);
  private pendingCount: number;
  private sweepAt: number;
  private sweepDue: number;
  /** Set when the table was full; ends when 5 % are free again. */
  private pressure: boolean;

  constructor(max: number, rng: Rng, isClosing: (entry: number) => boolean) {
    const capacity = firstCapacity(max);
    this.records = new Records(capacity);
    this.tuples = new TupleStore(capacity, this.records, rng);
    this.status = new Int32Array(capacity + 1);
    this.mark = new Int32Array(capacity + 1);
    this.deadline = this.records.deadline;
    this.proto = this.records.proto;
    this.octets = this.records.octets;
    this.ways = this.records.ways;
    this.counters = new Float64Array(0);
    this.started = new Float64Array(0);
    this.now = 0;
    this.count = 0;
    this.earlyDropped = 0;
    this.onRemove = null;
    this.isClosing = isClosing;
    this.free = 0;
    this.top = 0;
    this.limboAt = 0;
    this.pendingCount = 0;
    this.sweepAt = 1;
    this.sweepDue = -Infinity;
    this.pressure = false;
  }

  get capacity(): number {
    return this.tuples.capacity;
  }

  /** Highest number given out so far. */
  get highest(): number {
    return this.top;
  }

  // ── Birth ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A new unconfirmed entry with these tuples, or 0 when `max` (0: none) is reached and nothing could be dropped. */
  allocate(original: Tuple, reply: Tuple, max: number): number {
    if (max !== 0 && this.count >= max && !this.makeRoom(original, max)) return 0;
    if (this.pendingCount === MAX_PENDING) this.discard(this.pending[0]!);
    const entry = this.take();
    this.tuples.write(entry * 2, original);
    this.tuples.write(entry * 2 + 1, reply);
    this.count++;
    this.pending[this.pendingCount++] = entry;
    return entry;
  }

  private take(): number {
    if (this.free !== 0) {
      const entry = this.free;
      this.free = this.mark[entry]!;
      this.mark[entry] = 0;
      return entry;
    }
    if (this.top === this.capacity) this.grow(this.capacity * 2);
    return ++this.top;
  }

  private grow(capacity: number): void {
    this.records = new Records(capacity, this.records);
    this.tuples.grow(capacity, this.records);
    this.deadline = this.records.deadline;
    this.proto = this.records.proto;
    this.octets = this.records.octets;
    this.ways = this.records.ways;
    this.status = enlarged(this.status, capacity + 1);
    this.mark = enlarged(this.mark, capacity + 1);
    if (this.counters.length > 0) this.counters = enlargedFloat(this.counters, (capacity + 1) * 4);
    if (this.started.length > 0) this.started = enlargedFloat(this.started, capacity + 1);
  }

  /** Room for `max` entries, when the sysctl grew. */
  reserve(max: number): void {
    const wanted = firstCapacity(max);
    if (wanted > this.capacity) this.grow(wanted);
  }

  /** Gives the entry counters from here on (nf_conntrack_acct). */
  addCounters(entry: number): void {
    if (this.counters.length === 0) this.counters = new Float64Array((this.capacity + 1) * 4);
    this.counters.fill(0, entry * 4, entry * 4 + 4);
    this.status[entry] = this.status[entry]! | HAS_COUNTERS;
  }

  /** Notes the start (nf_conntrack_timestamp). */
  addStart(entry: number): void {
    if (this.started.length === 0) this.started = new Float64Array(this.capacity + 1);
    this.started[entry] = this.now;
  }

  startOf(entry: number): number {
    return this.started.length === 0 ? 0 : this.started[entry]!;
  }

  /** Makes an entry a child: it holds its master, which stays readable as long. */
  setMaster(child: number, master: number): void {
    this.masters.set(child, master);
    this.children.set(master, (this.children.get(master) ?? 0) + 1);
  }

  masterOf(entry: number): number {
    return this.masters.size === 0 ? 0 : (this.masters.get(entry) ?? 0);
  }

  /** References as `conntrack -L` counts them: the table's and the children's. */
  usesOf(entry: number): number {
    return 1 + (this.children.get(entry) ?? 0);
  }

  /** A timeout policy (`-j CT --timeout`) in place of the protocol's own timeouts. */
  setTimeouts(entry: number, timeouts: Float64Array): void {
    this.timeouts.set(entry, timeouts);
  }

  timeoutsOf(entry: number, common: Float64Array): Float64Array {
    return this.timeouts.size === 0 ? common : (this.timeouts.get(entry) ?? common);
  }

  // ── Life ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Into the hash; the timeout runs from here. Chains and clashes have been looked at before. */
  insert(entry: number, withOriginal: boolean): void {
    this.forgetPending(entry);
    this.deadline[entry * DEADLINE_STRIDE] = this.now + this.deadline[entry * DEADLINE_STRIDE]!;
    this.status[entry] = this.status[entry]! | CtStatus.CONFIRMED;
    if (withOriginal) this.tuples.link(entry * 2);
    this.tuples.link(entry * 2 + 1);
  }

  /** Microseconds since the epoch; of unconfirmed entries, the timeout itself. */
  deadlineOf(entry: number): number {
    return this.deadline[entry * DEADLINE_STRIDE]!;
  }

  setDeadline(entry: number, deadline: number): void {
    this.deadline[entry * DEADLINE_STRIDE] = deadline;
  }

  isExpired(entry: number): boolean {
    return this.deadline[entry * DEADLINE_STRIDE]! <= this.now;
  }

  /** Expired entries go when they are met. */
  isGone(entry: number): boolean {
    if (!this.isExpired(entry)) return false;
    this.kill(entry);
    return true;
  }

  /** A new timeout (unless it is fixed), and the packet counted. */
  refresh(entry: number, direction: number, packetBytes: number, timeoutUs: number): void {
    this.setTimeout(entry, timeoutUs);
    if (this.status[entry]! & HAS_COUNTERS) this.countPacket(entry, direction, packetBytes);
  }

  /** A new timeout, unless it is fixed. */
  setTimeout(entry: number, timeoutUs: number): void {
    const status = this.status[entry]!;
    if ((status & CtStatus.FIXED_TIMEOUT) === 0) {
      this.deadline[entry * DEADLINE_STRIDE] = status & CtStatus.CONFIRMED ? this.now + timeoutUs : timeoutUs;
    }
  }

  countPacket(entry: number, direction: number, packetBytes: number): void {
    if ((this.status[entry]! & HAS_COUNTERS) === 0) return;
    const at = entry * 4 + direction * 2;
    this.counters[at] = this.counters[at]! + 1;
    this.counters[at + 1] = this.counters[at + 1]! + packetBytes;
  }

  zeroCounters(entry: number): void {
    if (this.status[entry]! & HAS_COUNTERS) this.counters.fill(0, entry * 4, entry * 4 + 4);
  }

  packets(entry: number, direction: number): number {
    return this.status[entry]! & HAS_COUNTERS ? this.counters[entry * 4 + direction * 2]! : 0;
  }

  bytes(entry: number, direction: number): number {
    return this.status[entry]! & HAS_COUNTERS ? this.counters[entry * 4 + direction * 2 + 1]! : 0;
  }

  // ── Death ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes an entry out of the table. False when it is dying already. */
  kill(entry: number): boolean {
    const status = this.status[entry]!;
    if (status & CtStatus.DYING) return false;
    if ((status & CtStatus.CONFIRMED) === 0) {
      this.discard(entry);
      return true;
    }
    this.status[entry] = status | CtStatus.DYING;
    this.tuples.unlink(entry * 2);
    this.tuples.unlink(entry * 2 + 1);
    this.bury(entry);
    return true;
  }

  /** An unconfirmed entry whose packet ended. Any other is left alone. */
  discard(entry: number): void {
    if (!this.forgetPending(entry)) return;
    this.status[entry] = this.status[entry]! | CtStatus.DYING;
    this.bury(entry);
  }

  private forgetPending(entry: number): boolean {
    const { pending } = this;
    // The packet at hand is nearly always the last one that made an entry.
    let at = this.pendingCount - 1;
    while (at >= 0 && pending[at] !== entry) at--;
    if (at < 0) return false;
    pending.copyWithin(at, at + 1, this.pendingCount);
    this.pendingCount--;
    return true;
  }

  private bury(entry: number): void {
    this.count--;
    if (this.onRemove !== null) this.onRemove(entry);
    if (this.timeouts.size !== 0) this.timeouts.delete(entry);
    const master = this.masterOf(entry);
    if (master !== 0) this.letGo(entry, master);
    if (!this.children.has(entry)) this.toLimbo(entry);
  }

  private letGo(child: number, master: number): void {
    this.masters.delete(child);
    const left = this.children.get(master)! - 1;
    if (left > 0) {
      this.children.set(master, left);
      return;
    }
    this.children.delete(master);
    if (this.status[master]! & CtStatus.DYING) this.toLimbo(master);
  }

  private toLimbo(entry: number): void {
    const oldest = this.limbo[this.limboAt]!;
    this.limbo[this.limboAt] = entry;
    this.limboAt = (this.limboAt + 1) % LIMBO;
    if (oldest !== 0) this.recycle(oldest);
  }

  private recycle(entry: number): void {
    this.tuples.clear(entry);
    this.status[entry] = 0;
    this.deadline[entry * DEADLINE_STRIDE] = 0;
    this.proto.fill(0, entry * PROTO_WORDS, entry * PROTO_WORDS + PROTO_LENGTH);
    this.octets.fill(0, entry * PROTO_OCTETS, entry * PROTO_OCTETS + OCTETS_LENGTH);
    this.ways[entry * WAYS_STRIDE] = 0;
    this.ways[entry * WAYS_STRIDE + 1] = 0;
    this.mark[entry] = this.free;
    this.free = entry;
  }

  // ── Sweep and early drop ────────────────────────────────────────────────────────────────────────────────────────

  /** Runs a step of the sweep when its time has come; to be called with every packet. */
  tick(max: number): void {
    if (this.now >= this.sweepDue) this.sweep(SWEEP_STEP, max);
  }

  private sweep(steps: number, max: number): void {
    const { top } = this;
    this.sweepDue = this.now + (SWEEP_PERIOD_US * steps) / Math.max(top, SWEEP_STEP);
    if (this.pressure && this.count < max - Math.floor(max / 20)) this.pressure = false;
    for (let i = Math.min(steps, top); i > 0; i--) {
      if (this.sweepAt > top) this.sweepAt = 1;
      const entry = this.sweepAt++;
      if (!this.isInTable(entry)) continue;
      if (this.isExpired(entry) || (this.pressure && this.mayGo(entry))) this.kill(entry);
    }
  }

  /** Forgets every connection's ways. */
  forgetWays(): void {
    for (let entry = 1; entry <= this.top; entry++) {
      this.ways[entry * WAYS_STRIDE] = 0;
      this.ways[entry * WAYS_STRIDE + 1] = 0;
    }
  }

  isInTable(entry: number): boolean {
    return (this.status[entry]! & (CtStatus.CONFIRMED | CtStatus.DYING)) === CtStatus.CONFIRMED;
  }

  private mayGo(entry: number): boolean {
    return (this.status[entry]! & CtStatus.ASSURED) === 0 || this.isClosing(entry);
  }

  /** Early drop, and if that finds nothing some steps of the sweep, which from now on takes closing entries too. */
  private makeRoom(tuple: Tuple, max: number): boolean {
    if (this.earlyDrop(tuple)) {
      this.earlyDropped++;
      return true;
    }
    this.pressure = true;
    this.sweep(SWEEP_STEP * 4, max);
    return this.count < max;
  }

  /** Drops the unassured entries of the first bucket, from the new tuple's on, that has any. */
  private earlyDrop(tuple: Tuple): boolean {
    const { tuples } = this;
    const first = tuples.bucketOfTuple(tuple);
    for (let i = 0; i < EVICTION_RANGE; i++) {
      const before = this.count;
      let node = tuples.bucketHead(first + i);
      while (node !== 0) {
        const after = tuples.nextInBucket(node);
        const entry = node >> 1;
        if ((this.status[entry]! & CtStatus.ASSURED) === 0 || this.isExpired(entry)) {
          // Both directions of one entry may stand in this bucket, next to each other.
          const afterBoth = after >> 1 === entry && after !== 0 ? tuples.nextInBucket(after) : after;
          this.kill(entry);
          node = afterBoth;
        } else {
          node = after;
        }
      }
      if (this.count < before) return true;
    }
    return false;
  }
}

function firstCapacity(max: number): number {
  return (max === 0 ? UNLIMITED_CAPACITY : Math.min(max, FIRST_CAPACITY)) + SPARE;
}

function enlargedFloat(array: Float64Array, length: number): Float64Array {
  const copy = new Float64Array(length);
  copy.set(array);
  return copy;
}
