/**
 * The learning switch: a Linux bridge, frame by frame (IEEE 802.1D; compared with the kernel's in test/vswitch/kernel).
 *
 *     frame ─► reserved group? ─► port state ─► filter ─► VLAN ─► locked? ─► learn ─► group: snooping
 *                   │                          (PREROUTING)                       │
 *                   ▼ spanning tree, or nobody                                    ▼
 *                                                    look up ─┬─ known: to its port
 *                                                             ├─ own: up to the switch's own interface
 *                                                             └─ else: to every port that floods such frames
 *
 * The steps are one class because they share the frame at hand in fields: nothing is handed on, nothing allocated.
 *
 * Not here: proxy ARP and neighbour suppression, MAB, VLAN tunnels, per-VLAN spanning tree and snooping, MRP, CFM.
 */
import { call } from '../../base/call.ts';
import { DropReason } from '../../netfilter/drop-reason.ts';
import { readI32, readU16 } from '../../wire/bytes.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { ETH_P_8021AD } from '../../wire/ether-type.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { addressText, Fdb, FdbFlag } from '../fdb.ts';
import { Mirror } from '../mirror.ts';
import { Action, VirtualSwitch, type SwitchEnv, type TableEntry } from '../switch.ts';
import { ANY_TAG, TaggedFrame } from '../tagged-frame.ts';
import type { BridgeFilter } from './bridge-filter.ts';
import { BridgePort, PortState } from './bridge-port.ts';
import type { FdbEntryConfig, LearningConfig } from './config.ts';

import type { SnoopingConfig } from './snooping/config.ts';
import { Fate, Snooping } from './snooping/snooping.ts';
import { SpanningTree } from './spanning-tree.ts';
import type { StpConfig, TreeProtocol } from './tree-protocol.ts';
import { isReserved, isStation } from './frame-kinds.ts';
import { RapidTree } from './rapid/rapid-tree.ts';
import { classify, shapeFor } from './vlans.ts';

const BRIDGE_GROUP = 0;
const PAUSE = 1;
/** A provider bridge forwards what is reserved for its customers' bridges (BR_GROUPFWD_8021AD). */
const PROVIDER_FORWARDS = 0xb801;

/** Who a frame without a known destination goes to. */
const Kind = { UNICAST: 0, GROUP: 1, BROADCAST: 2 } as const;

/** Of a switch without an address; it asks nothing. */
const NO_ADDRESS = new Uint8Array(6);
const MICROSECONDS_PER_SECOND = 1_000_000;

export class LearningSwitch extends VirtualSwitch<BridgePort> {
  readonly model = 'learning';
  readonly config: LearningConfig;
  readonly fdb: Fdb;
  /** The switch's own interface, such as br0, where it has one. */
  readonly self: BridgePort | null;
  /** As the kernel's list: the port that was added last comes first. */
  private readonly floodOrder: readonly BridgePort[];
  private readonly frame = new TaggedFrame();
  /** Of what the host itself sends, nothing but a VLAN filter takes a tag off, and only one of its own protocol. */
  private readonly ownTags: number;
  private readonly mirror: Mirror<BridgePort>;
  private readonly alwaysForwarded: number;
  readonly tree: TreeProtocol | null;
  readonly snooping: Snooping | null;
  /** The rules of the host that the switch belongs to, where they see what it bridges; whoever has the host sets it. */
  filter: BridgeFilter | null = null;
  /** The packet that has taken the place of the frame in work, once the filter looked at it. */
  private passed: PacketBuffer | null = null;
  /** Where the frame in work came in, and the VLAN that it is in (0 while VLANs are not filtered). */
  private from: BridgePort;
  private vid = 0;

