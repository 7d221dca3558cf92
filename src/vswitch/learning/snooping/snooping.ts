/**
 * Multicast snooping (RFC 4541; Linux: br_multicast.c): the switch listens to what hosts and routers say of groups (IGMP,
 * MLD), and sends a group's frames to the ports with members and to those that lead to a querier. While nobody asks (no
 * querier), nobody can be known to be a member, and groups are flooded.
 *
 *     report ─► membership.ts, a port's of a group ◄─ groups.ts ◄─ data: who wants it from this source?
 *     query  ─► querier.ts
 *
 * Of IGMPv3 and MLDv2 only the groups count unless `mcast_igmp_version: 3` and `mcast_mld_version: 2` say otherwise: a record
 * that lets any source in joins, one that lets none in leaves.
 */
import { readI32, readU16 } from '../../../wire/bytes.ts';
import { fold, transportSum } from '../../../wire/checksum.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../../wire/ether-type.ts';
import { dissectEthernet } from '../../../wire/dissect.ts';
import { MLD2_REPORT, MLD_DONE, MLD_QUERY, MLD_REPORT } from '../../../wire/icmpv6.ts';
import * as igmp from '../../../wire/igmp.ts';
import { IPPROTO_HOPOPTS, IPPROTO_ICMPV6, IPPROTO_IGMP } from '../../../wire/ip-protocol.ts';
import { linkLocalOf } from '../../../wire/multicast-query.ts';
import * as ipv4 from '../../../wire/ipv4.ts';
import type { PacketBuffer } from '../../../wire/packet-buffer.ts';
import { WireStatus } from '../../../wire/wire-status.ts';
import type { BridgePort } from '../bridge-port.ts';
import { Asking, type SnoopingHost } from './asking.ts';
import type { SnoopingConfig } from './config.ts';
import { ip4At, isAllNodes, isLocal, LOCAL_GROUPS, wordsAt } from './group-address.ts';
import type { Group } from './group.ts';
import { Groups } from './groups.ts';
import { Membership, type MembershipTimes } from './membership.ts';
import { Querier } from './querier.ts';
import { Mode, type Words } from './sources.ts';

/** What becomes of a frame to a group. */
export const Fate = {
  FLOOD: 0,
  /** To the ports that `takes` names. */
  MEMBERS: 1,
  /** A message with a wrong length or checksum: dropped. */
  BAD: 2,
} as const;

/** What `mcast_router` of a port says. */
const Router = { NEVER: 0, LEARNT: 1, ALWAYS: 2 } as const;
const US_PER_SECOND = 1_000_000;
const V1_RESPONSE_US = 10 * US_PER_SECOND;
const MLD_LENGTH = 24;
/** Queries of IGMPv3 and MLDv2 are longer; a bit in them says that routers need not take notice. */
const LATER_IGMP_LENGTH = 12;
const LATER_MLD_LENGTH = 28;
const SUPPRESS = 8;
/** Of the IPv6 header. */
const NEXT_HEADER = 6;
const US_PER_MS = 1000;
/** What the sum over a packet with its checksum folds to. */
const CHECKSUM_RIGHT = 0xffff;

export class Snooping {
  private readonly config: SnoopingConfig;
  private readonly ports: readonly BridgePort[];
  private readonly host: SnoopingHost;
  private readonly asking: Asking;
  private readonly groups: Groups;
  /** By port index: until when it leads to a router. */
  private readonly routerUntil: Float64Array;
  private readonly queriers: { readonly 4: Querier; readonly 6: Querier };
  private readonly times: MembershipTimes;
  /** The group of the frame looked at last; null for none with members. And who sent it. */
  private group: Group | null = null;
  /** Ports that get what its sender sends beside those that named him; null where nobody has. */
  private beside: ReadonlySet<number> | null = null;
  private source0 = 0;
  private source1 = 0;
  private source2 = 0;
  private source3 = 0;

  constructor(config: SnoopingConfig, mac: Uint8Array, ports: readonly BridgePort[], host: SnoopingHost) {
    this.config = config;
    this.ports = ports;
    this.host = host;
    this.asking = new Asking(config, mac, ports, host);
    this.groups = new Groups(ports.length, config.hashMax);
    this.routerUntil = new Float64Array(ports.length);
    this.times = {
      membership: config.membershipInterval,
      lastMember: config.lastMemberCount * config.lastMemberInterval,
    };
    const own6 = linkLocalOf(mac);
    const words6 = [0, 4, 8, 12].map((at) => readI32(own6, at));
    this.queriers = {
      4: new Querier(config, [0, 0, 0, 0], host.clock, () => this.asking.all(4)),
      6: new Querier(config, words6, host.clock, () => this.asking.all(6)),
    };
  }

