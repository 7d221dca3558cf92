/**
 * The states of a connection (RFC 9293 section 3.3.2) under the numbers and names that Linux shows them by (`ss`,
 * /proc/net/tcp), and the sets of them that segments and calls ask about.
 *
 *                   connect                                  listen
 *     CLOSED ──────────────────► SYN_SENT       LISTEN ──SYN──► (handshakes.ts) ──ACK──┐
 *                                   │ SYN,ACK                                          │
 *                                   ▼                                                  ▼
 *     ┌────────── close ──── ESTABLISHED ◄─────────────────────────────────── ESTABLISHED
 *     ▼                             │ FIN
 *   FIN_WAIT1 ──FIN──► CLOSING      ▼
 *     │ ACK                │     CLOSE_WAIT ──close──► LAST_ACK ──ACK──► CLOSED
 *     ▼                    ▼ ACK
 *   FIN_WAIT2 ──FIN──► TIME_WAIT (time-wait.ts) ──60 s──► CLOSED
 */
export const TcpState = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  /** Only after a simultaneous open: handshakes of a listener are no connections yet. */
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSED: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];

const NAMES = Object.fromEntries(Object.entries(TcpState).map(([name, state]) => [state, name]));

export function stateName(state: TcpState): string {
  return NAMES[state]!;
}

function setOf(...states: readonly TcpState[]): number {
  return states.reduce((bits, state) => bits | (1 << state), 0);
}

/** Data may still be queued and sent. */
export const MAY_SEND = setOf(TcpState.ESTABLISHED, TcpState.CLOSE_WAIT);
/** What was queued before may be sent: the states above, and those that wait for the FIN to be acknowledged. */
export const MAY_TRANSMIT = MAY_SEND | setOf(TcpState.FIN_WAIT1, TcpState.CLOSING, TcpState.LAST_ACK);
/** The peer may still send data. */
export const MAY_RECEIVE = setOf(TcpState.ESTABLISHED, TcpState.FIN_WAIT1, TcpState.FIN_WAIT2);
/** The handshake is not over. */
export const OPENING = setOf(TcpState.SYN_SENT, TcpState.SYN_RECV);

export function isIn(state: TcpState, set: number): boolean {
  return ((1 << state) & set) !== 0;
}
