/**
 * What happens to connections, told while it happens, as ctnetlink tells `conntrack -E` of it: a connection is NEW when its
 * first packet has passed everything, UPDATE when a packet changed what is known of it (answered, assured, the protocol's
 * state, mark, helper), DESTROY when it goes. Counters and timeouts alone are no news.
 *
 * It costs nothing while nobody watches; while somebody does, no flow takes its short way. The news of a packet is what
 * differs from what was told of its connection last (Linux: nf_conntrack_ecache.c, by observation).
 */
import type { Connections } from './connections.ts';
import { CtStatus } from './ct-info.ts';
import type { Expectation } from './expectations.ts';
import { PROTO_OCTETS } from './record.ts';

export const EVENT_KINDS = ['NEW', 'UPDATE', 'DESTROY'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface ConntrackWatcher {
  /** `byHand`: a program did it, not a packet. */
  connection?(kind: EventKind, entry: number, byHand: boolean): void;
  expectation?(kind: EventKind, expectation: Expectation): void;
}

/** Status bits whose change is news. */
const TOLD = CtStatus.SEEN_REPLY | CtStatus.ASSURED | CtStatus.HELPER | CtStatus.FIXED_TIMEOUT;

export class Events {
  private readonly connections: Connections;
  private readonly watchers = new Set<ConntrackWatcher>();
  /** What was told last, by entry: status, state and mark in one text. */
  private readonly told = new Map<number, string>();
  /** A program is at work. */
  private byHand = false;

  constructor(connections: Connections) {
    this.connections = connections;
  }

  get isWatched(): boolean {
    return this.watchers.size > 0;
  }

  /** Returns what ends it. */
  watch(watcher: ConntrackWatcher): () => void {
    if (!this.isWatched) {
      for (let entry = 1; entry <= this.connections.highest; entry++) {
        if (this.connections.isInTable(entry)) this.told.set(entry, this.newsOf(entry));
      }
    }
    this.watchers.add(watcher);
    return () => {
      this.watchers.delete(watcher);
      if (!this.isWatched) this.told.clear();
    };
  }

  /** Everything that happens within is a program's doing. */
  duringCommand<T>(action: () => T): T {
    this.byHand = true;
    try {
      return action();
    } finally {
      this.byHand = false;
    }
  }

  confirmed(entry: number): void {
    this.told.set(entry, this.newsOf(entry));
    this.tell('NEW', entry);
  }

  /** A packet of the connection has passed everything, or a program has changed it. */
  passed(entry: number): void {
    const news = this.newsOf(entry);
    if (this.told.get(entry) === news && !this.byHand) return;
    this.told.set(entry, news);
    this.tell('UPDATE', entry);
  }

  removed(entry: number): void {
    if (this.told.delete(entry)) this.tell('DESTROY', entry);
  }

  expectation(kind: EventKind, expectation: Expectation): void {
    for (const watcher of this.watchers) watcher.expectation?.(kind, expectation);
  }

  private tell(kind: EventKind, entry: number): void {
    for (const watcher of this.watchers) watcher.connection?.(kind, entry, this.byHand);
  }

  private newsOf(entry: number): string {
    const { status, mark, octets } = this.connections;
    return `${status[entry]! & TOLD} ${octets[entry * PROTO_OCTETS]!} ${mark[entry]!}`;
  }
}
