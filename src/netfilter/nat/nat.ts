/**
 * Address translation at its four hooks. The first packet of a connection asks the nat table (or is bound to itself),
 * from then on the connection's reply tuple says what every packet must look like. Source: Linux nf_nat_core.c,
 * nf_nat_proto.c, nf_nat_masquerade.c (behaviour).
 *
 *   PREROUTING, OUTPUT    destination        INPUT, POSTROUTING    source
 */
import type { Rng } from '../../base/rng.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import type { LostAddress } from '../hook-steps.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { CtInfo, CtStatus, Direction, directionOf } from '../conntrack/ct-info.ts';
import { Tuple } from '../conntrack/tuple.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import { Verdict } from '../verdict.ts';
import { SourceIndex } from './by-source.ts';
import { TupleChooser } from './choose.ts';
import type { NatConntrack } from './conntrack-side.ts';
import { rewrittenErrorEnd, translateIcmpError } from './icmp-error.ts';
import { rewriteBoth, rewriteHeaders, rewrittenEnd } from './manip.ts';
import { Manip, NatFlag, type NatRange, type NatView } from './view.ts';

/** Asks the nat table about the first packet of a connection; returns its verdict. */
export type AskTable = (hook: Hook, pkt: PacketBuffer) => number;

/** Which side of the packet a hook translates (HOOK2MANIP). */
export function manipAt(hook: Hook): Manip {
  return hook === Hook.POSTROUTING || hook === Hook.INPUT ? Manip.SRC : Manip.DST;
}

export class Nat implements NatView {
  private readonly conntrack: NatConntrack;
  private readonly sources: SourceIndex;
  private readonly chooser: TupleChooser;
  /** By entry: the interface that MASQUERADE bound it to, 0 for none; it ends when it leaves by another. Empty until used. */
  private boundTo = new Uint16Array(0);
  private readonly scratchReply = new Tuple();
  private readonly scratchCurrent = new Tuple();
  private readonly scratchChosen = new Tuple();
  private readonly scratchTarget = new Tuple();
  /** The range that binds a connection to the address it has. */
  private readonly ownAddress = new Int32Array(4);
  private readonly nullRange: NatRange;
  /** Told before bytes of a datagram that came in fragments are rewritten, up to `end`. */
  onRewrite: ((pkt: PacketBuffer, end: number) => void) | null = null;

  constructor(conntrack: NatConntrack, rng: Rng) {
    this.conntrack = conntrack;
    this.sources = new SourceIndex(conntrack, rng);
    this.chooser = new TupleChooser(conntrack, this.sources, rng);
    this.nullRange = {
      flags: NatFlag.MAP_IPS,
      minAddress: this.ownAddress,
      maxAddress: this.ownAddress,
      minPort: 0,
      maxPort: 0,
      basePort: 0,
    };
    conntrack.onRemove = (entry) => this.forget(entry);
  }

