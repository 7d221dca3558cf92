/**
 * IRC as Sluice treats it: whole messages of the client's (RFC 2812 2.3.1) out of the reassembled stream, of which only a
 * private message that is an offer and nothing else counts. Ports below 1024 are refused, and addresses of others.
 */
import { printable } from '../byte-text.ts';
import type { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import { FIRST_OPEN_PORT } from '../helper-facts.ts';
import { LineConnection, type EditLine, type LineProtocol } from '../line-connection.ts';
import type { Line } from '../line-reader.ts';
import type { AlgServices } from '../services.ts';
import { StreamHelper } from '../stream-helper.ts';
import { DCC_KINDS, expectDcc, isOwnAddress } from './dcc.ts';
import { IRC } from './facts.ts';

const CLIENT = 0;
const OFFER = new RegExp(
  `^(?::\\S+ +)?PRIVMSG +\\S+ +:\\x01DCC (${DCC_KINDS.join('|')}) +("[^"]*"|\\S+) +(\\d{1,10}) +(\\d{1,5})(?=[ \\x01])[^\\x01]*\\x01$`,
  'di',
);
const START = 'PRIVMSG ';

export class StrictIrc extends StreamHelper {
  constructor(services: AlgServices) {
    super(IRC, 4, services);
  }

  protected connect(entry: number, flow: Flow): LineConnection {
    const { services, expecting } = this;
    return new LineConnection(
      services,
      this.name,
      entry,
      (edit) => new Offers(this, services, expecting, entry, flow, edit),
    );
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
    if (services.flows.wanted)
      services.flows.note(flow, 'message', 'client', printable(line.text), line.packet);
    const [address, port] = [Number(offer[3]), Number(offer[4])];
    if (address > 0xffffffff || !isOwnAddress(this.expecting, this.entry, address | 0)) {
      return this.note('it would lead to a third host');
    }
    if (port < FIRST_OPEN_PORT || port > 0xffff) return this.note(`port ${port} is not for this`);
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
