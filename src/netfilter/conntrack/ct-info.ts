/**
 * How a packet relates to its connection, and what is known of a connection: netfilter's own numbers
 * (uapi/linux/netfilter/nf_conntrack_common.h).
 */

/** In `PacketBuffer.ctInfo`. With `ct` 0, UNTRACKED means exempted and anything else means INVALID. */
export const CtInfo = {
  ESTABLISHED: 0,
  RELATED: 1,
  NEW: 2,
  /** The packet goes in the reply direction; added to ESTABLISHED and RELATED. */
  IS_REPLY: 3,
  ESTABLISHED_REPLY: 3,
  RELATED_REPLY: 4,
  UNTRACKED: 7,
} as const;
export type CtInfo = (typeof CtInfo)[keyof typeof CtInfo];

/** Direction of a packet within its connection. */
export const Direction = { ORIGINAL: 0, REPLY: 1 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

export function directionOf(ctInfo: number): Direction {
  return ctInfo >= CtInfo.IS_REPLY && ctInfo !== CtInfo.UNTRACKED ? 1 : 0;
}

/** Bits of a connection's status (IPS_*). */
export const CtStatus = {
  EXPECTED: 1 << 0,
  SEEN_REPLY: 1 << 1,
  ASSURED: 1 << 2,
  CONFIRMED: 1 << 3,
  SRC_NAT: 1 << 4,
  DST_NAT: 1 << 5,
  SEQ_ADJUST: 1 << 6,
  SRC_NAT_DONE: 1 << 7,
  DST_NAT_DONE: 1 << 8,
  DYING: 1 << 9,
  FIXED_TIMEOUT: 1 << 10,
  TEMPLATE: 1 << 11,
  UNTRACKED: 1 << 12,
  HELPER: 1 << 13,
  OFFLOAD: 1 << 14,
  /** SYNPROXY made it; Linux has no bit for that, but an extension of the connection. */
  PROXIED: 1 << 16,
} as const;