  /** The hook function of the nat table. Returns a verdict; on DROP the reason is set. */
  run(hook: Hook, pkt: PacketBuffer, ask: AskTable): number {
    const entry = pkt.ct;
    if (entry <= 0) return Verdict.ACCEPT;
    const { ctInfo } = pkt;
    const manip = manipAt(hook);
    // Nearly every packet: its connection is bound already.
    if (ctInfo === CtInfo.ESTABLISHED || ctInfo === CtInfo.ESTABLISHED_REPLY) {
      return this.leavesElsewhere(hook, pkt) ? this.endMoved(pkt) : this.translate(pkt, manip);
    }
    if (ctInfo === CtInfo.RELATED || ctInfo === CtInfo.RELATED_REPLY) {
      if (pkt.proto === (pkt.family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) return this.icmpError(hook, pkt);
    }
    if (!this.initialized(entry, manip)) {
      const verdict = this.bind(hook, pkt, manip, ask);
      if (verdict !== Verdict.ACCEPT) return verdict;
    } else if (this.leavesElsewhere(hook, pkt)) {
      return this.endMoved(pkt);
    }
    return this.translate(pkt, manip);
  }

  /** Both sides at once, of a packet that goes from PREROUTING straight out by the way of its flow (flow-table.ts). */
  translateBoth(pkt: PacketBuffer): number {
    const status = this.conntrack.status[pkt.ct]!;
    if ((status & (CtStatus.SRC_NAT | CtStatus.DST_NAT)) === 0) return Verdict.ACCEPT;
    const direction = directionOf(pkt.ctInfo);
    this.conntrack.readAnswer(
      pkt.ct,
      direction === Direction.ORIGINAL ? Direction.REPLY : Direction.ORIGINAL,
      this.scratchTarget,
    );
    return rewriteBoth(
      pkt,
      this.scratchTarget,
      translates(status, Manip.SRC, direction),
      translates(status, Manip.DST, direction),
    );
  }

  setup(pkt: PacketBuffer, range: NatRange, manip: Manip): number {
    return this.setupEntry(pkt.ct, range, manip);
  }

  /** `setup` by the entry: helpers bind the connections that they expected before a packet has them. */
  setupEntry(entry: number, range: NatRange, manip: Manip): number {
    const { conntrack, scratchReply, scratchCurrent, scratchChosen } = this;
    if (entry <= 0 || conntrack.status[entry]! & CtStatus.CONFIRMED) return Verdict.ACCEPT;
    if (this.initialized(entry, manip)) return Verdict.DROP;

    // What the connection looks like now is the inverse of its reply: an earlier translation may have changed it.
    conntrack.readTuple(entry, Direction.REPLY, scratchReply);
    conntrack.invert(scratchReply, scratchCurrent);
    const zoneReply = scratchReply.zone;
    conntrack.readTuple(entry, Direction.ORIGINAL, scratchReply);
    scratchCurrent.zone = scratchReply.zone;
    // A zone of one direction only is the connection's all the same.
    this.chooser.choose(scratchChosen, scratchCurrent, range, entry, manip, scratchCurrent.zone || zoneReply);
    let status = conntrack.status[entry]!;
    if (!sameTuple(scratchChosen, scratchCurrent)) {
      conntrack.invert(scratchChosen, scratchReply);
      conntrack.alterReply(entry, scratchReply);
      status |= manip === Manip.SRC ? CtStatus.SRC_NAT : CtStatus.DST_NAT;
    }
    if (manip === Manip.SRC) this.sources.add(entry);
    conntrack.status[entry] = status | (manip === Manip.SRC ? CtStatus.SRC_NAT_DONE : CtStatus.DST_NAT_DONE);
    return Verdict.ACCEPT;
  }

  /** `setup` for MASQUERADE: remembers the interface that the address belongs to. */
  setupMasquerade(pkt: PacketBuffer, range: NatRange, iface: number): number {
    if (pkt.ct >= this.boundTo.length) this.boundTo = longer(this.boundTo, this.conntrack.capacity + 1);
    this.boundTo[pkt.ct] = iface;
    return this.setup(pkt, range, Manip.SRC);
  }

  /** What MASQUERADE bound to an interface ends with it, or with the address that it hides behind. */
  unbind(iface: number, address: LostAddress | null): void {
    const { boundTo, scratchReply: reply } = this;
    for (let entry = 1; entry < boundTo.length; entry++) {
      if (boundTo[entry] !== iface) continue;
      if (address !== null) {
        this.conntrack.readTuple(entry, Direction.REPLY, reply);
        const [w0, w1, w2, w3] = address.words;
        if (reply.family !== address.family || reply.dst0 !== w0 || reply.dst1 !== w1) continue;
        if (reply.dst2 !== w2 || reply.dst3 !== w3) continue;
      }
      this.conntrack.remove(entry);
    }
  }

  private forget(entry: number): void {
    this.sources.remove(entry);
    if (entry < this.boundTo.length) this.boundTo[entry] = 0;
  }

  private initialized(entry: number, manip: Manip): boolean {
    const bit = manip === Manip.SRC ? CtStatus.SRC_NAT_DONE : CtStatus.DST_NAT_DONE;
    return (this.conntrack.status[entry]! & bit) !== 0;
  }

  private bind(hook: Hook, pkt: PacketBuffer, manip: Manip, ask: AskTable): number {
    const verdict = ask(hook, pkt);
    if (verdict !== Verdict.ACCEPT) return verdict;
    if (this.initialized(pkt.ct, manip)) return Verdict.ACCEPT;
    // No rule: bound to the address it has, so that nobody else is given its tuple.
    this.conntrack.readTuple(pkt.ct, Direction.REPLY, this.scratchReply);
    const own = this.ownAddress;
    const reply = this.scratchReply;
    const source = manip === Manip.SRC;
    own[0] = source ? reply.dst0 : reply.src0;
    own[1] = source ? reply.dst1 : reply.src1;
    own[2] = source ? reply.dst2 : reply.src2;
    own[3] = source ? reply.dst3 : reply.src3;
    return this.setup(pkt, this.nullRange, manip);
  }

  private leavesElsewhere(hook: Hook, pkt: PacketBuffer): boolean {
    const entry = pkt.ct;
    if (hook !== Hook.POSTROUTING || entry >= this.boundTo.length) return false;
    const bound = this.boundTo[entry]!;
    return bound !== 0 && bound !== pkt.oif && directionOf(pkt.ctInfo) === Direction.ORIGINAL;
  }

  private endMoved(pkt: PacketBuffer): number {
    this.conntrack.remove(pkt.ct);
    pkt.dropReason = DropReason.NAT_FAILED;
    return Verdict.DROP;
  }

  /** Makes the packet look as its connection demands at this side (nf_nat_packet). */
  private translate(pkt: PacketBuffer, manip: Manip): number {
    const direction = directionOf(pkt.ctInfo);
    if (!translates(this.conntrack.status[pkt.ct]!, manip, direction)) return Verdict.ACCEPT;
    if (pkt.fragMaxSize !== 0) this.onRewrite?.(pkt, rewrittenEnd(pkt));
    this.conntrack.readAnswer(
      pkt.ct,
      direction === Direction.ORIGINAL ? Direction.REPLY : Direction.ORIGINAL,
      this.scratchTarget,
    );
    return rewriteHeaders(pkt, this.scratchTarget, manip);
  }

  private icmpError(hook: Hook, pkt: PacketBuffer): number {
    const manip = manipAt(hook);
    const direction = directionOf(pkt.ctInfo);
    const status = this.conntrack.status[pkt.ct]!;
    const changes = translates(status, manip, direction);
    if (pkt.fragMaxSize !== 0) this.onRewrite?.(pkt, rewrittenErrorEnd(pkt, changes));
    const opposite = direction === Direction.ORIGINAL ? Direction.REPLY : Direction.ORIGINAL;
    this.conntrack.readTuple(pkt.ct, opposite, this.scratchReply);
    this.conntrack.invert(this.scratchReply, this.scratchTarget);
    const allowed = translateIcmpError(pkt, this.scratchReply, this.scratchTarget, manip, changes, status);
    if (allowed) return Verdict.ACCEPT;
    pkt.dropReason = DropReason.NAT_FAILED;
    return Verdict.DROP;
  }
}

/** Does a connection of this status change that side of packets in that direction? In replies the sides are exchanged. */
function translates(status: number, manip: Manip, direction: Direction): boolean {
  const source = (manip === Manip.SRC) === (direction === Direction.ORIGINAL);
  return (status & (source ? CtStatus.SRC_NAT : CtStatus.DST_NAT)) !== 0;
}

function longer(array: Uint16Array<ArrayBuffer>, length: number): Uint16Array<ArrayBuffer> {
  const grown = new Uint16Array(length);
  grown.set(array);
  return grown;
}

function sameTuple(a: Tuple, b: Tuple): boolean {
  return (
    a.src0 === b.src0 &&
    a.dst0 === b.dst0 &&
    a.srcId === b.srcId &&
    a.dstId === b.dstId &&
    a.src1 === b.src1 &&
    a.src2 === b.src2 &&
    a.src3 === b.src3 &&
    a.dst1 === b.dst1 &&
    a.dst2 === b.dst2 &&
    a.dst3 === b.dst3
  );
}
