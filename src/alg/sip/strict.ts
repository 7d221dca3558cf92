/**
 * SIP as Sluice treats it: whole messages, well formed (grammar.ts), calls as state machines (dialogs.ts). Over TCP a
 * message begins where the stream says that one begins and is as long as it says; a connection that speaks something
 * else is left alone from there on. What can't be read opens nothing and goes on unchanged: the rules decide on it.
 */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper, ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { bytesOfText, printable, textOfBytes } from '../byte-text.ts';
import { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import { FramedConnection } from '../framed-connection.ts';
import { logRefusal } from '../helper-log.ts';
import { payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import type { CallTable } from '../media/call-table.ts';
import type { Context } from './context.ts';
import { Dialogs } from './dialogs.ts';
import { readHead, type SipHead } from './grammar.ts';
import { findHeader, Header } from './kernel-text.ts';
import { SIP, SIP_TIMEOUT_US } from './facts.ts';
import { MediaMonitor } from '../media/media-monitor.ts';
import { MediaPorts } from '../media/media-ports.ts';
import { EditedText } from '../edited-text.ts';
import { SipNat } from './nat.ts';
import { Registrations, type RegistrationState } from './registrations.ts';
import { SipFrames } from './stream.ts';

const ASKS_FOR_RPORT = /^(?:via|v)[ \t]*:[^\r\n]*;[ \t]*rport\b/im;

/** What is kept of a connection. */
export interface SipConnection {
  readonly entry: number;
  readonly flow: Flow;
  readonly state: RegistrationState;
  readonly dialogs: Dialogs;
  /** TCP's. */
  readonly stream: FramedConnection | null;
}

export class StrictSip implements CtHelper {
  readonly name = SIP.name;
  readonly family: 4 | 6;
  readonly proto: number;
  readonly port = SIP.port;
  readonly policies: readonly ExpectPolicy[] = SIP.strictPolicies;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly nat: SipNat;
  private readonly registrations: Registrations;
  private readonly media: MediaPorts;
  private readonly calls: CallTable;
  private readonly connections = new Map<number, SipConnection>();

  constructor(family: 4 | 6, proto: number, services: AlgServices, loose: boolean) {
    this.family = family;
    this.proto = proto;
    this.services = services;
    this.calls = services.flows.calls;
    this.expecting = new Expecting(services);
    this.nat = new SipNat(services, this.expecting);
    this.registrations = new Registrations(services, this.expecting, this.nat, this);
    const monitor = new MediaMonitor(family, services);
    this.media = new MediaPorts(services, this.expecting, this, monitor, loose);
  }

  forget(entry: number): void {
    this.connections.delete(entry);
    this.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const start = payloadStart(pkt);
    if (start < 0) return Verdict.ACCEPT;
    const connection = this.connectionOf(pkt, entry);
    const direction = directionOf(ctInfo);
    if (start < pkt.l3End) this.services.conntrack.prolong(entry, SIP_TIMEOUT_US);
    if (connection.stream !== null) return connection.stream.segment(pkt, direction, start);
    return start === pkt.l3End ? Verdict.ACCEPT : this.datagram(pkt, connection, direction, start);
  }

  private connectionOf(pkt: PacketBuffer, entry: number): SipConnection {
    const { services, expecting, media, calls } = this;
    const flow = services.flows.packet(entry, this.name, pkt);
    let connection = this.connections.get(entry);
    if (connection !== undefined) return connection;
    const isTranslated = (): boolean => expecting.isTranslated(entry);
    const dialogs = new Dialogs(flow, services.flows, calls, media, isTranslated, () => services.clock.now);
    const state: RegistrationState = { registerCseq: -1, forcedPort: 0 };
    const stream =
      this.proto === IPPROTO_TCP
        ? new FramedConnection(
            services,
            this.name,
            entry,
            new SipFrames(isTranslated, (text, head, side, packet) =>
              this.read(connection!, text, head, side, packet),
            ),
          )
        : null;
    connection = { entry, flow, state, dialogs, stream };
    this.connections.set(entry, connection);
    return connection;
  }

  private datagram(pkt: PacketBuffer, connection: SipConnection, direction: number, start: number): number {
    const text = textOfBytes(pkt.bytes, start, pkt.l3End);
    const head = readHead(text);
    if (head === null || typeof head === 'string') {
      // Keep-alives are no messages (RFC 5626 3.5.1).
      if (text.trim() !== '') this.note(connection, `not looked at: ${head ?? 'headers without an end'}`);
      return Verdict.ACCEPT;
    }
    const bodyLength = head.bodyLength < 0 ? text.length - head.length : head.bodyLength;
    if (head.length + bodyLength > text.length) {
      this.note(connection, 'not looked at: longer than its datagram');
      return Verdict.ACCEPT;
    }
    const message = text.slice(0, head.length + bodyLength);
    const changed = this.read(connection, message, head, direction, pkt);
    if (changed === null) return this.refuse(pkt, 'cannot NAT SIP message');
    if (changed !== message && !replaceBytes(pkt, start, message.length, bytesOfText(changed))) {
      return this.refuse(pkt, 'cannot mangle packet');
    }
    return Verdict.ACCEPT;
  }

  /** A whole message; returns what it becomes, or null when it must not go on. */
  private read(
    connection: SipConnection,
    text: string,
    head: SipHead,
    direction: number,
    pkt: PacketBuffer,
  ): string | null {
    const { entry, state, flow } = connection;
    const { flows } = this.services;
    if (flows.wanted)
      flows.note(flow, 'message', direction === 0 ? 'client' : 'server', printable(head.line));
    const { family } = this;
    const top = new EditedText(text.slice(0, head.length));
    const body = new EditedText(text.slice(head.length));
    const context = { pkt, entry, direction, state, family };
    let trouble: string | null = null;
    if (head.method === 'REGISTER') trouble = this.register({ ...context, message: top }, state, head);
    else connection.dialogs.take(head, { ...context, message: body });
    if (trouble !== null) {
      this.note(connection, trouble);
      return text;
    }
    if (!this.expecting.isTranslated(entry)) return text;
    const headContext: Context = { ...context, message: top };
    const isClients = direction === 0 && head.code === 0;
    // Who asks for it is answered where he sends from (RFC 3581 4).
    if (isClients && this.proto === IPPROTO_UDP && !ASKS_FOR_RPORT.test(top.text)) {
      this.nat.noteListeningPort(headContext);
    }
    if (this.nat.message(headContext, this.proto) !== null) return null;
    this.nat.routes(headContext);
    return withLength(top, body, family);
  }

  private register(context: Context, state: RegistrationState, head: SipHead): string | null {
    const full = { ...context, state };
    return head.code === 0
      ? this.registrations.request(full, head.cseq)
      : this.registrations.response(full, head.cseq, head.code);
  }

  private note({ flow }: SipConnection, text: string): void {
    this.services.flows.note(flow, 'note', 'gateway', text);
  }

  private refuse(pkt: PacketBuffer, why: string): number {
    logRefusal(this.services, this.name, pkt, why);
    return Verdict.DROP;
  }
}

/** Content-Length, where there is one, is what the body has come to. */
function withLength(top: EditedText, body: EditedText, family: number): string {
  const header = findHeader(top.text, 0, Header.CONTENT_LENGTH, family);
  if (header !== null && !('broken' in header)) {
    top.replace(header.at, header.length, String(body.text.length));
  }
  return top.text + body.text;
}
