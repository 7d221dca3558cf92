/**
 * What a hook, a table or a target says of a packet: netfilter's own numbers (uapi/linux/netfilter.h, x_tables.h).
 */
export const Verdict = {
  DROP: 0,
  ACCEPT: 1,
  /** Somebody keeps the packet (a fragment that waits for the others). */
  STOLEN: 2,
  /** To userspace; without a listener that is a drop, unless the rule says bypass. */
  QUEUE: 3,
  REPEAT: 4,
  /** Of targets only: go on with the next rule (XT_CONTINUE). */
  CONTINUE: -1,
  /** Of targets only: back to the calling chain (XT_RETURN). */
  RETURN: -5,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];
