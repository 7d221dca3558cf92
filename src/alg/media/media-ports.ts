/**
 * The pinholes of one connection's calls: for each stream that an end describes, one for RTP and one for RTCP, to that
 * end from the other and from nobody else (`loose`: to whom it names, from anybody). Under address translation both move together to ports that are free, and the
 * description says so. A pinhole stays as long as its end keeps the stream where it is.
 */
import { Entered, type Expectation } from '../../netfilter/conntrack/expectations.ts';
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { Manip } from '../../netfilter/nat/view.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { destinationOf, sameAddress, sourceOf, type Address } from '../address.ts';
import { addressRange, type Ends, type Expecting } from '../expecting.ts';
import type { AlgServices } from '../services.ts';
import type { Call } from './call-table.ts';
import { MediaClass } from './classes.ts';
import type { MediaMonitor } from './media-monitor.ts';
import { addressText, type EditedText } from '../edited-text.ts';
import type { Codecs, MediaStream, SessionDescription, TextRange } from './sdp.ts';

const CLASSES: Readonly<Record<string, MediaClass>> = {
  audio: MediaClass.AUDIO,
  video: MediaClass.VIDEO,
  image: MediaClass.IMAGE,
};

/** One stream of one end. */
export interface Pinhole {
  readonly address: Address;
  readonly port: number;
  /** What the other side is told; the same without translation. */
  readonly seen: Address;
  /** 0: RTCP shares the port, or there is none. */
  readonly rtcpPort: number;
  readonly seenPort: number;
  readonly seenRtcpPort: number;
  readonly expectations: readonly Expectation[];
  /** Connections that came through, each with the port it came to. */
  readonly connections: { readonly entry: number; readonly port: number }[];
}

type Pinholes = readonly (Pinhole | null)[];

/** Whose pinholes they are. */
export interface MediaOwner {
  readonly call: Call;
  /** All of them, when a connection comes. */
  all(): Pinholes;
}

export interface MediaOffer {
  /** Of the control connection, and which of its ends describes its media. */
  readonly entry: number;
  readonly side: number;
  readonly streams: readonly MediaStream[];
  /** For reports. */
  readonly codecsOf: (stream: MediaStream) => Codecs;
  /** Pinholes of that end that are open already, which stay. */
  readonly known: readonly (Pinhole | null)[];
  readonly owner: MediaOwner;
  /** Who may come, null for anybody; the other end where nothing is said. */
  readonly from?: Address | null;
}

export class MediaPorts {
  private readonly services: AlgServices;
  private readonly expecting: Expecting;
  private readonly helper: CtHelper;
  private readonly monitor: MediaMonitor;
  private readonly loose: boolean;
  private readonly scratchOwn: Address = new Int32Array(4);
  private readonly scratchOther: Address = new Int32Array(4);

  constructor(
    services: AlgServices,
    expecting: Expecting,
    helper: CtHelper,
    monitor: MediaMonitor,
    loose = false,
  ) {
    this.services = services;
    this.expecting = expecting;
    this.helper = helper;
    this.monitor = monitor;
    this.loose = loose;
  }

  /** Opens what an end describes, stream by stream; null for what is not to be opened. */
  open(offer: MediaOffer): (Pinhole | null)[] {
    const { entry, side, streams } = offer;
    const own = this.expecting.readSource(entry, side, this.scratchOwn);
    const other = this.loose ? null : this.expecting.readSource(entry, side ^ 1, this.scratchOther);
    const from = offer.from === undefined ? other : offer.from;
    const pinholes: (Pinhole | null)[] = [];
    for (const stream of streams) {
      const isOpen = stream.port !== 0 && CLASSES[stream.kind] !== undefined;
      const isAllowed = sameAddress(stream.address, own) || this.mayBeNamed(entry, own, stream.address);
      pinholes.push(isOpen && isAllowed ? this.pinhole(offer, from, stream) : null);
    }
    return pinholes;
  }

