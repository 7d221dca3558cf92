/**
 * Closing the loop. A capture that holds both directions was taken where our translation did not happen: the other side
 * answers the original source, and never saw the address and port that we gave it. Its packets would match no
 * connection. So they are re-addressed: a packet that is the answer to a connection's original tuple, while the
 * connection's reply tuple is another, gets the reply tuple. The gateway then translates it back, as it would have.
 *
 *   capture    10.0.0.2:40000 ► 192.0.2.7:80      192.0.2.7:80 ► 10.0.0.2:40000
 *   gateway    SNAT to 198.51.100.1:40000              │ re-addressed to 198.51.100.1:40000
 *                                                      ▼ translated back to 10.0.0.2:40000
 *
 * ICMP errors about translated packets quote what we sent: outer and inner packet are re-addressed together. Where a
 * payload changed in length, TCP acknowledgements of both sides follow (nat/seq-adjust.ts).
 */
import { writeU16 } from '../wire/bytes.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import * as icmp from '../wire/icmp.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../wire/ip-protocol.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Conntrack } from '../netfilter/conntrack/conntrack.ts';
import { CtStatus } from '../netfilter/conntrack/ct-info.ts';
import { FragmentMemory } from './fragment-memory.ts';
import { Tuple } from '../netfilter/conntrack/tuple.ts';
import { manipulate, rewriteHeaders } from '../netfilter/nat/manip.ts';
import type { SequenceAdjustment } from '../netfilter/nat/seq-adjust.ts';
import { Manip } from '../netfilter/nat/view.ts';

const ICMP_HEADER = 8;
const TRANSLATED = CtStatus.SRC_NAT | CtStatus.DST_NAT;

export class ClosedLoop {
  private readonly conntrack: Conntrack;
  private readonly sequences: SequenceAdjustment;
  private readonly tuple = new Tuple();
  private readonly answered = new Tuple();
  private readonly reply = new Tuple();
  private readonly inner = new PacketBuffer();
  private readonly fragments = new FragmentMemory();

  constructor(conntrack: Conntrack, sequences: SequenceAdjustment) {
    this.conntrack = conntrack;
    this.sequences = sequences;
  }

  /** Re-addresses a dissected packet where it has to be; true when it was. */
  readdress(pkt: PacketBuffer): boolean {
    if (pkt.fragOffset !== 0) return this.readdressLaterFragment(pkt);
    if (pkt.l4Ok === 0) return false;
    return isIcmpError(pkt) ? this.readdressError(pkt) : this.readdressAnswer(pkt);
  }

  private readdressAnswer(pkt: PacketBuffer): boolean {
    const { conntrack, tuple, answered } = this;
    if (!conntrack.reader.ofPacket(pkt, tuple)) return false;
    const node = conntrack.lookup(tuple, 0, 0);
    if (node !== 0) {
      this.sequences.shiftAcknowledgement(pkt, node >> 1, node & 1);
      return false;
    }
    if (!conntrack.invert(tuple, answered)) return false;
    const entry = this.translatedBy(answered);
    if (entry === 0) return false;
    conntrack.readTuple(entry, 1, this.reply);
    this.sequences.shiftAcknowledgement(pkt, entry, 1);
    if (pkt.moreFragments !== 0) this.fragments.remember(pkt, this.reply);
    rewriteHeaders(pkt, this.reply, Manip.SRC);
    rewriteHeaders(pkt, this.reply, Manip.DST);
    return true;
  }

  private readdressLaterFragment(pkt: PacketBuffer): boolean {
    const target = this.fragments.find(pkt);
    if (target === null) return false;
    rewriteHeaders(pkt, target, Manip.SRC);
    rewriteHeaders(pkt, target, Manip.DST);
    return true;
  }

  /** The entry whose original direction has this tuple and whose packets leave with another; 0 when there is none. */
  private translatedBy(original: Tuple): number {
    const node = this.conntrack.lookup(original, 0, 0);
    if (node === 0 || (node & 1) !== 0) return 0;
    const entry = node >> 1;
    return this.conntrack.status[entry]! & TRANSLATED ? entry : 0;
  }

  private readdressError(pkt: PacketBuffer): boolean {
    const { conntrack, inner, tuple, answered, reply } = this;
    const at = pkt.l4 + ICMP_HEADER;
    if (!conntrack.reader.ofInner(pkt, at, tuple)) return false;
    // The gateway looks for the answer to what is quoted: if it finds it, the error fits as it is.
    if (!conntrack.invert(tuple, answered) || conntrack.lookup(answered, 0, 0) !== 0) return false;
    const entry = this.translatedBy(tuple);
    if (entry === 0) return false;
    conntrack.readTuple(entry, 1, reply);
    conntrack.invert(reply, answered);
    inner.reset(pkt.bytes, at, pkt.l3End);
    dissectNetwork(inner, pkt.etherType);
    if (inner.family !== pkt.family) return false;
    for (const manip of [Manip.SRC, Manip.DST]) {
      manipulate(pkt.bytes, at, inner.l4, pkt.l3End, inner.family, inner.proto, answered, manip);
    }
    fillIcmpChecksum(pkt);
    return rewriteHeaders(pkt, reply, Manip.DST) !== 0;
  }
}

function isIcmpError(pkt: PacketBuffer): boolean {
  if (pkt.proto === IPPROTO_ICMP && pkt.family === 4) return icmp.isError(icmp.type(pkt.bytes, pkt.l4));
  return pkt.proto === IPPROTO_ICMPV6 && pkt.family === 6 && icmpv6.isError(icmpv6.type(pkt.bytes, pkt.l4));
}

function fillIcmpChecksum(pkt: PacketBuffer): void {
  const pseudo = pkt.family === 4 ? 0 : pseudoOf(pkt, pkt.l3End - pkt.l4);
  writeU16(pkt.bytes, pkt.l4 + 2, 0);
  writeU16(pkt.bytes, pkt.l4 + 2, checksum(pkt.bytes, pkt.l4, pkt.l3End, pseudo));
}
