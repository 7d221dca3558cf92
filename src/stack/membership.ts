/**
 * When a host speaks of its multicast groups (RFC 3376 5, RFC 3810 6; Linux: igmp.c, mcast.c): twice when it joins or leaves one,
 * and when the link's querier asks, after a random while. Where a querier of an older version was heard, its language is
 * spoken, and of several members on a link only one need speak (version 1 and 2).
 *
 * Groups that every host is in (224.0.0.1, ff02::1) nobody speaks of.
 */
import { call } from '../base/call.ts';
import type { Timer } from '../base/clock.ts';
import type { Family } from '../netfilter/hook.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import * as igmp from '../wire/igmp.ts';
import { PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { sameWords } from './address.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import {
  readQuery4,
  readQuery6,
  sendOld4,
  sendOld6,
  sendRecords4,
  sendRecords6,
  type GroupRecord,
  type Query,
} from './membership-wire.ts';

const US_PER_MS = 1000;
/** Each change is said so often. */
const ROBUSTNESS = 2;
/** Between the two: at random up to that (unsolicited report interval). */
const REPEAT_MS = { new: 1000, old: 10_000 } as const;
/** An older querier is believed to be there for so long (2 · 125 s + 10 s). */
const OLD_QUERIER_MS = 260_000;
const ALL_HOSTS = 0xe0000001 | 0;

interface Change {
  readonly group: Int32Array;
  readonly kind: number;
  left: number;
}

/** What goes on at one device, in one family. */
export class Link {
  readonly device: Device;
  readonly family: Family;
  changes: Change[] = [];
  changeTimer: Timer | null = null;
  /** Answers that are due, by group; the empty text for all. */
  readonly answers = new Map<string, { timer: Timer; group: Int32Array | undefined }>();
  version1Until = 0;
  version2Until = 0;

  constructor(device: Device, family: Family) {
    this.device = device;
    this.family = family;
  }
}

export class Membership {
  private readonly host: Host;
  private readonly links = new Map<string, Link>();

  constructor(host: Host) {
    this.host = host;
  }

  private link(device: Device, family: Family): Link {
    const key = `${device.index} ${family}`;
    const known = this.links.get(key) ?? new Link(device, family);
    this.links.set(key, known);
    return known;
  }

  /** IGMP: 1 to 3; MLD: 2 and 3 stand for its 1 and 2. */
  private version(link: Link): 1 | 2 | 3 {
    const { now } = this.host.clock;
    if (link.version1Until > now) return 1;
    return link.version2Until > now ? 2 : 3;
  }

  // ── Changes ─────────────────────────────────────────────────────────────────────────────────────────────────

  joined(device: Device, family: Family, group: Int32Array): void {
    this.change(device, family, group, igmp.Record.TO_EX);
  }

  left(device: Device, family: Family, group: Int32Array): void {
    this.change(device, family, group, igmp.Record.TO_IN);
  }

  private change(device: Device, family: Family, group: Int32Array, kind: number): void {
    if (device.isLoopback || !device.up || !isSpokenOf(family, group)) return;
    const link = this.link(device, family);
    link.changes = link.changes.filter((one) => !sameWords(one.group, group));
    link.changes.push({ group: group.slice(), kind, left: ROBUSTNESS });
    this.tellChanges(link);
  }

  /** At once, then the timer's. */
  tellChanges(link: Link): void {
    const { clock, rng } = this.host;
    link.changeTimer?.cancel();
    link.changeTimer = null;
    if (!link.device.up || link.changes.length === 0) return;
    const version = this.version(link);
    this.tell(link, link.changes, version);
    for (const change of link.changes) change.left--;
    // The older versions say a leave once.
    link.changes = link.changes.filter(
      ({ left, kind }) => left > 0 && (version === 3 || kind === igmp.Record.TO_EX),
    );
    if (link.changes.length === 0) return;
    const most = version === 3 ? REPEAT_MS.new : REPEAT_MS.old;
    const delay = 1 + rng.below(most);
    link.changeTimer = clock.at(clock.now + delay * US_PER_MS, call(this, 'tellChanges', link));
  }

