/**
 * Confirmation (nf_conntrack_confirm): the first packet of a new connection has passed everything, so its entry goes into
 * the hash; and what happens when another one is there already.
 */
import {
  IPPROTO_DCCP,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { DropReason } from '../drop-reason.ts';
import { Verdict } from '../verdict.ts';
import { NAT_CLASH, type Connections } from './connections.ts';
import { CtStatus } from './ct-info.ts';
import { zoneOfKind } from './tuple-store.ts';

/** How long an entry lives of which only the reply direction could be entered. */
const CLASH_TIMEOUT_US = 1_000_000;

export class Confirmation {
  private readonly connections: Connections;

  constructor(connections: Connections) {
    this.connections = connections;
  }

  /** For packets in the original direction of an entry that is not confirmed. */
  confirm(pkt: PacketBuffer, entry: number): number {
    const { connections } = this;
    const { tuples } = connections;
    if (connections.status[entry]! & CtStatus.DYING) return this.refuse(pkt, entry);
    const original = entry * 2;
    if (tuples.chainFull(original) || tuples.chainFull(original + 1)) return this.refuse(pkt, entry);
    // Address translation, or another first packet, may have taken a tuple since: this one was not in the hash.
    const rival = this.rivalOf(original) || this.rivalOf(original + 1);
    if (rival !== 0) return this.resolveClash(pkt, entry, rival >> 1);
    connections.insert(entry, true);
    return Verdict.ACCEPT;
  }

  /** A living node with the tuple of this one, in the zone that this one's entry has in that node's direction. */
  private rivalOf(node: number): number {
    const { tuples } = this.connections;
    const rival = tuples.findTwin(node);
    if (rival === 0 || this.connections.isGone(rival >> 1)) return 0;
    const ours = zoneOfKind(tuples.kind((node & ~1) | (rival & 1)));
    return zoneOfKind(tuples.kind(rival)) === ours ? rival : 0;
  }

  private refuse(pkt: PacketBuffer, entry: number): number {
    this.connections.discard(entry);
    pkt.ct = 0;
    pkt.ctInfo = 0;
    pkt.dropReason = DropReason.CONNTRACK_CLASH!;
    return Verdict.DROP;
  }

  /**
   * Two first packets of one flow (nf_ct_resolve_clash). Where a lost packet is not repeated, the later entry gives way
   * to the earlier; if both were translated differently, it lives for a second so that the one answer finds back.
   */
  private resolveClash(pkt: PacketBuffer, entry: number, winner: number): number {
    const { connections } = this;
    if (!allowsClash(pkt.proto)) return this.refuse(pkt, entry);
    if (this.mayMerge(winner, entry)) return this.merge(pkt, entry, winner);
    const replyRival = this.rivalOf(entry * 2 + 1) >> 1;
    if (replyRival !== 0) {
      return this.mayMerge(replyRival, entry) ? this.merge(pkt, entry, replyRival) : this.refuse(pkt, entry);
    }
    connections.setDeadline(entry, CLASH_TIMEOUT_US);
    connections.status[entry] = connections.status[entry]! | CtStatus.FIXED_TIMEOUT | NAT_CLASH;
    connections.insert(entry, false);
    return Verdict.ACCEPT;
  }

  private mayMerge(winner: number, loser: number): boolean {
    const { status, tuples } = this.connections;
    const untranslated = (status[winner]! & (CtStatus.SRC_NAT_DONE | CtStatus.DST_NAT_DONE)) === 0;
    return untranslated || (tuples.same(winner * 2, loser * 2) && tuples.same(winner * 2 + 1, loser * 2 + 1));
  }

  private merge(pkt: PacketBuffer, loser: number, winner: number): number {
    this.connections.countPacket(winner, 0, pkt.l3Length);
    this.connections.discard(loser);
    pkt.ct = winner;
    return Verdict.ACCEPT;
  }
}

/** Protocols whose first packet must not be lost to a clash, since nothing repeats it soon. */
function allowsClash(proto: number): boolean {
  return (
    proto === IPPROTO_UDP ||
    proto === IPPROTO_UDPLITE ||
    proto === IPPROTO_GRE ||
    proto === IPPROTO_DCCP ||
    proto === IPPROTO_ICMP ||
    proto === IPPROTO_ICMPV6
  );
}
