/**
 * TCP numbers relative to where a connection began, as tcpdump prints them: SYNs, and the first segment seen of a
 * connection, show theirs as they are; everything later counts from there.
 *
 * The two directions of a translated connection are joined as the inside sees it: what the original direction was
 * before, and the reply after translation.
 */
import { readU32 } from '../../wire/bytes.ts';
import type { RelativeBase } from '../../wire/describe.ts';
import { dissectEthernet } from '../../wire/dissect.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import { formatIp } from '../../wire/address.ts';
import * as tcp from '../../wire/tcp.ts';
import type { Endpoints, PacketOutcome } from '../outcome.ts';

/** Connections kept in mind; the oldest is forgotten first. A few megabytes, whatever the capture. */
const MOST = 20_000;
const SEQUENCE_AT = 4;
const ACKNOWLEDGEMENT_AT = 8;

/** Where both directions of a connection began. */
interface Beginning {
  /** Of the end that comes first in the key. */
  readonly first: number;
  readonly second: number;
}

export class RelativeSequence {
  private readonly beginnings = new Map<string, Beginning>();
  private readonly pkt = new PacketBuffer();

  /** What to subtract in this packet's description; undefined for "nothing". */
  of(outcome: PacketOutcome): RelativeBase | undefined {
    const { pkt } = this;
    pkt.reset(outcome.frame, 0, outcome.frame.length);
    dissectEthernet(pkt);
    if (pkt.family === 0 || pkt.proto !== IPPROTO_TCP || pkt.l4Ok === 0) return undefined;
    const ends = this.ends(outcome);
    const from = `${ends.src} ${ends.sport}`;
    const to = `${ends.dst} ${ends.dport}`;
    const forward = from < to;
    const key = forward ? `${from} ${to}` : `${to} ${from}`;
    const known = this.beginnings.get(key);
    if (known === undefined || (tcp.flags(pkt.bytes, pkt.l4) & tcp.SYN) !== 0) {
      this.remember(key, forward);
      return undefined;
    }
    return forward ? { seq: known.first, ack: known.second } : { seq: known.second, ack: known.first };
  }

  private remember(key: string, forward: boolean): void {
    const { bytes, l4 } = this.pkt;
    const seq = readU32(bytes, l4 + SEQUENCE_AT) >>> 0;
    const ack = (readU32(bytes, l4 + ACKNOWLEDGEMENT_AT) - 1) >>> 0;
    if (this.beginnings.size >= MOST) {
      for (const oldest of this.beginnings.keys()) {
        this.beginnings.delete(oldest);
        break;
      }
    }
    this.beginnings.set(key, forward ? { first: seq, second: ack } : { first: ack, second: seq });
  }

  private ends({ translation, conntrack }: PacketOutcome): Endpoints {
    if (translation !== null) {
      return conntrack?.direction === 'reply' ? translation.after : translation.before;
    }
    const { pkt } = this;
    return {
      src: formatIp(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3),
      dst: formatIp(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3),
      sport: pkt.sport,
      dport: pkt.dport,
    };
  }
}