  private tell({ device, family }: Link, records: readonly GroupRecord[], version: 1 | 2 | 3): void {
    const { host } = this;
    host.enter();
    if (version === 3) {
      if (family === 4) sendRecords4(host, device, records);
      else sendRecords6(host, device, records);
    } else {
      for (const { group, kind } of records) {
        const isLeave = kind === igmp.Record.TO_IN;
        if (family === 6) sendOld6(host, device, isLeave ? icmpv6.MLD_DONE : icmpv6.MLD_REPORT, group);
        else if (!isLeave) sendOld4(host, device, version === 1 ? igmp.V1_REPORT : igmp.V2_REPORT, group[0]!);
        else if (version === 2) sendOld4(host, device, igmp.LEAVE, group[0]!);
      }
    }
    host.leave();
  }

  // ── Questions ───────────────────────────────────────────────────────────────────────────────────────────────

  /** A message about groups arrived; true when it was of use. */
  receive4(pkt: PacketBuffer, device: Device): boolean {
    // The host's own report says nothing about others.
    if (pkt.packetType === PacketType.LOOPBACK) return false;
    const query = readQuery4(pkt);
    if (query !== undefined) return this.asked(this.link(device, 4), query);
    const { bytes, l4, l3End } = pkt;
    const isReport = bytes[l4] === igmp.V1_REPORT || bytes[l4] === igmp.V2_REPORT;
    return (
      isReport && igmp.isIntact(bytes, l4, l3End) && this.spokenFor(this.link(device, 4), pkt.dst0, 0, 0, 0)
    );
  }

  receive6(pkt: PacketBuffer, device: Device): boolean {
    const query = readQuery6(pkt);
    if (query !== undefined) return this.asked(this.link(device, 6), query);
    const isReport = pkt.bytes[pkt.l4] === icmpv6.MLD_REPORT;
    return isReport && this.spokenFor(this.link(device, 6), pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
  }

  private asked(link: Link, { version, group, withinMs }: Query): boolean {
    const { clock } = this.host;
    const until = clock.now + OLD_QUERIER_MS * US_PER_MS;
    if (version === 1) link.version1Until = until;
    if (version === 2) link.version2Until = until;
    const isGeneral = group.every((word) => word === 0);
    if (isGeneral && this.version(link) === 3) return this.answerLater(link, undefined, withinMs);
    const groups = this.groupsOf(link).filter((one) => isGeneral || sameWords(one, group));
    for (const one of groups) this.answerLater(link, one, withinMs);
    return true;
  }

  private answerLater(link: Link, group: Int32Array | undefined, withinMs: number): boolean {
    const { clock, rng } = this.host;
    const key = group?.join() ?? '';
    const due = clock.now + rng.below(Math.max(1, Math.floor(withinMs))) * US_PER_MS;
    const pending = link.answers.get(key);
    if (pending !== undefined && pending.timer.due <= due) return true;
    pending?.timer.cancel();
    link.answers.set(key, { group, timer: clock.at(due, call(this, 'answer', link, key, group)) });
    return true;
  }

  /** The timer's. */
  answer(link: Link, key: string, group: Int32Array | undefined): void {
    link.answers.delete(key);
    const groups = this.groupsOf(link).filter((one) => group === undefined || sameWords(one, group));
    if (groups.length === 0) return;
    const records = groups.map((one) => ({ kind: igmp.Record.IS_EX, group: one }));
    this.tell(link, records, this.version(link));
  }

  /** Another member answered: in the older versions that is enough. */
  private spokenFor(link: Link, w0: number, w1: number, w2: number, w3: number): boolean {
    const key = Int32Array.of(w0, w1, w2, w3).join();
    const pending = link.answers.get(key);
    if (pending === undefined || this.version(link) === 3) return false;
    pending.timer.cancel();
    link.answers.delete(key);
    return true;
  }

  private groupsOf({ device, family }: Link): Int32Array[] {
    return this.host.groups
      .of(device)
      .filter((one) => one.family === family && isSpokenOf(family, one.words))
      .map(({ words }) => words);
  }
}

/** Not of those that everybody is in, nor of any that stay within the host. */
function isSpokenOf(family: Family, group: Int32Array): boolean {
  if (family === 4) return group[0] !== ALL_HOSTS;
  const scope = (group[0]! >>> 16) & 15;
  const isAllNodes = group[0] === (0xff020000 | 0) && group[1] === 0 && group[2] === 0 && group[3] === 1;
  return scope > 1 && !isAllNodes;
}
