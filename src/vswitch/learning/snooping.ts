/**
 * Multicast snooping (RFC 4541; Linux: br_multicast.c): the switch listens to what hosts and routers say of groups (IGMP,
 * MLD), and sends a group's frames to the ports with members and to those that lead to a querier. While nobody asks (no
 * querier), nobody can be known to be a member, and groups are flooded.
 *
 * Memberships and queriers end when their time is over, which is found out when they are looked at. Of IGMPv3 and MLDv2
 * only the groups count, not the sources: a record that lets any source in joins, one that lets none in leaves.
 */
import type { Clock } from '../../base/clock.ts';
import { readI32 } from '../../wire/bytes.ts';
import { fold, transportSum } from '../../wire/checksum.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import { dissectEthernet } from '../../wire/dissect.ts';
import { MLD2_REPORT, MLD_DONE, MLD_QUERY, MLD_REPORT } from '../../wire/icmpv6.ts';
import * as igmp from '../../wire/igmp.ts';
import { IPPROTO_HOPOPTS, IPPROTO_ICMPV6, IPPROTO_IGMP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { WireStatus } from '../../wire/wire-status.ts';
import type { BridgePort } from './bridge-port.ts';
import { Groups, type Group } from './groups.ts';

/** Under the kernel's names, with its defaults in config.ts; times in microseconds. */
export interface SnoopingConfig {
  readonly querier: boolean;
  readonly membershipInterval: number;
  readonly querierInterval: number;
  readonly queryInterval: number;
  readonly queryResponseInterval: number;
  readonly startupQueryInterval: number;
  readonly startupQueryCount: number;
  readonly lastMemberInterval: number;
  readonly lastMemberCount: number;
  readonly hashMax: number;
}

export interface SnoopingHost {
  readonly clock: Clock;
  transmit(port: BridgePort, frame: Uint8Array): void;
}

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
/** 224.0.0.0/24 is never snooped: routing protocols don't join. */
const LOCAL_GROUPS = 0xe00000;
const V1_RESPONSE_US = 10 * US_PER_SECOND;
const MLD_LENGTH = 24;
/** Of the IPv6 header. */
const NEXT_HEADER = 6;
const US_PER_MS = 1000;
/** What the sum over a packet with its checksum folds to. */
const CHECKSUM_RIGHT = 0xffff;

/** Who asks in one family. */
interface Querier {
  until: number;
  /** Nobody is believed to have answered before. */
  answersFrom: number;
  /** IPv4 address of the one that is heard; 0 for none. */
  address: number;
}

export class Snooping {
  private readonly config: SnoopingConfig;
  private readonly ports: readonly BridgePort[];
  private readonly mac: Uint8Array;
  private readonly host: SnoopingHost;
  private readonly groups: Groups;
  /** By port index: until when it leads to a router. */
  private readonly routerUntil: Float64Array;
  private readonly queriers: { readonly 4: Querier; readonly 6: Querier };
  /** The group of the frame looked at last; null for none with members. */
  private group: Group | null = null;

  constructor(config: SnoopingConfig, mac: Uint8Array, ports: readonly BridgePort[], host: SnoopingHost) {
    this.config = config;
    this.mac = mac;
    this.ports = ports;
    this.host = host;
    this.groups = new Groups(ports.length, config.hashMax);
    this.routerUntil = new Float64Array(ports.length);
    const start = config.querier ? host.clock.now + config.queryResponseInterval : 0;
    this.queriers = {
      4: { until: 0, answersFrom: start, address: 0 },
      6: { until: 0, answersFrom: 0, address: 0 },
    };
    if (config.querier) this.ask(1);
  }

  /** Looks at a frame to a group (no broadcast); one of Fate. */
  look(from: BridgePort, pkt: PacketBuffer, vid: number): number {
    this.group = null;
    const status = dissectEthernet(pkt);
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

  /** Whether somebody behind the port joined the group of the frame that was looked at last. */
  hasMember({ index }: BridgePort): boolean {
    return this.group !== null && this.group.expiry[index]! > this.host.clock.now;
  }

  private leadsToRouter({ mcastRouter, index }: BridgePort, now: number): boolean {
    return mcastRouter === Router.ALWAYS || (mcastRouter === Router.LEARNT && this.routerUntil[index]! > now);
  }

  private hasQuerier(family: 4 | 6): boolean {
    const { until, answersFrom } = this.queriers[family];
    const now = this.host.clock.now;
    // A querier of its own needs an IPv6 address, which a switch has not.
    return answersFrom < now && ((this.config.querier && family === 4) || until > now);
  }

  // ── IPv4 ────────────────────────────────────────────────────────────────────────────────────────────────────

  private look4(from: BridgePort, pkt: PacketBuffer, vid: number, status: WireStatus): number {
    const { bytes, l3, l4, l3End, dst0 } = pkt;
    if (status !== WireStatus.OK || !ipv4.checksumOk(bytes, l3)) return Fate.BAD;
    const isLocal = dst0 >>> 8 === LOCAL_GROUPS;
    if (pkt.proto !== IPPROTO_IGMP) {
      if (!this.hasQuerier(4)) return Fate.FLOOD;
      this.group = this.groups.find(vid, dst0, 0, 0, 0, this.host.clock.now);
      return this.group !== null || !isLocal ? Fate.MEMBERS : Fate.FLOOD;
    }
    if (!igmp.isIntact(bytes, l4, l3End)) return Fate.BAD;
    const group = readI32(bytes, l4 + 4);
    switch (bytes[l4]) {
      case igmp.V1_REPORT:
      case igmp.V2_REPORT:
        this.join(from, vid, group, 0, 0, 0, group >>> 8 === LOCAL_GROUPS);
        return this.hasQuerier(4) ? Fate.MEMBERS : Fate.FLOOD;
      case igmp.LEAVE:
        this.leave(from, vid, group, 0, 0, 0);
        return Fate.FLOOD;
      case igmp.V3_REPORT:
        return this.records(from, pkt, vid, l4 + 8, 8, 4) ? Fate.FLOOD : Fate.BAD;
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
    if (length > 8 && length < 12) return Fate.BAD;
    const code = bytes[l4 + 1]!;
    const response = code === 0 ? V1_RESPONSE_US : igmp.responseSeconds(code, length >= 12) * US_PER_SECOND;
    if (group === 0 || code === 0) {
      const querier = this.queriers[4];
      const isSilent = querier.until <= this.host.clock.now && !this.config.querier;
      if (isSilent || querier.address === 0 || src0 >>> 0 <= querier.address >>> 0) {
        querier.address = src0;
        this.heardQuerier(from, querier, response);
      }
    } else {
      this.shorten(vid, group, 0, 0, 0, response * this.config.lastMemberCount);
    }
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
      this.group = this.groups.find(vid, dst0, dst1, dst2, dst3, this.host.clock.now);
      return this.group !== null || !isAllNodes(dst0, dst1, dst2, dst3) ? Fate.MEMBERS : Fate.FLOOD;
    }
    if (type === MLD2_REPORT) return this.records(from, pkt, vid, l4 + 8, 20, 16) ? Fate.FLOOD : Fate.BAD;
    if (l3End - l4 < MLD_LENGTH) return Fate.BAD;
    const [w0, w1, w2, w3] = [8, 12, 16, 20].map((at) => readI32(bytes, l4 + at)) as [
      number,
      number,
      number,
      number,
    ];
    if (type === MLD_REPORT) {
      this.join(from, vid, w0, w1, w2, w3, isAllNodes(w0, w1, w2, w3));
      return this.hasQuerier(6) ? Fate.MEMBERS : Fate.FLOOD;
    }
    if (type === MLD_DONE) this.leave(from, vid, w0, w1, w2, w3);
    else {
      const response = ((bytes[l4 + 4]! << 8) | bytes[l4 + 5]!) * US_PER_MS;
      if ((w0 | w1 | w2 | w3) === 0) this.heardQuerier(from, this.queriers[6], Math.max(response, US_PER_MS));
      else this.shorten(vid, w0, w1, w2, w3, response * this.config.lastMemberCount);
    }
    return Fate.FLOOD;
  }

  // ── Members and queriers ────────────────────────────────────────────────────────────────────────────────────

  private join(
    from: BridgePort,
    vid: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    isLocal: boolean,
  ): void {
    if (isLocal) return;
    const now = this.host.clock.now;
    const group = this.groups.open(vid, w0, w1, w2, w3, now);
    if (group !== null) group.expiry[from.index] = now + this.config.membershipInterval;
  }

  /** A member that leaves may not have been the last: the querier asks, and so long the port stays (or is left at once). */
  private leave(from: BridgePort, vid: number, w0: number, w1: number, w2: number, w3: number): void {
    const now = this.host.clock.now;
    const group = this.groups.find(vid, w0, w1, w2, w3, now);
    if (group === null) return;
    const { index } = from;
    if (from.fastLeave) {
      group.expiry[index] = 0;
      return;
    }
    const family = (w1 | w2 | w3) === 0 ? 4 : 6;
    // With another querier it is his to ask.
    if (this.queriers[family].until > now || !this.config.querier || family === 6) return;
    const { lastMemberCount, lastMemberInterval } = this.config;
    this.host.transmit(from, igmp.queryFrame(this.mac, w0, lastMemberInterval / US_PER_SECOND));
    group.expiry[index] = Math.min(group.expiry[index]!, now + lastMemberCount * lastMemberInterval);
  }

  /** A query about one group: whoever does not answer it in time is no member. */
  private shorten(vid: number, w0: number, w1: number, w2: number, w3: number, afterUs: number): void {
    const now = this.host.clock.now;
    const group = this.groups.find(vid, w0, w1, w2, w3, now);
    if (group === null) return;
    for (let i = 0; i < group.expiry.length; i++) group.expiry[i] = Math.min(group.expiry[i]!, now + afterUs);
  }

  /** The records of IGMPv3 and MLDv2; false when they are cut. */
  private records(
    from: BridgePort,
    pkt: PacketBuffer,
    vid: number,
    first: number,
    head: number,
    size: number,
  ): boolean {
    const { bytes, l4, l3End } = pkt;
    let at = first;
    for (let left = (bytes[l4 + 6]! << 8) | bytes[l4 + 7]!; left > 0; left--) {
      if (at + head > l3End) return false;
      const sources = igmp.recordSources(bytes, at);
      const kind = bytes[at]!;
      const isLeave = (kind === igmp.Record.TO_IN || kind === igmp.Record.IS_IN) && sources === 0;
      const [w1, w2, w3] =
        size === 4 ? [0, 0, 0] : [readI32(bytes, at + 8), readI32(bytes, at + 12), readI32(bytes, at + 16)];
      const w0 = readI32(bytes, at + 4);
      if (isLeave) this.leave(from, vid, w0, w1, w2, w3);
      else if (kind !== igmp.Record.BLOCK) {
        const isLocal = size === 4 ? w0 >>> 8 === LOCAL_GROUPS : isAllNodes(w0, w1, w2, w3);
        this.join(from, vid, w0, w1, w2, w3, isLocal);
      }
      at += head + sources * size + bytes[at + 1]! * 4;
    }
    return at <= l3End;
  }

  private heardQuerier(from: BridgePort, querier: Querier, responseUs: number): void {
    const now = this.host.clock.now;
    if (querier.until <= now) querier.answersFrom = now + responseUs;
    querier.until = now + this.config.querierInterval;
    if (!from.isSelf) this.routerUntil[from.index] = now + this.config.querierInterval;
  }

  // ── The switch’s own queries ────────────────────────────────────────────────────────────────────────────────

  /** General queries: some soon after the start, then at the query interval; none while somebody else asks. */
  private ask(count: number): void {
    const { config, host } = this;
    host.clock.at(count === 1 ? host.clock.now : this.nextQueryAt(count), () => {
      if (this.queriers[4].until <= host.clock.now) {
        const frame = igmp.queryFrame(this.mac, 0, config.queryResponseInterval / US_PER_SECOND);
        for (const port of this.ports) if (!port.isSelf && port.up) host.transmit(port, frame);
      }
      this.ask(count + 1);
    });
  }

  private nextQueryAt(count: number): number {
    const { startupQueryCount, startupQueryInterval, queryInterval } = this.config;
    return this.host.clock.now + (count <= startupQueryCount ? startupQueryInterval : queryInterval);
  }
}

/** ff02::1: everybody is a member, nobody says so. */
function isAllNodes(w0: number, w1: number, w2: number, w3: number): boolean {
  return w0 >>> 0 === 0xff020000 && w1 === 0 && w2 === 0 && w3 === 1;
}