  /** Looks at a frame to a group (no broadcast); one of Fate. */
  look(from: BridgePort, pkt: PacketBuffer, vid: number): number {
    this.group = null;
    const status = dissectEthernet(pkt);
    this.source0 = pkt.src0;
    this.source1 = pkt.src1;
    this.source2 = pkt.src2;
    this.source3 = pkt.src3;
    if (pkt.family === 4) return this.look4(from, pkt, vid, status);
    if (pkt.family === 6) return this.look6(from, pkt, vid, status);
    // An IP header that is none.
    return pkt.etherType === ETH_P_IP || pkt.etherType === ETH_P_IPV6 ? Fate.BAD : Fate.FLOOD;
  }

  /** Whether a port gets the frame that was looked at last. */
  takes(port: BridgePort): boolean {
    const now = this.host.clock.now;
    return this.leadsToRouter(port, now) || this.hasMember(port);
  }

  /** Whether somebody behind the port wants the frame that was looked at last. */
  hasMember({ index, isSelf }: BridgePort): boolean {
    const member = this.group?.members[index] ?? null;
    if (member === null) return false;
    if (isSelf || !this.asking.knowsSources(this.group!.family)) return true;
    if (this.beside === null) return member.mode === Mode.EXCLUDE;
    const source = member.find(this.source0, this.source1, this.source2, this.source3);
    return source === undefined ? this.beside.has(index) : source.until > this.host.clock.now;
  }

  /** The groups that have members, for people: `bridge mdb`. */
  *memberships(): IterableIterator<{
    readonly group: Group;
    readonly port: BridgePort;
    readonly member: Membership;
  }> {
    const { now } = this.host.clock;
    for (const group of this.groups.live(now)) {
      for (const port of this.ports) {
        const member = group.members[port.index]!;
        if (member !== null) yield { group, port, member };
      }
    }
  }

  /** Ports that lead to a querier, or always are as if they did. */
  routerPorts(): BridgePort[] {
    const { now } = this.host.clock;
    return this.ports.filter((port) => this.leadsToRouter(port, now));
  }

  private leadsToRouter({ mcastRouter, index }: BridgePort, now: number): boolean {
    return mcastRouter === Router.ALWAYS || (mcastRouter === Router.LEARNT && this.routerUntil[index]! > now);
  }

  private hasQuerier(family: 4 | 6): boolean {
    return this.queriers[family].isThere;
  }

  /** Data of the group are looked at; null: of none that has members. */
  private wanted(group: Group | null): void {
    this.group = group;
    this.beside = group?.besideNamers(this.source0, this.source1, this.source2, this.source3) ?? null;
  }

  // ── IPv4 ────────────────────────────────────────────────────────────────────────────────────────────────────

  private look4(from: BridgePort, pkt: PacketBuffer, vid: number, status: WireStatus): number {
    const { bytes, l3, l4, l3End, dst0 } = pkt;
    if (status !== WireStatus.OK || !ipv4.checksumOk(bytes, l3)) return Fate.BAD;
    const isLocal = dst0 >>> 8 === LOCAL_GROUPS;
    if (pkt.proto !== IPPROTO_IGMP) {
      if (!this.hasQuerier(4)) return Fate.FLOOD;
      this.wanted(this.groups.find(vid, dst0, 0, 0, 0, this.host.clock.now));
      return this.group !== null || !isLocal ? Fate.MEMBERS : Fate.FLOOD;
    }
    if (!igmp.isIntact(bytes, l4, l3End)) return Fate.BAD;
    const group = readI32(bytes, l4 + 4);
    switch (bytes[l4]) {
      case igmp.V1_REPORT:
      case igmp.V2_REPORT:
        this.join(from, vid, [group, 0, 0, 0], 4, true);
        return this.hasQuerier(4) ? Fate.MEMBERS : Fate.FLOOD;
      case igmp.LEAVE:
        this.leave(from, vid, [group, 0, 0, 0], 4);
        return Fate.FLOOD;
      case igmp.V3_REPORT:
        return this.records(from, pkt, vid, 4) ? Fate.FLOOD : Fate.BAD;
      case igmp.QUERY:
        return this.heardQuery4(from, pkt, vid, group);
      default:
        return isLocal || !this.hasQuerier(4) ? Fate.FLOOD : Fate.MEMBERS;
    }
  }

