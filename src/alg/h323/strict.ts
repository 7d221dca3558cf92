/**
 * H.323 as Sluice treats it: whole TPKTs out of the reassembled stream, and datagrams of RAS; what they mean is the same
 * (signalling.ts, channels.ts, registration.ts), but nothing opens for third hosts nor for ports below 1024.
 */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper, ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import type { Family } from '../../netfilter/hook.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import type { Flow } from '../flow-table.ts';
import { FramedConnection, NO_FRAME, UNKNOWN_YET, type FrameProtocol } from '../framed-connection.ts';
import type { HelperFacts } from '../helper-facts.ts';
import { payloadStart, writeBack } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { StreamHelper } from '../stream-helper.ts';
import { Conversation, type H323, type Signal } from './conversation.ts';
import type { HandleMessage } from './linux.ts';
import { TPKT_HEADER, tpktLength } from './q931.ts';

export class StrictH323Stream extends StreamHelper {
  /** Set when all of them are there. */
  h323!: H323;
  private readonly handle: HandleMessage;

  constructor(facts: HelperFacts, family: Family, services: AlgServices, handle: HandleMessage) {
    super(facts, family, services);
    this.handle = handle;
  }

  protected connect(entry: number, flow: Flow): FramedConnection {
    const { services, h323, handle } = this;
    const conversation = new Conversation(entry, flow);
    const frames: FrameProtocol = {
      lengthOf: (text) => {
        const head = bytesOfText(text.slice(0, TPKT_HEADER));
        const length = tpktLength(head, 0, head.length);
        return length < 0 ? NO_FRAME : length === 0 ? UNKNOWN_YET : length;
      },
      mayEdit: () => h323.expecting.isTranslated(entry),
      mayChange: () => true,
      read: (text, side) => {
        const bytes = bytesOfText(text);
        const signal: Signal = { h323, helper: this, conversation, side, bytes };
        handle(signal, TPKT_HEADER, bytes.length);
        return textOfBytes(bytes, 0, bytes.length);
      },
      ended: (why) => services.flows.note(flow, 'note', 'gateway', why),
    };
    return new FramedConnection(services, this.name, entry, frames);
  }
}

export class StrictRas implements CtHelper {
  readonly name: string;
  readonly family: Family;
  readonly proto = IPPROTO_UDP;
  readonly port: number;
  readonly policies: readonly ExpectPolicy[];
  h323!: H323;
  private readonly handle: HandleMessage;
  private readonly conversations = new Map<number, Conversation>();

  constructor({ name, port, policies }: HelperFacts, family: Family, handle: HandleMessage) {
    this.name = name;
    this.family = family;
    this.port = port;
    this.policies = policies;
    this.handle = handle;
  }

  forget(entry: number): void {
    this.conversations.delete(entry);
    this.h323.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const start = payloadStart(pkt);
    if (start < 0 || start >= pkt.l3End) return Verdict.ACCEPT;
    const flow = this.h323.services.flows.packet(entry, this.name, pkt);
    let conversation = this.conversations.get(entry);
    if (conversation === undefined)
      this.conversations.set(entry, (conversation = new Conversation(entry, flow)));
    const bytes = pkt.bytes.slice(start, pkt.l3End);
    const signal: Signal = { h323: this.h323, helper: this, conversation, side: directionOf(ctInfo), bytes };
    this.handle(signal, 0, bytes.length);
    writeBack(pkt, start, bytes);
    return Verdict.ACCEPT;
  }
}
