/**
 * The switches of vSphere. A standard switch (`static`) knows the addresses of the virtual NICs attached to it and learns
 * nothing: what it does not know goes out of an uplink, what comes from an uplink for nobody here ends, and nothing goes
 * from uplink to uplink. A distributed switch (`distributed`) may learn besides, port group by port group.
 *
 *     from a guest ─► VLAN of its port ─► forged source? ─► shaped? ─► learn ─┬─ known: to its port
 *                                                                             └─ else, or a group: uplink (and its VLAN)
 *     from an uplink ─► VLAN of its tag ─┬─ known: to its port
 *                                        ├─ group: to every port that sees the VLAN
 *                                        └─ else: nobody
 *     and in either case to every promiscuous port that sees the VLAN
 *
 * What vSphere's documentation says of each behaviour, and what it leaves open, is in docs/switches.md.
 */
import { DropReason } from '../../netfilter/drop-reason.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { ETH_P_8021Q } from '../../wire/ether-type.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as vlan from '../../wire/vlan.ts';
import { addressText, Fdb, FdbFlag, Learnt } from '../fdb.ts';
import { Mirror } from '../mirror.ts';
import { Action, VirtualSwitch, type SwitchEnv, type TableEntry } from '../switch.ts';
import { reverseArp } from '../reverse-arp.ts';
import { NO_TAG, TaggedFrame } from '../tagged-frame.ts';
import type { VsphereConfig } from './config.ts';
import { Beacons, ETH_P_BEACON } from './beacons.ts';
import { Team } from './team.ts';
import { VmPort, type SecurityPolicy } from './vm-port.ts';
import { EVERY_VLAN } from './vlan-view.ts';

/** vSphere does not document the age of learnt addresses; this is what NSX gives its segments. */
const LEARNT_HOLD_US = 600 * 1_000_000;

/** Counting costs a walk through the table; a flood of new addresses must not buy one a frame. */
const RECOUNT_INTERVAL_US = 1_000_000;

export class VsphereSwitch extends VirtualSwitch<VmPort> {
  readonly model: 'static' | 'distributed';
  readonly config: VsphereConfig;
  private readonly guests: readonly VmPort[];
  private readonly uplinks: readonly VmPort[];
  /** By port index: the team that its frames leave by. */
  private readonly teams: readonly Team[];
  /** Addresses of the NICs attached, by the VLANs that their ports see; those learnt behind ports, by VLAN. */
  private readonly attached: Fdb;
  private readonly learnt: Fdb;
  private readonly mirror: Mirror<VmPort>;
  private readonly frame = new TaggedFrame();
  private from: VmPort;
  private vid = 0;
  /** Priority bits of the tag that the frame came with. */
  private priority = 0;
  /** Addresses behind ports are not counted anew before. */
  private recountAt = 0;

  constructor(config: VsphereConfig, env: SwitchEnv) {
    const ports = config.ports.map((settings, index) => new VmPort(index, settings, env.clock.now));
    super(config.name, ports, env);
    this.model = config.model;
    this.config = config;
    this.guests = ports.filter(({ isUplink }) => !isUplink);
    this.uplinks = ports.filter(({ isUplink }) => isUplink);
    const teams = new Map(config.ports.map(({ teaming }) => [teaming, new Team(teaming, this.uplinks)]));
    this.teams = ports.map(({ index }) => teams.get(config.ports[index]!.teaming)!);
    this.attached = new Fdb(Infinity, 0, env.rng);
    this.learnt = new Fdb(LEARNT_HOLD_US, 0, env.rng);
    this.mirror = new Mirror(config.mirrors, ports);
    this.from = ports[0]!;
    this.reattach();
    for (const team of teams.values()) this.probe(team, env);
  }

  /** Beacons of a team that wants them. */
  private probe(team: Team, { clock, rng }: SwitchEnv): void {
    if (team.config.detection !== 'beacon') return;
    const send = (uplink: VmPort, frame: Uint8Array) => this.emit(uplink, frame, 0, frame.length, 0);
    const reconsider = () => this.announcing(() => team.update());
    team.beacons = new Beacons(team.uplinks, clock, rng.u32(), send, reconsider);
  }

