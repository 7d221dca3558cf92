/**
 * The media of session descriptions as Linux's nf_conntrack_sip treats them: audio, video and image streams, each expected
 * as a pair of ports. They may come only to who speaks (sip_direct_media) and from whom he speaks with. Rewriting under address
 * translation is nat.ts, finding things in the text kernel-sdp.ts.
 */
import { Entered, Gone, type Expectation } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { destinationOf, sameAddress, sourceOf, type Address } from '../address.ts';
import type { Expecting } from '../expecting.ts';
import { MediaClass } from '../media/classes.ts';
import type { AlgServices } from '../services.ts';
import { isExactlyAt, numberAt } from '../text-search.ts';
import type { Context } from './context.ts';
import { findSdp, findSdpAddress } from './kernel-sdp.ts';
import { isFound } from './kernel-text.ts';
import type { SipNat } from './nat.ts';

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

/** Why a packet is dropped, line by line of the log; empty where Linux has no words for it. */
export type Refusal = readonly string[];

export class LinuxMedia {
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly nat: SipNat;
  private readonly helper: CtHelper;

  constructor(services: AlgServices, expecting: Expecting, nat: SipNat, helper: CtHelper) {
    this.services = services;
    this.expecting = expecting;
    this.nat = nat;
    this.helper = helper;
  }

  /** Null when all is well, else why not, for the log. */
  describe(context: Context): Refusal | null {
    const { message, family, entry } = context;
    const version = findSdp(message, 0, 'v', null, family);
    if (!isFound(version)) return null;
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
      if (port < FIRST_MEDIA_PORT || port > MAX_PORT) return [`wrong port ${port}`];
      const own = findSdpAddress(message, at, 'm', family);
      const address = own?.address ?? common?.address;
      if (address === undefined) return ['cannot parse SDP message'];
      named = address.slice();
      const length = media.length - word.length;
      const trouble = this.expectMedia(context, named, port, policyClass, at, length);
      if (trouble !== null) return [...trouble, 'cannot add expectation for voice'];
      if (own !== null && this.expecting.isTranslated(entry)) {
        if (!this.nat.sdpAddress(context, at, 'm', named)) return ['cannot mangle SDP'];
      }
      count++;
    }
    if (named === null || !this.expecting.isTranslated(entry)) return null;
    return this.nat.sdpSession(context, session, named) ? null : [];
  }

  /** RTP on the even port, RTCP on the next. `address` becomes what the other side is told. */
  private expectMedia(
    context: Context,
    address: Address,
    port: number,
    policyClass: MediaClass,
    at: number,
    length: number,
  ): Refusal | null {
    const { entry, direction, family } = context;
    const { expecting, nat, helper } = this;
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
    const rtp = expecting.make(entry, helper, { ...ends, toPort: base }, policyClass);
    const rtcp = expecting.make(entry, helper, { ...ends, toPort: base + 1 }, policyClass);
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
    const { helper } = this;
    const { family } = helper;
    const { tuple } = this.expecting.make(entry, helper, {
      family,
      proto: IPPROTO_UDP,
      from,
      to,
      toPort: port,
    });
    const known = this.services.conntrack.expectations.find(tuple);
    if (known === null || known.master === entry || known.policyClass !== policyClass) return null;
    return known.owner === helper ? known : null;
  }

  /** All media expectations of a connection. */
  flush(entry: number): void {
    const { expectations } = this.services.conntrack;
    for (const expectation of [...expectations.of(entry)]) {
      if (expectation.policyClass !== MediaClass.SIGNALLING) expectations.remove(expectation, Gone.CANCELLED);
    }
  }
}
