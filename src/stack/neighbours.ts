/**
 * Neighbours: who on a link has which Ethernet address (Linux: struct neighbour, RFC 4861 section 7.3 for both families).
 * Entries are found by hash, on the path of every packet; they are bounded by gc_thresh3, and so is what waits in each.
 * The questions and answers themselves are arp.ts and nd.ts.
 *
 *      (unknown) ──packet──► INCOMPLETE ──answer──► REACHABLE ──time──► STALE ──packet──► DELAY ──5 s──► PROBE
 *                                │ 3 questions, no answer      ▲──────────────answer──────────────────────│
 *                                ▼                                                  3 questions, no answer ▼
 *                              FAILED: what waits is answered with "host unreachable"                    FAILED
 */
import { call } from '../base/call.ts';
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import type { Family } from '../netfilter/hook.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { copyPacket } from './copy-packet.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { Neighbour, NeighbourState } from './neighbour.ts';
import { noteWay } from './shortcut.ts';

const MICROSECONDS_PER_MS = 1000;
const MICROSECONDS_PER_TICK = 10_000;
const MICROSECONDS_PER_SECOND = 1_000_000;
const INITIAL_BUCKETS = 256;
/** What the kernel charges a waiting packet beside its bytes (skb->truesize of a small frame). */
const QUEUED_PACKET_OVERHEAD = 768;

export class Neighbours {
  private readonly host: Host;
  private readonly family: Family;
  private readonly assume: boolean;
  /** Keys the hash, so that nobody outside can choose what collides. */
  readonly secret: number;
  private buckets: (Neighbour | null)[] = new Array<Neighbour | null>(INITIAL_BUCKETS).fill(null);
  private count = 0;
  /** Not counted in gc_thresh3, as in Linux. */
  private permanentCount = 0;

  constructor(host: Host, family: Family, assume: boolean) {
    this.host = host;
    this.family = family;
    this.assume = assume;
    this.secret = host.rng.u32() | 0;
  }

  get size(): number {
    return this.count;
  }

  // ── The path of a packet ────────────────────────────────────────────────────────────────────────────────────

  /** Sends the packet to its next hop, or keeps a copy until that has answered. The Ethernet header is written here. */
  output(pkt: PacketBuffer, device: Device): void {
    const neighbour =
      this.find(device, pkt.via0, pkt.via1, pkt.via2, pkt.via3) ??
      this.create(device, pkt.via0, pkt.via1, pkt.via2, pkt.via3);
    if (neighbour === undefined) {
      this.host.drop(pkt, DropReason.NEIGHBOUR_QUEUE_FULL);
      return;
    }
    if (this.isReachable(neighbour)) {
      noteWay(this.host, pkt, neighbour);
      this.host.sendFrame(pkt, device, neighbour.mac);
      return;
    }
    const hasFailed = neighbour.state === NeighbourState.FAILED;
    this.enqueue(neighbour, pkt);
    if (hasFailed) this.ask(neighbour);
  }

  /** Can a packet be sent to it now? If so its use is noted, which may begin the question whether it is still there. */
  isReachable(neighbour: Neighbour): boolean {
    switch (neighbour.state) {
      case NeighbourState.PERMANENT:
        return true;
      case NeighbourState.INCOMPLETE:
      case NeighbourState.FAILED:
        return false;
      case NeighbourState.REACHABLE:
      case NeighbourState.STALE:
        this.noteUse(neighbour);
        return true;
      default:
        neighbour.usedAt = this.host.clock.now;
        return true;
    }
  }

  find(device: Device, w0: number, w1: number, w2: number, w3: number): Neighbour | undefined {
    const slot = this.hash(device.index, w0, w1, w2, w3) & (this.buckets.length - 1);
    let at: Neighbour | null = this.buckets[slot]!;
    while (at !== null) {
      if (at.w0 === w0 && at.w3 === w3 && at.device === device && at.w1 === w1 && at.w2 === w2) return at;
      at = at.next;
    }
    return undefined;
  }

