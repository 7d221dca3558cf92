/**
 * A multicast group: its members by port, and the sources that they named (Linux: the bridge's *,G entry and its S,G entries).
 *
 * What a source sends that nobody has named goes to the ports in EXCLUDE mode. Once one port has named it, it goes to the ports that
 * name and want it, and to those in EXCLUDE mode that stand _beside_ them. A port comes to stand there when the source is named
 * anew behind some port, and when it changes to EXCLUDE itself. One that names a source no longer, which wants it from then on, is
 * not put there, nor is one whose member speaks an earlier version of the protocol: so the kernel has it, and so
 * they miss what the source sends until it is named anew.
 */
import type { Membership } from './membership.ts';
import { isSame, Mode, type Source, type Words } from './sources.ts';

/** What a group is found by. */
export interface GroupKey {
  readonly vid: number;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly family: 4 | 6;
}

interface NamedSource {
  readonly words: Words;
  /** By port index. */
  readonly beside: Set<number>;
}

export class Group implements GroupKey {
  readonly vid: number;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly family: 4 | 6;
  /** The next one of the same hash. */
  next: Group | null;
  private readonly ports: (Membership | null)[];
  private named: NamedSource[] = [];

  constructor({ vid, w0, w1, w2, w3, family }: GroupKey, ports: number, next: Group | null) {
    this.vid = vid;
    this.w0 = w0;
    this.w1 = w1;
    this.w2 = w2;
    this.w3 = w3;
    this.family = family;
    this.next = next;
    this.ports = new Array<Membership | null>(ports).fill(null);
  }

  /** By port index. */
  get members(): readonly (Membership | null)[] {
    return this.ports;
  }

  /** Ends what has ended by now; false when nobody is left. To be called before anything is asked of the group. */
  settle(now: number): boolean {
    let isLive = false;
    for (let port = 0; port < this.ports.length; port++) {
      const member = this.ports[port]!;
      if (member === null) continue;
      const wasExclude = member.mode === Mode.EXCLUDE;
      const isThere = member.settle(now);
      if (!isThere) this.ports[port] = null;
      if (wasExclude && (!isThere || member.mode === Mode.INCLUDE)) this.standAside(port);
      isLive ||= isThere;
    }
    return isLive;
  }

  // ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The ports beside those that named this source; null where nobody has. */
  besideNamers(w0: number, w1: number, w2: number, w3: number): ReadonlySet<number> | null {
    for (const { words, beside } of this.named) {
      if (isSame(words, w0, w1, w2, w3)) return this.isNamed(words) ? beside : null;
    }
    return null;
  }

  // ── Members ─────────────────────────────────────────────────────────────────────────────────────────────────

  join(port: number, member: Membership): void {
    this.ports[port] = member;
  }

  leave(port: number): void {
    this.ports[port] = null;
    this.standAside(port);
  }

  /** The port's member named other sources before. */
  followSources(port: number, before: readonly Source[]): void {
    const { sources } = this.ports[port]!;
    for (const source of sources) if (!before.includes(source)) this.nameAnew(port, source.words);
    this.named = this.named.filter(({ words }) => this.isNamed(words));
  }

  /** The port's member has changed to EXCLUDE. */
  standBeside(port: number): void {
    for (const { words, beside } of this.named) if (!this.names(port, words)) beside.add(port);
  }

  private standAside(port: number): void {
    for (const { beside } of this.named) beside.delete(port);
  }

  private nameAnew(port: number, words: Words): void {
    let known = this.named.find((one) => isSame(words, ...one.words));
    if (known !== undefined && !this.isNamed(words, port)) known.beside.clear();
    if (known === undefined) this.named.push((known = { words, beside: new Set() }));
    known.beside.delete(port);
    this.ports.forEach((member, other) => {
      if (member?.mode === Mode.EXCLUDE && !this.names(other, words)) known.beside.add(other);
    });
  }

  private isNamed(words: Words, butFor = -1): boolean {
    return this.ports.some((_, port) => port !== butFor && this.names(port, words));
  }

  private names(port: number, words: Words): boolean {
    return this.ports[port]?.find(...words) !== undefined;
  }
}
