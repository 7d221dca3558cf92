/**
 * TCP's states as a middlebox sees them, and the table of their transitions: [direction][segment][state], literally the
 * one that Linux's tracker goes by (observed and compared, see test/netfilter/conntrack). Window tracking is
 * tcp-window.ts; what is done about the marks IGNORE and INVALID is tcp.ts.
 */

export const TcpState = {
  NONE: 0,
  /** A SYN was seen from the originator. */
  SYN_SENT: 1,
  /** The SYN/ACK that answers it. */
  SYN_RECV: 2,
  ESTABLISHED: 3,
  /** One FIN. */
  FIN_WAIT: 4,
  /** One FIN, acknowledged. */
  CLOSE_WAIT: 5,
  /** Both FINs. */
  LAST_ACK: 6,
  /** Both FINs, the last one acknowledged. */
  TIME_WAIT: 7,
  /** A reset. */
  CLOSE: 8,
  /** A SYN from both ends. */
  SYN_SENT2: 9,
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];

/** In the order of the numbers above, as `conntrack -L` and the log print them. */
export const TCP_STATE_NAMES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const;

/** Timeouts that no state has of its own, behind those of the states. */
export const TCP_TIMEOUT_RETRANS = 10;
export const TCP_TIMEOUT_UNACK = 11;
export const TCP_TIMEOUT_COUNT = 12;

/** Kinds of segments; a reset is one whatever else it carries, then SYN, FIN, ACK decide in this order. */
export const Segment = { SYN: 0, SYNACK: 1, FIN: 2, ACK: 3, RST: 4, NONE: 5 } as const;
export type Segment = (typeof Segment)[keyof typeof Segment];

/** Marks beside the states: the packet changes nothing; the packet is not part of the connection. */
export const TCP_IGNORE = 10;
export const TCP_INVALID = 11;

const sSS = TcpState.SYN_SENT;
const sSR = TcpState.SYN_RECV;
const sES = TcpState.ESTABLISHED;
const sFW = TcpState.FIN_WAIT;
const sCW = TcpState.CLOSE_WAIT;
const sLA = TcpState.LAST_ACK;
const sTW = TcpState.TIME_WAIT;
const sCL = TcpState.CLOSE;
const sS2 = TcpState.SYN_SENT2;
const sIG = TCP_IGNORE;
const sIV = TCP_INVALID;

const STATES = 10;
const SEGMENTS = 6;

/**
 * How to read it: a SYN in the original direction (first row) opens a connection from nothing, is a retransmission in
 * SYN_SENT, is let through but not believed while the connection stands (its answer will tell), and reopens one that is
 * past its end. A SYN/ACK from the originator only makes sense when both ends opened at once.
 */
// prettier-ignore
const TRANSITIONS: readonly (readonly (readonly number[])[])[] = [
  [ // original direction
    //          sNO, sSS, sSR, sES, sFW, sCW, sLA, sTW, sCL, sS2
    /* SYN    */ [sSS, sSS, sIG, sIG, sIG, sIG, sIG, sSS, sSS, sS2],
    /* SYNACK */ [sIV, sIV, sSR, sIV, sIV, sIV, sIV, sIV, sIV, sSR],
    /* FIN    */ [sIV, sIV, sFW, sFW, sLA, sLA, sLA, sTW, sCL, sIV],
    /* ACK    */ [sES, sIV, sES, sES, sCW, sCW, sTW, sTW, sCL, sIV],
    /* RST    */ [sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
    /* none   */ [sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV],
  ],
  [ // reply direction
    //          sNO, sSS, sSR, sES, sFW, sCW, sLA, sTW, sCL, sS2
    /* SYN    */ [sIV, sS2, sIV, sIV, sIV, sIV, sIV, sSS, sIV, sS2],
    /* SYNACK */ [sIV, sSR, sIG, sIG, sIG, sIG, sIG, sIG, sIG, sSR],
    /* FIN    */ [sIV, sIV, sFW, sFW, sLA, sLA, sLA, sTW, sCL, sIV],
    /* ACK    */ [sIV, sIG, sSR, sES, sCW, sCW, sTW, sTW, sCL, sIG],
    /* RST    */ [sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
    /* none   */ [sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV],
  ],
];

const FLAT = Uint8Array.from(TRANSITIONS.flat(2));

/** The state that a segment of that kind leads to, or one of the marks TCP_IGNORE and TCP_INVALID. */
export function nextTcpState(direction: number, segment: number, state: number): number {
  return FLAT[(direction * SEGMENTS + segment) * STATES + state]!;
}
