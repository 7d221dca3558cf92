/**
 * ICMP and ICMPv6 before any entry is looked up: header checks, messages that are never tracked, and errors, which are
 * RELATED to the connection of the packet inside them. They refresh nothing.
 *
 * An error belongs to a connection only when the tuple of the packet inside is that of one of its directions, and when
 * the error goes to where that direction came from: a forged inner packet alone opens nothing.
 * Sources: RFC 792, RFC 4443, RFC 4861 4.5 (redirects), RFC 5508 (errors across NAT); Linux 6.x by observation.
 */
import { formatIp4 } from '../../wire/address.ts';
import { fold, pseudoOf, sum } from '../../wire/checksum.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import * as nd from '../../wire/nd.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import { Hook } from '../hook.ts';
import { CtInfo } from './ct-info.ts';
import { HIGHEST_ICMP_TYPE } from './icmp.ts';
import { isUntrackedIcmpv6 } from './icmpv6.ts';
import type { TrackerParts } from './tracker.ts';
import { Tuple } from './tuple.ts';
import { invertTuple, type TupleReader } from './tuple-reader.ts';

/** What is left to do with the packet. */
export const IcmpStep = {
  /** A query: look its entry up. */
  TRACK: 0,
  /** Done: attached to a connection, exempt, or INVALID (no connection and not UNTRACKED). */
  DONE: 1,
} as const;

const LINK_LOCAL_MASK = 0xffc00000 | 0;
const LINK_LOCAL_PREFIX = 0xfe800000 | 0;
/** Bytes before the packet within the "redirected header" option (RFC 4861 4.6.3). */
const REDIRECTED_HEADER_FIXED = 8;

/** Looks a tuple up in the direction-wise zones of the packet; 0 or a node (entry * 2 + direction). */
export interface NodeLookup {
  lookup(tuple: Tuple, zoneOriginal: number, zoneReply: number): number;
}

export class IcmpErrors {
  private readonly parts: TrackerParts;
  private readonly reader: TupleReader;
  private readonly table: NodeLookup;
  private readonly scratchInner = new Tuple();
  private readonly scratchTuple = new Tuple();

  constructor(parts: TrackerParts, reader: TupleReader, table: NodeLookup) {
    this.parts = parts;
    this.reader = reader;
    this.table = table;
  }

  /** For packets of protocol 1 or 58 (in whatever family they come). */
  handle(pkt: PacketBuffer, hook: Hook, zoneOriginal: number, zoneReply: number): number {
    if (pkt.family === 4 && pkt.proto === IPPROTO_ICMP)
      return this.handleV4(pkt, hook, zoneOriginal, zoneReply);
    if (pkt.family === 6 && pkt.proto === IPPROTO_ICMPV6)
      return this.handleV6(pkt, hook, zoneOriginal, zoneReply);
    return IcmpStep.TRACK;
  }

  private handleV4(pkt: PacketBuffer, hook: Hook, zoneOriginal: number, zoneReply: number): number {
    const { bytes, l4 } = pkt;
    if (l4 + icmp.HEADER_LENGTH > pkt.l3End) return this.bad(pkt, hook, 'short packet');
    if (this.verifies(pkt, hook)) {
      const isRight = fold(sum(bytes, l4, pkt.l3End, 0)) === 0xffff;
      pkt.checksumState = isRight ? ChecksumState.GOOD : ChecksumState.WRONG;
      if (!isRight) return this.bad(pkt, hook, 'bad hw icmp checksum');
    }
    const type = icmp.type(bytes, l4);
    if (type > HIGHEST_ICMP_TYPE) return this.bad(pkt, hook, 'invalid icmp type');
    if (!icmp.isError(type)) return IcmpStep.TRACK;
    return this.relate(pkt, hook, icmp.innerAt(l4), zoneOriginal, zoneReply);
  }

