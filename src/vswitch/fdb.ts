/**
 * The forwarding database: which address (in which VLAN) is behind which port. Open addressing in typed arrays, keyed with
 * a secret, grown by doubling up to a limit, so that a flood of random addresses costs a bounded amount of memory and
 * time. Removed entries are filled up by those behind them, so no marks of the dead slow the search.
 *
 * Ageing is decided when an entry is looked at: one older than the ageing time is as good as absent. Expired ones are
 * taken out when room is needed and when the table is shown, never by a timer.
 *
 * Source: Linux net/bridge documentation, bridge(8) "bridge fdb": static, sticky, permanent (local) entries.
 */
import type { Rng } from '../base/rng.ts';
import { formatMac } from '../wire/address.ts';

/** What kind an entry is; 0 for one that was learnt. */
export const FdbFlag = {
  /** Does not age. It still moves when its address is seen elsewhere, as in Linux, unless it is sticky too. */
  STATIC: 1,
  /** Stays on its port, whatever is seen. */
  STICKY: 2,
  /** An address of the switch itself or of one of its ports: taken, not forwarded. */
  LOCAL: 4,
} as const;

/** What `learn` did. */
export const Learnt = { REFRESHED: 0, NEW: 1, MOVED: 2, LOCAL: 3, STICKY: 4, FULL: 5 } as const;

/** The kernel has no limit unless `fdb_max_learned` is set; here memory ends it: about 20 bytes an entry, twice. */
export const MOST_LEARNED = 1 << 18;
const FIRST_CAPACITY = 1024;
/** Two searches for expired entries are at least so far apart (Linux: br_fdb_cleanup), or a flood would be nothing else. */
const SWEEP_INTERVAL_US = 10_000;
const EMPTY = -1;

export class Fdb {
  /** Microseconds after which a learnt entry that was not seen again is gone; 0: nothing is learnt. */
  private holdUs: number;
  /** Most learnt entries. */
  readonly limit: number;
  /** Entries that were learnt, expired ones that still stand included. */
  learned = 0;
  /** Addresses seen on another port than before; those refused for want of room; sources that are the switch's own. */
  moves = 0;
  refused = 0;
  ownSeen = 0;

  private readonly secret: number;
  private capacity = FIRST_CAPACITY;
  private used = 0;
  /** Upper 16 bits of the address and 12 of the VLAN; EMPTY for a free place. */
  private high = new Int32Array(FIRST_CAPACITY).fill(EMPTY);
  private low = new Int32Array(FIRST_CAPACITY);
  private ports = new Int16Array(FIRST_CAPACITY);
  private kinds = new Uint8Array(FIRST_CAPACITY);
  private seen = new Float64Array(FIRST_CAPACITY);
  /** Nothing expires before. */
  private nextExpiry = 0;

  constructor(holdUs: number, limit: number, rng: Rng) {
    this.holdUs = holdUs;
    this.limit = limit === 0 ? MOST_LEARNED : Math.min(limit, MOST_LEARNED);
    this.secret = rng.u32() | 0;
  }

  get size(): number {
    return this.used;
  }

  /** A topology change makes entries age faster for a while. */
  setHold(holdUs: number): void {
    this.holdUs = holdUs;
    this.nextExpiry = 0;
  }

  // ── The path of a frame ─────────────────────────────────────────────────────────────────────────────────────

  /** The place of a live entry, or -1. The address as two integers (ethernet.dstHigh, dstLow). */
  find(macHigh: number, macLow: number, vlan: number, now: number): number {
    const at = this.search((macHigh << 12) | vlan, macLow);
    if (at < 0) return -1;
    return this.kinds[at] === 0 && this.seen[at]! + this.holdUs <= now ? -1 : at;
  }

  portOf(at: number): number {
    return this.ports[at]!;
  }

  isLocal(at: number): boolean {
    return (this.kinds[at]! & FdbFlag.LOCAL) !== 0;
  }

  /** An address was seen as source on a port. One of Learnt. */
  learn(macHigh: number, macLow: number, vlan: number, port: number, now: number): number {
    if (this.holdUs === 0) return Learnt.REFRESHED;
    const key = (macHigh << 12) | vlan;
    const at = this.search(key, macLow);
    if (at < 0) return this.insertLearnt(key, macLow, port, now);
    const kind = this.kinds[at]!;
    if ((kind & FdbFlag.LOCAL) !== 0) {
      this.ownSeen++;
      return Learnt.LOCAL;
    }
    const expired = kind === 0 && this.seen[at]! + this.holdUs <= now;
    this.seen[at] = now;
    if (this.ports[at] === port) return expired ? Learnt.NEW : Learnt.REFRESHED;
    if ((kind & FdbFlag.STICKY) !== 0) return Learnt.STICKY;
    this.ports[at] = port;
    if (expired) return Learnt.NEW;
    this.moves++;
    return Learnt.MOVED;
  }

  private insertLearnt(key: number, macLow: number, port: number, now: number): number {
    if (this.learned >= this.limit && !this.sweep(now)) {
      this.refused++;
      return Learnt.FULL;
    }
    this.insert(key, macLow, port, 0, now);
    this.learned++;
    return Learnt.NEW;
  }

