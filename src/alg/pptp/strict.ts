/**
 * PPTP as Sluice treats it: whole messages out of the reassembled stream, each as long as its kind is; the calls are those
 * of session.ts. Call ids of zero stand for no call.
 */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { readU16, readU32 } from '../../wire/bytes.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { bytesOfText } from '../byte-text.ts';
import { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import { FramedConnection, NO_FRAME, UNKNOWN_YET, type FrameProtocol } from '../framed-connection.ts';
import { payloadStart } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { GreCalls } from './gre-calls.ts';
import { PPTP_POLICIES } from './limits.ts';
import { CONTROL_MESSAGE, HEADER_LENGTH, MAGIC_COOKIE, MESSAGES, PPTP_PORT } from './messages.ts';
import { PptpSession } from './session.ts';

interface Connection {
  readonly calls: GreCalls;
  readonly frames: FramedConnection;
}

export class StrictPptp implements CtHelper {
  readonly name = 'pptp';
  readonly family = 4;
  readonly proto = IPPROTO_TCP;
  readonly port = PPTP_PORT;
  readonly policies = PPTP_POLICIES;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly connections = new Map<number, Connection>();

  constructor(services: AlgServices) {
    this.services = services;
    this.expecting = new Expecting(services);
  }

  forget(entry: number): void {
    this.connections.get(entry)?.calls.close();
    this.connections.delete(entry);
    this.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const start = payloadStart(pkt);
    if (start < 0) return Verdict.ACCEPT;
    const { services, expecting } = this;
    const flow = services.flows.packet(entry, this.name, pkt);
    let connection = this.connections.get(entry);
    if (connection === undefined) {
      const calls = new GreCalls(services, expecting, this, entry);
      const frames = new PptpFrames(services, flow, calls, () => expecting.isTranslated(entry));
      connection = { calls, frames: new FramedConnection(services, this.name, entry, frames) };
      this.connections.set(entry, connection);
    }
    return connection.frames.segment(pkt, directionOf(ctInfo), start);
  }
}

class PptpFrames implements FrameProtocol {
  readonly mayEdit: () => boolean;
  private readonly services: AlgServices;
  private readonly flow: Flow;
  private readonly session: PptpSession;

  constructor(services: AlgServices, flow: Flow, calls: GreCalls, isTranslated: () => boolean) {
    this.services = services;
    this.flow = flow;
    this.session = new PptpSession(calls);
    this.mayEdit = isTranslated;
  }

  lengthOf(text: string): number {
    if (text.length < HEADER_LENGTH) return UNKNOWN_YET;
    const head = bytesOfText(text.slice(0, HEADER_LENGTH));
    const type = readU16(head, 8);
    const length = readU16(head, 0);
    const isControl = readU16(head, 2) === CONTROL_MESSAGE && readU32(head, 4) >>> 0 === MAGIC_COOKIE;
    return isControl && MESSAGES[type]?.length === length - HEADER_LENGTH ? length : NO_FRAME;
  }

  mayChange(): boolean {
    return true;
  }

  read(text: string, side: number): string {
    const { flows } = this.services;
    const bytes = bytesOfText(text);
    const type = readU16(bytes, 8);
    const { name } = MESSAGES[type]!;
    this.flow.command = name;
    if (flows.wanted) flows.note(this.flow, 'message', side === 0 ? 'client' : 'server', name);
    const edit = this.session.message(type, bytes, HEADER_LENGTH, side);
    flows.state(this.flow, this.session.call);
    if (edit === null || !this.mayEdit()) return text;
    const at = HEADER_LENGTH + edit.at;
    const { callId } = edit;
    return text.slice(0, at) + String.fromCharCode(callId >>> 8, callId & 0xff) + text.slice(at + 2);
  }

  ended(why: string): void {
    this.services.flows.note(this.flow, 'note', 'gateway', why);
  }
}
