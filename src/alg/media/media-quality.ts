/**
 * How well a stream of RTP arrives (RFC 3550 6.4.1, A.1, A.8): packets, loss, order, jitter, and from these an estimate of
 * how people would rate it (ITU-T G.107, without echo and with the delay taken as none: R = 93.2 − Ie,eff).
 */
import { readU16, readU32 } from '../../wire/bytes.ts';

const HEADER_LENGTH = 12;
const VERSION = 2;
/** RTCP's packet types lie here when it shares RTP's port (RFC 5761 4). */
const FIRST_RTCP_TYPE = 192;
const LAST_RTCP_TYPE = 223;
/** A step back of less is a packet out of order, a step forward of less is loss; beyond, the sender starts anew. */
const MAX_DISORDER = 100;
const MAX_DROPOUT = 3000;
const DEFAULT_CLOCK = 8000;

/** Impairment of a codec, and how it bears loss (ITU-T G.113, Appendix I). */
const CODECS: Readonly<Record<string, readonly [ie: number, bpl: number]>> = {
  PCMU: [0, 4.3],
  PCMA: [0, 4.3],
  G722: [0, 4.3],
  GSM: [26, 10],
  G729: [11, 19],
  G723: [15, 16.1],
};
const BEST_RATING = 93.2;

/** What a receiver tells of a stream (RFC 3550 6.4.1). */
export interface ReceptionReport {
  /** Of the stream that it is about. */
  readonly ssrc: number;
  /** Since the last report, of 256. */
  readonly fractionLost: number;
  /** Since the beginning; less than none where packets came twice. */
  readonly lost: number;
  /** In units of the stream's clock. */
  readonly jitter: number;
  /** Middle of the time stamp of the sender's last report, 0 for none; and how long ago it came, of 65536 to the second. */
  readonly lastReport: number;
  readonly delay: number;
}

/** What the stream's receiver has last said of it. */
export interface Reported {
  /** Reports so far. */
  readonly count: number;
  /** Of the packets since the report before, 0 to 1; and since the beginning. */
  readonly fractionLost: number;
  readonly lost: number;
  readonly jitterMs: number;
  /** From here to the receiver and back; null where nothing tells. */
  readonly roundTripMs: number | null;
}

/** Reports of a sender that are remembered, for answers to refer to. */
const MAX_SENT = 8;

export class MediaQuality {
  readonly from: string;
  readonly to: string;
  readonly ssrc: number;
  readonly payloadType: number;
  /** `PCMU/8000`; the empty string where nobody named it. */
  readonly codec: string;
  packets = 0;
  bytes = 0;
  duplicates = 0;
  outOfOrder = 0;
  firstUs = 0;
  lastUs = 0;
  reported: Reported | null = null;
  /** When the sender's last reports came by, by their time stamps. */
  private readonly sent = new Map<number, number>();
  /** In units of the codec's clock. */
  private jitterUnits = 0;
  private maxJitterUnits = 0;
  private transit = 0;
  private readonly clock: number;
  private firstSeq = 0;
  /** Extended by the number of times that the 16 bits ran over. */
  private highest = 0;

  constructor(from: string, to: string, ssrc: number, payloadType: number, codec: string) {
    this.from = from;
    this.to = to;
    this.ssrc = ssrc;
    this.payloadType = payloadType;
    this.codec = codec;
    // G.722 samples 16,000 times a second and counts 8,000 (RFC 3551 4.5.2).
    this.clock = codec.startsWith('G722/') ? DEFAULT_CLOCK : Number(codec.split('/')[1] ?? DEFAULT_CLOCK);
  }

  /** A packet of this stream; `at` is where RTP's header begins. */
  take(bytes: Uint8Array, at: number, end: number, nowUs: number): void {
    const seq = readU16(bytes, at + 2);
    if (this.packets === 0) {
      this.firstUs = nowUs;
      this.firstSeq = seq;
      this.highest = seq;
    } else {
      this.order(seq);
    }
    // Other payloads (keys pressed, comfort noise) count time otherwise.
    if ((bytes[at + 1]! & 0x7f) === this.payloadType) this.jitter(bytes, at, nowUs);
    this.packets++;
    this.bytes += end - at;
    this.lastUs = nowUs;
  }

