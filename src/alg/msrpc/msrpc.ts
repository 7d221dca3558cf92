/**
 * MSRPC: a client asks the endpoint mapper (port 135) where an interface listens, and connects there. The answer's towers
 * open the ports of the host that was asked, to the client alone; under translation they say what the client has to use.
 */
import { Entered } from '../../netfilter/conntrack/expectations.ts';
import type { Family } from '../../netfilter/hook.ts';
import { destinationOf, sourceOf } from '../address.ts';
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import type { Flow } from '../flow-table.ts';
import { FramedConnection, NO_FRAME, UNKNOWN_YET, type FrameProtocol } from '../framed-connection.ts';
import { FIRST_OPEN_PORT } from '../helper-facts.ts';
import type { AlgServices } from '../services.ts';
import { StreamHelper } from '../stream-helper.ts';
import { writeU16, writeU32 } from '../../wire/bytes.ts';
import { MSRPC } from './facts.ts';
import { EndpointMapper } from './mapper.ts';
import { fragmentLength, HEADER_LENGTH, Pdu, PduType } from './pdu.ts';
import type { Tower } from './towers.ts';

const CLIENT = 0;

export class Msrpc extends StreamHelper {
  constructor(family: Family, services: AlgServices) {
    super(MSRPC, family, services);
  }

  protected connect(entry: number, flow: Flow): FramedConnection {
    const { services } = this;
    const mapper = new EndpointMapper(flow, services.flows, (towers, pdu, shift) => {
      for (const tower of towers) {
        const why = this.expect(entry, flow, tower, pdu, shift);
        if (why === '') continue;
        services.flows.note(flow, 'note', 'gateway', `no connection expected: ${why}`);
      }
    });
    const isTranslated = (): boolean => this.expecting.isTranslated(entry);
    return new FramedConnection(
      services,
      this.name,
      entry,
      new RpcFrames(services, flow, mapper, isTranslated),
    );
  }

  /** Opens a tower's port and writes into the PDU what the client has to be told. Returns why not, empty for success. */
  private expect(entry: number, flow: Flow, tower: Tower, pdu: Pdu, shift: number): string {
    const { expecting } = this;
    const back = expecting.tuple(entry, 1);
    const own = sourceOf(back);
    const { proto, port, address } = tower;
    if (this.family === 4 && address !== null && address !== 0 && address !== own[0]) {
      return 'it would lead to a third host';
    }
    if (port < FIRST_OPEN_PORT) return `port ${port} is not for this`;
    flow.port = port;
    const original = expecting.tuple(entry, 0);
    const isTranslated = expecting.isTranslated(entry);
    const expectation = expecting.make(entry, this, {
      family: this.family,
      proto,
      from: sourceOf(original),
      to: destinationOf(original),
      toPort: port,
    });
    if (!isTranslated) return expecting.enter(expectation) === Entered.OK ? '' : 'too many are';
    // What went on in an earlier fragment can't be changed any more.
    if (
      tower.portAt + shift < HEADER_LENGTH ||
      (address !== null && tower.addressAt + shift < HEADER_LENGTH)
    ) {
      return 'the answer is in fragments';
    }
    expectation.savedPort = port;
    expectation.direction = 0;
    expectation.onExpected = expecting.followMaster;
    const seen = expecting.enterWithPort(expectation, port);
    if (seen === 0) return 'all ports in use';
    writeU16(pdu.bytes, tower.portAt + shift, seen);
    if (address !== null && address !== 0) {
      writeU32(pdu.bytes, tower.addressAt + shift, destinationOf(original)[0]!);
    }
    return '';
  }
}

const TYPE_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(PduType).map(([name, type]) => [type, name.toLowerCase()]),
);

class RpcFrames implements FrameProtocol {
  private readonly services: AlgServices;
  private readonly flow: Flow;
  private readonly mapper: EndpointMapper;
  private readonly isTranslated: () => boolean;

  constructor(services: AlgServices, flow: Flow, mapper: EndpointMapper, isTranslated: () => boolean) {
    this.services = services;
    this.flow = flow;
    this.mapper = mapper;
    this.isTranslated = isTranslated;
  }

  lengthOf(text: string): number {
    const length = fragmentLength(bytesOfText(text.slice(0, HEADER_LENGTH)));
    return length < 0 ? NO_FRAME : length === 0 ? UNKNOWN_YET : length;
  }

  mayEdit(side: number): boolean {
    return side !== CLIENT && this.isTranslated();
  }

  /** Only answers name ports. */
  mayChange(text: string): boolean {
    return text.length < 3 || text.charCodeAt(2) === PduType.RESPONSE;
  }

  read(text: string, side: number): string {
    const pdu = new Pdu(bytesOfText(text));
    const { flows } = this.services;
    if (flows.wanted) {
      const name = TYPE_NAMES[pdu.type] ?? `type ${pdu.type}`;
      flows.note(this.flow, 'message', side === CLIENT ? 'client' : 'server', `${name}, call ${pdu.callId}`);
    }
    if (side === CLIENT) this.mapper.ofClient(pdu);
    else this.mapper.ofServer(pdu);
    return side === CLIENT ? text : textOfBytes(pdu.bytes, 0, pdu.bytes.length);
  }

  ended(why: string): void {
    this.services.flows.note(this.flow, 'note', 'gateway', why);
  }
}
