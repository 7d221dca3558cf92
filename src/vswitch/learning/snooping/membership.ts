/**
 * What is wanted of one multicast group behind one port (RFC 3376 section 6, RFC 3810 section 7; Linux: br_multicast.c): no
 * sources but some (INCLUDE), or all but some (EXCLUDE, for as long as the group's timer runs). A source has a timer, too:
 * while it runs the source is wanted; one in EXCLUDE mode whose timer has ended is not.
 *
 *     INCLUDE (sources) ── TO_EX, IS_EX ──► EXCLUDE (wanted, unwanted) ── group timer ends ──► INCLUDE (wanted)
 *
 * Timers are times at which they end, and are looked at when somebody asks. Members that know no sources (IGMPv2, MLDv1, or a
 * bridge set to those) are in EXCLUDE mode without any, unless they join where others want some sources only.
 */
import { Record } from '../../../wire/igmp.ts';
import { Listeners } from './listeners.ts';
import { isSame, Mode, Source, type Words } from './sources.ts';

/** More sources of one group behind one port are not kept (PG_SRC_ENT_LIMIT). */
const MOST_SOURCES = 32;
/** The times that records set: of a membership, and of the answers to a question about it. Microseconds. */
export interface MembershipTimes {
  readonly membership: number;
  readonly lastMember: number;
}

/** Of whom the switch asks, because somebody seems to have left: the whole group, or some of its sources. */
export interface Questions {
  readonly group: boolean;
  readonly sources: readonly Source[];
}

const NOTHING: Questions = { group: false, sources: [] };

export class Membership {
  mode: number;
  /** When the group's timer ends; 0 while it does not run. */
  until = 0;
  private list: Source[] = [];
  /** Of a port that is left at once. */
  readonly listeners = new Listeners();

  constructor(mode: number) {
    this.mode = mode;
  }

  get sources(): readonly Source[] {
    return this.list;
  }

  get wantsNothing(): boolean {
    return this.mode === Mode.INCLUDE && this.list.length === 0;
  }

  /**
   * Ends what has ended by now; false when the member has. One that wanted nothing from the beginning (it allows no sources) does
   * not end.
   */
  settle(now: number): boolean {
    if (this.until !== 0 && this.until <= now) {
      this.list = this.list.filter(({ until }) => until > this.until);
      this.mode = Mode.INCLUDE;
      this.until = 0;
      if (this.list.length === 0) return false;
    }
    if (this.mode === Mode.EXCLUDE || this.list.every(({ until }) => until > now)) return true;
    this.list = this.list.filter(({ until }) => until > now);
    return this.list.length > 0;
  }

  // ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** A record of the group arrived; what has to be asked because of it. */
  hear(kind: number, named: readonly Words[], now: number, times: MembershipTimes): Questions {
    for (const source of this.list) source.isNamed = source.isAsked = false;
    switch (kind) {
      case Record.IS_IN:
      case Record.ALLOW:
        for (const words of named) this.refresh(words, now + times.membership);
        return NOTHING;
      case Record.IS_EX:
        this.exclude(named, this.mode === Mode.INCLUDE ? 0 : now + times.membership, now, times);
        return NOTHING;
      case Record.TO_EX:
        return this.changeToExclude(named, now, times);
      case Record.TO_IN:
        return this.changeToInclude(named, now, times);
      case Record.BLOCK:
        return this.block(named, now, times);
      default:
        return NOTHING;
    }
  }

  /** All but those that are named; those that were not known begin with this timer. */
  private exclude(named: readonly Words[], begin: number, now: number, times: MembershipTimes): void {
    for (const words of named) {
      const known = this.find(...words);
      if (known !== undefined) known.isNamed = true;
      else this.add(words, begin);
    }
    this.list = this.list.filter(({ isNamed }) => isNamed);
    this.mode = Mode.EXCLUDE;
    this.until = now + times.membership;
  }

  private changeToExclude(named: readonly Words[], now: number, times: MembershipTimes): Questions {
    const wasInclude = this.mode === Mode.INCLUDE;
    const known = new Set(named.map((words) => this.find(...words)));
    this.exclude(named, wasInclude ? 0 : this.until, now, times);
    for (const source of this.list) source.isAsked = wasInclude ? known.has(source) : source.until > now;
    return this.ask(false, now, times);
  }

  private changeToInclude(named: readonly Words[], now: number, times: MembershipTimes): Questions {
    const wasExclude = this.mode === Mode.EXCLUDE;
    for (const source of this.list) source.isAsked = !wasExclude || source.until > now;
    for (const words of named) {
      const source = this.refresh(words, now + times.membership);
      if (source !== undefined) source.isAsked = false;
    }
    return this.ask(wasExclude, now, times);
  }

  private block(named: readonly Words[], now: number, times: MembershipTimes): Questions {
    for (const words of named) {
      const known = this.find(...words);
      if (this.mode === Mode.INCLUDE) {
        if (known !== undefined) known.isAsked = true;
      } else {
        const source = known ?? this.add(words, this.until);
        if (source !== undefined) source.isAsked = source.until > now;
      }
    }
    return this.ask(false, now, times);
  }

  /** Whoever does not answer in time is no member: timers of what is asked for are cut short. */
  private ask(group: boolean, now: number, { lastMember }: MembershipTimes): Questions {
    const end = now + lastMember;
    const sources = this.list.filter(({ isAsked, until }) => isAsked && until > end);
    for (const source of sources) source.until = end;
    if (group && this.mode === Mode.EXCLUDE) this.until = Math.min(this.until, end);
    return { group, sources };
  }

  private refresh(words: Words, until: number): Source | undefined {
    const source = this.find(...words) ?? this.add(words, until);
    if (source !== undefined) source.until = until;
    return source;
  }

  /** A source that is named, wanted or not. */
  find(w0: number, w1: number, w2: number, w3: number): Source | undefined {
    for (const source of this.list) if (isSame(source.words, w0, w1, w2, w3)) return source;
    return undefined;
  }

  private add(words: Words, until: number): Source | undefined {
    if (this.list.length >= MOST_SOURCES) return undefined;
    const source = new Source(words);
    source.until = until;
    source.isNamed = true;
    this.list.push(source);
    return source;
  }

  /** Drops sources that nobody names any more. */
  forget(isNobodys: (source: Words) => boolean): void {
    this.list = this.list.filter(({ words }) => !isNobodys(words));
  }
}