  constructor(config: LearningConfig, env: SwitchEnv) {
    const ports = config.ports.map((settings, index) => new BridgePort(index, settings));
    super(config.name, ports, env);
    this.config = config;
    this.self = ports.find(({ isSelf }) => isSelf) ?? null;
    this.floodOrder = ports.filter(({ isSelf }) => !isSelf).reverse();
    this.from = ports[0]!;
    const isProvider = ports.some(({ vlans }) => vlans !== null) && config.vlanProtocol === ETH_P_8021AD;
    this.alwaysForwarded = isProvider ? PROVIDER_FORWARDS : 0;
    this.ownTags = this.self === null || this.self.vlans === null ? 0 : config.vlanProtocol;
    this.fdb = new Fdb(config.ageingSeconds * MICROSECONDS_PER_SECOND, config.fdbMaxLearned, env.rng);
    this.mirror = new Mirror(config.mirrors, ports);
    this.addOwnAddresses();
    for (const entry of config.fdb) this.addEntry(entry);
    this.snooping = config.snooping === null ? null : this.listenIn(config.snooping, ports);
    this.tree = config.stp === null ? null : this.growTree(config.stp, ports);
    // When everything stands: what it sends goes out from within the call.
    if (this.tree !== null) this.clock.at(this.clock.now, call(this.tree, 'start'));
  }

  private listenIn(config: SnoopingConfig, ports: readonly BridgePort[]): Snooping {
    return new Snooping(config, this.self?.mac ?? NO_ADDRESS, ports, {
      clock: this.clock,
      transmit: (port, frame) => {
        if (port.up && port.state === PortState.FORWARDING) this.emit(port, frame, 0, frame.length, 0);
      },
    });
  }

  private growTree(config: StpConfig, ports: readonly BridgePort[]): TreeProtocol {
    const own = ports.filter(({ isSelf }) => !isSelf);
    const Protocol = config.isRapid ? RapidTree : SpanningTree;
    return new Protocol(config, this.self!.mac!, own, {
      clock: this.clock,
      transmit: (port, frame) => {
        if (port.up) this.emit(port, frame, 0, frame.length, 0);
      },
      setAgeing: (us) => this.fdb.setHold(us ?? this.config.ageingSeconds * MICROSECONDS_PER_SECOND),
      forget: (port) => this.fdb.flush(port.index),
    });
  }

  receive(index: number, pkt: PacketBuffer): void {
    const from = this.ports[index]!;
    if (!this.admit(from, pkt)) return;
    if (!this.frame.load(pkt, from.isSelf ? this.ownTags : ANY_TAG)) {
      this.refuse(from, pkt, DropReason.FRAME_TOO_SHORT);
      return;
    }
    this.from = from;
    this.vid = 0;
    this.copyTo(this.mirror.ofIngress(from), pkt.bytes, pkt.start, pkt.end);
    if (from.isSelf) this.sendOwn(pkt);
    else this.arrive(pkt);
    this.frame.restore();
  }

  // ── In by a port (Linux: br_handle_frame, br_handle_frame_finish) ───────────────────────────────────────────

  private arrive(pkt: PacketBuffer): void {
    const { from } = this;
    const { bytes, start } = pkt;
    if (!isStation(bytes, start + ethernet.ADDRESS_LENGTH)) {
      this.refuse(from, pkt, DropReason.SWITCH_SOURCE);
    } else if (isReserved(bytes, start) && !this.forwardsReserved(bytes[start + 5]!)) {
      this.takeReserved(pkt);
    } else if (from.state !== PortState.FORWARDING && from.state !== PortState.LEARNING) {
      this.refuse(from, pkt, DropReason.SWITCH_BLOCKED);
    } else if (this.filter === null) {
      this.forward(pkt);
    } else {
      this.forwardFiltered(pkt, this.filter);
    }
  }

  private forwardFiltered(pkt: PacketBuffer, filter: BridgeFilter): void {
    const passed = filter.arrive(this.from.index, pkt);
    if (passed === null) {
      this.refuse(this.from, pkt, pkt.dropReason);
      return;
    }
    if (passed === pkt) this.forward(pkt);
    else this.forwardPassed(passed);
    pkt.dropReason = passed.dropReason;
  }

  private forwardPassed(passed: PacketBuffer): void {
    const { frame } = this;
    frame.restore();
    frame.load(passed, ANY_TAG);
    this.passed = passed;
    this.forward(passed);
    this.passed = null;
  }

