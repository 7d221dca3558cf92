/**
 * SIP as Linux's nf_conntrack_sip treats it: each packet by itself (over TCP, the messages that begin and end in one
 * segment), REGISTER, INVITE, UPDATE, ACK, PRACK and BYE with their responses. Session descriptions are linux-media.ts,
 * registrations.ts what its name says, rewriting under address translation nat.ts.
 */
import { CtInfo, directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { CR, EditedText, LF } from '../edited-text.ts';
import { Expecting } from '../expecting.ts';
import { logRefusal } from '../helper-log.ts';
import { mostPayload, payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { digitCount, isAt, isLetter, isLineEnd, numberAt, SPACE, ZERO } from '../text-search.ts';
import { endsOf, type Context } from './context.ts';
import { SIP, SIP_TIMEOUT_US } from './facts.ts';
import { findHeader, Header, isFound } from './kernel-text.ts';
import { LinuxMedia, type Refusal } from './linux-media.ts';
import { SipNat } from './nat.ts';
import { Registrations, type RegistrationState } from './registrations.ts';

const SHORTEST = 'SIP/2.0 200'.length;
const RESPONSE = 'sip/2.0 ';

/** What is kept of a connection. */
class SipState implements RegistrationState {
  registerCseq = -1;
  inviteCseq = -1;
  forcedPort = 0;
}

interface LinuxContext extends Context {
  readonly state: SipState;
}

/** Null when the message may go on. */
type Handle = (context: LinuxContext, cseq: number, code: number) => Refusal | null;

interface Method {
  readonly name: string;
  readonly request: Handle;
  readonly response: Handle | null;
}

export class LinuxSip implements CtHelper {
  readonly name = SIP.name;
  readonly family: 4 | 6;
  readonly proto: number;
  readonly port = SIP.port;
  readonly policies = SIP.policies;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly nat: SipNat;
  private readonly registrations: Registrations;
  private readonly media: LinuxMedia;
  private readonly states = new Map<number, SipState>();
  /** The one that is looked at. */
  private readonly message = new EditedText();

  constructor(family: 4 | 6, proto: number, services: AlgServices) {
    this.family = family;
    this.proto = proto;
    this.services = services;
    this.expecting = new Expecting(services);
    this.nat = new SipNat(services, this.expecting);
    this.registrations = new Registrations(services, this.expecting, this.nat, this);
    this.media = new LinuxMedia(services, this.expecting, this.nat, this);
  }

  forget(entry: number): void {
    this.states.delete(entry);
    this.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    this.services.flows.packet(entry, this.name, pkt);
    const isTcp = this.proto === IPPROTO_TCP;
    if (isTcp && ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return Verdict.ACCEPT;
    const start = payloadStart(pkt);
    if (start < 0 || start >= pkt.l3End) return Verdict.ACCEPT;
    this.services.conntrack.prolong(entry, SIP_TIMEOUT_US);
    if (pkt.l3End - start < SHORTEST) return Verdict.ACCEPT;
    const direction = directionOf(ctInfo);
    return isTcp
      ? this.segment(pkt, entry, direction, start)
      : this.read(pkt, entry, direction, start, pkt.l3End);
  }

  /** Messages one after the other, each as long as it says, as long as they end in this segment. */
  private segment(pkt: PacketBuffer, entry: number, direction: number, start: number): number {
    const seq = tcp.seq(pkt.bytes, pkt.l4);
    const before = pkt.l3End - pkt.l4;
    let offset = start - pkt.l4;
    let verdict: number = Verdict.ACCEPT;
    while (verdict === Verdict.ACCEPT) {
      const at = pkt.l4 + offset;
      this.message.load(pkt.bytes, at, pkt.l3End);
      const length = messageLength(this.message, this.family);
      if (length < 0) break;
      if (at + length > pkt.l3End) return Verdict.ACCEPT;
      const rest = pkt.l3End - at - length;
      verdict = this.read(pkt, entry, direction, at, at + length);
      offset = pkt.l3End - pkt.l4 - rest;
    }
    if (verdict !== Verdict.ACCEPT) return verdict;
    this.services.sequences.resize(entry, direction, seq, pkt.l3End - pkt.l4 - before);
    return Verdict.ACCEPT;
  }

  private read(pkt: PacketBuffer, entry: number, direction: number, start: number, end: number): number {
    let state = this.states.get(entry);
    if (state === undefined) this.states.set(entry, (state = new SipState()));
    const { message, family } = this;
    message.load(pkt.bytes, start, end, mostPayload(pkt, start, end));
    const ends = endsOf(this.expecting, entry, direction);
    const context: LinuxContext = { message, pkt, entry, direction, ends, state, family };
    this.note(context);
    const trouble = this.handle(context) ?? this.translate(context);
    // What was changed so far can be seen in the log.
    if (message.isChanged) replaceBytes(pkt, start, end - start, message.edited);
    if (trouble === null) return Verdict.ACCEPT;
    for (const why of trouble) logRefusal(this.services, this.name, pkt, why);
    return Verdict.DROP;
  }

  private translate(context: LinuxContext): Refusal | null {
    if (!this.expecting.isTranslated(context.entry)) return null;
    context.message.apply();
    const trouble = this.nat.message(context, this.proto);
    if (trouble === null) return null;
    const reasons = trouble === '' ? [] : [trouble];
    return [...reasons, 'cannot NAT SIP message'];
  }

  private note({ message, direction, entry }: Context): void {
    const { flows } = this.services;
    if (!flows.wanted) return;
    const flow = flows.rowOf(entry);
    if (flow === null) return;
    let { start: end } = message;
    while (end < message.end && !isLineEnd(message.code(end))) end++;
    const line = message.slice(message.start, end);
    flows.note(flow, 'message', direction === 0 ? 'client' : 'server', line);
  }

  // ── Requests and responses ────────────────────────────────────────────────────────────────────────────────────

  private readonly sdp: Handle = (context) => this.media.describe(context);
  private readonly answer: Handle = (context, cseq, code) => {
    if (code >= 100 && code <= 299) return this.media.describe(context);
    if (context.state.inviteCseq === cseq) this.media.flush(context.entry);
    return null;
  };

  private readonly methods: readonly Method[] = [
    {
      name: 'invite',
      request: (context, cseq) => {
        this.media.flush(context.entry);
        const trouble = this.media.describe(context);
        if (trouble === null) context.state.inviteCseq = cseq;
        return trouble;
      },
      response: this.answer,
    },
    { name: 'update', request: this.sdp, response: this.answer },
    { name: 'ack', request: this.sdp, response: null },
    { name: 'prack', request: this.sdp, response: this.answer },
    {
      name: 'bye',
      request: ({ entry }) => {
        this.media.flush(entry);
        return null;
      },
      response: null,
    },
    {
      name: 'register',
      request: (context, cseq) => asRefusal(this.registrations.request(context, cseq)),
      response: (context, cseq, code) => asRefusal(this.registrations.response(context, cseq, code)),
    },
  ];

  private handle(context: LinuxContext): Refusal | null {
    const { message } = context;
    return isAt(message, message.start, RESPONSE) ? this.response(context) : this.request(context);
  }

  private request(context: LinuxContext): Refusal | null {
    const { message } = context;
    this.nat.noteListeningPort(context);
    for (const { name, request } of this.methods) {
      const end = message.start + name.length;
      if (!isAt(message, message.start, name) || message.code(end) !== SPACE) continue;
      if (!isLetter(message, end + 1)) continue;
      const cseq = readCseq(message, this.family);
      return typeof cseq === 'string' ? [cseq] : request(context, cseq.number, 0);
    }
    return null;
  }

  private response(context: LinuxContext): Refusal | null {
    const { message } = context;
    if (message.end - message.start < SHORTEST) return null;
    const code = numberAt(message, message.start + RESPONSE.length);
    if (code === 0) return ['cannot get code'];
    const cseq = readCseq(message, this.family);
    if (typeof cseq === 'string') return [cseq];
    for (const { name, response } of this.methods) {
      if (response !== null && isAt(message, cseq.end + 1, name)) return response(context, cseq.number, code);
    }
    return null;
  }
}

function asRefusal(trouble: string | null): Refusal | null {
  return trouble === null ? null : [trouble];
}

function readCseq(
  text: EditedText,
  family: number,
): { readonly number: number; readonly end: number } | string {
  const found = findHeader(text, 0, Header.CSEQ, family);
  if (!isFound(found)) return 'cannot parse cseq';
  const number = numberAt(text, found.at);
  if (number === 0 && text.code(found.at) !== ZERO) return 'cannot get cseq';
  return { number, end: found.at + found.length };
}

/** Where the body begins, whose blank line is the first behind `from`; -1 where none is. */
function bodyStart(text: EditedText, from: number): number {
  const { bytes, end } = text;
  for (let at = text.indexIn(CR, from, end); at >= 0 && at + 4 <= end; at = text.indexIn(CR, at + 1, end)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return -1;
}

/** Headers, blank line and body as long as Content-Length says; -1 when that is not to be had. */
function messageLength(text: EditedText, family: number): number {
  const header = findHeader(text, 0, Header.CONTENT_LENGTH, family);
  if (!isFound(header)) return -1;
  const end = header.at + digitCount(text, header.at, text.end);
  const body = bodyStart(text, end);
  return body < 0 ? -1 : body - text.start + Number(text.slice(header.at, end));
}
