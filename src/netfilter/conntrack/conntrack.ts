/**
 * Connection tracking: finds or makes the connection that a packet belongs to (`in`), feeds helpers (`helper`) and puts
 * new connections into the table when their first packet has passed everything (`confirm`). What protocols know is in
 * the trackers, one file each; the table is connections.ts and tuple-store.ts. It is long because the way of a packet is in one
 * class with what it shares from step to step, and because the rest is one interface (ConntrackView), mostly a line an answer.
 *
 * ── For address translation (src/netfilter/nat, whose view is NatConntrack) ──
 * A new entry has both tuples from the start, the reply being the inverse of the original. While it is unconfirmed (the
 * status has no CONFIRMED) `alterReply` gives it another reply tuple; `taken` asks whether a reply tuple is in use by
 * any confirmed connection in either direction. The *_NAT and *_NAT_DONE bits of `status` are written directly.
 * `onRemove` is told of every entry that goes, while its tuples can still be read; numbers are reused only later. Errors:
 * `pkt.ctInfo` is RELATED or RELATED_REPLY with the direction of the *error*; the packet inside goes the other way.
 */
import type { Clock } from '../../base/clock.ts';
import type { Rng } from '../../base/rng.ts';
import type { Sysctls } from '../../base/sysctl.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { isExtension } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { DropReason } from '../drop-reason.ts';
import type { Family, Hook } from '../hook.ts';
import type { LogSink } from '../log.ts';
import { Verdict } from '../verdict.ts';
import { NAT_CLASH, Connections } from './connections.ts';
import { PROTO_OCTETS } from './record.ts';
import { Confirmation } from './confirm.ts';
import { CtInfo, CtStatus, directionOf, type Direction } from './ct-info.ts';
import { describeConnection, describeExpectation, type LineParts } from './describe.ts';
import { Events, type ConntrackWatcher } from './events.ts';
import { Expectations, type Entered, type Expectation } from './expectations.ts';
import { Helpers } from './helpers.ts';
import { IcmpErrors, IcmpStep, type NodeLookup } from './icmp-error.ts';
import { InvalidLog, type PacketPrinter } from './invalid-log.ts';
import { Labels } from './labels.ts';
import { RateLimit } from './rate-limit.ts';
import { Settings } from './settings.ts';
import { TcpState } from './tcp-states.ts';
import { Trackers, isClosing } from './trackers.ts';
import type { SeqAdjust } from './tcp-window.ts';
import { Track, type TrackerParts } from './tracker.ts';
import { Tuple } from './tuple.ts';
import { TupleReader, invertTuple } from './tuple-reader.ts';
import { zoneOfKind } from './tuple-store.ts';
import type { ConntrackView, CtTemplate } from './view.ts';

export interface ConntrackServices {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly sysctls: Sysctls;
  readonly log: LogSink;
  /** How the log of invalid packets prints a packet; the engine knows how LOG does it. */
  readonly printer?: PacketPrinter;
}

/** Sequence adjustment at the end of a packet's way, besides what window tracking asks. False: drop the packet. */
export interface SeqAdjuster extends SeqAdjust {
  adjust(pkt: PacketBuffer, entry: number, direction: number): boolean;
}

/** Looks at the packets of connections that SYNPROXY made, on their way out (src/netfilter/synproxy). */
export interface ConnectionProxy {
  begin(entry: number): void;
  /** A verdict; where it is DROP, with a reason. */
  pass(pkt: PacketBuffer, entry: number): number;
}

const LEVEL_WARNING = 4;
const TABLE_FULL = 'nf_conntrack: nf_conntrack: table full, dropping packet';

export class Conntrack implements ConntrackView, NodeLookup {
  readonly connections: Connections;
  readonly expectations: Expectations;
  readonly helpers = new Helpers();
  readonly labels = new Labels();
  readonly reader = new TupleReader();
  /** Timeout policies of `-j CT --timeout NAME`: microseconds in the order of the protocol's own timeouts. */
  readonly timeoutPolicies = new Map<string, { readonly proto: number; readonly timeouts: Float64Array }>();
  /** Told of every entry that goes. */
  onRemove: ((entry: number) => void) | null;

