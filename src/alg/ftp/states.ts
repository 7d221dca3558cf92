/**
 * The states of one negotiation of a data connection, from the command that names (or asks for) a port to the reply that
 * ends the transfer. A negotiation that is over has no entry any more.
 *
 *              granted                transfer command         1xx
 *     OPENING ─────────► OPENED ───────────────────► CMD_SENT ─────► EXEC_STARTED
 *        │                  │                            │                │  226, 250
 *        └──────────────────┴── a negative reply: gone ──┴────────────────┴─────────► EXEC_COMP
 */
export const FtpState = {
  OPENING: 'OPENING',
  OPENED: 'OPENED',
  CMD_SENT: 'CMD_SENT',
  EXEC_STARTED: 'EXEC_STARTED',
  EXEC_COMP: 'EXEC_COMP',
  GONE: '',
} as const;
export type FtpState = (typeof FtpState)[keyof typeof FtpState];

/** GRANTED: 200 to PORT, 227 to PASV …; PRELIMINARY, COMPLETED, REFUSED: replies; REPLACED: another negotiation. */
export type FtpEvent = 'GRANTED' | 'TRANSFER' | 'PRELIMINARY' | 'COMPLETED' | 'REFUSED' | 'REPLACED';

const { OPENING, OPENED, CMD_SENT, EXEC_STARTED, EXEC_COMP, GONE } = FtpState;

/** What is not listed changes nothing. */
const MOVES: Readonly<Record<FtpState, Readonly<Partial<Record<FtpEvent, FtpState>>>>> = {
  [OPENING]: { GRANTED: OPENED, REFUSED: GONE, REPLACED: GONE },
  [OPENED]: { TRANSFER: CMD_SENT, REFUSED: GONE, REPLACED: GONE },
  [CMD_SENT]: { PRELIMINARY: EXEC_STARTED, COMPLETED: EXEC_COMP, REFUSED: GONE, REPLACED: GONE },
  [EXEC_STARTED]: { COMPLETED: EXEC_COMP, REFUSED: GONE, REPLACED: GONE },
  [EXEC_COMP]: {},
  [GONE]: {},
};

export function moved(state: FtpState, event: FtpEvent): FtpState {
  return MOVES[state][event] ?? state;
}
