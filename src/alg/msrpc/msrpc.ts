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
import type { Answer } from './answer.ts';
import { MAX_STUB, MSRPC } from './facts.ts';
import { EndpointMapper } from './mapper.ts';
import { FIRST_FRAGMENT, fragmentLength, HEADER_LENGTH, LAST_FRAGMENT, Pdu, PduType } from './pdu.ts';
import type { Tower } from './towers.ts';

const CLIENT = 0;

export class Msrpc extends StreamHelper {
  constructor(family: Family, services: AlgServices) {
    super(MSRPC, family, services);
  }

  protected connect(entry: number, flow: Flow): FramedConnection {
    const { services } = this;
    const mapper = new EndpointMapper(flow, services.flows, (towers, answer) => {
      for (const tower of towers) {
        const why = this.expect(entry, flow, tower, answer);
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

  /** Opens a tower's port and writes into the answer what the client has to be told. Returns why not, empty for success. */
  private expect(entry: number, flow: Flow, tower: Tower, answer: Answer): string {
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
    expectation.savedPort = port;
    expectation.direction = 0;
    expectation.onExpected = expecting.followMaster;
    const seen = expecting.enterWithPort(expectation, port);
    if (seen === 0) return 'all ports in use';
    answer.writeU16(tower.portAt, seen);
    if (address !== null && address !== 0) answer.writeU32(tower.addressAt, destinationOf(original)[0]!);
    return '';
  }
}

/** Bytes of an answer that are held back until its end has come. */
const MAX_HELD = 2 * MAX_STUB;

function lengthAt(text: string, at: number): number {
  const length = fragmentLength(bytesOfText(text.slice(at, at + HEADER_LENGTH)));
  return length < 0 ? NO_FRAME : length === 0 ? UNKNOWN_YET : length;
}

function pduAt(text: string, at: number, length: number): Pdu {
  return new Pdu(bytesOfText(text.slice(at, at + length)));
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

  lengthOf(text: string, side: number): number {
    const length = lengthAt(text, 0);
    const isWhole = length > 0 && length <= text.length;
    return isWhole && this.mayEdit(side) ? this.lengthOfAnswer(text, length) : length;
  }

  /** Under translation an answer in fragments is one frame: what changes may stand in any of them. */
  private lengthOfAnswer(text: string, first: number): number {
    const { type, flags, callId } = pduAt(text, 0, first);
    const goesOn = type === PduType.RESPONSE && (flags & (FIRST_FRAGMENT | LAST_FRAGMENT)) === FIRST_FRAGMENT;
    if (!goesOn || !this.mapper.isAsked(callId)) return first;
    for (let at = first; at < MAX_HELD;) {
      const length = at < text.length ? lengthAt(text, at) : UNKNOWN_YET;
      if (length === NO_FRAME) return first;
      if (length === UNKNOWN_YET || at + length > text.length) return UNKNOWN_YET;
      const next = pduAt(text, at, length);
      at += length;
      if (next.callId === callId && (next.type !== PduType.RESPONSE || (next.flags & LAST_FRAGMENT) !== 0)) {
        return at;
      }
    }
    return first;
  }

  mayEdit(side: number): boolean {
    return side !== CLIENT && this.isTranslated();
  }

  /** Only answers name ports. */
  mayChange(text: string): boolean {
    return text.length < 3 || text.charCodeAt(2) === PduType.RESPONSE;
  }

  read(text: string, side: number): string {
    const bytes = bytesOfText(text);
    let [at, last] = [0, null as Pdu | null];
    while (at < bytes.length) {
      const length = fragmentLength(bytes.subarray(at));
      this.take((last = new Pdu(bytes.subarray(at, at + length))), side);
      at += length;
    }
    const goesOn = last!.type === PduType.RESPONSE && (last!.flags & LAST_FRAGMENT) === 0;
    if (goesOn && this.mayEdit(side)) this.mapper.giveUp(last!.callId);
    return side === CLIENT ? text : textOfBytes(bytes, 0, bytes.length);
  }

  private take(pdu: Pdu, side: number): void {
    const { flows } = this.services;
    if (flows.wanted) {
      const name = TYPE_NAMES[pdu.type] ?? `type ${pdu.type}`;
      flows.note(this.flow, 'message', side === CLIENT ? 'client' : 'server', `${name}, call ${pdu.callId}`);
    }
    if (side === CLIENT) this.mapper.ofClient(pdu);
    else this.mapper.ofServer(pdu);
  }

  ended(why: string): void {
    this.services.flows.note(this.flow, 'note', 'gateway', why);
  }
}
