/**
 * The calls of one control connection, as many as PPTP has (RFC 2637 1.1): each is a session of its own (session.ts), which
 * is told what concerns its call, found by the ids in the messages, and what concerns the control connection. Under
 * translation the first has the id that Linux would give it, further ones the next that nobody uses towards that server.
 */
import { readU16 } from '../../wire/bytes.ts';
import type { GreCalls } from './gre-calls.ts';
import { CALL_ID, PEER_CALL_ID, PptpType } from './messages.ts';
import { CallState, PptpSession, type CallIdEdit } from './session.ts';

/** The oldest ends for one more. */
export const MAX_CALLS = 16;
const ID_COUNT = 65_536;

interface Call {
  readonly gre: GreCalls;
  readonly session: PptpSession;
}

export class PptpCalls {
  /** Of the call that was spoken of last. */
  state: CallState = CallState.NONE;
  private readonly makeGre: () => GreCalls;
  /** In the order of their beginnings. */
  private readonly calls = new Set<Call>();
  /** Of no call: what the control connection has come to. */
  private readonly control: PptpSession;

  constructor(makeGre: () => GreCalls) {
    this.makeGre = makeGre;
    this.control = new PptpSession(makeGre());
  }

  message(type: number, bytes: Uint8Array, at: number, side: number): CallIdEdit | null {
    const call = this.callOf(type, bytes, at);
    if (call === null) {
      const edit = this.control.message(type, bytes, at, side);
      return isOfCall(type) ? null : edit;
    }
    call.session.session = this.control.session;
    const edit = call.session.message(type, bytes, at, side);
    this.state = call.session.call;
    if (this.state === CallState.NONE) this.calls.delete(call);
    const isServersId = readU16(bytes, at + CALL_ID) !== call.gre.clientCallId;
    return type === PptpType.CALL_DISCONNECT_NOTIFY && isServersId ? null : edit;
  }

  close(): void {
    for (const { gre } of this.calls) gre.close();
    this.calls.clear();
  }

  /** The call that a message is about; null for those of the control connection, and of a call that there is not. */
  private callOf(type: number, bytes: Uint8Array, at: number): Call | null {
    // Of the sender's, or the only one that there is; and the other end's.
    const [id, peer] = [readU16(bytes, at + CALL_ID), readU16(bytes, at + PEER_CALL_ID)];
    switch (type) {
      case PptpType.OUT_CALL_REQUEST:
        return this.find(({ ownClientCallId }) => ownClientCallId === id) ?? this.begin();
      case PptpType.IN_CALL_REQUEST:
        return this.find(({ serverCallId }) => serverCallId === id) ?? this.begin();
      case PptpType.OUT_CALL_REPLY:
        return this.find(({ clientCallId }) => clientCallId === peer);
      case PptpType.IN_CALL_REPLY:
        return this.find(({ serverCallId }) => serverCallId === peer);
      case PptpType.IN_CALL_CONNECTED:
      case PptpType.WAN_ERROR_NOTIFY:
      case PptpType.SET_LINK_INFO:
        return this.find(({ clientCallId }) => clientCallId === id);
      case PptpType.CALL_CLEAR_REQUEST:
        return this.find(({ ownClientCallId }) => ownClientCallId === id);
      case PptpType.CALL_DISCONNECT_NOTIFY:
        // Its own id it should be (RFC 2637 2.13); there are servers that say the client's.
        return (
          this.find(({ serverCallId }) => serverCallId === id) ??
          this.find(({ clientCallId }) => clientCallId === id)
        );
      default:
        return null;
    }
  }

  private find(isIt: (gre: GreCalls) => boolean): Call | null {
    for (const call of this.calls) if (isIt(call.gre)) return call;
    return null;
  }

  private begin(): Call {
    for (const oldest of this.calls) {
      if (this.calls.size < MAX_CALLS) break;
      oldest.gre.close();
      this.calls.delete(oldest);
    }
    const gre = this.makeGre();
    const call = { gre, session: new PptpSession(gre, (port) => this.freeId(gre, port)) };
    this.calls.add(call);
    return call;
  }

  private freeId(gre: GreCalls, wished: number): number {
    for (let i = 0; i < ID_COUNT; i++) {
      const id = (wished + i) % ID_COUNT;
      const isOurs = this.find((other) => other !== gre && other.clientCallId === id) !== null;
      if (id !== 0 && !isOurs && !gre.isTaken(id)) return id;
    }
    return wished;
  }
}

function isOfCall(type: number): boolean {
  return type >= PptpType.OUT_CALL_REQUEST;
}
