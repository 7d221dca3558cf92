/** PPTP as Linux's nf_conntrack_pptp treats it: each packet is a message, or begins with one. */
import { CtInfo, directionOf } from '../../netfilter/conntrack/ct-info.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { readU16, readU32 } from '../../wire/bytes.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { Helper } from '../helper.ts';
import { payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { PPTP } from './facts.ts';
import { GreCalls } from './gre-calls.ts';
import { CONTROL_MESSAGE, HEADER_LENGTH, MAGIC_COOKIE, MESSAGES } from './messages.ts';
import { PptpSession } from './session.ts';

interface Connection {
  readonly calls: GreCalls;
  readonly session: PptpSession;
}

export class LinuxPptp extends Helper {
  private readonly connections = new Map<number, Connection>();

  constructor(services: AlgServices) {
    super(PPTP, 4, IPPROTO_TCP, services);
  }

  override forget(entry: number): void {
    this.connections.get(entry)?.calls.close();
    this.connections.delete(entry);
    super.forget(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const flow = this.services.flows.packet(entry, this.name, pkt);
    if (ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return Verdict.ACCEPT;
    const { bytes, l3End } = pkt;
    const start = payloadStart(pkt);
    if (start < 0 || start + HEADER_LENGTH > l3End) return Verdict.ACCEPT;
    if (readU16(bytes, start + 2) !== CONTROL_MESSAGE) return Verdict.ACCEPT;
    if (readU32(bytes, start + 4) !== MAGIC_COOKIE) return Verdict.ACCEPT;
    const type = readU16(bytes, start + 8);
    const shape = MESSAGES[type];
    if (shape === undefined || start + HEADER_LENGTH + shape.length > l3End) return Verdict.ACCEPT;
    flow.command = shape.name;
    const fields = start + HEADER_LENGTH;
    const { session } = this.connectionOf(entry);
    const edit = session.message(type, bytes, fields, directionOf(ctInfo));
    if (edit === null || !this.expecting.isTranslated(entry)) return Verdict.ACCEPT;
    const { callId } = edit;
    replaceBytes(pkt, fields + edit.at, 2, Uint8Array.of(callId >>> 8, callId & 0xff));
    return Verdict.ACCEPT;
  }

  private connectionOf(entry: number): Connection {
    let connection = this.connections.get(entry);
    if (connection === undefined) {
      const calls = new GreCalls(this.services, this.expecting, this, entry, false);
      connection = { calls, session: new PptpSession(calls) };
      this.connections.set(entry, connection);
    }
    return connection;
  }
}