  /** A report of the stream's sender. */
  sentReport(stamp: number, nowUs: number): void {
    this.sent.set(stamp, nowUs);
    if (this.sent.size > MAX_SENT) this.sent.delete(this.sent.keys().next().value!);
  }

  /** A report of its receiver. */
  takeReport({ fractionLost, lost, jitter, lastReport, delay }: ReceptionReport, nowUs: number): void {
    const sentUs = this.sent.get(lastReport);
    const roundTripMs = sentUs === undefined ? -1 : (nowUs - sentUs) / 1000 - (delay / 65536) * 1000;
    this.reported = {
      count: (this.reported?.count ?? 0) + 1,
      fractionLost: fractionLost / 256,
      lost,
      jitterMs: (jitter / this.clock) * 1000,
      roundTripMs: roundTripMs < 0 ? (this.reported?.roundTripMs ?? null) : roundTripMs,
    };
  }

  private jitter(bytes: Uint8Array, at: number, nowUs: number): void {
    // The difference to the first packet: the clock's own 1970 is too far away for fractions.
    const arrival = ((nowUs - this.firstUs) / 1e6) * this.clock;
    const transit = arrival - readU32(bytes, at + 4);
    const step = Math.abs(transit - this.transit);
    // The marker says that somebody began to talk: the pause before it is no delay. Nor is a time stamp that ran over.
    const isNew = this.packets === 0 || (bytes[at + 1]! & 0x80) !== 0 || step > this.clock * 10;
    this.transit = transit;
    if (isNew) return;
    this.jitterUnits += (step - this.jitterUnits) / 16;
    this.maxJitterUnits = Math.max(this.maxJitterUnits, this.jitterUnits);
  }

  private order(seq: number): void {
    const step = (seq - this.highest) & 0xffff;
    if (step === 0) this.duplicates++;
    else if (step < MAX_DROPOUT) this.highest += step;
    else if (step > 0x10000 - MAX_DISORDER) this.outOfOrder++;
    else {
      // The sender starts anew: counted as if it went on.
      this.firstSeq = seq - (this.highest - this.firstSeq) - 1;
      this.highest = seq;
    }
  }

  get expected(): number {
    return this.packets === 0 ? 0 : this.highest - this.firstSeq + 1;
  }

  get lost(): number {
    return Math.max(0, this.expected - (this.packets - this.duplicates));
  }

  /** Milliseconds. */
  get jitterMs(): number {
    return (this.jitterUnits / this.clock) * 1000;
  }

  get maxJitterMs(): number {
    return (this.maxJitterUnits / this.clock) * 1000;
  }

  /** Mean opinion score, 1 to 4.5. */
  get mos(): number {
    const [ie, bpl] = CODECS[this.codec.split('/')[0]!.toUpperCase()] ?? [0, 4.3];
    const loss = this.expected === 0 ? 0 : (this.lost / this.expected) * 100;
    const rating = BEST_RATING - (ie + (95 - ie) * (loss / (loss + bpl)));
    if (rating <= 0) return 1;
    const score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
    return Math.min(4.5, Math.max(1, score));
  }
}

/** RTP's version, a whole header with its sources and extension, and none of RTCP's types. */
export function isRtp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + HEADER_LENGTH > end || bytes[at]! >>> 6 !== VERSION) return false;
  const type = bytes[at + 1]!;
  if (type >= FIRST_RTCP_TYPE && type <= LAST_RTCP_TYPE) return false;
  let header = HEADER_LENGTH + 4 * (bytes[at]! & 15);
  if ((bytes[at]! & 0x10) !== 0) {
    if (at + header + 4 > end) return false;
    header += 4 + 4 * readU16(bytes, at + header + 2);
  }
  return at + header <= end;
}

/** Compound packets of RTCP whose lengths add up to the datagram (RFC 3550 A.2). */
export function isRtcp(bytes: Uint8Array, at: number, end: number): boolean {
  let next = at;
  while (next + 4 <= end) {
    const type = bytes[next + 1]!;
    if (bytes[next]! >>> 6 !== VERSION || type < FIRST_RTCP_TYPE || type > LAST_RTCP_TYPE) return false;
    next += 4 * (readU16(bytes, next + 2) + 1);
  }
  return next === end && next > at;
}
