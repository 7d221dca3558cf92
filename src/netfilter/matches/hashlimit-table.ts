/**
 * The table of a `hashlimit` by name: for every source or destination (or both) the credit that is left. The arithmetic is
 * the kernel's (xt_hashlimit): credits per jiffy, a cost a packet or per 16 bytes; in rate-match mode, what was seen in
 * an interval. The first rule that names the table says how it works; all rules of the name share the entries.
 *
 * Entries that nobody asks for go at the next round of the collection, not before.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { WordKeys, columnFor } from '../word-keys.ts';
import { HZ } from './jiffies.ts';
import { bytesOfCost, SCALE } from './hashlimit-values.ts';

/** The largest powers of two that leave room for a day (packets, 64 bits) and a second (bytes, 32 bits). */
const CREDITS_PER_JIFFY = 2 ** Math.floor(Math.log2(2 ** 64 / (HZ * 86400)));
const CREDITS_PER_UNIT = Math.floor((HZ * CREDITS_PER_JIFFY) / SCALE);
const BYTE_CREDITS_PER_JIFFY = 2 ** Math.floor(Math.log2(0xffff_ffff / HZ));
const BYTE_CREDITS = BYTE_CREDITS_PER_JIFFY * HZ;

/** What a table does with a packet, besides counting it. */
export const HashlimitAnswer = { BELOW: 0, ABOVE: 1, FULL: 2 } as const;
export type HashlimitAnswer = (typeof HashlimitAnswer)[keyof typeof HashlimitAnswer];

export interface HashlimitSettings {
  readonly isBytes: boolean;
  readonly average: number;
  readonly burst: number;
  /** Rate-match mode: seconds; 0 for the usual mode. */
  readonly interval: number;
  readonly maxEntries: number;
  readonly expireMs: number;
  readonly collectMs: number;
}

/** Credits for so many microseconds. Beyond 2^53 they are rounded. */
export function creditsOf(units: number): number {
  return units * CREDITS_PER_UNIT;
}

const jiffiesOf = (ms: number) => Math.ceil((ms * HZ) / 1000);

export class HashlimitTable {
  private readonly settings: HashlimitSettings;
  private readonly keys = new WordKeys(9);
  /** Credit; in rate-match mode, what the interval at hand has seen. */
  private credit: Float64Array;
  private expires: Float64Array;
  private previous: Float64Array;
  /** Bytes: how often the credit may still be filled up. Rate-match: 1 when the interval before was above the rate. */
  private spare: Float64Array;
  private readonly lifetime: number;
  private readonly collectEvery: number;
  private collectAt: number;
  private readonly cost: number;
  private readonly cap: number;

  constructor(settings: HashlimitSettings, now: number) {
    const { isBytes, average, burst, interval } = settings;
    this.settings = settings;
    this.credit = new Float64Array(0);
    this.expires = new Float64Array(0);
    this.previous = new Float64Array(0);
    this.spare = new Float64Array(0);
    this.lifetime = jiffiesOf(settings.expireMs);
    this.collectEvery = jiffiesOf(settings.collectMs);
    this.collectAt = now + this.collectEvery;
    if (interval > 0) {
      this.cost = isBytes ? bytesOfCost(average) : Math.floor(SCALE / average);
      this.cap = isBytes ? this.cost * (burst || 1) : burst + this.cost;
    } else {
      this.cost = isBytes
        ? Math.floor((average * HZ * BYTE_CREDITS_PER_JIFFY) / 2 ** 32)
        : creditsOf(average);
      this.cap = isBytes ? BYTE_CREDITS : creditsOf(average * burst);
    }
  }

  /** To be filled in before `ask`. */
  get key(): Int32Array {
    return this.keys.key;
  }

  ask(pkt: PacketBuffer, now: number): HashlimitAnswer {
    if (now >= this.collectAt) this.collect(now);
    let row = this.keys.find();
    if (row < 0) {
      if (this.keys.count >= this.settings.maxEntries) return HashlimitAnswer.FULL;
      row = this.begin(now);
    } else {
      this.refill(row, now);
    }
    this.expires[row] = now + this.lifetime;
    const length = pkt.l3End - pkt.l3;
    if (this.settings.interval > 0) return this.isWithinRate(row, this.settings.isBytes ? length : 1);
    const cost = this.settings.isBytes ? this.byteCost(row, length) : this.cost;
    if (this.credit[row]! < cost) return HashlimitAnswer.ABOVE;
    this.credit[row] = this.credit[row]! - cost;
    return HashlimitAnswer.BELOW;
  }

  private begin(now: number): number {
    const row = this.keys.add();
    this.credit = columnFor(this.credit, this.keys);
    this.expires = columnFor(this.expires, this.keys);
    this.previous = columnFor(this.previous, this.keys);
    this.spare = columnFor(this.spare, this.keys);
    const isRate = this.settings.interval > 0;
    this.credit[row] = isRate ? 0 : this.cap;
    this.spare[row] = isRate ? 0 : this.settings.burst;
    this.previous[row] = now;
    return row;
  }

  private refill(row: number, now: number): void {
    const passed = now - this.previous[row]!;
    if (passed === 0) return;
    const { interval, isBytes } = this.settings;
    if (interval > 0) {
      const length = interval * HZ;
      if (passed < length) return;
      this.spare[row] = this.credit[row]! * length > passed * this.cost ? 1 : 0;
      this.credit[row] = 0;
    } else {
      const earned = passed * (isBytes ? BYTE_CREDITS_PER_JIFFY : CREDITS_PER_JIFFY);
      this.credit[row] = Math.min(this.credit[row]! + earned, this.cap);
    }
    this.previous[row] = now;
  }

  private isWithinRate(row: number, amount: number): HashlimitAnswer {
    this.credit[row] = this.credit[row]! + amount;
    const isBelow = this.spare[row] === 0 && this.credit[row]! <= this.cap;
    return isBelow ? HashlimitAnswer.BELOW : HashlimitAnswer.ABOVE;
  }

  /** What so many bytes cost; a burst that is left fills the credit up once. */
  private byteCost(row: number, length: number): number {
    const cost = Math.min(((length >>> 4) + 1) * this.cost, BYTE_CREDITS);
    if (this.credit[row]! < cost && this.spare[row]! > 0) {
      this.spare[row] = this.spare[row]! - 1;
      this.credit[row] = BYTE_CREDITS;
    }
    return cost;
  }

  /** The last round that was due: who had expired by then goes. */
  private collect(now: number): void {
    const rounds = Math.floor((now - this.collectAt) / this.collectEvery);
    const round = this.collectAt + rounds * this.collectEvery;
    this.collectAt = round + this.collectEvery;
    for (let row = 0; row < this.keys.end; row++) {
      if (this.keys.isUsed(row) && this.expires[row]! <= round) this.keys.remove(row);
    }
  }
}