  /** Sends a frame of the host's own by a port, past everything. */
  transmit(index: number, frame: Uint8Array): void {
    const port = this.ports[index]!;
    if (this.fits(port, frame.length)) this.emit(port, frame, 0, frame.length, 0);
  }

  /** A packet that the filter has kept for a while goes on from where it was. */
  resume(index: number, passed: PacketBuffer): void {
    this.from = this.ports[index]!;
    this.vid = 0;
    this.copies = 0;
    passed.dropReason = DropReason.NONE;
    this.forwardPassed(passed);
  }

  private forward(pkt: PacketBuffer): void {
    const { from, fdb } = this;
    const { bytes, start } = pkt;
    if (!this.enterVlan(pkt)) return;
    const now = this.clock.now;
    const srcHigh = ethernet.srcHigh(bytes, start);
    const srcLow = ethernet.srcLow(bytes, start);
    if (from.locked && !this.isAuthorised(srcHigh, srcLow, now)) {
      this.refuse(from, pkt, DropReason.SWITCH_LOCKED);
      return;
    }
    if (from.learning) fdb.learn(srcHigh, srcLow, this.vid, from.index, now);
    if (from.state === PortState.LEARNING) {
      this.refuse(from, pkt, DropReason.SWITCH_BLOCKED);
      return;
    }
    if (ethernet.isMulticast(bytes, start)) this.forwardGroup(pkt);
    else this.forwardUnicast(pkt, now);
  }

  private forwardUnicast(pkt: PacketBuffer, now: number): void {
    const { fdb, self } = this;
    const { bytes, start } = pkt;
    const at = fdb.find(ethernet.dstHigh(bytes, start), ethernet.dstLow(bytes, start), this.vid, now);
    if (at >= 0 && fdb.isLocal(at)) {
      this.passUp();
      this.action = Action.LOCAL;
      return;
    }
    if (at >= 0) {
      const to = this.ports[fdb.portOf(at)]!;
      if (this.mayLeave(to)) this.leave(to);
      this.action = Action.FORWARDED;
    } else {
      this.flood(Kind.UNICAST);
    }
    if (self !== null && self.promisc) this.passUp();
    this.settle(pkt, at >= 0 ? DropReason.SWITCH_SAME_PORT : DropReason.SWITCH_NOBODY);
  }

  private forwardGroup(pkt: PacketBuffer): void {
    const isMembersOnly = this.sendGroup(pkt);
    if (pkt.dropReason !== DropReason.NONE) return;
    if (!isMembersOnly || this.wantsGroup()) this.passUp();
    this.settle(pkt, DropReason.SWITCH_NOBODY);
  }

  /** To everybody, or to a group's members alone: then true. A message about groups that is none ends the frame. */
  private sendGroup(pkt: PacketBuffer): boolean {
    if (ethernet.isBroadcast(pkt.bytes, pkt.start)) {
      this.flood(Kind.BROADCAST);
      return false;
    }
    switch (this.snooping?.look(this.from, pkt, this.vid) ?? Fate.FLOOD) {
      case Fate.MEMBERS:
        this.toMembers();
        return true;
      case Fate.BAD:
        return this.refuse(this.from, pkt, DropReason.SWITCH_GROUP);
      default:
        this.flood(Kind.GROUP);
        return false;
    }
  }

  /** A group that the host did not join is not passed up to it, once it is known who did. */
  private wantsGroup(): boolean {
    const { self } = this;
    return self !== null && (self.promisc || this.snooping!.hasMember(self));
  }

  private toMembers(): void {
    this.action = Action.GROUP;
    for (const to of this.floodOrder) if (this.snooping!.takes(to) && this.mayLeave(to)) this.leave(to);
  }

  /** A frame of which no copy left gets its reason. */
  private settle(pkt: PacketBuffer, reason: number): void {
    if (this.copies === 0) this.refuse(this.from, pkt, reason);
  }

  // ── From the switch's own interface (Linux: br_dev_xmit) ────────────────────────────────────────────────────