  // ── Configuration ───────────────────────────────────────────────────────────────────────────────────────────

  /** Adds an entry of the user's, or of the switch's own; one that stands there gives way. */
  add(macHigh: number, macLow: number, vlan: number, port: number, kind: number): void {
    const key = (macHigh << 12) | vlan;
    const at = this.search(key, macLow);
    if (at >= 0) this.remove(at);
    this.insert(key, macLow, port, kind, 0);
  }

  /** Forgets everything. */
  clear(): void {
    this.high.fill(EMPTY);
    this.kinds.fill(0);
    this.used = 0;
    this.learned = 0;
  }

  /** Forgets what was learnt on a port (its link went down), or with -1 on any. */
  flush(port: number): void {
    for (let at = 0; at < this.capacity; at++) {
      // What moves into the place is looked at again.
      while (this.high[at] !== EMPTY && this.kinds[at] === 0 && (port < 0 || this.ports[at] === port)) {
        this.remove(at);
      }
    }
  }

  /** Takes out what has expired. True when there is room for one more learnt entry. */
  sweep(now: number): boolean {
    if (now < this.nextExpiry) return this.learned < this.limit;
    let next = Infinity;
    for (let at = 0; at < this.capacity; at++) {
      while (this.high[at] !== EMPTY && this.kinds[at] === 0 && this.seen[at]! + this.holdUs <= now) {
        this.remove(at);
      }
      if (this.high[at] !== EMPTY && this.kinds[at] === 0) {
        next = Math.min(next, this.seen[at]! + this.holdUs);
      }
    }
    this.nextExpiry = Math.max(next, now + SWEEP_INTERVAL_US);
    return this.learned < this.limit;
  }

  /** Calls `visit` for every live entry, in no particular order. */
  forEach(
    now: number,
    visit: (macHigh: number, macLow: number, vlan: number, port: number, kind: number, seen: number) => void,
  ): void {
    this.nextExpiry = 0;
    this.sweep(now);
    for (let at = 0; at < this.capacity; at++) {
      const key = this.high[at]!;
      if (key === EMPTY) continue;
      visit(key >>> 12, this.low[at]!, key & 0xfff, this.ports[at]!, this.kinds[at]!, this.seen[at]!);
    }
  }

  // ── The hash table ──────────────────────────────────────────────────────────────────────────────────────────

  private home(key: number, macLow: number): number {
    let hash = Math.imul(key ^ this.secret, 0x9e3779b1) ^ Math.imul(macLow, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
    return (hash ^ (hash >>> 13)) & (this.capacity - 1);
  }

  private search(key: number, macLow: number): number {
    const { high, low } = this;
    const mask = this.capacity - 1;
    let at = this.home(key, macLow);
    while (high[at] !== EMPTY) {
      if (low[at] === macLow && high[at] === key) return at;
      at = (at + 1) & mask;
    }
    return -1;
  }

  private insert(key: number, macLow: number, port: number, kind: number, now: number): void {
    if (this.used * 2 >= this.capacity) this.grow();
    let at = this.home(key, macLow);
    while (this.high[at] !== EMPTY) at = (at + 1) & (this.capacity - 1);
    this.put(at, key, macLow, port, kind, now);
    this.used++;
  }

  private put(at: number, key: number, macLow: number, port: number, kind: number, now: number): void {
    this.high[at] = key;
    this.low[at] = macLow;
    this.ports[at] = port;
    this.kinds[at] = kind;
    this.seen[at] = now;
  }

  /** Knuth 6.4, algorithm R: entries behind the gap that may stand in it move up. */
  private remove(at: number): void {
    const { high, low } = this;
    const mask = this.capacity - 1;
    if (this.kinds[at] === 0) this.learned--;
    this.used--;
    let gap = at;
    for (let next = (at + 1) & mask; high[next] !== EMPTY; next = (next + 1) & mask) {
      const home = this.home(high[next]!, low[next]!);
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      this.put(gap, high[next]!, low[next]!, this.ports[next]!, this.kinds[next]!, this.seen[next]!);
      gap = next;
    }
    high[gap] = EMPTY;
    this.kinds[gap] = 0;
  }

  private grow(): void {
    const { high, low, ports, kinds, seen } = this;
    this.capacity *= 2;
    this.high = new Int32Array(this.capacity).fill(EMPTY);
    this.low = new Int32Array(this.capacity);
    this.ports = new Int16Array(this.capacity);
    this.kinds = new Uint8Array(this.capacity);
    this.seen = new Float64Array(this.capacity);
    for (let old = 0; old < high.length; old++) {
      if (high[old] === EMPTY) continue;
      let at = this.home(high[old]!, low[old]!);
      while (this.high[at] !== EMPTY) at = (at + 1) & (this.capacity - 1);
      this.put(at, high[old]!, low[old]!, ports[old]!, kinds[old]!, seen[old]!);
    }
  }
}

/** An address out of the two integers that it is kept as. */
export function addressText(high: number, low: number): string {
  return formatMac(Uint8Array.of(high >>> 8, high, low >>> 24, low >>> 16, low >>> 8, low), 0);
}
