/** H.323 as Linux's nf_conntrack_h323 treats it: each packet by itself; a TPKT's header may come in one of its own. */
import { CtInfo, directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper, ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import type { Family } from '../../netfilter/hook.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { HelperFacts } from '../helper-facts.ts';
import { logRefusal } from '../helper-log.ts';
import { payloadStart, writeBack } from '../payload.ts';
import { Conversation, type Handled, type H323, type Signal } from './conversation.ts';
import { TPKT_HEADER, tpktLength } from './q931.ts';

export type HandleMessage = (signal: Signal, start: number, end: number) => Handled;

export class LinuxH323 implements CtHelper {
  readonly name: string;
  readonly family: Family;
  readonly proto: number;
  readonly port: number;
  readonly policies: readonly ExpectPolicy[];
  /** Set when all of them are there. */
  h323!: H323;
  private readonly handle: HandleMessage;
  private readonly conversations = new Map<number, Conversation>();

  constructor({ name, port, policies }: HelperFacts, family: Family, proto: number, handle: HandleMessage) {
    this.name = name;
    this.family = family;
    this.proto = proto;
    this.port = port;
    this.policies = policies;
    this.handle = handle;
  }

  forget(entry: number): void {
    this.conversations.delete(entry);
    this.h323.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const { services } = this.h323;
    const flow = services.flows.packet(entry, this.name, pkt);
    const isTcp = this.proto === IPPROTO_TCP;
    if (isTcp && ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return Verdict.ACCEPT;
    const start = payloadStart(pkt);
    if (start < 0 || start >= pkt.l3End) return Verdict.ACCEPT;
    let conversation = this.conversations.get(entry);
    if (conversation === undefined)
      this.conversations.set(entry, (conversation = new Conversation(entry, flow)));
    const bytes = pkt.bytes.slice(start, pkt.l3End);
    const signal: Signal = { h323: this.h323, helper: this, conversation, side: directionOf(ctInfo), bytes };
    const isGood = isTcp ? this.packets(signal) : this.handle(signal, 0, bytes.length);
    if (!isGood) {
      logRefusal(services, this.name, pkt, `cannot process ${this.name} message`);
      return Verdict.DROP;
    }
    writeBack(pkt, start, bytes);
    return Verdict.ACCEPT;
  }

  /** TPKT after TPKT, as far as they are whole. */
  private packets(signal: Signal): Handled {
    const { bytes, side, conversation } = signal;
    const { announced } = conversation;
    const end = bytes.length;
    let length = tpktLength(bytes, 0, end);
    if (length < 0 && (end < TPKT_HEADER || bytes[0] !== 3 || bytes[1] !== 0)) {
      const alone = announced[side]!;
      if (alone === 0) return true;
      announced[side] = 0;
      return alone > end || this.handle(signal, 0, alone);
    }
    for (let at = 0; ; length = tpktLength(bytes, at, end)) {
      if (length <= 0 || at + length > end) {
        announced[side] = length > 0 && at === 0 && end === TPKT_HEADER ? length - TPKT_HEADER : 0;
        return true;
      }
      announced[side] = 0;
      if (!this.handle(signal, at + TPKT_HEADER, at + length)) return false;
      at += length;
      if (at + TPKT_HEADER >= end) return true;
    }
  }
}
