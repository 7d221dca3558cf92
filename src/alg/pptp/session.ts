/**
 * The control connection of PPTP as Linux's nf_conntrack_pptp and nf_nat_pptp see it: a session of one call at a time,
 * opened by the client (PNS) to the server (PAC). Once the call stands, GRE between the two with the ids that they gave it
 * is expected each way. Under translation the client's id becomes the port that the control connection has outside,
 * since another client may have the same one.
 *
 *     session  NONE ─1─► REQUESTED ─2─► CONFIRMED ─3─► STOPPING ─4─► NONE        (numbers: message types)
 *     call     NONE ─7─► OUT_REQUESTED ─8─► OUT_CONFIRMED ─13─► NONE
 *              NONE ─9─► IN_REQUESTED ─10─► IN_REPLIED ─11─► IN_CONFIRMED ─13─► NONE
 */
import { readU16 } from '../../wire/bytes.ts';
import type { GreCalls } from './gre-calls.ts';
import {
  CALL_ID,
  CALL_RESULT,
  ONLY_PEER_CALL_ID,
  PEER_CALL_ID,
  PptpType,
  RESULT_OK,
  START_RESULT,
  STOP_RESULT,
} from './messages.ts';

/** In this order: later ones count as more. */
export const SessionState = { NONE: 0, ERROR: 1, STOPPING: 2, REQUESTED: 3, CONFIRMED: 4 } as const;
type SessionState = (typeof SessionState)[keyof typeof SessionState];

export const CallState = {
  NONE: 'NONE',
  OUT_REQUESTED: 'OUT_REQUESTED',
  OUT_CONFIRMED: 'OUT_CONFIRMED',
  IN_REQUESTED: 'IN_REQUESTED',
  IN_REPLIED: 'IN_REPLIED',
  IN_CONFIRMED: 'IN_CONFIRMED',
} as const;
export type CallState = (typeof CallState)[keyof typeof CallState];

/** Two bytes of the message's fields that have to become another number. */
export interface CallIdEdit {
  readonly at: number;
  readonly callId: number;
}

const CLIENT = 0;

export class PptpSession {
  session: SessionState = SessionState.NONE;
  call: CallState = CallState.NONE;
  private readonly calls: GreCalls;
  private readonly shownId: (port: number) => number;

  /** `shownId` makes the id that the server is given for the client's out of the port that it sees. */
  constructor(calls: GreCalls, shownId: (port: number) => number = (port) => port) {
    this.calls = calls;
    this.shownId = shownId;
  }

  /** A message whose fields begin at `at`; whole. Returns what has to be changed under translation. */
  message(type: number, bytes: Uint8Array, at: number, side: number): CallIdEdit | null {
    return side === CLIENT ? this.ofClient(type, bytes, at) : this.ofServer(type, bytes, at);
  }

  private ofClient(type: number, bytes: Uint8Array, at: number): CallIdEdit | null {
    const { calls } = this;
    switch (type) {
      case PptpType.START_REQUEST:
        if (this.session === SessionState.NONE) this.session = SessionState.REQUESTED;
        return null;
      case PptpType.STOP_REQUEST:
        this.session = SessionState.STOPPING;
        return null;
      case PptpType.OUT_CALL_REQUEST:
        if (this.session !== SessionState.CONFIRMED) return null;
        this.call = CallState.OUT_REQUESTED;
        calls.clientCallId = readU16(bytes, at + CALL_ID);
        calls.showClient(this.shownId);
        return { at: CALL_ID, callId: calls.clientCallId };
      case PptpType.IN_CALL_REPLY:
        return this.incomingReply(bytes, at);
      case PptpType.CALL_CLEAR_REQUEST:
        if (this.session !== SessionState.CONFIRMED) return null;
        return { at: CALL_ID, callId: calls.clientCallId };
      default:
        return null;
    }
  }

  private incomingReply(bytes: Uint8Array, at: number): CallIdEdit | null {
    const { calls } = this;
    if (this.call !== CallState.IN_REQUESTED && this.call !== CallState.IN_REPLIED) return null;
    if (readU16(bytes, at + PEER_CALL_ID) !== calls.serverCallId) return null;
    if (bytes[at + CALL_RESULT] === RESULT_OK) {
      this.call = CallState.IN_REPLIED;
      calls.clientCallId = readU16(bytes, at + CALL_ID);
    } else {
      this.call = CallState.NONE;
    }
    return { at: CALL_ID, callId: calls.clientCallId };
  }

  private ofServer(type: number, bytes: Uint8Array, at: number): CallIdEdit | null {
    const { calls } = this;
    switch (type) {
      case PptpType.START_REPLY:
        if (this.session < SessionState.REQUESTED) return null;
        this.session = bytes[at + START_RESULT] === RESULT_OK ? SessionState.CONFIRMED : SessionState.ERROR;
        return null;
      case PptpType.STOP_REPLY:
        if (this.session > SessionState.STOPPING) return null;
        this.session = bytes[at + STOP_RESULT] === RESULT_OK ? SessionState.NONE : SessionState.ERROR;
        return null;
      case PptpType.OUT_CALL_REPLY:
        return this.outgoingReply(bytes, at);
      case PptpType.IN_CALL_REQUEST:
        if (this.session !== SessionState.CONFIRMED) return null;
        this.call = CallState.IN_REQUESTED;
        calls.serverCallId = readU16(bytes, at + CALL_ID);
        return null;
      case PptpType.IN_CALL_CONNECTED:
        return this.incomingConnected(bytes, at);
      case PptpType.CALL_DISCONNECT_NOTIFY:
        this.call = CallState.NONE;
        calls.close();
        return { at: CALL_ID, callId: calls.hiddenClientCallId };
      case PptpType.WAN_ERROR_NOTIFY:
      case PptpType.SET_LINK_INFO:
        return { at: ONLY_PEER_CALL_ID, callId: calls.hiddenClientCallId };
      default:
        return null;
    }
  }

  private outgoingReply(bytes: Uint8Array, at: number): CallIdEdit | null {
    const { calls } = this;
    if (this.session !== SessionState.CONFIRMED) return null;
    if (this.call !== CallState.OUT_REQUESTED && this.call !== CallState.OUT_CONFIRMED) return null;
    if (readU16(bytes, at + PEER_CALL_ID) !== calls.clientCallId) return null;
    if (bytes[at + CALL_RESULT] === RESULT_OK) {
      this.call = CallState.OUT_CONFIRMED;
      calls.serverCallId = readU16(bytes, at + CALL_ID);
      calls.open();
    } else {
      this.call = CallState.NONE;
    }
    return { at: PEER_CALL_ID, callId: calls.hiddenClientCallId };
  }

  private incomingConnected(bytes: Uint8Array, at: number): CallIdEdit | null {
    const { calls } = this;
    if (this.session !== SessionState.CONFIRMED) return null;
    if (this.call !== CallState.IN_REPLIED && this.call !== CallState.IN_CONFIRMED) return null;
    if (readU16(bytes, at + ONLY_PEER_CALL_ID) !== calls.clientCallId) return null;
    this.call = CallState.IN_CONFIRMED;
    calls.open();
    return { at: ONLY_PEER_CALL_ID, callId: calls.hiddenClientCallId };
  }
}
