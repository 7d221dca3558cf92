/**
 * The calls of one connection: INVITE and what follows, by Call-ID. Each message moves the call (call-table.ts) and, where
 * it carries a session description, the pinholes of the one who sends it, in its dialog (legs.ts): an offer opens beside
 * what stands, the final answer keeps the new and closes the old, a refusal the other way round (RFC 3264, RFC 3261 14).
 * The end of the call closes all.
 */
import { formatIp } from '../../wire/address.ts';
import type { ByteWord } from '../byte-word.ts';
import type { Flow, FlowTable } from '../flow-table.ts';
import { Call, Referral, type CallEvent, type CallTable } from '../media/call-table.ts';
import { MAX_CALLS } from './facts.ts';
import type { SipHead } from './grammar.ts';
import { CallIndex } from './call-index.ts';
import { Legs, type Leg, type Pinholes } from './legs.ts';
import type { MediaPorts } from '../media/media-ports.ts';
import { codecsOf } from '../media/sdp.ts';
import { isExactlyAt, numberAt } from '../text-search.ts';
import type { StrictMessage } from './strict-message.ts';

const CARRIES_SDP = new Set(['INVITE', 'ACK', 'PRACK', 'UPDATE']);
const RESPONSE = 'SIP/2.0 ';
const RINGING_CODE = 180;
const REQUEST_TERMINATED = 487;

/** Whose a message is. */
export interface Origin {
  readonly entry: number;
  readonly direction: 0 | 1;
  readonly family: 4 | 6;
}

export class Dialogs {
  private readonly flow: Flow;
  private readonly flows: FlowTable;
  private readonly table: CallTable;
  private readonly media: MediaPorts;
  private readonly isTranslated: () => boolean;
  private readonly now: () => number;
  private readonly calls = new CallIndex();
  /** The one that ended last: its last messages may come again. */
  private ended: Legs | null = null;

  constructor(
    flow: Flow,
    flows: FlowTable,
    table: CallTable,
    media: MediaPorts,
    isTranslated: () => boolean,
    now: () => number,
  ) {
    this.flow = flow;
    this.flows = flows;
    this.table = table;
    this.media = media;
    this.isTranslated = isTranslated;
    this.now = now;
  }

  /** A message; its body is rewritten. */
  take(message: StrictMessage, origin: Origin): void {
    const { head } = message;
    const legs = this.legsOf(head);
    const known = legs ?? this.endedOf(head);
    if (known?.said.isAgain(origin.direction, head) === true) known.call.resent++;
    if (legs === null) return;
    if (head.code === 0) this.request(legs, message, origin);
    else this.response(legs, message, origin);
    if (!legs.call.isOver) return;
    this.calls.remove(legs);
    this.ended = legs;
  }

  private endedOf({ callId }: SipHead): Legs | null {
    const { ended } = this;
    return ended !== null && callId.is(ended.call.callId) ? ended : null;
  }

  private legsOf(head: SipHead): Legs | null {
    const { callId } = head;
    const known = this.calls.find(callId);
    if (known !== null) return known;
    if (head.method !== 'INVITE' || head.code !== 0 || this.calls.count >= MAX_CALLS) return null;
    const call = new Call(callId.text, head.from, head.to, this.now());
    const legs = new Legs(call, callId.hash, head.fromTag.text);
    this.calls.add(legs);
    this.table.add(legs.call);
    this.flow.command = 'INVITE';
    this.show(legs);
    return legs;
  }

  // ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────────

  private request(legs: Legs, message: StrictMessage, origin: Origin): void {
    const { method, cseq, fromTag, toTag } = message.head;
    const tag = legs.tagOf(fromTag, toTag);
    switch (method) {
      case 'CANCEL':
        legs.call.isCancelled = true;
        return;
      case 'BYE':
        this.bye(legs, tag);
        return;
      case 'REFER':
        legs.call.referral = new Referral(message.head.from, message.head.referTo);
        return;
      case 'NOTIFY':
        if (legs.call.referral !== null) noteProgress(legs.call.referral, message);
        return;
    }
    if (!CARRIES_SDP.has(method)) return;
    const leg = legs.legOf(tag);
    if (leg === null) return;
    if (method === 'INVITE') leg.inviteCseq = cseq;
    else if (method === 'UPDATE') leg.updateCseq = cseq;
    else if (method === 'ACK') this.move(legs, 'ACK');
    this.describe(legs, leg, message, origin);
    if (method === 'ACK' && leg.isAnswered) this.close(legs, legs.keepAnswered());
  }