  private sendOwn(pkt: PacketBuffer): void {
    const { bytes, start } = pkt;
    if (!this.enterVlan(pkt)) return;
    if (ethernet.isMulticast(bytes, start)) {
      this.sendGroup(pkt);
      if (pkt.dropReason === DropReason.NONE) this.settle(pkt, DropReason.SWITCH_NOBODY);
      return;
    }
    const at = this.fdb.find(
      ethernet.dstHigh(bytes, start),
      ethernet.dstLow(bytes, start),
      this.vid,
      this.clock.now,
    );
    if (at < 0) this.flood(Kind.UNICAST);
    else {
      const to = this.ports[this.fdb.portOf(at)]!;
      if (!to.isSelf && this.mayLeave(to)) this.leave(to);
      this.action = Action.FORWARDED;
    }
    this.settle(pkt, DropReason.SWITCH_NOBODY);
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private flood(kind: number): void {
    const ownFrame = this.from.isSelf;
    this.action = Action.FLOODED;
    for (const to of this.floodOrder) {
      if (
        kind === Kind.UNICAST
          ? !to.flood
          : !ownFrame && !(kind === Kind.GROUP ? to.mcastFlood : to.bcastFlood)
      ) {
        continue;
      }
      if (this.mayLeave(to)) this.leave(to);
    }
  }

  /** Linux: should_deliver. */
  private mayLeave(to: BridgePort): boolean {
    return (
      (to !== this.from || to.hairpin) &&
      to.state === PortState.FORWARDING &&
      (to.vlans === null || to.vlans.has(this.vid)) &&
      !(to.isolated && this.from.isolated)
    );
  }

  private leave(to: BridgePort): void {
    const { frame } = this;
    if (to.vlans !== null) shapeFor(frame, to.vlans);
    if (this.passed !== null) {
      this.leaveFiltered(to, this.passed);
      return;
    }
    // The tag held beside the bytes does not count, as in the kernel.
    if (!this.fits(to, frame.untaggedLength)) return;
    this.emit(to, frame.bytes, frame.start, frame.end, frame.cause);
    this.copyTo(this.mirror.ofEgress(to), frame.bytes, frame.start, frame.end);
  }

  private leaveFiltered(to: BridgePort, passed: PacketBuffer): void {
    const { frame } = this;
    const tag = frame.end - frame.start - frame.untaggedLength;
    const leaving = this.filter!.leave(passed, frame.bytes, frame.start, frame.end, to.index);
    if (leaving.length === 0) to.txDropped++;
    for (const bytes of leaving) {
      if (!this.fits(to, bytes.length - tag)) continue;
      this.emit(to, bytes, 0, bytes.length, frame.cause);
      this.copyTo(this.mirror.ofEgress(to), bytes, 0, bytes.length);
    }
  }

  /** Up to the switch's own interface; without one the frame ends here, taken. */
  private passUp(): void {
    const { self, frame } = this;
    if (self === null || !self.up) return;
    const { vlans } = self;
    if (vlans !== null) {
      if (vlans.has(this.vid)) shapeFor(frame, vlans);
      else if (self.promisc) frame.shape(frame.tpid, frame.tci);
      else return;
    }
    if (this.passed !== null && !this.filter!.handUp(this.passed)) return;
    this.emit(self, frame.bytes, frame.start, frame.end, frame.cause);
  }

  /** To mirror ports; such copies don't count as what became of the frame. */
  private copyTo(mirrors: readonly BridgePort[], bytes: Uint8Array, start: number, end: number): void {
    const { copies } = this;
    for (const to of mirrors) this.emit(to, bytes, start, end, this.frame.cause);
    this.copies = copies;
  }

  // ── What decides ────────────────────────────────────────────────────────────────────────────────────────────

  /** Sets the VLAN; false, and the frame has ended, when its port does not carry it. */
  private enterVlan(pkt: PacketBuffer): boolean {
    const { vlans } = this.from;
    if (vlans === null) return true;
    this.vid = classify(this.frame, vlans, this.config.vlanProtocol);
    return this.vid > 0 || this.refuse(this.from, pkt, DropReason.SWITCH_VLAN);
  }

  private isAuthorised(srcHigh: number, srcLow: number, now: number): boolean {
    const at = this.fdb.find(srcHigh, srcLow, this.vid, now);
    return at >= 0 && !this.fdb.isLocal(at) && this.fdb.portOf(at) === this.from.index;
  }

  private forwardsReserved(last: number): boolean {
    if (last === PAUSE) return false;
    const mask =
      this.from.groupFwdMask | this.alwaysForwarded | (last === BRIDGE_GROUP ? 0 : this.config.groupFwdMask);
    // Without a spanning tree its group is one like any other.
    return (mask & (1 << last)) !== 0 || (last === BRIDGE_GROUP && this.tree === null);
  }

  /** Frames of link-local protocols end here; their sender is learnt all the same (__br_handle_local_finish). */
  private takeReserved(pkt: PacketBuffer): void {
    const { from, frame, config } = this;
    const { bytes, start, end } = pkt;
    if (bytes[start + 5] === PAUSE) {
      this.refuse(from, pkt, DropReason.SWITCH_RESERVED);
      return;
    }
    const learns = from.state === PortState.FORWARDING || from.state === PortState.LEARNING;
    if (from.learning && learns && !config.noLinkLocalLearn) {
      const vid = from.vlans === null ? 0 : classify(frame, from.vlans, config.vlanProtocol);
      if (vid >= 0) {
        this.fdb.learn(
          ethernet.srcHigh(bytes, start),
          ethernet.srcLow(bytes, start),
          vid,
          from.index,
          this.clock.now,
        );
      }
    }
    if (this.tree !== null && bytes[start + 5] === BRIDGE_GROUP) {
      this.action = Action.LOCAL;
      this.tree.receive(from, bytes, start, end);
    } else {
      this.refuse(from, pkt, DropReason.SWITCH_RESERVED);
    }
  }

  // ── What it knows ───────────────────────────────────────────────────────────────────────────────────────────

  override setLink(index: number, up: boolean): void {
    super.setLink(index, up);
    if (!up) this.fdb.flush(index);
    const port = this.ports[index]!;
    if (this.tree === null || port.isSelf) return;
    if (up) this.tree.enable(port);
    else this.tree.disable(port);
  }

  table(): TableEntry[] {
    const entries: TableEntry[] = [];
    const now = this.clock.now;
    this.fdb.forEach(now, (macHigh, macLow, vlan, port, kind, seen) => {
      entries.push({
        mac: addressText(macHigh, macLow),
        vlan,
        port: this.ports[port]?.name ?? this.name,
        kind: kindName(kind),
        ageUs: kind === 0 ? now - seen : 0,
      });
    });
    return entries.sort((a, b) => a.vlan - b.vlan || (a.mac < b.mac ? -1 : 1));
  }

  /** Adds what `bridge fdb add` adds: without a VLAN the entry holds in every one that the port carries. */
  private addEntry({ mac, vlan, port, kind }: FdbEntryConfig): void {
    const { index, vlans } = this.portNamed(port)!;
    const add = (vid: number) => this.fdb.add(readU16(mac, 0), readI32(mac, 2), vid, index, kind);
    add(vlan);
    if (vlan === 0) for (const vid of vlans?.list() ?? []) add(vid);
  }

  /** The switch and its ports have addresses: frames to them are for the switch. In every VLAN that the port carries. */
  private addOwnAddresses(): void {
    for (const port of this.ports) {
      if (port.mac === null) continue;
      const add = (vlan: number) =>
        this.fdb.add(port.macHigh, port.macLow, vlan, port.index, FdbFlag.LOCAL | FdbFlag.STATIC);
      add(0);
      for (const vlan of port.vlans?.list() ?? []) add(vlan);
    }
  }
}

function kindName(kind: number): string {
  if ((kind & FdbFlag.LOCAL) !== 0) return 'local';
  if ((kind & FdbFlag.STICKY) !== 0) return 'sticky';
  return kind === 0 ? 'learned' : 'static';
}
