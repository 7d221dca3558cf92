/**
 * Rewriting of SIP messages under address translation, as Linux's nf_nat_sip has it: the request's URI, the topmost Via
 * with its parameters, Contact, From and To where they name the connection's ends, and in session descriptions the
 * addresses and ports of media, with Content-Length. What is returned is null, or why the packet can't be let
 * through (the empty string where Linux has no words for it).
 */
import type { Expectation } from '../../netfilter/conntrack/expectations.ts';
import { Manip } from '../../netfilter/nat/view.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as udp from '../../wire/udp.ts';
import { destinationOf, sameAddress, sourceOf, type Address } from '../address.ts';
import { addressRange, type Expecting } from '../expecting.ts';
import type { AlgServices } from '../services.ts';
import {
  addressOf,
  findHeader,
  findRequestUri,
  findUri,
  foundParameter,
  Header,
  isFound,
  numberOf,
  UriWalk,
  type Found,
  type Uri,
} from './kernel-text.ts';
import { findSdp, type SdpKind } from './kernel-sdp.ts';
import { isAt, WordSearch } from '../text-search.ts';
import { MediaClass } from '../media/classes.ts';
import type { Context, End } from './context.ts';
import { addressText } from '../edited-text.ts';

const REPLY = 1;
const OTHER_HEADERS = [Header.ROUTE, Header.RECORD_ROUTE, Header.REFER_TO, Header.REFERRED_BY];
/** Of Via. */
const PARAMETERS = new WordSearch(['maddr=', 'received=', 'rport=']);
const [MADDR, RECEIVED, RPORT] = [0, 1, 2];

export class SipNat {
  private readonly services: AlgServices;
  private readonly expecting: Expecting;

  constructor(services: AlgServices, expecting: Expecting) {
    this.services = services;
    this.expecting = expecting;
  }

  /** Phones that send from any port and listen on the one that they name in Via: answers go there. */
  noteListeningPort({ message, ends: { sender }, family, state }: Context): void {
    const via = findUri(message, 0, Header.VIA_UDP, family);
    if (via === null) return;
    if (via.port !== sender.port && sameAddress(via.address, sender.address)) state.forcedPort = via.port;
  }

  // ── Headers ───────────────────────────────────────────────────────────────────────────────────────────────────

  message(context: Context, proto: number): string | null {
    const { message, direction, family, state } = context;
    const isRequest = !isAt(message, message.start, 'sip/2.0');
    if (isRequest) {
      const uri = findRequestUri(message, family);
      if (uri !== null && !this.map(context, uri)) return 'cannot mangle SIP message';
    }
    const via = this.via(context, proto, isRequest);
    if (via !== null) return via;
    const walk = new UriWalk();
    for (;;) {
      const contact = walk.next(message, Header.CONTACT, family);
      if (contact === null) break;
      if (!this.map(context, contact)) return 'cannot mangle contact';
    }
    for (const kind of [Header.FROM, Header.TO]) {
      const uri = findUri(message, 0, kind, family);
      if (uri !== null && !this.map(context, uri)) return 'cannot mangle SIP from/to';
    }
    if (direction !== REPLY || state.forcedPort === 0) return null;
    // Of UDP alone: a Via of UDP in a message over TCP stops the answers.
    if (proto === IPPROTO_TCP) return '';
    forcePort(context.pkt, state.forcedPort);
    return null;
  }

  /** What Linux leaves as it is: proxies on the way (RFC 3261 20.30, 20.34), and who is to be called (RFC 3515, 3892). */
  others(context: Context): void {
    for (const kind of OTHER_HEADERS) {
      const walk = new UriWalk();
      for (;;) {
        const uri = walk.next(context.message, kind, context.family);
        if (uri === null) break;
        this.map(context, uri);
      }
    }
  }

  private via(context: Context, proto: number, isRequest: boolean): string | null {
    const { message, ends, family } = context;
    const { sender, receiver } = ends;
    const via = findUri(message, 0, proto === IPPROTO_TCP ? Header.VIA_TCP : Header.VIA_UDP, family);
    if (via === null) return null;
    // Only the header of this connection.
    if (!isEnd(isRequest ? sender : receiver, via)) return null;
    if (!this.map(context, via)) return 'cannot mangle Via header';
    const behind = via.at + via.length;
    PARAMETERS.find(message, behind, message.end);
    const maddr = addressOf(message, foundParameter(message, behind, PARAMETERS, MADDR!), family, true);
    if (maddr !== null && !this.mapParameter(context, maddr, sender, true)) return 'cannot mangle maddr';
    const received = addressOf(
      message,
      foundParameter(message, behind, PARAMETERS, RECEIVED!),
      family,
      false,
    );
    if (received !== null && !this.mapParameter(context, received, receiver, false))
      return 'cannot mangle received';
    const rport = numberOf(message, foundParameter(message, behind, PARAMETERS, RPORT!));
    if (rport === null || rport === 'broken') return null;
    const port = rport.value & 0xffff;
    if (port !== receiver.port || port === receiver.seenPort) return null;
    return message.replace(rport.at, rport.length, String(receiver.seenPort)) ? null : 'cannot mangle rport';
  }

  /** An address alone that may be the end's. */
  private mapParameter(
    { message, family }: Context,
    { at, length, address }: Found & { readonly address: Address },
    end: End,
    delimited: boolean,
  ): boolean {
    if (!sameAddress(address, end.address) || sameAddress(address, end.seen)) return true;
    return message.replace(at, length, addressText(family, end.seen, delimited));
  }

