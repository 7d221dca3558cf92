/**
 * SYNPROXY towards the client (Linux: synproxy_tg4): a SYN is answered with a cookie and forgotten; the ACK that brings the
 * cookie back is turned into a SYN to the server. What then comes of that connection is server-leg.ts's.
 *
 *     client                    here                      server
 *       │── SYN seq=c ──────────►│
 *       │◄─ SYN,ACK seq=cookie ──│  window 0: nothing may be sent yet
 *       │── ACK ack=cookie+1 ───►│── SYN seq=c ack=cookie ─►│   the acknowledgement tells the server leg the cookie
 */
import type { Clock } from '../../base/clock.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { Offer } from './handshake-options.ts';
import { ProxySegment, type HandshakeServices } from './segment.ts';
import { ECN_SETUP, openToServer } from './server-syn.ts';

/** What a rule says. */
export interface ProxyTerms {
  /** Bits of Offer that clients may have. */
  readonly offers: number;
  readonly mss: number;
  readonly windowScale: number;
}

export class ClientLeg {
  private readonly host: HandshakeServices;
  private readonly clock: Clock;
  private readonly terms: ProxyTerms;
  private readonly template: number;
  private readonly segment = new ProxySegment();

  /** `template`: of connections that are proxied, for `PacketBuffer.ct`. */
  constructor(host: HandshakeServices, clock: Clock, terms: ProxyTerms, template: number) {
    this.host = host;
    this.clock = clock;
    this.terms = terms;
    this.template = template;
  }

  /** What the packet's segment offers, to be read before it is answered; false when its header is broken. */
  read(pkt: PacketBuffer): boolean {
    return this.segment.options.read(pkt);
  }

  answerSyn(pkt: PacketBuffer): void {
    const { segment, terms } = this;
    const { options } = segment;
    const { bytes, l4 } = pkt;
    if ((tcp.flags(bytes, l4) & ECN_SETUP) === ECN_SETUP) options.has |= Offer.ECN;
    options.has &= terms.offers;
    segment.isAnswer = true;
    segment.seq = this.host.cookieFor(pkt, options.mss);
    segment.ack = (tcp.seq(bytes, l4) + 1) | 0;
    options.mss = terms.mss;
    // Without a timestamp there is nowhere to keep what else is offered.
    if (options.has & Offer.TIMESTAMP) options.hideInTimestamp(this.clock.now, terms.windowScale);
    else options.has &= Offer.MSS;
    segment.flags = tcp.SYN | tcp.ACK | (options.has & Offer.ECN ? tcp.ECE : 0);
    segment.window = 0;
    segment.ct = Math.max(pkt.ct, 0);
    this.host.send(pkt, segment);
  }

  /** False when the ACK acknowledges no cookie. */
  takeAck(pkt: PacketBuffer): boolean {
    return openToServer(this.host, pkt, this.segment, tcp.seq(pkt.bytes, pkt.l4), this.template);
  }
}
