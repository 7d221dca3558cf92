/**
 * TIME_WAIT (RFC 9293 3.6.1): what is left of a connection that this side closed first, for a minute, so that its last
 * acknowledgement can be repeated and segments of it that are still under way meet nobody else. A few numbers each;
 * they end in the order in which they began, so one timer serves all.
 */
import { call } from '../../base/call.ts';
import type { Timer } from '../../base/clock.ts';
import * as tcp from '../../wire/tcp.ts';
import { isOldTimestamp } from './acceptable.ts';
import { sendBare } from './answers.ts';
import type { Connection } from './connection.ts';
import { endsOf, Flow, FlowKind } from './flow.ts';
import type { Segment } from './segment.ts';
import type { Tcp } from './tcp.ts';

/** TCP_TIMEWAIT_LEN: twice the maximum segment lifetime of Linux. */
export const TIME_WAIT_US = 60_000_000;

export class TimeWait extends Flow {
  readonly device: number;
  readonly sndNxt: number;
  readonly rcvNxt: number;
  readonly rcvWnd: number;
  readonly rcvScale: number;
  readonly hasTimestamps: boolean;
  readonly tsOffset: number;
  readonly hopLimit: number;
  readonly flowLabel: number;
  readonly typeOfService: number;
  tsRecent: number;
  tsRecentAt: number;
  ipId: number;
  /** When it began. */
  readonly since: number;
  /** When it ends, and when its place in the queue comes up. */
  due: number;
  queuedDue: number;
  isOver = false;
  later: TimeWait | null = null;

  constructor(c: Connection) {
    super(endsOf(c));
    this.device = c.device;
    this.sndNxt = c.sndNxt;
    this.rcvNxt = c.received.next;
    this.rcvWnd = c.rcvWnd;
    this.rcvScale = c.rcvScale;
    this.hasTimestamps = c.hasTimestamps;
    this.tsOffset = c.tsOffset;
    this.hopLimit = c.hopLimit;
    this.flowLabel = c.flowLabel;
    this.typeOfService = c.typeOfService;
    this.tsRecent = c.tsRecent;
    this.tsRecentAt = c.tsRecentAt;
    this.ipId = c.ipId;
    this.since = c.tcp.clock.now;
    this.due = this.since + TIME_WAIT_US;
    this.queuedDue = this.due;
  }

  get kind(): FlowKind {
    return FlowKind.TIME_WAIT;
  }
}

export const TimeWaitVerdict = {
  /** Dealt with. */
  DONE: 0,
  /** A SYN that may begin a new connection on these ends: the entry is gone. */
  NEW_CONNECTION: 1,
} as const;
export type TimeWaitVerdict = (typeof TimeWaitVerdict)[keyof typeof TimeWaitVerdict];

export class TimeWaits {
  private readonly owner: Tcp;
  private first: TimeWait | null = null;
  private last: TimeWait | null = null;
  private timer: Timer | null = null;
  count = 0;

  constructor(owner: Tcp) {
    this.owner = owner;
  }

  /** False when there are too many already (tcp_max_tw_buckets). */
  add(c: Connection): boolean {
    if (this.count >= this.owner.settings.maxTimeWait) return false;
    const entry = new TimeWait(c);
    this.count++;
    this.owner.table.add(entry);
    this.append(entry);
    this.timer ??= this.owner.clock.at(entry.queuedDue, call(this, 'expire'));
    return true;
  }

  private append(entry: TimeWait): void {
    // One that was renewed ends between others; it waits for a place at the end instead, at most twice as long.
    entry.queuedDue = this.owner.clock.now + TIME_WAIT_US;
    entry.later = null;
    if (this.last === null) this.first = entry;
    else this.last.later = entry;
    this.last = entry;
  }

  remove(entry: TimeWait): void {
    if (entry.isOver) return;
    entry.isOver = true;
    this.count--;
    this.owner.table.remove(entry);
  }

  /** The timer's. */
  expire(): void {
    const { clock } = this.owner;
    this.timer = null;
    while (this.first !== null && (this.first.queuedDue <= clock.now || this.first.isOver)) {
      const entry = this.first;
      this.first = entry.later;
      if (this.first === null) this.last = null;
      if (entry.due > clock.now && !entry.isOver) this.append(entry);
      else this.remove(entry);
    }
    if (this.first !== null) this.timer ??= clock.at(this.first.queuedDue, call(this, 'expire'));
  }

  /** A segment for an entry (RFC 9293 3.10.7.4, RFC 6191, RFC 1337). */
  receive(entry: TimeWait, segment: Segment): TimeWaitVerdict {
    const isPawsReject = isOldTimestamp(this.owner, entry, entry.hasTimestamps, segment);
    const { flags, seq } = segment;
    if (!isPawsReject && seq === entry.rcvNxt && (seq === segment.endSeq || (flags & tcp.RST) !== 0)) {
      if ((flags & tcp.RST) !== 0) {
        if (!this.owner.settings.rfc1337) this.remove(entry);
        return TimeWaitVerdict.DONE;
      }
      this.noteTimestamp(entry, segment);
      this.renew(entry);
      return TimeWaitVerdict.DONE;
    }
    const isNewSyn = (flags & (tcp.SYN | tcp.RST | tcp.ACK)) === tcp.SYN;
    const isLaterTime =
      entry.hasTimestamps && segment.hasTimestamps && ((segment.tsValue - entry.tsRecent) | 0) > 0;
    if (isNewSyn && !isPawsReject && (((seq - entry.rcvNxt) | 0) > 0 || isLaterTime)) {
      this.remove(entry);
      return TimeWaitVerdict.NEW_CONNECTION;
    }
    if ((flags & tcp.RST) === 0) {
      if (isPawsReject || (flags & tcp.ACK) !== 0) this.renew(entry);
      this.acknowledge(entry);
    }
    return TimeWaitVerdict.DONE;
  }

  private noteTimestamp(entry: TimeWait, segment: Segment): void {
    if (!segment.hasTimestamps) return;
    entry.tsRecent = segment.tsValue;
    entry.tsRecentAt = this.owner.seconds;
  }

  /** The minute begins anew (the entry keeps its place in the queue until that comes up). */
  private renew(entry: TimeWait): void {
    entry.due = this.owner.clock.now + TIME_WAIT_US;
  }

  private acknowledge(entry: TimeWait): void {
    sendBare(this.owner.host, entry, entry.device, entry.typeOfService, {
      seq: entry.sndNxt,
      ack: entry.rcvNxt,
      flags: tcp.ACK,
      window: Math.min(entry.rcvWnd >>> entry.rcvScale, 0xffff),
      timestamps: entry.hasTimestamps ? { value: this.owner.timestamp(entry), echo: entry.tsRecent } : null,
    });
  }
}