  /** An end of this connection is named as the other side of the translation knows it. False: no room. */
  map({ message, ends: { sender, receiver }, family, state }: Context, uri: Uri): boolean {
    const isSender = isEnd(sender, uri);
    if (!isSender && !isEnd(receiver, uri)) return true;
    const { seen, seenPort, seenText } = isSender ? sender : receiver;
    const isForced = !isSender && state.forcedPort !== 0;
    const port = isForced ? state.forcedPort : seenPort;
    if (sameAddress(seen, uri.address) && port === uri.port) return true;
    const words = isForced ? `${addressText(family, seen, true)}:${port}` : seenText;
    return message.replace(uri.at, uri.length, words);
  }

  // ── Registrations ─────────────────────────────────────────────────────────────────────────────────────────────

  signalling(context: Context, expectation: Expectation, contact: Uri): string | null {
    const { message, entry, direction, ends, family } = context;
    const { sender } = ends;
    const { tuple } = expectation;
    const isSame = tuple.dstId === sender.port;
    const seen = this.place(expectation, direction, entry);
    const port = this.expecting.enterWithPort(expectation, isSame ? sender.seenPort : tuple.dstId);
    if (port === 0) return 'all ports in use for SIP';
    if (sameAddress(seen, expectation.savedAddress) && port === expectation.savedPort) return null;
    if (message.replace(contact.at, contact.length, `${addressText(family, seen, true)}:${port}`))
      return null;
    this.expecting.cancel(expectation);
    return 'cannot mangle packet';
  }

  /** As Expecting.place, with SIP's translation of what comes. */
  place(expectation: Expectation, direction: number, entry: number): Address {
    const seen = this.expecting.place(expectation, direction, entry);
    expectation.onExpected = this.expected;
    return seen;
  }

  /** The expected connection goes on to where it was announced, and comes from where its answers are expected. */
  private readonly expected = (entry: number, _pkt: unknown, expectation: Expectation): void => {
    const { nat, conntrack } = this.services;
    const { master, direction, savedAddress, savedPort } = expectation;
    const original = this.expecting.tuple(entry, 0);
    nat.setupEntry(entry, addressRange(savedAddress, savedPort), Manip.DST);
    if (expectation.policyClass !== MediaClass.SIGNALLING) {
      for (const pair of conntrack.expectations.of(master)) {
        if (pair.tuple.proto !== original.proto || pair.savedPort !== original.srcId) continue;
        if (!sameAddress(pair.savedAddress, sourceOf(original))) continue;
        nat.setupEntry(entry, addressRange(destinationOf(pair.tuple), pair.tuple.dstId), Manip.SRC);
        return;
      }
    }
    if (!sameAddress(sourceOf(original), sourceOf(this.expecting.tuple(master, direction)))) return;
    const shown = destinationOf(this.expecting.tuple(master, direction ^ 1));
    nat.setupEntry(entry, addressRange(shown), Manip.SRC);
  };

  // ── Session descriptions ──────────────────────────────────────────────────────────────────────────────────────

  /** Expects both streams at a pair of free ports and writes the first into the description. */
  media(
    context: Context,
    rtp: Expectation,
    rtcp: Expectation,
    at: number,
    length: number,
    address: Address,
  ): string | null {
    const { entry, direction } = context;
    address.set(this.place(rtp, direction, entry));
    this.place(rtcp, direction, entry);
    const port = this.expecting.enterPair(rtp, rtcp, true);
    if (port === 0) return 'all ports in use for SDP media';
    if (port === rtp.savedPort || this.sdpPort(context, at, length, port)) return null;
    this.expecting.cancel(rtp);
    this.expecting.cancel(rtcp);
    return 'cannot mangle SDP message';
  }

  sdpPort(context: Context, at: number, length: number, port: number): boolean {
    return context.message.replace(at, length, String(port)) && contentLength(context);
  }

  /** The `c=` line behind `from`, not beyond the next line of kind `stop`. */
  sdpAddress(context: Context, from: number, stop: SdpKind, address: Address): boolean {
    return replaceSdp(context, from, 'c', stop, address) === 'done' && contentLength(context);
  }

  /** `o=` and `c=` of the session. */
  sdpSession(context: Context, from: number, address: Address): boolean {
    if (replaceSdp(context, from, 'o', 'm', address) !== 'done') return false;
    if (replaceSdp(context, from, 'c', 'm', address) === 'failed') return false;
    return contentLength(context);
  }
}

function isEnd(end: End, { address, port }: Uri): boolean {
  return port === end.port && sameAddress(address, end.address);
}

function replaceSdp(
  { message, family }: Context,
  from: number,
  kind: SdpKind,
  stop: SdpKind,
  address: Address,
): 'done' | 'absent' | 'failed' {
  const found = findSdp(message, from, kind, stop, family);
  if (!isFound(found)) return 'absent';
  return message.replace(found.at, found.length, addressText(family, address, false)) ? 'done' : 'failed';
}

/** Content-Length is what the description has come to. */
function contentLength({ message, family }: Context): boolean {
  const version = findSdp(message, 0, 'v', null, family);
  if (!isFound(version)) return false;
  const length = message.editedLengthFrom(version.at) + 'v='.length;
  const header = findHeader(message, 0, Header.CONTENT_LENGTH, family);
  if (!isFound(header)) return false;
  return message.replace(header.at, header.length, String(length));
}

/** A response goes to the port that the phone listens on. */
function forcePort(pkt: PacketBuffer, port: number): void {
  udp.setDstPort(pkt.bytes, pkt.l4, port);
  pkt.dport = port;
}
