/**
 * SIP as Linux's nf_conntrack_sip treats it: each packet by itself (over TCP, the messages that begin and end in one
 * segment), REGISTER, INVITE, UPDATE, ACK, PRACK and BYE with their responses, and the audio, video and image streams of
 * session descriptions. Media may come only to who speaks (sip_direct_media) and from whom he speaks with. Rewriting
 * under address translation is nat.ts.
 */
import { CtInfo, directionOf } from '../../netfilter/conntrack/ct-info.ts';
import { Entered, Gone, type Expectation } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { destinationOf, sameAddress, sourceOf, type Address } from '../address.ts';
import { CR, LF, type EditedText } from '../edited-text.ts';
import { Expecting } from '../expecting.ts';
import { logRefusal } from '../helper-log.ts';
import { payloadStart } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { findSdp, findSdpAddress } from './kernel-sdp.ts';
import { findHeader, Header, type Search } from './kernel-text.ts';
import { endsOf, type Context } from './context.ts';
import { MediaClass } from '../media/classes.ts';
import { SIP, SIP_TIMEOUT_US } from './facts.ts';
import { SipNat } from './nat.ts';
import { Registrations, type RegistrationState } from './registrations.ts';
import { SipMessage } from './message.ts';
import { digitCount, isAt, isExactlyAt, isLetter, isLineEnd, numberAt, SPACE, ZERO } from '../text-search.ts';

const SHORTEST = 'SIP/2.0 200'.length;
const RESPONSE = 'sip/2.0 ';
const FIRST_MEDIA_PORT = 1024;
const MAX_PORT = 65535;

/** By the words that `m=` begins with, letter by letter. */
const MEDIA: readonly (readonly [word: string, policyClass: MediaClass])[] = [
  ['audio ', MediaClass.AUDIO],
  ['video ', MediaClass.VIDEO],
  ['image ', MediaClass.IMAGE],
];
/** Descriptions of streams that are looked at in one message. */
const MAX_MEDIA = 3;

/** What is kept of a connection. */
class SipState implements RegistrationState {
  registerCseq = -1;
  inviteCseq = -1;
  forcedPort = 0;
}

interface LinuxContext extends Context {
  readonly state: SipState;
}