  private readonly clock: Clock;
  private readonly sysctls: Sysctls;
  private readonly log: LogSink;
  private readonly settings = new Settings();
  private readonly invalid: InvalidLog;
  private readonly fullLog: RateLimit;
  private readonly templates: CtTemplate[] = [];
  private tracks4: boolean;
  private tracks6: boolean;
  private zoneOriginal: number;
  private zoneReply: number;
  private adjuster: SeqAdjuster | null;
  /** Set by whoever puts the parts together. */
  proxy: ConnectionProxy | null;
  /** Null while nobody watches. */
  private events: Events | null;
  /** What `conntrack -S` shows, counted where packets fail. */
  readonly stats = { invalid: 0, insert: 0, insertFailed: 0, drop: 0 };

  private readonly trackers: Trackers;
  private readonly confirmation: Confirmation;
  private readonly icmpErrors: IcmpErrors;

  private readonly scratchTuple = new Tuple();
  private readonly scratchReply = new Tuple();

  constructor(services: ConntrackServices) {
    this.clock = services.clock;
    this.sysctls = services.sysctls;
    this.log = services.log;
    this.settings.read(services.sysctls);
    this.connections = new Connections(this.settings.max, services.rng, (entry) =>
      isClosing(this.connections, entry),
    );
    this.connections.onRemove = (entry) => this.removed(entry);
    this.connections.now = services.clock.now;
    this.expectations = new Expectations(this.connections);
    this.invalid = new InvalidLog(
      services.log,
      this.settings,
      this.connections,
      services.printer ?? noPrinter,
    );
    this.fullLog = new RateLimit();
    this.onRemove = null;
    this.tracks4 = false;
    this.tracks6 = false;
    this.zoneOriginal = 0;
    this.zoneReply = 0;
    this.adjuster = null;
    this.proxy = null;
    this.events = null;

    const parts: TrackerParts = {
      connections: this.connections,
      settings: this.settings,
      invalid: this.invalid,
    };
    this.trackers = new Trackers(parts);
    this.confirmation = new Confirmation(this.connections);
    this.icmpErrors = new IcmpErrors(parts, this.reader, this);
  }

  // ── The steps at the hooks ──────────────────────────────────────────────────────────────────────────────────────

  /** PREROUTING and OUTPUT (nf_conntrack_in). Sets `pkt.ct` and `pkt.ctInfo`; with no connection, INVALID or UNTRACKED. */
  in(pkt: PacketBuffer, hook: Hook): number {
    if (!(pkt.family === 4 ? this.tracks4 : this.tracks6)) return Verdict.ACCEPT;
    const before = pkt.ct;
    // Seen before (looped back, or made as an answer), or exempt.
    if (before > 0 || (before === 0 && pkt.ctInfo === CtInfo.UNTRACKED)) return Verdict.ACCEPT;
    this.refreshTime();
    const { settings } = this;
    if (settings.generation !== this.sysctls.generation) this.readSettings();
    this.connections.tick(settings.max);

    let template: CtTemplate | null = null;
    this.zoneOriginal = 0;
    this.zoneReply = 0;
    if (before < 0) {
      template = this.templates[-before - 1]!;
      this.takeZones(template, pkt);
    }
    pkt.ct = 0;
    pkt.ctInfo = 0;
    if (pkt.fragOffset !== 0 || (pkt.family === 6 && isBrokenV6(pkt))) return Verdict.ACCEPT;

    const { proto } = pkt;
    if (
      (proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6) &&
      this.icmpErrors.handle(pkt, hook, this.zoneOriginal, this.zoneReply) === IcmpStep.DONE
    ) {
      return Verdict.ACCEPT;
    }
    let result: number;
    do {
      const node = this.resolve(pkt, template);
      if (node < 0) {
        pkt.dropReason = DropReason.CONNTRACK_FULL!;
        return Verdict.DROP;
      }
      if (node === 0) return Verdict.ACCEPT;
      result = this.judge(pkt, node, hook);
    } while (result === Track.REPEAT);
    if (result === Track.DROP) {
      pkt.dropReason = DropReason.CONNTRACK_REFUSED!;
      return Verdict.DROP;
    }
    return Verdict.ACCEPT;
  }