  private heardQuery4(
    from: BridgePort,
    { bytes, l4, l3End, src0 }: PacketBuffer,
    vid: number,
    group: number,
  ): number {
    const length = l3End - l4;
    if (length > igmp.HEADER_LENGTH && length < LATER_IGMP_LENGTH) return Fate.BAD;
    const isLater = length >= LATER_IGMP_LENGTH;
    const code = bytes[l4 + 1]!;
    let response = igmp.responseSeconds(code, isLater) * US_PER_SECOND;
    let asked = group;
    if (isLater) {
      const isSuppressed = this.config.igmpVersion === 3 && group !== 0 && (bytes[l4 + 8]! & SUPPRESS) !== 0;
      if (isSuppressed || readU16(bytes, l4 + 10) !== 0) return Fate.FLOOD;
    } else if (code === 0) {
      response = V1_RESPONSE_US;
      asked = 0;
    }
    if (asked === 0) this.heardQuerier(from, 4, [src0, 0, 0, 0], response);
    else this.shorten(vid, [asked, 0, 0, 0], 4, response * this.config.lastMemberCount);
    return Fate.FLOOD;
  }

  // ── IPv6 ────────────────────────────────────────────────────────────────────────────────────────────────────

  private look6(from: BridgePort, pkt: PacketBuffer, vid: number, status: WireStatus): number {
    const { bytes, l4, l3End, dst0, dst1, dst2, dst3 } = pkt;
    if (status !== WireStatus.OK) return Fate.BAD;
    // MLD stands behind a hop-by-hop header, with the router alert option.
    const isSpecial = pkt.bytes[pkt.l3 + NEXT_HEADER] === IPPROTO_HOPOPTS && pkt.proto === IPPROTO_ICMPV6;
    if (isSpecial && fold(transportSum(pkt)) !== CHECKSUM_RIGHT) return Fate.BAD;
    const type = isSpecial && l4 + 8 <= l3End ? bytes[l4]! : 0;
    const isMld = type === MLD_QUERY || type === MLD_REPORT || type === MLD_DONE || type === MLD2_REPORT;
    if (!isMld) {
      if (!this.hasQuerier(6)) return Fate.FLOOD;
      this.wanted(this.groups.find(vid, dst0, dst1, dst2, dst3, this.host.clock.now));
      return this.group !== null || !isAllNodes(dst0, dst1, dst2, dst3) ? Fate.MEMBERS : Fate.FLOOD;
    }
    if (type === MLD2_REPORT) return this.records(from, pkt, vid, 6) ? Fate.FLOOD : Fate.BAD;
    if (l3End - l4 < MLD_LENGTH) return Fate.BAD;
    const group = wordsAt(bytes, l4 + 8);
    if (type === MLD_REPORT) {
      this.join(from, vid, group, 6, true);
      return this.hasQuerier(6) ? Fate.MEMBERS : Fate.FLOOD;
    }
    if (type === MLD_DONE) this.leave(from, vid, group, 6);
    else this.heardQuery6(from, pkt, vid, group);
    return Fate.FLOOD;
  }

  private heardQuery6(from: BridgePort, pkt: PacketBuffer, vid: number, group: Words): void {
    const { bytes, l4, l3End, src0, src1, src2, src3 } = pkt;
    const isLater = l3End - l4 >= LATER_MLD_LENGTH;
    const isGeneral = group.every((word) => word === 0);
    if (isLater) {
      if (readU16(bytes, l4 + 26) !== 0) return;
      if (this.config.mldVersion === 2 && !isGeneral && (bytes[l4 + 24]! & SUPPRESS) !== 0) return;
    }
    const response = Math.max(readU16(bytes, l4 + 4) * US_PER_MS, US_PER_MS);
    if (isGeneral) this.heardQuerier(from, 6, [src0, src1, src2, src3], response);
    else this.shorten(vid, group, 6, response * this.config.lastMemberCount);
  }

  // ── Members and queriers ────────────────────────────────────────────────────────────────────────────────────

  /** A member of the group, whatever the source. Null where it is kept for none (the group is nobody's, or there is no room). */
  private join(
    from: BridgePort,
    vid: number,
    words: Words,
    family: 4 | 6,
    isEarlier: boolean,
  ): Membership | null {
    if (isLocal(words, family)) return null;
    const { now } = this.host.clock;
    const group = this.groups.open(vid, words[0], words[1], words[2], words[3], now, family);
    if (group === null) return null;
    const known = group.members[from.index]!;
    const member = known ?? new Membership(isEarlier || from.isSelf ? Mode.EXCLUDE : Mode.INCLUDE);
    if (known === null) group.join(from.index, member);
    if (isEarlier || from.isSelf) member.until = now + this.config.membershipInterval;
    return member;
  }

  private memberOf(group: Group | null, { index }: BridgePort): Membership | null {
    return group?.members[index] ?? null;
  }