  private hash(index: number, w0: number, w1: number, w2: number, w3: number): number {
    let h = this.secret ^ index;
    h = Math.imul(h ^ w0, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ w1 ^ w2, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 13) ^ w3, 0x9e3779b1);
    return h ^ (h >>> 16);
  }

  private noteUse(neighbour: Neighbour): void {
    const now = this.host.clock.now;
    neighbour.usedAt = now;
    if (neighbour.state === NeighbourState.REACHABLE) {
      if (now <= neighbour.reachableUntil) return;
      neighbour.state = NeighbourState.STALE;
    }
    neighbour.state = NeighbourState.DELAY;
    this.setTimer(neighbour, this.setting('delay_first_probe_time') * MICROSECONDS_PER_SECOND);
  }

  // ── Making and removing ─────────────────────────────────────────────────────────────────────────────────────

  /** A new entry for a next hop: known at once where its address follows from its IP address, else still to be asked for. */
  private create(device: Device, w0: number, w1: number, w2: number, w3: number): Neighbour | undefined {
    const derived = this.derive(device, w0, w1, w2, w3);
    if (derived === undefined && !this.makeRoom()) return undefined;
    const neighbour = this.insert(device, w0, w1, w2, w3);
    if (derived === undefined) {
      // As if it had not answered: the packet is kept, then it is asked for.
      neighbour.state = NeighbourState.FAILED;
    } else {
      this.permanentCount++;
      neighbour.state = NeighbourState.PERMANENT;
      neighbour.mac.set(derived);
    }
    return neighbour;
  }

  /** RFC 1112 6.4 and RFC 2464 7 for groups; all ones for broadcast; with `neighbours: assume` an address for everybody. */
  private derive(device: Device, w0: number, w1: number, w2: number, w3: number): Uint8Array | undefined {
    const host = this.host;
    switch (host.addressType(this.family, w0, w1, w2, w3, 0)) {
      case AddressType.MULTICAST:
        return this.family === 4
          ? Uint8Array.of(0x01, 0x00, 0x5e, (w0 >>> 16) & 0x7f, w0 >>> 8, w0)
          : Uint8Array.of(0x33, 0x33, w3 >>> 24, w3 >>> 16, w3 >>> 8, w3);
      case AddressType.BROADCAST:
        return new Uint8Array(6).fill(0xff);
      default:
    }
    if (device.isLoopback || !device.hasEthernet) return new Uint8Array(6);
    const last = this.family === 4 ? w0 : w3;
    return this.assume ? Uint8Array.of(0x02, 0xff, last >>> 24, last >>> 16, last >>> 8, last) : undefined;
  }

  private insert(device: Device, w0: number, w1: number, w2: number, w3: number): Neighbour {
    const neighbour = new Neighbour(device, this.family, w0, w1, w2, w3, this.host.clock.now);
    if (this.count >= 2 * this.buckets.length) this.grow();
    const slot = this.hash(device.index, w0, w1, w2, w3) & (this.buckets.length - 1);
    neighbour.next = this.buckets[slot]!;
    this.buckets[slot] = neighbour;
    this.count++;
    return neighbour;
  }

  private grow(): void {
    const all = [...this.entries()];
    this.buckets = new Array<Neighbour | null>(2 * this.buckets.length).fill(null);
    for (const neighbour of all) {
      const slot =
        this.hash(neighbour.device.index, neighbour.w0, neighbour.w1, neighbour.w2, neighbour.w3) &
        (this.buckets.length - 1);
      neighbour.next = this.buckets[slot]!;
      this.buckets[slot] = neighbour;
    }
  }

  *entries(): IterableIterator<Neighbour> {
    for (const head of this.buckets) for (let at = head; at !== null; at = at.next) yield at;
  }

  /** At gc_thresh3 the entry unused for longest gives way, unless packets wait for it. */
  private makeRoom(): boolean {
    if (this.count - this.permanentCount < this.setting('gc_thresh3')) return true;
    let oldest: Neighbour | undefined;
    for (const neighbour of this.entries()) {
      if (neighbour.state === NeighbourState.PERMANENT || neighbour.queue.length > 0) continue;
      if (oldest === undefined || neighbour.usedAt < oldest.usedAt) oldest = neighbour;
    }
    if (oldest === undefined) return false;
    this.remove(oldest);
    return true;
  }

  private remove(neighbour: Neighbour): void {
    neighbour.timer?.cancel();
    // Ways that lead there (shortcut.ts) end with it.
    neighbour.state = NeighbourState.FAILED;
    const slot =
      this.hash(neighbour.device.index, neighbour.w0, neighbour.w1, neighbour.w2, neighbour.w3) &
      (this.buckets.length - 1);
    let at: Neighbour | null = this.buckets[slot]!;
    if (at === neighbour) {
      this.buckets[slot] = neighbour.next;
    } else {
      while (at!.next !== neighbour) at = at!.next;
      at!.next = neighbour.next;
    }
    this.count--;
  }

  /** Whatever is known of the neighbours of a device, but what was set by hand unless `andPermanent`. */
  forgetDevice(device: Device, andPermanent = false): void {
    for (const neighbour of [...this.entries()]) {
      if (neighbour.device !== device) continue;
      if (andPermanent || !neighbour.isConfigured) this.forget(neighbour);
    }
  }

  /** What waits for it is dropped. */
  forget(neighbour: Neighbour): void {
    if (neighbour.state === NeighbourState.PERMANENT) this.permanentCount--;
    for (const pkt of this.takeQueue(neighbour)) this.host.drop(pkt, DropReason.NEIGHBOUR_FAILED);
    this.remove(neighbour);
  }

  /** Somebody sets it by hand: its address, and how far that is believed. */
  set(neighbour: Neighbour, mac: Uint8Array, state: NeighbourState): void {
    const wasPermanent = neighbour.state === NeighbourState.PERMANENT;
    const isPermanent = state === NeighbourState.PERMANENT;
    this.permanentCount += Number(isPermanent) - Number(wasPermanent);
    neighbour.isConfigured = isPermanent;
    neighbour.timer?.cancel();
    neighbour.timer = null;
    const now = this.host.clock.now;
    neighbour.mac.set(mac);
    neighbour.updatedAt = neighbour.usedAt = now;
    neighbour.state = state;
    if (state === NeighbourState.REACHABLE) neighbour.reachableUntil = now + this.reachableTime();
    for (const pkt of this.takeQueue(neighbour)) this.output(pkt, neighbour.device);
  }

  // ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────

  private ask(neighbour: Neighbour): void {
    neighbour.state = NeighbourState.INCOMPLETE;
    neighbour.probes = 0;
    this.probe(neighbour);
  }

  /** Is its address known? If not, it is asked for. */
  inquire(device: Device, w0: number, w1: number, w2: number, w3: number): boolean {
    const neighbour = this.learn(device, w0, w1, w2, w3);
    if (neighbour === undefined) return false;
    if (neighbour.state === NeighbourState.FAILED) this.ask(neighbour);
    return neighbour.state !== NeighbourState.INCOMPLETE;
  }

  private probe(neighbour: Neighbour): void {
    neighbour.probes++;
    this.setTimer(neighbour, this.setting('retrans_time_ms') * MICROSECONDS_PER_MS);
    if (this.family === 4) this.host.arp.request(neighbour);
    else this.host.nd.solicit(neighbour);
  }

  private setTimer(neighbour: Neighbour, afterUs: number): void {
    neighbour.timer?.cancel();
    neighbour.timer = this.host.clock.at(this.host.clock.now + afterUs, call(this, 'timeout', neighbour));
  }

  /** The timer's. */
  timeout(neighbour: Neighbour): void {
    neighbour.timer = null;
    switch (neighbour.state) {
      case NeighbourState.DELAY:
        neighbour.state = NeighbourState.PROBE;
        neighbour.probes = 0;
        this.probe(neighbour);
        return;
      case NeighbourState.INCOMPLETE:
        if (neighbour.probes < this.setting('mcast_solicit')) this.probe(neighbour);
        else this.fail(neighbour);
        return;
      case NeighbourState.PROBE:
        if (neighbour.probes < this.setting('ucast_solicit')) this.probe(neighbour);
        else this.fail(neighbour);
        return;
      default:
    }
  }

  private fail(neighbour: Neighbour): void {
    neighbour.state = NeighbourState.FAILED;
    const waiting = this.takeQueue(neighbour);
    for (const pkt of waiting) {
      this.host.linkFailure(pkt);
      this.host.drop(pkt, DropReason.NEIGHBOUR_FAILED);
    }
  }

  // ── Waiting ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Keeps a copy; when the queue is over its limit, what has waited longest is dropped. */
  private enqueue(neighbour: Neighbour, pkt: PacketBuffer): void {
    neighbour.usedAt = this.host.clock.now;
    neighbour.queue.push(copyPacket(pkt));
    neighbour.queueBytes += pkt.end - pkt.l3 + QUEUED_PACKET_OVERHEAD;
    const limit = this.setting('unres_qlen_bytes');
    while (neighbour.queueBytes > limit && neighbour.queue.length > 1) {
      const oldest = neighbour.queue.shift()!;
      neighbour.queueBytes -= oldest.end - oldest.l3 + QUEUED_PACKET_OVERHEAD;
      this.host.drop(oldest, DropReason.NEIGHBOUR_QUEUE_FULL);
    }
    this.host.drop(pkt, DropReason.NEIGHBOUR_QUEUED);
  }

  private takeQueue(neighbour: Neighbour): PacketBuffer[] {
    const waiting = neighbour.queue;
    neighbour.queue = [];
    neighbour.queueBytes = 0;
    return waiting;
  }

  // ── Learning ────────────────────────────────────────────────────────────────────────────────────────────────

  /** An entry for somebody who was heard, made when there is none; undefined when there is no room. */
  learn(device: Device, w0: number, w1: number, w2: number, w3: number): Neighbour | undefined {
    const known = this.find(device, w0, w1, w2, w3);
    if (known !== undefined) return known;
    return this.assume ? undefined : this.enter(device, w0, w1, w2, w3);
  }

  /** An entry that there was none of yet; undefined when there is no room. */
  enter(device: Device, w0: number, w1: number, w2: number, w3: number): Neighbour | undefined {
    if (!this.makeRoom()) return undefined;
    const neighbour = this.insert(device, w0, w1, w2, w3);
    // Nobody has asked for it: it has no address yet, and the caller gives it one at once.
    neighbour.state = NeighbourState.FAILED;
    return neighbour;
  }

  /**
   * neigh_update: somebody says that this neighbour has this address. `confirmed`: it answered our question. Without
   * `override` a known address is not replaced (its holder is asked instead).
   */
  update(
    neighbour: Neighbour,
    macBytes: Uint8Array,
    macAt: number,
    confirmed: boolean,
    override: boolean,
  ): void {
    if (neighbour.state === NeighbourState.PERMANENT) return;
    const now = this.host.clock.now;
    const known = neighbour.state !== NeighbourState.INCOMPLETE && neighbour.state !== NeighbourState.FAILED;
    const same = known && neighbour.mac.every((byte, i) => byte === macBytes[macAt + i]);
    neighbour.usedAt = now;
    if (known && !same && !override) {
      // RFC 4861 7.2.5: doubt, but no change. (ARP has no such rule.)
      if (this.family === 6 && neighbour.state === NeighbourState.REACHABLE)
        neighbour.state = NeighbourState.STALE;
      return;
    }
    // A mere hint about what is known already changes nothing.
    if (same && !confirmed) return;
    for (let i = 0; i < 6; i++) neighbour.mac[i] = macBytes[macAt + i]!;
    if (!same) neighbour.updatedAt = now;
    neighbour.timer?.cancel();
    neighbour.timer = null;
    neighbour.state = confirmed ? NeighbourState.REACHABLE : NeighbourState.STALE;
    if (confirmed) {
      neighbour.confirmedAt = now;
      neighbour.reachableUntil = now + this.reachableTime();
    }
    for (const pkt of this.takeQueue(neighbour)) {
      // Gone through DELAY, as a first use of a stale entry is.
      this.output(pkt, neighbour.device);
    }
  }

  /** Half to one and a half of the base time (RFC 4861 6.3.2). */
  private reachableTime(): number {
    const base = this.setting('base_reachable_time_ms') * MICROSECONDS_PER_MS;
    return base / 2 + this.host.rng.below(base + 1);
  }

  /** Answers for somebody else, or for one of many, come after a random while, so that his own comes first. */
  afterProxyDelay(action: () => void): void {
    const delay = this.setting('proxy_delay');
    if (delay === 0) return action();
    const ticks = this.host.rng.below(delay);
    this.host.clock.at(this.host.clock.now + ticks * MICROSECONDS_PER_TICK, action);
  }

  setting(name: string): number {
    return this.host.sysctls.get(`net.ipv${this.family}.neigh.default.${name}`);
  }
}