  /** INPUT and POSTROUTING: SYNPROXY, the connection's helper, then sequence adjustment. */
  helper(pkt: PacketBuffer, _hook: Hook): number {
    const entry = pkt.ct;
    if (entry <= 0) return Verdict.ACCEPT;
    if (this.proxy !== null && this.connections.status[entry]! & CtStatus.PROXIED) {
      const verdict = this.proxy.pass(pkt, entry);
      if (verdict !== Verdict.ACCEPT) return verdict;
    }
    if (pkt.ctInfo === CtInfo.RELATED_REPLY) return Verdict.ACCEPT;
    const helper = this.helpers.of(entry);
    if (helper !== null) {
      const verdict = helper.help(pkt, entry, pkt.ctInfo);
      if (verdict !== Verdict.ACCEPT) {
        if (verdict === Verdict.DROP) pkt.dropReason = DropReason.HELPER!;
        return verdict;
      }
    }
    if (this.adjuster !== null && this.connections.status[entry]! & CtStatus.SEQ_ADJUST) {
      if (!this.adjuster.adjust(pkt, entry, directionOf(pkt.ctInfo))) {
        pkt.dropReason = DropReason.HELPER!;
        return Verdict.DROP;
      }
    }
    return Verdict.ACCEPT;
  }

  /** A connection with a helper, or whose payload a helper changed, or SYNPROXY's; any, while somebody watches them. */
  mayAlter(entry: number): boolean {
    if (this.events !== null) return true;
    const isAltered = (this.connections.status[entry]! & (CtStatus.SEQ_ADJUST | CtStatus.PROXIED)) !== 0;
    return isAltered || this.helpers.of(entry) !== null;
  }

  /** INPUT and POSTROUTING, last (nf_conntrack_confirm): a new connection goes into the table. */
  confirm(pkt: PacketBuffer, _hook: Hook): number {
    const entry = pkt.ct;
    if (entry <= 0) return Verdict.ACCEPT;
    const { connections } = this;
    const status = connections.status[entry]!;
    if (status & CtStatus.CONFIRMED || directionOf(pkt.ctInfo) !== 0) {
      if (this.events !== null) this.events.passed(entry);
      return Verdict.ACCEPT;
    }
    this.refreshTime();
    const verdict = this.confirmation.confirm(pkt, entry);
    if (verdict !== Verdict.ACCEPT) this.stats.insertFailed++;
    else if (this.events !== null && pkt.ct === entry) this.events.confirmed(entry);
    return verdict;
  }

  /** The packet ended: an entry that only it holds goes. */
  release(pkt: PacketBuffer): void {
    const entry = pkt.ct;
    if (entry > 0 && directionOf(pkt.ctInfo) === 0) {
      if ((this.connections.status[entry]! & CtStatus.CONFIRMED) === 0) this.connections.discard(entry);
    }
    pkt.ct = 0;
    pkt.ctInfo = 0;
  }

  // ── Within `in` ─────────────────────────────────────────────────────────────────────────────────────────────────

  private refreshTime(): void {
    this.connections.now = this.clock.now;
  }

  private readSettings(): void {
    this.settings.read(this.sysctls);
    this.connections.reserve(this.settings.max);
  }

  private takeZones(template: CtTemplate, pkt: PacketBuffer): void {
    this.zoneOriginal = template.zoneFromMark ? pkt.mark & 0xffff : template.zoneOriginal;
    this.zoneReply = template.zoneFromMark ? pkt.mark & 0xffff : template.zoneReply;
  }

  /** The packet's node, an existing or a new one; 0 for a packet that no connection can have, -1 when the table is full. */
  private resolve(pkt: PacketBuffer, template: CtTemplate | null): number {
    const tuple = this.scratchTuple;
    if (!this.reader.ofPacket(pkt, tuple)) return 0;
    const node = this.lookup(tuple, this.zoneOriginal, this.zoneReply);
    return node !== 0 ? node : this.create(pkt, tuple, template);
  }

  /** Finds a living entry by a tuple, whose zone is set here: an original direction in one zone, a reply in the other. */
  lookup(tuple: Tuple, zoneOriginal: number, zoneReply: number): number {
    const { tuples } = this.connections;
    tuple.zone = zoneOriginal;
    if (zoneOriginal === zoneReply) {
      const node = tuples.find(tuple);
      return node !== 0 && this.connections.isGone(node >> 1) ? 0 : node;
    }
    let node = tuples.find(tuple);
    while (node !== 0 && (node & 1) !== 0) node = tuples.find(tuple, node);
    if (node !== 0 && !this.connections.isGone(node >> 1)) return node;
    tuple.zone = zoneReply;
    node = tuples.find(tuple);
    while (node !== 0 && (node & 1) === 0) node = tuples.find(tuple, node);
    tuple.zone = zoneOriginal;
    return node !== 0 && !this.connections.isGone(node >> 1) ? node : 0;
  }

