/**
 * The dialogs of one call (RFC 3261 12): a request that is forked is answered by several, each with a tag and media of its
 * own. What the INVITE offered holds for all of them; pinholes that two of them share stay until both have no use for them.
 */
import type { Call } from '../media/call-table.ts';
import type { Pinhole } from '../media/media-ports.ts';

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

  /** The exchange of offer and answer is over: what was offered holds, or is forgotten. */
  settle(isAgreed: boolean): void {
    for (const side of [0, 1] as const) {
      if (isAgreed) this.current[side] = this.offered[side] ?? this.current[side];
      this.offered[side] = null;
    }
  }

  of(side: 0 | 1): Pinholes {
    const offered = this.offered[side];
    return offered === null ? this.current[side] : [...offered, ...this.current[side]];
  }
}

export class Legs {
  readonly call: Call;
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

  /** True when others go on without it. */
  end(tag: string): boolean {
    const isOne = this.legs.delete(tag);
    for (const other of this.legs.keys()) if (isOne && other !== '') return true;
    return false;
  }

  /** Somebody's answer is acknowledged: who has not answered is out of it. */
  keepAnswered(): void {
    for (const [tag, { isAnswered }] of this.legs) if (!isAnswered) this.legs.delete(tag);
  }

  endAll(): void {
    this.legs.clear();
  }

  of(side: 0 | 1): Pinholes {
    const all: (Pinhole | null)[] = [];
    for (const leg of this.legs.values()) all.push(...leg.of(side));
    return all;
  }

  readonly all = (): Pinholes => [...this.of(0), ...this.of(1)];
}
