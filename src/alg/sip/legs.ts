/**
 * The dialogs of one call (RFC 3261 12): a request that is forked is answered by several, each with a tag and media of its
 * own. What the INVITE offered holds for all of them; pinholes that two of them share stay until both have no use for them.
 * What changes a leg returns the pinholes that it has no more use for.
 */
import type { ByteWord } from '../byte-word.ts';
import type { Call } from '../media/call-table.ts';
import type { MediaOwner, Pinhole } from '../media/media-ports.ts';
import { Repetitions } from './repetitions.ts';

export type Pinholes = readonly (Pinhole | null)[];

/** Answers of different tags to one INVITE; of more, nothing is read. */
export const MAX_LEGS = 16;

const NONE: Pinholes = [];

export class Leg {
  /** Of who answers; the empty string for what was offered to all. */
  readonly tag: string;
  /** What holds, and what is offered beside it (null: nothing); by side. */
  readonly current: [Pinholes, Pinholes] = [NONE, NONE];
  readonly offered: [Pinholes | null, Pinholes | null] = [null, null];
  /** Of the requests under way that offer media. */
  inviteCseq = -1;
  updateCseq = -1;
  isAnswered = false;

  constructor(tag: string) {
    this.tag = tag;
  }

  /** One more answer to what the other one offers. */
  static like({ current, offered, inviteCseq, updateCseq }: Leg, tag: string): Leg {
    const leg = new Leg(tag);
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

  all(): Pinholes {
    return joined(this.of(0), this.of(1));
  }
}

function joined(some: Pinholes, others: Pinholes): Pinholes {
  if (some.length === 0) return others;
  return others.length === 0 ? some : [...some, ...others];
}

export class Legs implements MediaOwner {
  readonly call: Call;
  readonly said = new Repetitions();
  /** Of the Call-ID, and the next one for the index (call-index.ts). */
  readonly hash: number;
  next: Legs | null = null;
  private readonly callerTag: string;
  /** In the order of their first messages; nearly always two. */
  private legs = [new Leg('')];

  constructor(call: Call, hash: number, callerTag: string) {
    this.call = call;
    this.hash = hash;
    this.callerTag = callerTag;
  }

  /** The tag of the one who answers, whoever sent the message. */
  tagOf(fromTag: ByteWord, toTag: ByteWord): ByteWord {
    return fromTag.is(this.callerTag) ? toTag : fromTag;
  }

  /** Null where there are too many. */
  legOf(tag: ByteWord): Leg | null {
    const known = this.find(tag);
    if (known !== null) return known;
    if (this.legs.length > MAX_LEGS) return null;
    const offered = this.legs.find((leg) => leg.tag === '') ?? this.legs[0] ?? new Leg('');
    const leg = Leg.like(offered, tag.text);
    this.legs.push(leg);
    return leg;
  }

  private find(tag: ByteWord): Leg | null {
    for (const leg of this.legs) if (tag.is(leg.tag)) return leg;
    return null;
  }

  /** One of them; null when no other goes on without it. */
  end(tag: ByteWord): Pinholes | null {
    const ended = this.find(tag);
    const others = this.legs.filter((leg) => leg !== ended);
    if (ended === null || others.every((leg) => leg.tag === '')) return null;
    this.legs = others;
    return ended.all();
  }

  /** Somebody's answer is acknowledged: who has not answered is out of it. */
  keepAnswered(): Pinholes {
    let dropped = NONE;
    for (const leg of this.legs) if (!leg.isAnswered) dropped = joined(dropped, leg.all());
    this.legs = this.legs.filter(({ isAnswered }) => isAnswered);
    return dropped;
  }

  endAll(): Pinholes {
    const dropped = this.all();
    this.legs = [];
    return dropped;
  }

  of(side: 0 | 1): Pinholes {
    let all = NONE;
    for (const leg of this.legs) all = joined(all, leg.of(side));
    return all;
  }

  all(): Pinholes {
    return joined(this.of(0), this.of(1));
  }
}