  private handleV6(pkt: PacketBuffer, hook: Hook, zoneOriginal: number, zoneReply: number): number {
    const { bytes, l4 } = pkt;
    if (l4 + icmpv6.HEADER_LENGTH > pkt.l3End) return this.bad(pkt, hook, 'short packet');
    if (this.verifies(pkt, hook)) {
      const total = sum(bytes, l4, pkt.l3End, pseudoOf(pkt, pkt.l3End - l4));
      const isRight = fold(total) === 0xffff;
      pkt.checksumState = isRight ? ChecksumState.GOOD : ChecksumState.WRONG;
      if (!isRight) return this.bad(pkt, hook, 'ICMPv6 checksum failed');
    }
    const type = icmpv6.type(bytes, l4);
    if (isUntrackedIcmpv6(type)) {
      pkt.ctInfo = CtInfo.UNTRACKED;
      return IcmpStep.DONE;
    }
    if (type === icmpv6.REDIRECT) return this.redirect(pkt, hook, zoneOriginal, zoneReply);
    if (!icmpv6.isError(type)) return IcmpStep.TRACK;
    return this.relate(pkt, hook, icmpv6.innerAt(l4), zoneOriginal, zoneReply);
  }

  private redirect(pkt: PacketBuffer, hook: Hook, zoneOriginal: number, zoneReply: number): number {
    const { bytes, l4 } = pkt;
    const option = l4 + nd.REDIRECT_LENGTH;
    if (option > pkt.l3End) return this.bad(pkt, hook, 'short redirect');
    if (icmpv6.code(bytes, l4) !== 0) return IcmpStep.TRACK;
    const isFromLink = (pkt.src0 & LINK_LOCAL_MASK) === LINK_LOCAL_PREFIX;
    if (ipv6.hopLimit(bytes, pkt.l3) !== nd.HOP_LIMIT || !isFromLink) {
      return this.bad(pkt, hook, 'invalid saddr or hoplimit for redirect');
    }
    if (option + 2 > pkt.l3End || bytes[option + 1] === 0) {
      return this.bad(pkt, hook, 'redirect without options');
    }
    if (bytes[option] !== nd.OPTION_REDIRECTED_HEADER) return IcmpStep.TRACK;
    return this.relate(pkt, hook, option + REDIRECTED_HEADER_FIXED, zoneOriginal, zoneReply);
  }

  /** `at`: where the packet inside begins. */
  private relate(pkt: PacketBuffer, hook: Hook, at: number, zoneOriginal: number, zoneReply: number): number {
    const { scratchInner: inner, scratchTuple: tuple } = this;
    // The packet inside went the other way, so its answer's tuple is that of our direction.
    if (!this.reader.ofInner(pkt, at, inner) || !invertTuple(inner, tuple)) return IcmpStep.DONE;
    const node = this.table.lookup(tuple, zoneOriginal, zoneReply);
    if (node === 0) return IcmpStep.DONE;
    this.parts.connections.tuples.read(node, tuple);
    if (
      pkt.dst0 !== tuple.dst0 ||
      pkt.dst1 !== tuple.dst1 ||
      pkt.dst2 !== tuple.dst2 ||
      pkt.dst3 !== tuple.dst3
    ) {
      const { invalid } = this.parts;
      if (invalid.wants(pkt.proto)) {
        const outer = logAddress(pkt.family, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
        const known = logAddress(pkt.family, tuple.dst0, tuple.dst1, tuple.dst2, tuple.dst3);
        invalid.write(pkt, hook, pkt.proto, `outer daddr ${outer} != inner ${known}`);
      }
      return IcmpStep.DONE;
    }
    pkt.ct = node >> 1;
    pkt.ctInfo = node & 1 ? CtInfo.RELATED_REPLY : CtInfo.RELATED;
    return IcmpStep.DONE;
  }

  private verifies(pkt: PacketBuffer, hook: Hook): boolean {
    return (
      hook === Hook.PREROUTING && pkt.checksumState !== ChecksumState.GOOD && this.parts.settings.checksum
    );
  }

  private bad(pkt: PacketBuffer, hook: Hook, message: string): number {
    const { invalid } = this.parts;
    if (invalid.wants(pkt.proto)) invalid.write(pkt, hook, pkt.proto, message);
    return IcmpStep.DONE;
  }
}

/** As the kernel's log prints addresses: IPv6 without any shortening. */
function logAddress(family: number, word0: number, word1: number, word2: number, word3: number): string {
  if (family === 4) return formatIp4(word0);
  const group = (value: number): string => (value & 0xffff).toString(16).padStart(4, '0');
  return [word0, word1, word2, word3].map((word) => `${group(word >>> 16)}:${group(word)}`).join(':');
}