  private pinhole(offer: MediaOffer, from: Address | null, stream: MediaStream): Pinhole | null {
    const port = rtpPort(stream);
    const rtcpPort = rtcpPortOf(stream);
    for (const one of offer.known) {
      if (one?.port !== port || one.rtcpPort !== rtcpPort) continue;
      if (!sameAddress(one.address, stream.address)) continue;
      this.renew(one);
      return one;
    }
    return this.make(offer, from, stream, port, rtcpPort);
  }

  /** Somebody else's address is not ours to open a way to; under translation, not to anybody beyond the end's own side. */
  private mayBeNamed(entry: number, own: Address, address: Address): boolean {
    if (!this.loose || !this.expecting.isTranslated(entry)) return this.loose;
    return this.services.networks.leaveBySameDevice(this.helper.family, own, address);
  }

  private make(
    offer: MediaOffer,
    from: Address | null,
    stream: MediaStream,
    port: number,
    rtcpPort: number,
  ): Pinhole | null {
    const { entry, owner } = offer;
    // The stream is that of the next description as well.
    const address = stream.address.slice();
    const connections: Pinhole['connections'] = [];
    const codecs = this.services.flows.wanted ? offer.codecsOf(stream) : null;
    const came: Expectation['onExpected'] = (connection, _pkt, fulfilled) => {
      if (this.expecting.isTranslated(entry)) this.translate(connection, fulfilled, owner.all());
      connections.push({ entry: connection, port: fulfilled.tuple.dstId });
      if (codecs !== null) this.monitor.listen(connection, owner.call, codecs);
    };
    const ends = { family: this.helper.family, proto: IPPROTO_UDP, from, to: address, toPort: port };
    const policyClass = CLASSES[stream.kind]!;
    const rtp = this.expectation(offer, ends, policyClass, came);
    ends.toPort = rtcpPort;
    const rtcp = rtcpPort === 0 ? null : this.expectation(offer, ends, policyClass, came);
    if (!this.enter(entry, rtp, rtcp)) return null;
    return {
      address,
      port,
      rtcpPort,
      seen: this.expecting.isTranslated(entry) ? destinationOf(rtp.tuple) : address,
      seenPort: rtp.tuple.dstId,
      seenRtcpPort: rtcp?.tuple.dstId ?? 0,
      expectations: rtcp === null ? [rtp] : [rtp, rtcp],
      connections,
    };
  }

  /** One port's. */
  private expectation(
    { entry, side }: MediaOffer,
    ends: Ends,
    policyClass: MediaClass,
    came: Expectation['onExpected'],
  ): Expectation {
    const { expecting } = this;
    const expectation = expecting.make(entry, this.helper, ends, policyClass);
    expectation.savedAddress = ends.to;
    expectation.savedPort = ends.toPort;
    if (expecting.isTranslated(entry)) expecting.place(expectation, side, entry);
    expectation.onExpected = came;
    if (this.services.flows.wanted) expectation.helper = this.monitor;
    return expectation;
  }

  private enter(entry: number, rtp: Expectation, rtcp: Expectation | null): boolean {
    const { expecting } = this;
    if (!expecting.isTranslated(entry)) {
      const isEntered = expecting.enter(rtp) === Entered.OK;
      if (isEntered && rtcp !== null) expecting.enter(rtcp);
      return isEntered;
    }
    if (rtcp !== null && rtcp.savedPort === rtp.savedPort + 1)
      return expecting.enterPair(rtp, rtcp, false) !== 0;
    if (expecting.enterWithPort(rtp, rtp.savedPort) === 0) return false;
    return rtcp === null || expecting.enterWithPort(rtcp, rtcp.savedPort) !== 0;
  }

  /** The description was repeated: what has not been used waits on; what was used and is gone is opened again. */
  private renew(pinhole: Pinhole): void {
    for (const expectation of pinhole.expectations) {
      const isUsed = pinhole.connections.some(
        (one) => one.port === expectation.tuple.dstId && this.isAlive(one, expectation.master),
      );
      if (!isUsed) this.services.conntrack.expect(expectation);
    }
  }