type Handle = (context: LinuxContext, cseq: number, code: number) => number;

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
  private readonly states = new Map<number, SipState>();
  private readonly message = new SipMessage();

  constructor(family: 4 | 6, proto: number, services: AlgServices) {
    this.family = family;
    this.proto = proto;
    this.services = services;
    this.expecting = new Expecting(services);
    this.nat = new SipNat(services, this.expecting);
    this.registrations = new Registrations(services, this.expecting, this.nat, this);
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
      this.message.loadFrom(pkt, at, pkt.l3End);
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
    message.loadFrom(pkt, start, end);
    const ends = endsOf(this.expecting, entry, direction);
    const context: LinuxContext = { message, pkt, entry, direction, ends, state, family };
    this.note(context);
    const isResponse = isAt(message, 0, RESPONSE);
    const verdict = isResponse ? this.response(context) : this.request(context);
    if (verdict !== Verdict.ACCEPT || !this.expecting.isTranslated(entry)) return verdict;
    const trouble = this.nat.message(context, this.proto);
    if (trouble === null) return Verdict.ACCEPT;
    const reasons = trouble === '' ? [] : [trouble];
    return this.refuse(context, ...reasons, 'cannot NAT SIP message');
  }

  private note({ message, direction, entry }: Context): void {
    const { flows } = this.services;
    if (!flows.wanted) return;
    const flow = flows.rowOf(entry);
    if (flow === null) return;
    let end = 0;
    while (end < message.length && !isLineEnd(message.code(end))) end++;
    flows.note(flow, 'message', direction === 0 ? 'client' : 'server', message.slice(0, end));
  }

  // ── Requests and responses ────────────────────────────────────────────────────────────────────────────────────

  private readonly sdp: Handle = (context) => this.describe(context);
  private readonly bye: Handle = (context) => {
    this.flush(context.entry);
    return Verdict.ACCEPT;
  };

  private readonly methods: readonly Method[] = [
    {
      name: 'invite',
      request: (context, cseq) => {
        this.flush(context.entry);
        const verdict = this.describe(context);
        if (verdict === Verdict.ACCEPT) context.state.inviteCseq = cseq;
        return verdict;
      },
      response: (context, cseq, code) => this.answer(context, cseq, code),
    },
    {
      name: 'update',
      request: this.sdp,
      response: (context, cseq, code) => this.answer(context, cseq, code),
    },
    { name: 'ack', request: this.sdp, response: null },
    { name: 'prack', request: this.sdp, response: (context, cseq, code) => this.answer(context, cseq, code) },
    { name: 'bye', request: this.bye, response: null },
    {
      name: 'register',
      request: (context, cseq) => this.registration(context, this.registrations.request(context, cseq)),
      response: (context, cseq, code) =>
        this.registration(context, this.registrations.response(context, cseq, code)),
    },
  ];

  private request(context: LinuxContext): number {
    const text = context.message;
    this.nat.noteListeningPort(context);
    for (const { name, request } of this.methods) {
      if (!isAt(text, 0, name) || text.code(name.length) !== SPACE || !isLetter(text, name.length + 1))
        continue;
      const cseq = readCseq(text, this.family);
      return typeof cseq === 'string' ? this.refuse(context, cseq) : request(context, cseq.number, 0);
    }
    return Verdict.ACCEPT;
  }

  private response(context: LinuxContext): number {
    const text = context.message;
    if (text.length < SHORTEST) return Verdict.ACCEPT;
    const code = numberAt(text, RESPONSE.length);
    if (code === 0) return this.refuse(context, 'cannot get code');
    const cseq = readCseq(text, this.family);
    if (typeof cseq === 'string') return this.refuse(context, cseq);
    for (const { name, response } of this.methods) {
      if (response !== null && isAt(text, cseq.end + 1, name)) return response(context, cseq.number, code);
    }
    return Verdict.ACCEPT;
  }

  /** To INVITE, UPDATE, PRACK. */
  private answer(context: LinuxContext, cseq: number, code: number): number {
    if (code >= 100 && code <= 299) return this.describe(context);
    if (context.state.inviteCseq === cseq) this.flush(context.entry);
    return Verdict.ACCEPT;
  }

  // ── Session descriptions ──────────────────────────────────────────────────────────────────────────────────────

  private describe(context: Context): number {
    const { message, family, entry } = context;
    const version = findSdp(message, 0, 'v', null, family);
    if (!isFound(version)) return Verdict.ACCEPT;
    const session = version.at;
    const common = findSdpAddress(message, session, 'm', family);
    // Of the stream named last; for descriptions of none, of the session.
    let named: Address | null = common?.address ?? null;
    let at = session;
    for (let count = 0; count < MAX_MEDIA;) {
      const media = findSdp(message, at, 'm', null, family);
      if (!isFound(media)) break;
      const kind = MEDIA.find(([word]) => isExactlyAt(message, media.at, word));
      if (kind === undefined) {
        at = media.at + media.length;
        continue;
      }
      const [word, policyClass] = kind;
      at = media.at + word.length;
      const port = numberAt(message, at);
      if (port === 0) continue;
      if (port < FIRST_MEDIA_PORT || port > MAX_PORT) return this.refuse(context, `wrong port ${port}`);
      const own = findSdpAddress(message, at, 'm', family);
      const address = own?.address ?? common?.address;
      if (address === undefined) return this.refuse(context, 'cannot parse SDP message');
      named = address.slice();
      const length = media.length - word.length;
      const trouble = this.expectMedia(context, named, port, policyClass, at, length);
      if (trouble !== null) return this.refuse(context, ...trouble, 'cannot add expectation for voice');
      if (own !== null && this.expecting.isTranslated(entry)) {
        if (!this.nat.sdpAddress(context, at, 'm', named)) return this.refuse(context, 'cannot mangle SDP');
      }
      count++;
    }
    if (named === null || !this.expecting.isTranslated(entry)) return Verdict.ACCEPT;
    return this.nat.sdpSession(context, session, named) ? Verdict.ACCEPT : Verdict.DROP;
  }

  /**
   * RTP on the even port, RTCP on the next. Null when all is well, else why not. `address` becomes what the other side
   * is told.
   */
  private expectMedia(
    context: Context,
    address: Address,
    port: number,
    policyClass: MediaClass,
    at: number,
    length: number,
  ): string[] | null {
    const { entry, direction, family } = context;
    const { expecting, nat } = this;
    if (!sameAddress(address, sourceOf(expecting.tuple(entry, direction)))) return null;
    const from = sourceOf(expecting.tuple(entry, direction ^ 1));
    let isDirect = false;
    let wanted = port;
    for (;;) {
      const known = this.knownMedia(entry, from, address, wanted, policyClass);
      if (known === null) break;
      const isElsewhere =
        !sameAddress(known.savedAddress, destinationOf(known.tuple)) || known.savedPort !== known.tuple.dstId;
      if (isDirect || !isElsewhere || !expecting.isTranslated(entry)) return null;
      address.set(known.savedAddress);
      wanted = known.savedPort;
      isDirect = true;
    }
    const base = wanted & ~1;
    if (isDirect && !nat.sdpPort(context, at, length, base)) return [];
    const ends = { family, proto: IPPROTO_UDP, from, to: address };
    const rtp = expecting.make(entry, this, { ...ends, toPort: base }, policyClass);
    const rtcp = expecting.make(entry, this, { ...ends, toPort: base + 1 }, policyClass);
    if (expecting.isTranslated(entry) && !isDirect) {
      const trouble = nat.media(context, rtp, rtcp, at, length, address);
      return trouble === null ? null : [trouble];
    }
    const first = expecting.enter(rtp, true);
    if (first !== Entered.OK && first !== Entered.ALREADY) return [];
    const second = expecting.enter(rtcp, true);
    if (second === Entered.OK || second === Entered.ALREADY) return null;
    if (first === Entered.OK) expecting.cancel(rtp);
    return [];
  }

  /** An expectation of another connection of this helper's that the same stream would fulfil. */
  private knownMedia(
    entry: number,
    from: Address,
    to: Address,
    port: number,
    policyClass: MediaClass,
  ): Expectation | null {
    const { family } = this;
    const { tuple } = this.expecting.make(entry, this, {
      family,
      proto: IPPROTO_UDP,
      from,
      to,
      toPort: port,
    });
    const known = this.services.conntrack.expectations.find(tuple);
    if (known === null || known.master === entry || known.policyClass !== policyClass) return null;
    return known.owner === this ? known : null;
  }

  private registration(context: Context, trouble: string | null): number {
    return trouble === null ? Verdict.ACCEPT : this.refuse(context, trouble);
  }

  /** All media expectations of a connection. */
  private flush(entry: number): void {
    const { expectations } = this.services.conntrack;
    for (const expectation of [...expectations.of(entry)]) {
      if (expectation.policyClass !== MediaClass.SIGNALLING) expectations.remove(expectation, Gone.CANCELLED);
    }
  }

  /** Drops the packet; every reason is a line of its own in the log. */
  private refuse({ pkt }: Context, ...reasons: string[]): number {
    for (const why of reasons) logRefusal(this.services, this.name, pkt, why);
    return Verdict.DROP;
  }
}

function isFound(found: Search): found is { at: number; length: number } {
  return found !== null && !('broken' in found);
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

/** What stands in front of the body, whose blank line is the first behind `from`; -1 where none is. */
function headLength({ bytes, length }: EditedText, from: number): number {
  for (let at = bytes.indexOf(CR, from); at >= 0 && at + 4 <= length; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return -1;
}

/** Headers, blank line and body as long as Content-Length says; -1 when that is not to be had. */
function messageLength(text: EditedText, family: number): number {
  const header = findHeader(text, 0, Header.CONTENT_LENGTH, family);
  if (!isFound(header)) return -1;
  const end = header.at + digitCount(text, header.at, text.length);
  const head = headLength(text, end);
  return head < 0 ? -1 : head + Number(text.slice(header.at, end));
}
