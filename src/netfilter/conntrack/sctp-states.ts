/**
 * SCTP's states as a middlebox sees them, and the table of their transitions: [direction][chunk][state] (RFC 9260
 * section 4, as Linux's tracker follows it: observed and compared). What a chunk's verification tag must be is sctp.ts.
 */
import * as sctp from '../../wire/sctp.ts';

export const SctpState = {
  NONE: 0,
  CLOSED: 1,
  COOKIE_WAIT: 2,
  COOKIE_ECHOED: 3,
  ESTABLISHED: 4,
  SHUTDOWN_SENT: 5,
  SHUTDOWN_RECD: 6,
  SHUTDOWN_ACK_SENT: 7,
  /** A HEARTBEAT opened the entry: the second path of a multi-homed association. */
  HEARTBEAT_SENT: 8,
} as const;
export type SctpState = (typeof SctpState)[keyof typeof SctpState];

export const SCTP_STATE_NAMES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
] as const;

export const SCTP_INVALID = 9;

const sCL = SctpState.CLOSED;
const sCW = SctpState.COOKIE_WAIT;
const sCE = SctpState.COOKIE_ECHOED;
const sES = SctpState.ESTABLISHED;
const sSS = SctpState.SHUTDOWN_SENT;
const sSR = SctpState.SHUTDOWN_RECD;
const sSA = SctpState.SHUTDOWN_ACK_SENT;
const sHS = SctpState.HEARTBEAT_SENT;
const sIV = SCTP_INVALID;

const STATES = 9;
const ROWS = 11;

// prettier-ignore
const TRANSITIONS: readonly (readonly (readonly number[])[])[] = [
  [ // original direction
    //                    NO,  CL,  CW,  CE,  ES,  SS,  SR,  SA,  HS
    /* INIT           */ [sCL, sCL, sCW, sCE, sES, sCL, sCL, sSA, sCW],
    /* INIT ACK       */ [sCL, sCL, sCW, sCE, sES, sSS, sSR, sSA, sCL],
    /* ABORT          */ [sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
    /* SHUTDOWN       */ [sCL, sCL, sCW, sCE, sSS, sSS, sSR, sSA, sCL],
    /* SHUTDOWN ACK   */ [sSA, sCL, sCW, sCE, sES, sSA, sSA, sSA, sSA],
    /* ERROR          */ [sCL, sCL, sCW, sCE, sES, sSS, sSR, sSA, sCL],
    /* COOKIE ECHO    */ [sCL, sCL, sCE, sCE, sES, sSS, sSR, sSA, sCL],
    /* COOKIE ACK     */ [sCL, sCL, sCW, sES, sES, sSS, sSR, sSA, sCL],
    /* SHUTDOWN COMPL */ [sCL, sCL, sCW, sCE, sES, sSS, sSR, sCL, sCL],
    /* HEARTBEAT      */ [sHS, sCL, sCW, sCE, sES, sSS, sSR, sSA, sHS],
    /* HEARTBEAT ACK  */ [sCL, sCL, sCW, sCE, sES, sSS, sSR, sSA, sHS],
  ],
  [ // reply direction
    //                    NO,  CL,  CW,  CE,  ES,  SS,  SR,  SA,  HS
    /* INIT           */ [sIV, sCL, sCW, sCE, sES, sSS, sSR, sSA, sIV],
    /* INIT ACK       */ [sIV, sCW, sCW, sCE, sES, sSS, sSR, sSA, sIV],
    /* ABORT          */ [sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sIV],
    /* SHUTDOWN       */ [sIV, sCL, sCW, sCE, sSR, sSS, sSR, sSA, sIV],
    /* SHUTDOWN ACK   */ [sIV, sCL, sCW, sCE, sES, sSA, sSA, sSA, sIV],
    /* ERROR          */ [sIV, sCL, sCW, sCL, sES, sSS, sSR, sSA, sIV],
    /* COOKIE ECHO    */ [sIV, sCL, sCE, sCE, sES, sSS, sSR, sSA, sIV],
    /* COOKIE ACK     */ [sIV, sCL, sCW, sES, sES, sSS, sSR, sSA, sIV],
    /* SHUTDOWN COMPL */ [sIV, sCL, sCW, sCE, sES, sSS, sSR, sCL, sIV],
    /* HEARTBEAT      */ [sIV, sCL, sCW, sCE, sES, sSS, sSR, sSA, sHS],
    /* HEARTBEAT ACK  */ [sIV, sCL, sCW, sCE, sES, sSS, sSR, sSA, sES],
  ],
];

const FLAT = Uint8Array.from(TRANSITIONS.flat(2));

/** The table's row of each chunk type; chunks without one change no state. */
const ROW_OF_CHUNK = new Int8Array(256).fill(-1);
[
  sctp.INIT,
  sctp.INIT_ACK,
  sctp.ABORT,
  sctp.SHUTDOWN,
  sctp.SHUTDOWN_ACK,
  sctp.ERROR,
  sctp.COOKIE_ECHO,
  sctp.COOKIE_ACK,
  sctp.SHUTDOWN_COMPLETE,
  sctp.HEARTBEAT,
  sctp.HEARTBEAT_ACK,
].forEach((type, row) => (ROW_OF_CHUNK[type] = row));

/** The state that a chunk of that type leads to, or SCTP_INVALID. */
export function nextSctpState(direction: number, chunkType: number, state: number): number {
  const row = ROW_OF_CHUNK[chunkType]!;
  return row < 0 ? state : FLAT[(direction * ROWS + row) * STATES + state]!;
}