  private create(pkt: PacketBuffer, tuple: Tuple, template: CtTemplate | null): number {
    const reply = this.scratchReply;
    if (!invertTuple(tuple, reply)) return 0;
    reply.zone = this.zoneReply;
    const { connections, settings } = this;
    const entry = connections.allocate(tuple, reply, settings.max);
    if (entry === 0) {
      this.reportFull(pkt);
      return -1;
    }
    if (settings.acct) connections.addCounters(entry);
    if (settings.timestamp) connections.addStart(entry);
    if (template !== null && template.timeout !== null) {
      const policy = this.timeoutPolicies.get(template.timeout);
      if (policy !== undefined && policy.proto === tuple.proto)
        connections.setTimeouts(entry, policy.timeouts);
    }
    if (template !== null && template.proxied && this.proxy !== null) {
      connections.status[entry] = connections.status[entry]! | CtStatus.PROXIED;
      this.proxy.begin(entry);
    }
    if (this.expectations.count !== 0 && this.fulfil(pkt, entry, tuple)) return entry * 2;
    if (template !== null && template.helper !== null) this.attachHelper(entry, tuple, template.helper);
    else if (settings.autoHelpers) this.attachUsualHelper(entry, tuple);
    return entry * 2;
  }

  private fulfil(pkt: PacketBuffer, entry: number, tuple: Tuple): boolean {
    const expectation = this.expectations.take(tuple);
    if (expectation === null) return false;
    const { connections } = this;
    connections.status[entry] = connections.status[entry]! | CtStatus.EXPECTED;
    connections.setMaster(entry, expectation.master);
    connections.mark[entry] = connections.mark[expectation.master]!;
    if (expectation.helper !== null) this.helpers.attach(entry, expectation.helper);
    if (expectation.onExpected !== null) expectation.onExpected(entry, pkt, expectation);
    if (expectation.listener !== null) expectation.listener.used(expectation, entry, pkt);
    return true;
  }

  private attachHelper(entry: number, tuple: Tuple, name: string): void {
    const helper = this.helpers.find(name, tuple.family, tuple.proto);
    if (helper === null) return;
    this.helpers.attach(entry, helper);
    this.connections.status[entry] = this.connections.status[entry]! | CtStatus.HELPER;
  }

  private attachUsualHelper(entry: number, tuple: Tuple): void {
    const helper = this.helpers.findFor(tuple);
    if (helper !== null) this.helpers.attach(entry, helper);
  }

  /** Sets the packet's connection and lets the tracker judge it. */
  private judge(pkt: PacketBuffer, node: number, hook: Hook): number {
    const entry = node >> 1;
    const direction = node & 1;
    const { connections } = this;
    const status = connections.status[entry]!;
    pkt.ct = entry;
    if (direction === 1) pkt.ctInfo = CtInfo.ESTABLISHED_REPLY;
    else if (status & CtStatus.SEEN_REPLY) pkt.ctInfo = CtInfo.ESTABLISHED;
    else pkt.ctInfo = status & CtStatus.EXPECTED ? CtInfo.RELATED : CtInfo.NEW;

    const result = this.trackers.track(entry, pkt, direction, hook);
    if (result !== Track.ACCEPT) {
      if (result === Track.INVALID) this.stats.invalid++;
      if ((status & CtStatus.CONFIRMED) === 0) connections.discard(entry);
      pkt.ct = 0;
      pkt.ctInfo = 0;
      return result;
    }
    if (direction === 1 && (status & CtStatus.SEEN_REPLY) === 0) {
      connections.status[entry] = connections.status[entry]! | CtStatus.SEEN_REPLY;
      if (status & NAT_CLASH) connections.kill(entry);
    }
    return result;
  }

  private reportFull(pkt: PacketBuffer): void {
    this.stats.drop++;
    const { now } = this.connections;
    if (!this.fullLog.allows(now) || !this.log.wanted) return;
    this.log.line({ time: now, level: LEVEL_WARNING, text: TABLE_FULL, cause: pkt.cause });
  }

