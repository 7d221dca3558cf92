/** Small numbers that a connection's fields hold, by name. */

/** Bits of `Connection.events`. */
export const Event = { CONNECT: 1, READABLE: 2, WRITABLE: 4, END: 8, URGENT: 16, CLOSE: 32 } as const;

/** How the congestion window is held (Linux: TCP_CA_*). */
export const Phase = {
  OPEN: 0,
  /** Duplicates or SACKs were seen, nothing is believed lost. */
  DISORDER: 1,
  /** The window shrinks for another reason: ECN, or a loss repaired by a probe. */
  REDUCING: 2,
  RECOVERY: 3,
  /** After a timeout. */
  LOSS: 4,
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** What the retransmission timer is for. */
export const TimerKind = { NONE: 0, RETRANSMIT: 1, LOSS_PROBE: 2, REORDER: 3, ZERO_WINDOW: 4 } as const;
export type TimerKind = (typeof TimerKind)[keyof typeof TimerKind];

/** Bits of `Connection.ecn`. */
export const Ecn = {
  OK: 1,
  /** Our next segment carries CWR. */
  QUEUE_CWR: 2,
  /** A CE was seen: ECE until CWR comes. */
  DEMAND_CWR: 4,
  /** The peer has sent ECT at all. */
  SEEN: 8,
} as const;

/** RFC 6928. */
export const INITIAL_WINDOW = 10;