  /** Of several who answered, one may be sent away. */
  private bye(legs: Legs, tag: ByteWord): void {
    const ended = legs.end(tag);
    this.close(legs, ended ?? legs.endAll());
    if (ended === null) this.move(legs, 'BYE');
  }

  // ── Responses ─────────────────────────────────────────────────────────────────────────────────────────────────

  private response(legs: Legs, message: StrictMessage, origin: Origin): void {
    const { method, code, fromTag, toTag } = message.head;
    if (method === 'REFER' && legs.call.referral !== null) legs.call.referral.code = code;
    if (!CARRIES_SDP.has(method)) return;
    const isInvite = method === 'INVITE';
    if (isInvite) this.flow.code = code;
    const tag = legs.tagOf(fromTag, toTag);
    if (code >= 300) return this.refused(legs, tag, message.head);
    const leg = legs.legOf(tag);
    if (leg === null) return;
    this.describe(legs, leg, message, origin);
    if (code < 200) {
      if (isInvite && code >= RINGING_CODE) this.move(legs, 'RINGING');
      return;
    }
    if (method === 'PRACK') return;
    if (isInvite) {
      legs.call.code = code;
      leg.isAnswered = true;
    }
    this.close(legs, leg.settle(true));
    if (isInvite) this.move(legs, 'ANSWER');
  }

  /** A call that never stood is over; one that stands goes on as before. */
  private refused(legs: Legs, tag: ByteWord, { method, code, cseq }: SipHead): void {
    const { call } = legs;
    const leg = legs.legOf(tag);
    if (leg === null || cseq !== (method === 'INVITE' ? leg.inviteCseq : leg.updateCseq)) return;
    if (method !== 'INVITE' || call.answerUs !== 0) {
      this.close(legs, leg.settle(false));
      return;
    }
    call.code = code;
    this.move(legs, call.isCancelled && code === REQUEST_TERMINATED ? 'REFUSED_AFTER_CANCEL' : 'REFUSED');
    this.close(legs, legs.endAll());
  }

  // ── Media ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private describe(legs: Legs, leg: Leg, message: StrictMessage, origin: Origin): void {
    const { entry, direction, family } = origin;
    if (!message.head.isSdp || message.bodyLength === 0) return;
    const { body, sdp } = message;
    const trouble = sdp.read(body, family);
    if (trouble !== null) return this.note(`no media: ${trouble}`);
    const opened = this.media.open({
      entry,
      side: direction,
      streams: sdp.media,
      codecsOf: (stream) => codecsOf(body, stream),
      known: legs.of(direction),
      owner: legs,
    });
    this.close(legs, leg.offer(direction, opened));
    const first = sdp.media.find((_, i) => opened[i] !== null);
    if (first !== undefined) {
      const [w0, w1, w2, w3] = first.address;
      this.flow.address = formatIp(family, w0!, w1!, w2!, w3!);
      this.flow.port = first.port;
    }
    if (this.isTranslated()) this.media.rewrite(body, entry, direction, sdp, opened);
  }

  /** What a leg has let go of is closed, unless another one needs it. */
  private close(legs: Legs, dropped: Pinholes): void {
    if (dropped.length > 0) this.media.close(dropped, legs.all());
  }

  // ── The row ───────────────────────────────────────────────────────────────────────────────────────────────────

  private move(legs: Legs, event: CallEvent): void {
    if (legs.call.move(event, this.now())) this.show(legs);
  }

  private show({ call }: Legs): void {
    this.flows.state(this.flow, call.state);
  }

  private note(text: string): void {
    this.flows.note(this.flow, 'note', 'gateway', text);
  }
}

/** A part of the response to the other call's INVITE, at least its first line (RFC 3420). */
function noteProgress(referral: Referral, { body }: StrictMessage): void {
  if (isExactlyAt(body, body.start, RESPONSE))
    referral.progress = numberAt(body, body.start + RESPONSE.length);
}
