/**
 * Listens to the media that pinholes let through: attached, when somebody wants to know, as the helper of the expected
 * connections. Without it, media packets cost no more than their look-up in the connection table.
 */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper, ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import { Tuple } from '../../netfilter/conntrack/tuple.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { formatIp } from '../../wire/address.ts';
import { readU32 } from '../../wire/bytes.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { payloadStart } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import type { Call } from './call-table.ts';
import { isRtp, MediaQuality } from './media-quality.ts';
import { readReports } from './reports.ts';
import { STATIC_CODECS, type Codecs } from './sdp.ts';

/** Streams of one connection that are told apart: a stranger may draw sources at random. */
const MAX_STREAMS = 16;

interface Listening {
  readonly call: Call;
  readonly codecs: Codecs;
  readonly streams: MediaQuality[];
}

export class MediaMonitor implements CtHelper {
  readonly name = 'rtp';
  readonly family: 4 | 6;
  readonly proto = IPPROTO_UDP;
  readonly port = 0;
  readonly policies: readonly ExpectPolicy[] = [];
  private readonly services: AlgServices;
  private readonly listening = new Map<number, Listening>();

  constructor(family: 4 | 6, services: AlgServices) {
    this.family = family;
    this.services = services;
  }

  /** From now on the connection's media belong to that call. */
  listen(entry: number, call: Call, codecs: Codecs): void {
    this.listening.set(entry, { call, codecs, streams: [] });
  }

  forget(entry: number): void {
    this.listening.delete(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const listening = this.listening.get(entry);
    const at = payloadStart(pkt);
    if (listening === undefined || at < 0) return Verdict.ACCEPT;
    if (!isRtp(pkt.bytes, at, pkt.l3End)) {
      this.reports(listening.call, pkt, at);
      return Verdict.ACCEPT;
    }
    const stream = this.streamOf(listening, pkt, entry, directionOf(ctInfo), at);
    stream?.take(pkt.bytes, at, pkt.l3End, this.services.clock.now);
    return Verdict.ACCEPT;
  }

  /** Reports may come on a connection of their own: the call knows the streams. */
  private reports({ quality }: Call, { bytes, l3End }: PacketBuffer, at: number): void {
    const { now } = this.services.clock;
    const about = (ssrc: number): MediaQuality | undefined => quality.find((stream) => stream.ssrc === ssrc);
    readReports(bytes, at, l3End, {
      sent: (ssrc, stamp) => about(ssrc)?.sentReport(stamp, now),
      received: (report) => about(report.ssrc)?.takeReport(report, now),
    });
  }

  private streamOf(
    { call, codecs, streams }: Listening,
    { bytes }: PacketBuffer,
    entry: number,
    direction: 0 | 1,
    at: number,
  ): MediaQuality | null {
    const ssrc = readU32(bytes, at + 8);
    const type = bytes[at + 1]! & 0x7f;
    const tuple = new Tuple();
    this.services.conntrack.readTuple(entry, direction, tuple);
    const from = endText(tuple.family, tuple.src0, tuple.src1, tuple.src2, tuple.src3, tuple.srcId);
    const known = streams.find((one) => one.ssrc === ssrc && one.from === from);
    if (known !== undefined) return known;
    if (streams.length >= MAX_STREAMS) return null;
    const to = endText(tuple.family, tuple.dst0, tuple.dst1, tuple.dst2, tuple.dst3, tuple.dstId);
    const stream = new MediaQuality(from, to, ssrc, type, codecs.get(type) ?? STATIC_CODECS[type] ?? '');
    streams.push(stream);
    call.quality.push(stream);
    return stream;
  }
}

function endText(family: number, w0: number, w1: number, w2: number, w3: number, port: number): string {
  const address = formatIp(family, w0, w1, w2, w3);
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