  private find(vid: number, [w0, w1, w2, w3]: Words): Group | null {
    return this.groups.find(vid, w0, w1, w2, w3, this.host.clock.now);
  }

  /** A member that leaves may not have been the last: the querier asks, and so long the port stays (or is left at once). */
  private leave(from: BridgePort, vid: number, words: Words, family: 4 | 6): void {
    const group = this.find(vid, words);
    const member = this.memberOf(group, from);
    if (group === null || member === null) return;
    if (from.fastLeave) {
      group.leave(from.index);
      return;
    }
    // With another querier it is his to ask.
    if (this.queriers[family].isOther) return;
    if (this.config.querier) this.asking.about(from, words, family, []);
    cutShort(member, this.host.clock.now + this.times.lastMember);
  }

  /** A query about one group: whoever does not answer it in time is no member. */
  private shorten(vid: number, words: Words, family: 4 | 6, afterUs: number): void {
    const group = this.find(vid, words);
    if (group === null) return;
    const end = this.host.clock.now + afterUs;
    for (const member of group.members) {
      const isRunning = member?.until !== 0;
      if (member === null || (this.asking.knowsSources(family) && member.mode === Mode.INCLUDE && !isRunning))
        continue;
      cutShort(member, end);
    }
  }

  /** The records of IGMPv3 and MLDv2; false when they are cut. */
  private records(from: BridgePort, pkt: PacketBuffer, vid: number, family: 4 | 6): boolean {
    const { bytes, l4, l3End } = pkt;
    const size = family === 4 ? 4 : 16;
    const head = 4 + size;
    let at = l4 + 8;
    for (let left = readU16(bytes, l4 + 6); left > 0; left--) {
      if (at + head > l3End) return false;
      const count = igmp.recordSources(bytes, at);
      const end = at + head + count * size + bytes[at + 1]! * 4;
      if (end > l3End) return false;
      const group = family === 4 ? ip4At(bytes, at + 4) : wordsAt(bytes, at + 4);
      const sources = Array.from({ length: count }, (_, i) =>
        family === 4 ? ip4At(bytes, at + head + 4 * i) : wordsAt(bytes, at + head + 16 * i),
      );
      this.record(from, vid, group, family, bytes[at]!, sources);
      at = end;
    }
    return true;
  }

  private record(
    from: BridgePort,
    vid: number,
    words: Words,
    family: 4 | 6,
    kind: number,
    sources: readonly Words[],
  ): void {
    if (kind < igmp.Record.IS_IN || kind > igmp.Record.BLOCK) return;
    const wantsNone = sources.length === 0 && (kind === igmp.Record.TO_IN || kind === igmp.Record.IS_IN);
    if (from.isSelf || !this.asking.knowsSources(family)) {
      if (wantsNone) this.leave(from, vid, words, family);
      else this.join(from, vid, words, family, true);
      return;
    }
    if (!wantsNone) this.join(from, vid, words, family, false);
    const group = this.find(vid, words);
    const member = this.memberOf(group, from);
    if (group === null || member === null) return;
    const { mode } = member;
    const before = [...member.sources];
    const asked = member.hear(kind, sources, this.host.clock.now, this.times);
    group.followSources(from.index, before);
    if (from.fastLeave) {
      member.forget(member.listeners.hear(this.senderKey(), kind, sources));
      group.followSources(from.index, member.sources);
    }
    if (member.mode !== mode) group.standBeside(from.index);
    const isBlock = kind === igmp.Record.BLOCK;
    const isLeft = from.fastLeave && (isBlock || kind === igmp.Record.TO_IN) && member.listeners.isEmpty;
    if (isLeft || (isBlock && member.wantsNothing)) group.leave(from.index);
    if (!this.queriers[family].isSelf) return;
    if (asked.sources.length > 0)
      this.asking.about(
        from,
        words,
        family,
        asked.sources.map((one) => one.words),
      );
    if (asked.group) this.asking.about(from, words, family, []);
  }

  /** The host that sent the message at hand. */
  private senderKey(): string {
    return `${this.source0} ${this.source1} ${this.source2} ${this.source3}`;
  }

  private heardQuerier(
    from: BridgePort,
    family: 4 | 6,
    address: readonly number[],
    responseUs: number,
  ): void {
    if (!this.queriers[family].hear(address, responseUs) || from.isSelf) return;
    this.routerUntil[from.index] = this.host.clock.now + this.config.querierInterval;
  }
}

/** The group's timer ends then, if not before. */
function cutShort(member: Membership, end: number): void {
  member.until = member.until === 0 ? end : Math.min(member.until, end);
}
