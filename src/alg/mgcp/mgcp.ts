/**
 * MGCP (RFC 3435): a call agent (port 2727) tells media gateways (port 2427) what to connect; either may ask. Each whole
 * message moves the connections (connections.ts), which open the media that the two ends describe as their own. An answer
 * may come from another port than the one asked (3.5.2): one of the same host is expected, and belongs to the same
 * conversation. Under translation addresses of the two ends, in brackets in names and in descriptions, are rewritten.
 */
import { CtStatus, directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { Family } from '../../netfilter/hook.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { destinationOf, sameAddress, sourceOf } from '../address.ts';
import { bytesOfText, printable, textOfBytes } from '../byte-text.ts';
import { addressText, EditedText } from '../edited-text.ts';
import type { Flow } from '../flow-table.ts';
import { Helper } from '../helper.ts';
import { MediaClass } from '../media/classes.ts';
import { MediaMonitor } from '../media/media-monitor.ts';
import { MediaPorts } from '../media/media-ports.ts';
import { SessionDescription } from '../media/sdp.ts';
import { payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { MgcpConnections } from './connections.ts';
import { MAX_RATE, MGCP } from './facts.ts';
import { readMessage, splitDatagram } from './grammar.ts';

const SECOND_US = 1_000_000;

/** What is kept of a control connection, and of the connections that answers of it came by. */
interface Conversation {
  readonly entry: number;
  readonly flow: Flow;
  readonly connections: MgcpConnections;
  /** Of the second that `secondUs` began. */
  messages: number;
  secondUs: number;
}

export class Mgcp extends Helper {
  private readonly media: MediaPorts;
  private readonly sdp = new SessionDescription();
  private readonly loose: boolean;
  private readonly conversations = new Map<number, Conversation>();

  constructor(family: Family, services: AlgServices, loose: boolean) {
    super(MGCP, family, IPPROTO_UDP, services);
    this.loose = loose;
    this.media = new MediaPorts(services, this.expecting, this, new MediaMonitor(family, services));
  }

  override forget(entry: number): void {
    this.conversations.delete(entry);
    super.forget(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const start = payloadStart(pkt);
    if (start < 0) return Verdict.ACCEPT;
    const { master, isAnswer } = this.masterOf(entry);
    const conversation = this.conversationOf(pkt, master);
    if (start === pkt.l3End || this.isTooMany(conversation)) return Verdict.ACCEPT;
    // Who answers from another port has opened that connection; in the conversation he is the end that was asked.
    const side = isAnswer ? this.sideOf(entry, master, directionOf(ctInfo)) : directionOf(ctInfo);
    const text = textOfBytes(pkt.bytes, start, pkt.l3End);
    const changed = this.datagram(conversation, text, side);
    if (changed === text || replaceBytes(pkt, start, text.length, bytesOfText(changed))) {
      return Verdict.ACCEPT;
    }
    return this.refuse(pkt, 'cannot mangle packet');
  }

  /** The control connection that this one is part of: itself, or the one that it answers. */
  private masterOf(entry: number): { readonly master: number; readonly isAnswer: boolean } {
    const { conntrack } = this.services;
    const isExpected = (conntrack.status[entry]! & CtStatus.EXPECTED) !== 0;
    const master = isExpected ? conntrack.master(entry) : 0;
    const isAnswer = master !== 0 && this.conversations.has(master);
    return { master: isAnswer ? master : entry, isAnswer };
  }

  private sideOf(entry: number, master: number, direction: number): number {
    const { expecting } = this;
    const sender = sourceOf(expecting.tuple(entry, direction));
    return sameAddress(sender, sourceOf(expecting.tuple(master, 0))) ? 0 : 1;
  }

  private conversationOf(pkt: PacketBuffer, entry: number): Conversation {
    const { services, expecting, media, loose } = this;
    const flow = services.flows.packet(entry, this.name, pkt);
    let conversation = this.conversations.get(entry);
    if (conversation !== undefined) return conversation;
    const connections = new MgcpConnections({
      flow,
      flows: services.flows,
      table: services.flows.calls,
      media,
      sdp: this.sdp,
      loose,
      isTranslated: () => expecting.isTranslated(entry),
      now: () => services.clock.now,
    });
    conversation = { entry, flow, connections, messages: 0, secondUs: services.clock.now };
    this.conversations.set(entry, conversation);
    return conversation;
  }

  private isTooMany(conversation: Conversation): boolean {
    const { now } = this.services.clock;
    if (now - conversation.secondUs >= SECOND_US) {
      conversation.secondUs = now;
      conversation.messages = 0;
    }
    if (conversation.messages++ === MAX_RATE) this.note(conversation, 'too many messages: not looked at');
    return conversation.messages > MAX_RATE;
  }

  /** All messages of a datagram; returns what they become. */
  private datagram(conversation: Conversation, text: string, side: number): string {
    const parts = splitDatagram(text);
    if (parts === null) {
      this.note(conversation, 'not looked at: too many messages in a datagram');
      return text;
    }
    // Every other part is a dot between two messages.
    return parts.map((part, i) => (i % 2 === 1 ? part : this.message(conversation, part, side))).join('');
  }

  private message(conversation: Conversation, text: string, side: number): string {
    if (text.trim() === '') return text;
    const message = readMessage(text);
    if (typeof message === 'string') {
      this.note(conversation, `not looked at: ${message}`);
      return text;
    }
    const { entry, flow, connections } = conversation;
    const { flows } = this.services;
    if (flows.wanted) flows.note(flow, 'message', side === 0 ? 'client' : 'server', printable(message.line));
    const body = new EditedText(text.slice(message.headLength));
    connections.take(message, { entry, side, family: this.family, body });
    if (message.verb !== '') this.expectAnswer(entry, side);
    return this.withAddresses(entry, text.slice(0, message.headLength), side) + body.text;
  }

  /** One answer, from any port of the host that was asked. */
  private expectAnswer(entry: number, side: number): void {
    const { expecting } = this;
    const back = expecting.tuple(entry, side ^ 1);
    const expectation = expecting.make(
      entry,
      this,
      {
        family: this.family,
        proto: IPPROTO_UDP,
        from: sourceOf(back),
        to: destinationOf(back),
        toPort: back.dstId,
      },
      MediaClass.SIGNALLING,
    );
    expectation.helper = this;
    if (expecting.isTranslated(entry)) {
      expectation.savedPort = expecting.tuple(entry, side).srcId;
      expectation.direction = side ^ 1;
      expectation.onExpected = expecting.followMaster;
    }
    expecting.enter(expectation);
  }

  /** Names hold addresses in brackets (2.1.2): those of the two ends are written as the other side knows them. */
  private withAddresses(entry: number, head: string, side: number): string {
    const { expecting, family } = this;
    if (!expecting.isTranslated(entry)) return head;
    const there = expecting.tuple(entry, side);
    const back = expecting.tuple(entry, side ^ 1);
    const named = (words: string): string => `[${words}]`;
    return head
      .replaceAll(
        named(addressText(family, sourceOf(there), false)),
        named(addressText(family, destinationOf(back), false)),
      )
      .replaceAll(
        named(addressText(family, destinationOf(there), false)),
        named(addressText(family, sourceOf(back), false)),
      );
  }

  private note({ flow }: Conversation, text: string): void {
    this.services.flows.note(flow, 'note', 'gateway', text);
  }
}
