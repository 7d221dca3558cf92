/**
 * What elements carry besides their value: timeouts, counters, comments and what is mapped onto packets. Columns by row; the
 * set that owns the rows says which row is which element. Linux: the extensions of ip_set.h.
 */
import type { Clock } from '../../base/clock.ts';
import { byteLength } from '../syntax/values/text.ts';
import { counterHolds, type SetQuery } from './set-query.ts';
import type { ElementExtras, SetSettings } from './settings.ts';

const US_PER_SECOND = 1_000_000;
const FIRST_ROWS = 16;

/** Lengths and alignments of an element's extensions in Linux's memory, in their order there. */
const COUNTER_BYTES = 16;
const TIMEOUT_BYTES = 8;
const SKBINFO_BYTES = 16;
const COMMENT_BYTES = 8;
/** A comment lies apart, behind a header, with a NUL at its end. */
const COMMENT_HEADER_BYTES = 16;

export class ExtensionColumns {
  /** Bytes that comments take in Linux's memory. */
  commentBytes: number;
  private readonly clock: Clock;
  private readonly settings: SetSettings;
  private rows: number;
  /** When an element ends; Infinity for never. */
  private ends: Float64Array;
  private packets: Float64Array;
  private bytes: Float64Array;
  private marks: Int32Array;
  private masks: Int32Array;
  private priorities: Int32Array;
  private queues: Uint16Array;
  private readonly comments: (string | null)[] = [];

  constructor(settings: SetSettings, clock: Clock) {
    const { timeout, counters, skbinfo } = settings;
    this.commentBytes = 0;
    this.clock = clock;
    this.settings = settings;
    this.rows = FIRST_ROWS;
    const having = (is: boolean) => (is ? FIRST_ROWS : 0);
    this.ends = new Float64Array(having(timeout !== null));
    this.packets = new Float64Array(having(counters));
    this.bytes = new Float64Array(having(counters));
    this.marks = new Int32Array(having(skbinfo));
    this.masks = new Int32Array(having(skbinfo));
    this.priorities = new Int32Array(having(skbinfo));
    this.queues = new Uint16Array(having(skbinfo));
  }

  /** Makes room for rows up to that number. */
  reach(row: number): void {
    if (row < this.rows) return;
    this.rows = Math.max(row + 1, this.rows * 2);
    this.ends = longer(this.ends, this.rows);
    this.packets = longer(this.packets, this.rows);
    this.bytes = longer(this.bytes, this.rows);
    this.marks = longer(this.marks, this.rows);
    this.masks = longer(this.masks, this.rows);
    this.priorities = longer(this.priorities, this.rows);
    this.queues = longer(this.queues, this.rows);
  }

  /** Sets everything of a row, as a command says it; `fresh` for an element that was not there before. */
  set(row: number, extras: ElementExtras, fresh: boolean): void {
    const { settings } = this;
    if (settings.timeout !== null) this.setEnd(row, extras.timeout ?? settings.timeout);
    if (settings.counters && (fresh || extras.packets !== null)) this.packets[row] = extras.packets ?? 0;
    if (settings.counters && (fresh || extras.bytes !== null)) this.bytes[row] = extras.bytes ?? 0;
    if (settings.skbinfo) {
      this.marks[row] = extras.skbmark?.[0] ?? 0;
      this.masks[row] = extras.skbmark?.[1] ?? 0;
      this.priorities[row] = extras.skbprio ?? 0;
      this.queues[row] = extras.skbqueue ?? 0;
    }
    if (settings.comment) this.setComment(row, extras.comment === '' ? null : extras.comment);
  }

  /** The same for an element that a packet adds: it counts as the first. */
  setByPacket(row: number, query: SetQuery): void {
    const { settings } = this;
    if (settings.timeout !== null) this.setEnd(row, query.timeout < 0 ? settings.timeout : query.timeout);
    if (settings.counters) {
      this.packets[row] = 1;
      this.bytes[row] = query.length;
    }
    if (settings.skbinfo) {
      this.marks[row] = 0;
      this.masks[row] = 0;
      this.priorities[row] = 0;
      this.queues[row] = 0;
    }
    if (settings.comment) this.setComment(row, null);
  }

  forget(row: number): void {
    if (this.settings.comment) this.setComment(row, null);
  }

  isExpired(row: number): boolean {
    return this.settings.timeout !== null && this.ends[row]! <= this.clock.now;
  }

  /** A packet meets the element: counts it and says whether what the rule wants of counters holds. */
  meet(row: number, query: SetQuery): boolean {
    const { settings } = this;
    if (settings.counters) {
      if (query.counts) {
        this.packets[row]! += 1;
        this.bytes[row]! += query.length;
      }
      if (query.comparesCounters && !holds(query, this.packets[row]!, this.bytes[row]!)) return false;
    }
    if (settings.skbinfo) {
      query.mark = this.marks[row]!;
      query.markMask = this.masks[row]!;
      query.priority = this.priorities[row]!;
      query.queue = this.queues[row]!;
    }
    return true;
  }

  /** Seconds left, at least 1; 0 for ever. */
  secondsLeft(row: number): number {
    const end = this.ends[row]!;
    return end === Infinity ? 0 : Math.max(1, Math.floor((end - this.clock.now) / US_PER_SECOND));
  }

  /** What is printed behind the element. */
  extras(row: number): ElementExtras {
    const { settings } = this;
    return {
      timeout: settings.timeout === null ? null : this.secondsLeft(row),
      packets: settings.counters ? this.packets[row]! : null,
      bytes: settings.counters ? this.bytes[row]! : null,
      comment: settings.comment ? (this.comments[row] ?? null) : null,
      skbmark: settings.skbinfo ? [this.marks[row]!, this.masks[row]!] : null,
      skbprio: settings.skbinfo ? this.priorities[row]! : null,
      skbqueue: settings.skbinfo ? this.queues[row]! : null,
      nomatch: false,
    };
  }

  private setEnd(row: number, seconds: number): void {
    this.ends[row] = seconds === 0 ? Infinity : this.clock.now + seconds * US_PER_SECOND;
  }

  private setComment(row: number, text: string | null): void {
    const before = this.comments[row] ?? null;
    if (before !== null) this.commentBytes -= commentSize(before);
    if (text !== null) this.commentBytes += commentSize(text);
    this.comments[row] = text;
  }
}

/** Bytes of one element with its extensions in Linux's memory. */
export function elementSize(elementBytes: number, align: number, settings: SetSettings): number {
  let size = elementBytes;
  let widest = align;
  const add = (is: boolean, bytes: number, alignment: number) => {
    if (!is) return;
    widest = Math.max(widest, alignment);
    size = roundUp(size, alignment) + bytes;
  };
  add(settings.counters, COUNTER_BYTES, 8);
  add(settings.timeout !== null, TIMEOUT_BYTES, 8);
  add(settings.skbinfo, SKBINFO_BYTES, 4);
  add(settings.comment, COMMENT_BYTES, 8);
  return roundUp(size, widest);
}

function roundUp(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}

function commentSize(text: string): number {
  return COMMENT_HEADER_BYTES + byteLength(text) + 1;
}

function longer<T extends Float64Array | Int32Array | Uint16Array>(column: T, rows: number): T {
  if (column.length === 0) return column;
  const made = new (column.constructor as new (length: number) => T)(rows);
  made.set(column);
  return made;
}

function holds(query: SetQuery, packets: number, bytes: number): boolean {
  return (
    counterHolds(query.packetsHow, packets, query.packets) && counterHolds(query.bytesHow, bytes, query.bytes)
  );
}