  // ── Going ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private removed(entry: number): void {
    if (this.events !== null) this.events.removed(entry);
    if (this.onRemove !== null) this.onRemove(entry);
    if (this.expectations.count !== 0) this.expectations.removeOf(entry);
    if (this.reader.greKeys.size !== 0) this.reader.greKeys.removeOf(entry);
    this.helpers.detach(entry);
    this.labels.forget(entry);
  }

  // ── For address translation ─────────────────────────────────────────────────────────────────────────────────────

  get capacity(): number {
    return this.connections.capacity;
  }

  readAnswer(entry: number, direction: Direction, out: Tuple): void {
    this.connections.tuples.read(entry * 2 + direction, this.scratchTuple);
    invertTuple(this.scratchTuple, out);
  }

  invert(tuple: Tuple, out: Tuple): boolean {
    return invertTuple(tuple, out);
  }

  /** Of an unconfirmed entry. The reply direction's zone stays. */
  alterReply(entry: number, reply: Tuple): void {
    const { tuples } = this.connections;
    reply.zone = zoneOfKind(tuples.kind(entry * 2 + 1));
    tuples.write(entry * 2 + 1, reply);
  }

  /**
   * Does another confirmed entry use this tuple, seen from the reply zone of `except`? One whose original tuple is that of
   * `except` does not count: it is the same flow, and `confirm` settles it.
   */
  taken(tuple: Tuple, except: number): boolean {
    const { tuples } = this.connections;
    tuple.zone = zoneOfKind(tuples.kind(except * 2 + 1));
    for (let node = tuples.find(tuple); node !== 0;) {
      const after = tuples.find(tuple, node);
      const entry = node >> 1;
      if (entry !== except && !this.connections.isGone(node >> 1) && !tuples.same(entry * 2, except * 2))
        return true;
      node = after;
    }
    return false;
  }

  /**
   * Makes a reply tuple free that a translated TCP connection past its end still holds, for one that begins with a SYN
   * beyond the other's sequence numbers; true when it is free.
   */
  evictClosing(tuple: Tuple, beginning: number): boolean {
    const { connections } = this;
    if (connections.octets[beginning * PROTO_OCTETS] !== TcpState.SYN_SENT) return false;
    const node = connections.tuples.find(tuple);
    if (node === 0) return true;
    const entry = node >> 1;
    const status = connections.status[entry]!;
    const isTcp = (connections.tuples.kind(node) & 0xff) === IPPROTO_TCP;
    if (!isTcp || (node & 1) === 0) return false;
    if (connections.octets[entry * PROTO_OCTETS]! < TcpState.TIME_WAIT) return false;
    if ((status & CtStatus.SRC_NAT) === 0 || status & CtStatus.FIXED_TIMEOUT) return false;
    if (!this.trackers.tcp.window.isBeyond(beginning, entry)) return false;
    return connections.kill(entry);
  }

  /** Sequence numbers of connections whose payload changed in length (CtStatus.SEQ_ADJUST). */
  set seqAdjust(adjuster: SeqAdjuster | null) {
    this.adjuster = adjuster;
    this.trackers.tcp.window.seqAdjust = adjuster;
  }

  // ── For helpers ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Enters an expectation under the limits that hold now. */
  expect(expectation: Expectation, anyMaster = false): Entered {
    this.refreshTime();
    return this.expectations.add(expectation, this.settings.expectMax, anyMaster);
  }

  /** The connection lives for so long from now on, whatever its protocol would say (nf_ct_refresh). */
  prolong(entry: number, us: number): void {
    this.refreshTime();
    this.connections.setTimeout(entry, us);
  }

  // ── ConntrackView ───────────────────────────────────────────────────────────────────────────────────────────────

  get status(): Int32Array {
    return this.connections.status;
  }

  get ways(): Uint16Array {
    return this.connections.ways;
  }

  forgetWays(): void {
    this.connections.forgetWays();
  }

  get mark(): Int32Array {
    return this.connections.mark;
  }

  /** Entries in the table or on their way into it (net.netfilter.nf_conntrack_count). */
  get count(): number {
    return this.connections.count;
  }

  /** How the log of invalid packets prints a packet. */
  set printer(printer: PacketPrinter) {
    this.invalid.printer = printer;
  }

  require(family: Family): void {
    if (family === 4) this.tracks4 = true;
    else this.tracks6 = true;
  }

  readTuple(entry: number, direction: Direction, out: Tuple): void {
    this.connections.tuples.read(entry * 2 + direction, out);
  }

  packets(entry: number, direction: Direction): number {
    return this.connections.packets(entry, direction);
  }

  bytes(entry: number, direction: Direction): number {
    return this.connections.bytes(entry, direction);
  }

  timeLeftUs(entry: number): number {
    const isConfirmed = (this.connections.status[entry]! & CtStatus.CONFIRMED) !== 0;
    return this.connections.deadlineOf(entry) - (isConfirmed ? this.clock.now : 0);
  }

  template(template: CtTemplate): number {
    return -this.templates.push(template);
  }

  master(entry: number): number {
    return this.connections.masterOf(entry);
  }

  helperName(entry: number): string {
    return this.helpers.of(entry)?.name ?? '';
  }

  find(tuple: Tuple): number {
    this.refreshTime();
    const entry = this.connections.tuples.find(tuple) >> 1;
    return entry !== 0 && this.connections.isGone(entry) ? 0 : entry;
  }

  isPastEnd(entry: number): boolean {
    if ((this.connections.tuples.kind(entry * 2) & 0xff) !== IPPROTO_TCP) return false;
    return this.connections.octets[entry * PROTO_OCTETS]! >= TcpState.TIME_WAIT;
  }

  hasLabel(entry: number, label: number): boolean {
    return this.labels.has(entry, label);
  }

  setLabel(entry: number, label: number): boolean {
    if (!this.labels.hasRoom(entry)) return false;
    this.labels.set(entry, label);
    return true;
  }

  useLabels(): void {
    this.labels.use(() => [...this.entries(4), ...this.entries(6)]);
  }

  setClosing(entry: number): void {
    if (entry <= 0 || (this.connections.status[entry]! & CtStatus.CONFIRMED) === 0) return;
    if ((this.connections.tuples.kind(entry * 2) & 0xff) !== IPPROTO_TCP) return;
    this.refreshTime();
    this.trackers.tcp.setClosing(entry);
  }

  remove(entry: number): void {
    this.connections.kill(entry);
  }

  // ── For programs ────────────────────────────────────────────────────────────────────────────────────────────────

  /** nf_conntrack_max; 0 for none. */
  get limit(): number {
    if (this.settings.generation !== this.sysctls.generation) this.readSettings();
    return this.settings.max;
  }

  /** Tells of all that happens from now on, until the function that is returned is called. */
  watch(watcher: ConntrackWatcher): () => void {
    this.events ??= new Events(this.connections);
    this.expectations.watcher = (kind, expectation) => this.events?.expectation(kind, expectation);
    const end = this.events.watch(watcher);
    return () => {
      end();
      if (this.events?.isWatched !== false) return;
      this.events = null;
      this.expectations.watcher = null;
    };
  }

  /** A program changes something: what is told of it says so. */
  byHand<T>(action: () => T): T {
    this.refreshTime();
    return this.events === null ? action() : this.events.duringCommand(action);
  }

  tellConfirmed(entry: number): void {
    this.events?.confirmed(entry);
  }

  tellChanged(entry: number): void {
    this.events?.passed(entry);
  }

  describe(entry: number): string {
    this.refreshTime();
    return describeConnection(this.connections, entry, this.helperName(entry));
  }

  /** The same with other parts shown. */
  describeWith(entry: number, parts: LineParts): string {
    this.refreshTime();
    return describeConnection(this.connections, entry, this.helperName(entry), parts);
  }

  list(family: Family): string[] {
    const lines: string[] = [];
    for (const entry of this.entries(family)) lines.push(this.describe(entry));
    return lines;
  }

  /** The connections of a family that a listing shows. */
  *entries(family: Family): IterableIterator<number> {
    const { connections } = this;
    this.refreshTime();
    const tuple = new Tuple();
    for (let entry = 1; entry <= connections.highest; entry++) {
      if (!connections.isInTable(entry) || connections.isExpired(entry)) continue;
      if (connections.status[entry]! & NAT_CLASH) continue;
      connections.tuples.read(entry * 2, tuple);
      if (tuple.family === family) yield entry;
    }
  }

  describeExpectation(expectation: Expectation): string {
    return describeExpectation(this.connections, expectation);
  }

  /** Lines as `conntrack -L expect` prints them. */
  listExpectations(family: Family): string[] {
    this.refreshTime();
    const lines: string[] = [];
    for (const expectation of this.expectations) {
      if (expectation.tuple.family === family) lines.push(describeExpectation(this.connections, expectation));
    }
    return lines;
  }
}

function noPrinter(): string {
  return '';
}

/** A chain of extension headers that ends nowhere (RFC 8200 4.7), or leaves the datagram. */
function isBrokenV6(pkt: PacketBuffer): boolean {
  return isExtension(pkt.proto);
}
