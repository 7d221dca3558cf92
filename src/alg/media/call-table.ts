/**
 * The calls that SIP's strict helper has seen: who called whom, how far it got, when, and which media were opened. A call
 * is one INVITE dialog (RFC 3261 12, 13, 14) on one connection.
 *
 *     CALLING ──180──► RINGING ──200──► ANSWERED ──ACK──► ESTABLISHED ──BYE──► ENDED
 *        │                │                └─────────────BYE───────────────────►┘
 *        └──── 3xx–6xx ───┴──► FAILED (CANCELLED behind a CANCEL)
 */
import type { MediaQuality } from './media-quality.ts';

export const CallState = {
  CALLING: 'CALLING',
  RINGING: 'RINGING',
  ANSWERED: 'ANSWERED',
  ESTABLISHED: 'ESTABLISHED',
  ENDED: 'ENDED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const;
export type CallState = (typeof CallState)[keyof typeof CallState];

export type CallEvent = 'RINGING' | 'ANSWER' | 'ACK' | 'REFUSED' | 'REFUSED_AFTER_CANCEL' | 'BYE';

const { CALLING, RINGING, ANSWERED, ESTABLISHED, ENDED, FAILED, CANCELLED } = CallState;

/** What is not listed changes nothing. */
const MOVES: Readonly<Record<CallState, Readonly<Partial<Record<CallEvent, CallState>>>>> = {
  [CALLING]: {
    RINGING: RINGING,
    ANSWER: ANSWERED,
    REFUSED: FAILED,
    REFUSED_AFTER_CANCEL: CANCELLED,
    BYE: ENDED,
  },
  [RINGING]: { ANSWER: ANSWERED, REFUSED: FAILED, REFUSED_AFTER_CANCEL: CANCELLED, BYE: ENDED },
  [ANSWERED]: { ACK: ESTABLISHED, BYE: ENDED },
  [ESTABLISHED]: { BYE: ENDED },
  [ENDED]: {},
  [FAILED]: {},
  [CANCELLED]: {},
};

const MAX_CALLS = 4096;
/** So many more may come until those that are over go, all at once. */
const MAX_MORE = 512;

/** A call's end is asked to call somebody else (RFC 3515). */
export class Referral {
  readonly by: string;
  readonly to: string;
  /** The response to that; 0 for none yet. */
  code = 0;
  /** How far the other call got, as its caller has told last (2.4.5); 0 for nothing. */
  progress = 0;

  constructor(by: string, to: string) {
    this.by = by;
    this.to = to;
  }
}

export class Call {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  state: CallState = CALLING;
  isCancelled = false;
  readonly startUs: number;
  /** When it rang, was answered and ended; 0 where it has not. */
  ringUs = 0;
  answerUs = 0;
  endUs = 0;
  /** Of the final response to the INVITE. */
  code = 0;
  /** Messages that came again. */
  resent = 0;
  /** The last one; null for none. */
  referral: Referral | null = null;
  /** Of each medium's direction, as far as somebody measures. */
  readonly quality: MediaQuality[] = [];

  constructor(callId: string, from: string, to: string, startUs: number) {
    this.callId = callId;
    this.from = from;
    this.to = to;
    this.startUs = startUs;
  }

  get isOver(): boolean {
    return this.state === ENDED || this.state === FAILED || this.state === CANCELLED;
  }

  /** True when something changed. */
  move(event: CallEvent, nowUs: number): boolean {
    const next = MOVES[this.state][event];
    if (next === undefined) return false;
    this.state = next;
    if (next === RINGING) this.ringUs = nowUs;
    if (next === ANSWERED) this.answerUs = nowUs;
    if (this.isOver) this.endUs = nowUs;
    return true;
  }
}

/** Kept for reports; those that are over make room. */
export class CallTable {
  private readonly calls = new Set<Call>();

  get all(): Iterable<Call> {
    return this.calls;
  }

  add(call: Call): void {
    this.calls.add(call);
    if (this.calls.size < MAX_CALLS + MAX_MORE) return;
    for (const other of this.calls) {
      if (other.isOver) this.calls.delete(other);
      if (this.calls.size <= MAX_CALLS) return;
    }
  }
}
