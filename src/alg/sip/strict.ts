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
import { printable, textOfBytes } from '../byte-text.ts';
import { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import { FramedConnection } from '../framed-connection.ts';
import { logRefusal } from '../helper-log.ts';
import { payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import type { CallTable } from '../media/call-table.ts';
import { endsOf, type Ends } from './context.ts';
import { Dialogs } from './dialogs.ts';
import type { SipHead } from './grammar.ts';
import { findHeader, Header, isFound } from './kernel-text.ts';
import { SIP, SIP_TIMEOUT_US } from './facts.ts';
import { MediaMonitor } from '../media/media-monitor.ts';
import { MediaPorts } from '../media/media-ports.ts';
import { SipNat } from './nat.ts';
import { Registrations, type RegistrationContext, type RegistrationState } from './registrations.ts';
import { SipFrames } from './stream.ts';
import { StrictMessage } from './strict-message.ts';

/** What is kept of a connection. */
export interface SipConnection {
  readonly entry: number;
  readonly flow: Flow;
  /** By the direction of the message. */
  readonly ends: readonly [Ends, Ends];
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
  /** The one that is looked at. */
  private readonly message = new StrictMessage();

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
    const { flows } = this.services;
    const known = this.connections.get(entry);
    if (known === undefined) return this.connect(entry, flows.packet(entry, this.name, pkt));
    flows.seen(known.flow, pkt);
    return known;
  }

  private connect(entry: number, flow: Flow): SipConnection {
    const { services, expecting, media, calls } = this;
    const isTranslated = (): boolean => expecting.isTranslated(entry);
    const read = (side: number, pkt: PacketBuffer): boolean => this.read(connection, side, pkt);
    const connection: SipConnection = {
      entry,
      flow,
      ends: [endsOf(expecting, entry, 0), endsOf(expecting, entry, 1)],
      state: { registerCseq: -1, forcedPort: 0 },
      dialogs: new Dialogs(flow, services.flows, calls, media, isTranslated, () => services.clock.now),
      stream:
        this.proto === IPPROTO_TCP
          ? new FramedConnection(services, this.name, entry, new SipFrames(isTranslated, this.message, read))
          : null,
    };
    this.connections.set(entry, connection);
    return connection;
  }

  private datagram(pkt: PacketBuffer, connection: SipConnection, direction: number, start: number): number {
    const { message } = this;
    const trouble = message.read(pkt.bytes, start, pkt.l3End);
    if (trouble !== null) {
      // Keep-alives are no messages (RFC 5626 3.5.1).
      const isKeepAlive = textOfBytes(pkt.bytes, start, pkt.l3End).trim() === '';
      if (!isKeepAlive) this.note(connection, `not looked at: ${trouble}`);
      return Verdict.ACCEPT;
    }
    if (!this.read(connection, direction, pkt)) return this.refuse(pkt, 'cannot NAT SIP message');
    if (!message.isChanged) return Verdict.ACCEPT;
    const isDone = replaceBytes(pkt, start, message.length, message.joined());
    return isDone ? Verdict.ACCEPT : this.refuse(pkt, 'cannot mangle packet');
  }

  /** A whole message, which is rewritten; false when it must not go on. */
  private read(connection: SipConnection, direction: number, pkt: PacketBuffer): boolean {
    const { entry, ends, state } = connection;
    const { family, message } = this;
    const { head } = message;
    if (this.services.flows.wanted) this.tell(connection, head.line, direction);
    const isRegister = head.method === 'REGISTER';
    const isTranslated = this.expecting.isTranslated(entry);
    if (!isRegister) connection.dialogs.take(message, { entry, direction: direction === 0 ? 0 : 1, family });
    if (!isRegister && !isTranslated) return true;
    const context = { message: message.top, pkt, entry, direction, ends: ends[direction]!, state, family };
    const trouble = isRegister ? this.register(context, head) : null;
    if (trouble !== null) this.note(connection, trouble);
    if (trouble !== null || !isTranslated) return true;
    message.top.apply();
    const isClients = direction === 0 && head.code === 0;
    // Who asks for it is answered where he sends from (RFC 3581 4).
    if (isClients && this.proto === IPPROTO_UDP && !head.asksForRport) {
      this.nat.noteListeningPort(context);
    }
    if (this.nat.message(context, this.proto) !== null) return false;
    this.nat.others(context);
    countBody(message, family);
    return true;
  }

  private tell({ flow }: SipConnection, line: string, direction: number): void {
    this.services.flows.note(flow, 'message', direction === 0 ? 'client' : 'server', printable(line));
  }

  private register(context: RegistrationContext, { code, cseq }: SipHead): string | null {
    return code === 0
      ? this.registrations.request(context, cseq)
      : this.registrations.response(context, cseq, code);
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
function countBody({ top, body }: StrictMessage, family: number): void {
  if (!body.isChanged) return;
  const header = findHeader(top, 0, Header.CONTENT_LENGTH, family);
  if (isFound(header)) top.replace(header.at, header.length, String(body.editedLength));
}
