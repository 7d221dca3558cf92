/**
 * The dialogs of one call (RFC 3261 12): a request that is forked is answered by several, each with a tag and media of its
 * own. What the INVITE offered holds for all of them; pinholes that two of them share stay until both have no use for them.
 * What changes a leg returns the pinholes that it has no more use for.
 */
import type { Call } from '../media/call-table.ts';
import type { Pinhole } from '../media/media-ports.ts';
import { Repetitions } from './repetitions.ts';

export type Pinholes = readonly (Pinhole | null)[];

/** Answers of different tags to one INVITE; of more, nothing is read. */
export const MAX_LEGS = 16;

const NONE: Pinholes = [];

export class Leg {
  /** What holds, and what is offered beside it (null: nothing); by side. */
  readonly current: [Pinholes, Pinholes] = [NONE, NONE];
  readonly offered: [Pinholes | null, Pinholes | null] = [null, null];
  /** Of the requests under way that offer media. */
  inviteCseq = -1;
  updateCseq = -1;
  isAnswered = false;

  /** One more answer to what the other one offers. */
  static like({ current, offered, inviteCseq, updateCseq }: Leg): Leg {
    const leg = new Leg();
    for (const side of [0, 1] as const) {
      leg.current[side] = current[side];
      leg.offered[side] = offered[side];
    }
    leg.inviteCseq = inviteCseq;
    leg.updateCseq = updateCseq;
    return leg;
  }

  /** An offer, or the answer to one. */
  offer(side: 0 | 1, opened: Pinholes): Pinholes {
    const before = this.offered[side] ?? NONE;
    this.offered[side] = opened;
    return before;
  }

  /** The exchange of offer and answer is over: what was offered holds, or is forgotten. */
  settle(isAgreed: boolean): Pinholes {
    return joined(this.settleSide(0, isAgreed), this.settleSide(1, isAgreed));
  }

  private settleSide(side: 0 | 1, isAgreed: boolean): Pinholes {
    const offered = this.offered[side];
    if (offered === null) return NONE;
    const current = this.current[side];
    this.offered[side] = null;
    if (isAgreed) this.current[side] = offered;
    return isAgreed ? current : offered;
  }

  of(side: 0 | 1): Pinholes {
    return joined(this.offered[side] ?? NONE, this.current[side]);
  }
}

function joined(some: Pinholes, others: Pinholes): Pinholes {
  if (some.length === 0) return others;
  return others.length === 0 ? some : [...some, ...others];
}

export class Legs {
  readonly call: Call;
  readonly said = new Repetitions();
  private readonly callerTag: string;
  /** By the tag of who answers; under the empty string, what was offered to all. */
  private readonly legs = new Map<string, Leg>([['', new Leg()]]);

  constructor(call: Call, callerTag: string) {
    this.call = call;
    this.callerTag = callerTag;
  }

  /** The tag of the one who answers, whoever sent the message. */
  tagOf(fromTag: string, toTag: string): string {
    return fromTag === this.callerTag ? toTag : fromTag;
  }

  /** Null where there are too many. */
  legOf(tag: string): Leg | null {
    const known = this.legs.get(tag);
    if (known !== undefined) return known;
    if (this.legs.size > MAX_LEGS) return null;
    const [first = new Leg()] = this.legs.values();
    const leg = Leg.like(this.legs.get('') ?? first);
    this.legs.set(tag, leg);
    return leg;
  }

  /** One of them; null when no other goes on without it. */
  end(tag: string): Pinholes | null {
    const leg = this.legs.get(tag);
    if (leg === undefined || !this.goesOnWithout(tag)) return null;
    this.legs.delete(tag);
    return joined(leg.of(0), leg.of(1));
  }

  private goesOnWithout(tag: string): boolean {
    for (const other of this.legs.keys()) if (other !== tag && other !== '') return true;
    return false;
  }

  /** Somebody's answer is acknowledged: who has not answered is out of it. */
  keepAnswered(): Pinholes {
    let dropped = NONE;
    for (const [tag, leg] of this.legs) {
      if (leg.isAnswered) continue;
      dropped = joined(dropped, joined(leg.of(0), leg.of(1)));
      this.legs.delete(tag);
    }
    return dropped;
  }

  endAll(): Pinholes {
    const dropped = this.all();
    this.legs.clear();
    return dropped;
  }

  of(side: 0 | 1): Pinholes {
    let all = NONE;
    for (const leg of this.legs.values()) all = joined(all, leg.of(side));
    return all;
  }

  readonly all = (): Pinholes => joined(this.of(0), this.of(1));
}