  receive(index: number, pkt: PacketBuffer): void {
    const from = this.ports[index]!;
    const { frame } = this;
    if (!this.admit(from, pkt)) return;
    if (!frame.load(pkt, ETH_P_8021Q) || frame.vid === vlan.VID_RESERVED) {
      this.refuse(from, pkt, DropReason.SWITCH_VLAN);
      return;
    }
    this.from = from;
    this.copyTo(this.mirror.ofIngress(from), pkt.start);
    this.priority = frame.tci === NO_TAG ? 0 : frame.tci & ~vlan.VID_RESERVED;
    if (from.isUplink) this.fromUplink(pkt);
    else this.fromGuest(pkt);
    frame.restore();
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private fromGuest(pkt: PacketBuffer): void {
    const { from } = this;
    const { bytes, start, end } = pkt;
    const reason = this.objection(bytes, start, end);
    if (reason !== DropReason.NONE) {
      this.refuse(from, pkt, reason);
      return;
    }
    const isGroup = ethernet.isMulticast(bytes, start);
    const to = isGroup ? null : this.lookUp(bytes, start);
    if (to === null) {
      if (isGroup) this.toAllGuests();
      else this.toFloodedGuests();
      this.toUplink(bytes, start, end);
    } else if (to !== from) {
      this.deliver(to);
      this.promiscuous(to);
    }
    this.action = to !== null ? Action.FORWARDED : isGroup ? Action.FLOODED : Action.UPLINK;
    if (this.copies === 0)
      this.refuse(from, pkt, to === from ? DropReason.SWITCH_SAME_PORT : DropReason.SWITCH_NOBODY);
  }

  /** Why a guest's frame goes no further, or NONE. Sets the VLAN, and learns. */
  private objection(bytes: Uint8Array, start: number, end: number): number {
    const { from, frame } = this;
    const { vlans } = from;
    if (!vlans.isTrunk && frame.vid !== 0) return DropReason.SWITCH_VLAN;
    this.vid = vlans.isTrunk ? frame.vid : vlans.sends;
    if (vlans.isTrunk && !vlans.sees(this.vid)) return DropReason.SWITCH_VLAN;
    const isForged =
      ethernet.srcLow(bytes, start) !== from.effectiveLow ||
      ethernet.srcHigh(bytes, start) !== from.effectiveHigh;
    if (isForged && !from.security.forgedTransmits) return DropReason.SWITCH_POLICY;
    if (ethernet.isMulticast(bytes, start + ethernet.ADDRESS_LENGTH)) return DropReason.SWITCH_SOURCE;
    const shaper = from.ingressShaper;
    if (shaper !== null && !shaper.take(end - start, this.clock.now)) return DropReason.SWITCH_SHAPED;
    if (isForged && from.learning !== null && !this.learn(bytes, start)) return DropReason.SWITCH_POLICY;
    return DropReason.NONE;
  }

  private fromUplink(pkt: PacketBuffer): void {
    const { from } = this;
    const { bytes, start } = pkt;
    if (this.frame.tpid === ETH_P_BEACON) {
      for (const team of new Set(this.teams)) team.beacons?.hear(from, bytes, start, pkt.end);
      this.action = Action.LOCAL;
      return;
    }
    this.vid = this.frame.vid;
    if (ethernet.isMulticast(bytes, start)) {
      this.toAllGuests();
      this.action = Action.FLOODED;
    } else {
      const to = this.lookUp(bytes, start);
      if (to === null) this.toFloodedGuests();
      else {
        this.deliver(to);
        this.promiscuous(to);
      }
      this.action = Action.FORWARDED;
    }
    if (this.copies > 0) return;
    const isOurs = this.find(ethernet.srcHigh(bytes, start), ethernet.srcLow(bytes, start)) !== null;
    this.refuse(from, pkt, isOurs ? DropReason.SWITCH_REVERSE_PATH : DropReason.SWITCH_NOBODY);
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private toAllGuests(): void {
    for (const to of this.guests) if (to !== this.from && to.vlans.sees(this.vid)) this.deliver(to);
  }

  /** A destination that nobody knows: promiscuous ports, and those that learn and want such frames. */
  private toFloodedGuests(): void {
    for (const to of this.guests) {
      const wants = to.security.promiscuous || (to.learning?.unicastFlooding ?? false);
      if (wants && to !== this.from && to.vlans.sees(this.vid)) this.deliver(to);
    }
  }

  /** Copies for promiscuous ports of a frame that goes to `besides`. */
  private promiscuous(besides: VmPort): void {
    for (const to of this.guests) {
      if (to.security.promiscuous && to !== besides && to !== this.from && to.vlans.sees(this.vid))
        this.deliver(to);
    }
  }

  private deliver(to: VmPort): void {
    const { frame } = this;
    if (to.isCutOff || (this.from.isUplink && !this.mayComeBy(to))) return;
    if (to.egressShaper !== null && !to.egressShaper.take(frame.end - frame.start, this.clock.now)) {
      to.txDropped++;
      return;
    }
    frame.shape(ETH_P_8021Q, to.vlans.isTrunk ? this.tag() : NO_TAG);
    this.leave(to);
  }

  /** Reverse path: not our own frame come back, and by the uplink that the port uses itself. */
  private mayComeBy(to: VmPort): boolean {
    if (to.security.promiscuous && !this.config.reversePathCheck) return true;
    const { bytes, start } = this.frame;
    if (!this.teams[to.index]!.isReversePath(to, this.from)) return false;
    return this.find(ethernet.srcHigh(bytes, start), ethernet.srcLow(bytes, start)) === null;
  }

  private toUplink(bytes: Uint8Array, start: number, end: number): void {
    const { frame, from } = this;
    const typeAt = frame.tci === NO_TAG ? start + 12 : start + 16;
    const team = this.teams[from.index]!;
    const uplink = team.uplinkFor(from, bytes, start, typeAt, end);
    if (uplink === null) return;
    frame.shape(ETH_P_8021Q, this.tag());
    if (team.everyWay.length === 0) this.leave(uplink);
    else for (const way of team.everyWay) this.leave(way);
  }

  private leave(to: VmPort): void {
    const { frame } = this;
    if (!this.fits(to, frame.untaggedLength)) return;
    this.emit(to, frame.bytes, frame.start, frame.end, frame.cause);
    this.copyTo(this.mirror.ofEgress(to), frame.start);
  }

  private tag(): number {
    return this.vid === 0 ? NO_TAG : this.vid | this.priority;
  }

  private copyTo(mirrors: readonly VmPort[], start: number): void {
    const { copies, frame } = this;
    for (const to of mirrors) this.emit(to, frame.bytes, start, frame.end, frame.cause);
    this.copies = copies;
  }

  // ── What it knows ───────────────────────────────────────────────────────────────────────────────────────────

  private lookUp(bytes: Uint8Array, start: number): VmPort | null {
    return this.find(ethernet.dstHigh(bytes, start), ethernet.dstLow(bytes, start));
  }

  /** The port that an address is behind, as seen from the VLAN of the frame in work. */
  private find(high: number, low: number): VmPort | null {
    const { attached, learnt, vid } = this;
    const now = this.clock.now;
    let at = attached.find(high, low, vid, now);
    if (at < 0) at = attached.find(high, low, EVERY_VLAN, now);
    if (at >= 0) {
      const port = this.ports[attached.portOf(at)]!;
      return port.vlans.sees(vid) ? port : null;
    }
    at = learnt.find(high, low, vid, now);
    return at < 0 ? null : this.ports[learnt.portOf(at)]!;
  }

  /** An address behind a port that learns. False when there is no room for it, and the policy drops then. */
  private learn(bytes: Uint8Array, start: number): boolean {
    const { from, learnt, vid } = this;
    const now = this.clock.now;
    const high = ethernet.srcHigh(bytes, start);
    const low = ethernet.srcLow(bytes, start);
    const { limit, atLimit } = from.learning!;
    const at = learnt.find(high, low, vid, now);
    if ((at < 0 || learnt.portOf(at) !== from.index) && from.learnt >= limit) {
      this.recount();
      if (from.learnt >= limit) return atLimit === 'allow';
    }
    const before = at < 0 ? null : this.ports[learnt.portOf(at)]!;
    const what = learnt.learn(high, low, vid, from.index, now);
    if (what === Learnt.NEW || what === Learnt.MOVED) from.learnt++;
    if (what === Learnt.MOVED && before !== null) before.learnt--;
    return what !== Learnt.FULL || atLimit === 'allow';
  }

  /** Counts what is learnt behind each port anew, without what has expired. */
  private recount(): void {
    if (this.clock.now < this.recountAt) return;
    this.recountAt = this.clock.now + RECOUNT_INTERVAL_US;
    for (const port of this.guests) port.learnt = 0;
    this.learnt.forEach(this.clock.now, (_high, _low, _vlan, port) => this.ports[port]!.learnt++);
  }

  /** The table of attached NICs, made anew. */
  private reattach(): void {
    this.attached.clear();
    for (const port of this.guests) {
      if (port.macHigh < 0 || !port.up) continue;
      for (const key of port.vlans.keys()) {
        this.attached.add(port.effectiveHigh, port.effectiveLow, key, port.index, FdbFlag.STATIC);
      }
    }
  }

  table(): TableEntry[] {
    const entries: TableEntry[] = [];
    const now = this.clock.now;
    const collect =
      (kind: string) => (high: number, low: number, vid: number, port: number, _: number, seen: number) =>
        entries.push({
          mac: addressText(high, low),
          vlan: vid,
          port: this.ports[port]!.name,
          kind,
          ageUs: kind === 'learned' ? now - seen : 0,
        });
    this.attached.forEach(now, collect('attached'));
    this.learnt.forEach(now, collect('learned'));
    return entries.sort((a, b) => a.vlan - b.vlan || (a.mac < b.mac ? -1 : 1));
  }

  // ── What happens to ports ───────────────────────────────────────────────────────────────────────────────────

  /** The guest gives its NIC another address; the policy says what comes of that. */
  changeAddress(index: number, mac: Uint8Array): void {
    this.ports[index]!.changeAddress(mac);
    this.reattach();
  }

  /** Changes the security policy of one guest's port, or of all (null). */
  setSecurity(index: number | null, change: Partial<SecurityPolicy>): void {
    for (const port of this.guests) {
      if (index === null || port.index === index) port.security = { ...port.security, ...change };
    }
  }

  /**
   * A guest's NIC was connected or disconnected, or the link of an uplink changed. Guests that now send by another uplink,
   * and a guest that just came, are made known to the physical network (`notify`).
   */
  override setLink(index: number, up: boolean): void {
    const port = this.ports[index]!;
    this.announcing(() => {
      super.setLink(index, up);
      if (port.isUplink) for (const team of new Set(this.teams)) team.update();
      else {
        if (!up) this.learnt.flush(index);
        port.learnt = 0;
        this.reattach();
      }
    });
    if (up && !port.isUplink) this.announce(port);
  }

  /** Something changes; guests that then send by another uplink are announced there. */
  private announcing(change: () => void): void {
    const before = this.guests.map((guest) => this.uplinkOf(guest));
    change();
    this.guests.forEach((guest, i) => {
      if (this.uplinkOf(guest) !== before[i]) this.announce(guest);
    });
  }

  /** The uplink of the guest's own address. */
  private uplinkOf(guest: VmPort): VmPort | null {
    const announcement = reverseArp(guest.effectiveMac());
    return this.teams[guest.index]!.uplinkFor(guest, announcement, 0, 12, announcement.length);
  }

  private announce(guest: VmPort): void {
    const uplink = this.uplinkOf(guest);
    if (!guest.teaming.notify || !guest.up || guest.macHigh < 0 || uplink === null) return;
    const { sends } = guest.vlans;
    const frame = reverseArp(guest.effectiveMac(), sends);
    this.emit(uplink, frame, 0, frame.length, 0);
  }
}
