/**
 * IRC as Sluice treats it: whole messages of the client's (RFC 2812 2.3.1) out of the reassembled stream, of which only a
 * private message that is an offer and nothing else counts. Ports below 1024 are refused, and addresses of others.
 */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { printable } from '../byte-text.ts';
import { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import { LineConnection, type EditLine, type LineProtocol } from '../line-connection.ts';
import type { Line } from '../line-reader.ts';
import { payloadStart } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { DCC_KINDS, expectDcc, IRC_POLICIES, IRC_PORT, isOwnAddress } from './dcc.ts';

const CLIENT = 0;
const FIRST_OFFERED_PORT = 1024;
const OFFER = new RegExp(
  `^(?::\\S+ +)?PRIVMSG +\\S+ +:\\x01DCC (${DCC_KINDS.join('|')}) +("[^"]*"|\\S+) +(\\d{1,10}) +(\\d{1,5})(?=[ \\x01])[^\\x01]*\\x01$`,
  'di',
);
const START = 'PRIVMSG ';

export class StrictIrc implements CtHelper {
  readonly name = 'irc';
  readonly family = 4;
  readonly proto = IPPROTO_TCP;
  readonly port = IRC_PORT;
  readonly policies = IRC_POLICIES;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly connections = new Map<number, LineConnection>();

  constructor(services: AlgServices) {
    this.services = services;
    this.expecting = new Expecting(services);
  }

  forget(entry: number): void {
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
      connection = new LineConnection(
        services,
        this.name,
        entry,
        (edit) => new Offers(this, services, expecting, entry, flow, edit),
      );
      this.connections.set(entry, connection);
    }
    return connection.segment(pkt, directionOf(ctInfo), start);
  }
}

class Offers implements LineProtocol {
  readonly isOver = false;
  private readonly helper: StrictIrc;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly entry: number;
  private readonly flow: Flow;
  private readonly edit: EditLine;

  constructor(
    helper: StrictIrc,
    services: AlgServices,
    expecting: Expecting,
    entry: number,
    flow: Flow,
    edit: EditLine,
  ) {
    this.helper = helper;
    this.services = services;
    this.expecting = expecting;
    this.entry = entry;
    this.flow = flow;
    this.edit = edit;
  }

  lost(): void {
    // Each message stands for itself.
  }

  mayEdit(side: number): boolean {
    return side === CLIENT && this.expecting.isTranslated(this.entry);
  }

  mayChange(_side: number, partial: string): boolean {
    const text = partial.replace(/^:\S* */, '').toUpperCase();
    return text.startsWith(START) || START.startsWith(text);
  }

  line(side: number, line: Line): void {
    if (side !== CLIENT) return;
    const offer = OFFER.exec(line.text);
    if (offer === null) return;
    const { flow, services } = this;
    if (services.flows.wanted) services.flows.note(flow, 'message', 'client', printable(line.text));
    const [address, port] = [Number(offer[3]), Number(offer[4])];
    if (address > 0xffffffff || !isOwnAddress(this.expecting, this.entry, address | 0)) {
      return this.note('it would lead to a third host');
    }
    if (port < FIRST_OFFERED_PORT || port > 0xffff) return this.note(`port ${port} is not for this`);
    flow.command = `DCC ${offer[1]!.toUpperCase()}`;
    flow.port = port;
    const expected = expectDcc(
      this.expecting,
      this.helper,
      this.entry,
      port,
      this.expecting.followMasterInside,
    );
    if (typeof expected === 'string') return this.note(expected);
    const [start] = offer.indices![3]!;
    const [, end] = offer.indices![4]!;
    if (expected.text.length > 0) this.edit(side, line, start, end, expected.text);
  }

  private note(why: string): void {
    this.services.flows.note(this.flow, 'note', 'gateway', `no connection expected: ${why}`);
  }
}