  /** Nothing comes through any more, and what came through ends. */
  close(pinholes: readonly (Pinhole | null)[], keep: readonly (Pinhole | null)[] = []): void {
    const { conntrack } = this.services;
    for (const pinhole of pinholes) {
      if (pinhole === null || keep.includes(pinhole)) continue;
      for (const expectation of pinhole.expectations) {
        this.expecting.cancel(expectation);
        for (const connection of pinhole.connections) {
          if (this.isAlive(connection, expectation.master)) conntrack.remove(connection.entry);
        }
      }
    }
  }

  /** Is it still the connection that came? Numbers of entries are used again. */
  private isAlive({ entry, port }: Pinhole['connections'][number], master: number): boolean {
    const { conntrack } = this.services;
    if (!conntrack.connections.isInTable(entry) || conntrack.master(entry) !== master) return false;
    return this.expecting.tuple(entry, 0).dstId === port;
  }

  /** Writes into the description where this side's streams are seen. */
  rewrite(
    body: EditedText,
    entry: number,
    side: number,
    sdp: SessionDescription,
    pinholes: readonly (Pinhole | null)[],
  ): void {
    let isOurs = false;
    for (let i = 0; i < sdp.media.length; i++) {
      const { portText, rtcpPortText } = sdp.media[i]!;
      const pinhole = pinholes[i] ?? null;
      if (pinhole === null) continue;
      isOurs = true;
      write(body, portText, String(pinhole.seenPort));
      if (rtcpPortText !== null) write(body, rtcpPortText, String(pinhole.seenRtcpPort));
    }
    // Without a stream of ours nothing is ours to change.
    if (!isOurs) return;
    const { family } = this.helper;
    const own = this.expecting.readSource(entry, side, this.scratchOwn);
    const shown = this.expecting.readDestination(entry, side ^ 1, this.scratchOther);
    for (const named of sdp.addresses) {
      const seen = sameAddress(named.address, own) ? shown : seenAs(named.address, pinholes);
      if (seen !== null) write(body, named, addressText(family, seen, false));
    }
  }

  /** Translation of what came through a pinhole: to where the end listens, from where the other side sees its sender. */
  private translate(entry: number, expectation: Expectation, all: readonly (Pinhole | null)[]): void {
    const { nat } = this.services;
    const { master, direction, savedAddress, savedPort } = expectation;
    const original = this.expecting.tuple(entry, 0);
    const source = sourceOf(original);
    nat.setupEntry(entry, addressRange(savedAddress, savedPort), Manip.DST);
    const isOwn = sameAddress(source, sourceOf(this.expecting.tuple(master, direction)));
    const shown = destinationOf(this.expecting.tuple(master, direction ^ 1));
    for (const pinhole of all) {
      if (pinhole === null || !sameAddress(pinhole.address, source)) continue;
      const seen =
        pinhole.port === original.srcId
          ? pinhole.seenPort
          : pinhole.rtcpPort === original.srcId
            ? pinhole.seenRtcpPort
            : 0;
      if (seen === 0) continue;
      nat.setupEntry(entry, addressRange(pinhole.seen, seen), Manip.SRC);
      return;
    }
    if (isOwn) nat.setupEntry(entry, addressRange(shown), Manip.SRC);
  }
}

function write(body: EditedText, { at, length }: TextRange, words: string): void {
  body.replace(at, length, words);
}

/** How the other side sees an address that has a pinhole. */
function seenAs(address: Address, pinholes: readonly (Pinhole | null)[]): Address | null {
  for (const pinhole of pinholes) {
    if (pinhole !== null && sameAddress(pinhole.address, address)) return pinhole.seen;
  }
  return null;
}

/** RTP's port, which is an even one unless the description names RTCP's as well. */
function rtpPort({ port, isRtp, rtcpPort, sharesRtcp }: MediaStream): number {
  return !isRtp || rtcpPort !== 0 || sharesRtcp ? port : port & ~1;
}

/** RTCP's: the next one, unless the description names another; 0 where there is none or it is RTP's. */
function rtcpPortOf({ port, isRtp, rtcpPort, sharesRtcp }: MediaStream): number {
  if (!isRtp) return 0;
  if (rtcpPort !== 0) return rtcpPort === port ? 0 : rtcpPort;
  return sharesRtcp && port % 2 !== 0 ? 0 : port | 1;
}
