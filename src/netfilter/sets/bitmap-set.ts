/**
 * Sets kept as bitmaps: a bit for each address, group of addresses or port of a range; with `mac`, an address each as
 * well. Linux: ip_set_bitmap_gen.h and ip_set_bitmap_*.c.
 */
import type { Clock } from '../../base/clock.ts';
import type { HookState } from '../hook-state.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { networkEnds } from './address-range.ts';
import { NO_ELEMENT, type ElementSpec } from './element.ts';
import { elementSize, ExtensionColumns } from './extension-columns.ts';
import { Found, type IpSet, type ListedElement } from './ip-set.ts';
import { hasPorts, packetPort, putPacketMac } from './packet-element.ts';
import { refuse } from './set-error.ts';
import type { SetQuery } from './set-query.ts';
import type { SetType } from './set-types.ts';
import type { ElementExtras, SetSettings } from './settings.ts';

const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** What of a MAC address is known. */
const Mac = { UNSET: 0, SET: 1 } as const;

export class BitmapSet implements IpSet {
  readonly type: SetType;
  readonly settings: SetSettings;
  readonly hashsize = 0;
  private readonly clock: Clock;
  private readonly size: number;
  /** Addresses that one bit stands for. */
  private readonly hosts: number;
  private readonly members: Uint8Array;
  private columns: ExtensionColumns;
  /** Of bitmap:ip,mac, by row: two words, and whether they are known. */
  private readonly macs: Int32Array;
  private readonly macState: Uint8Array;
  private readonly scratchMac = new Int32Array(2);

  constructor(type: SetType, settings: SetSettings, clock: Clock) {
    this.type = type;
    this.settings = settings;
    this.clock = clock;
    const [first, last] = settings.range;
    this.hosts = settings.netmask === null ? 1 : 2 ** (32 - settings.netmask);
    this.size = Math.floor((last - first) / this.hosts) + 1;
    this.members = new Uint8Array(this.size);
    this.columns = this.freshColumns();
    const withMac = type.parts.includes('mac') ? this.size : 0;
    this.macs = new Int32Array(withMac * 2);
    this.macState = new Uint8Array(withMac);
  }

  add(spec: ElementSpec, extras: ElementExtras, exist: boolean): void {
    for (const row of this.rows(spec)) {
      if (!this.addRow(row, spec.mac, exist)) throw refuse('ADDED');
      this.columns.set(row, extras, true);
    }
  }

  remove(spec: ElementSpec, exist: boolean): void {
    for (const row of this.rows(spec)) {
      if (this.has(row)) this.drop(row);
      else if (!exist) throw refuse('NOT_ADDED');
    }
  }

  test(spec: ElementSpec): Found {
    const row = this.firstRow(spec);
    if (row < 0 || !this.has(row)) return Found.NO;
    return spec.mac === null || this.isMac(row, spec.mac[0], spec.mac[1]) ? Found.YES : Found.NO;
  }

  flush(): void {
    this.members.fill(0);
    this.macState.fill(Mac.UNSET);
    this.columns = this.freshColumns();
  }

  memory(): number {
    const align = this.type.parts.includes('mac') ? 2 : 1;
    const bytes = elementSize(this.type.elementBytes[4], align, this.settings);
    const bits = Math.ceil(this.size / 64) * 8;
    return this.type.baseBytes[4] + bits + bytes * this.size + this.columns.commentBytes;
  }

  *elements(): Generator<ListedElement> {
    for (let row = 0; row < this.size; row++) {
      if (this.has(row)) yield { spec: this.specOf(row), extras: this.columns.extras(row) };
    }
  }

  testPacket(pkt: PacketBuffer, _at: HookState, query: SetQuery): Found {
    const row = this.packetRow(pkt, query);
    if (row < 0 || !this.has(row)) return Found.NO;
    if (this.macState.length > 0 && !this.meetsMac(row, pkt, query)) return Found.NO;
    return this.columns.meet(row, query) ? Found.YES : Found.NO;
  }

  addPacket(pkt: PacketBuffer, _at: HookState, query: SetQuery): boolean {
    const row = this.packetRow(pkt, query);
    if (row < 0) return false;
    const withMac = this.macState.length > 0;
    if (withMac && !this.takeMac(pkt, query)) return false;
    const [low, high] = this.scratchMac as unknown as [number, number];
    if (!this.addRow(row, withMac ? [low, high] : null, query.exist)) return false;
    this.columns.setByPacket(row, query);
    return true;
  }

  removePacket(pkt: PacketBuffer, _at: HookState, query: SetQuery): boolean {
    const row = this.packetRow(pkt, query);
    if (row < 0 || !this.has(row)) return false;
    this.drop(row);
    return true;
  }

  // ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  private has(row: number): boolean {
    return this.members[row] === 1 && !this.columns.isExpired(row);
  }

  private drop(row: number): void {
    this.members[row] = 0;
    this.columns.forget(row);
  }

  private addRow(row: number, mac: ElementSpec['mac'], exist: boolean): boolean {
    const known = this.has(row);
    // A MAC address may come later; that counts as adding.
    const completes = mac !== null && this.macState[row] === Mac.UNSET;
    if (known && !exist && !completes) return false;
    if (!known) {
      this.members[row] = 1;
      this.columns.reach(row);
      if (this.macState.length > 0) this.macState[row] = Mac.UNSET;
    }
    if (mac !== null) {
      this.macs[row * 2] = mac[0];
      this.macs[row * 2 + 1] = mac[1];
      this.macState[row] = Mac.SET;
    }
    return true;
  }

  /** The rows that an element stands for; throws for what lies outside. */
  private *rows(spec: ElementSpec): Generator<number> {
    const [first, last] = this.ends(spec);
    const [low, high] = this.settings.range;
    if (first < low || last > high) throw refuse('OUT_OF_RANGE');
    const to = Math.floor((last - low) / this.hosts);
    for (let row = Math.floor((first - low) / this.hosts); row <= to; row++) yield row;
  }

  private firstRow(spec: ElementSpec): number {
    return this.rowOf(this.ends(spec)[0]);
  }

  private rowOf(value: number): number {
    const [low, high] = this.settings.range;
    return value < low || value > high ? -1 : Math.floor((value - low) / this.hosts);
  }

  private ends({ addresses, port }: ElementSpec): readonly [first: number, last: number] {
    if (port !== null) {
      const { first, last } = port;
      return last === null ? [first, first] : first <= last ? [first, last] : [last, first];
    }
    const { first, last, prefix } = addresses[0]!;
    const from = first[0]! >>> 0;
    if (last !== null) {
      const to = last[0]! >>> 0;
      return from <= to ? [from, to] : [to, from];
    }
    if (prefix === 0) throw refuse('BAD_CIDR');
    return prefix === null ? [from, from] : networkEnds(from, prefix);
  }

  private packetRow(pkt: PacketBuffer, query: SetQuery): number {
    const source = query.isSource(0);
    if (this.type.name === 'bitmap:port') {
      if (!hasPorts(pkt.proto) || (pkt.proto !== IPPROTO_TCP && pkt.proto !== IPPROTO_UDP)) return -1;
      const port = packetPort(pkt, source);
      return port < 0 ? -1 : this.rowOf(port);
    }
    if (pkt.family !== 4) return -1;
    return this.rowOf((source ? pkt.src0 : pkt.dst0) >>> 0);
  }

  private takeMac(pkt: PacketBuffer, query: SetQuery): boolean {
    return putPacketMac(this.scratchMac, 0, pkt, query.isSource(1));
  }

  /** An address whose MAC address is not known yet takes that of the first packet. */
  private meetsMac(row: number, pkt: PacketBuffer, query: SetQuery): boolean {
    if (!this.takeMac(pkt, query)) return false;
    const mac = this.scratchMac;
    if (this.macState[row] === Mac.UNSET) {
      this.macs.set(mac, row * 2);
      this.macState[row] = Mac.SET;
      return true;
    }
    return this.isMac(row, mac[0]!, mac[1]!);
  }

  private isMac(row: number, low: number, high: number): boolean {
    if (this.macState[row] === Mac.UNSET) return true;
    return this.macs[row * 2] === low && this.macs[row * 2 + 1] === high;
  }

  private freshColumns(): ExtensionColumns {
    return new ExtensionColumns(this.settings, this.clock);
  }

  private specOf(row: number): ElementSpec {
    const value = this.settings.range[0] + row * this.hosts;
    if (this.type.name === 'bitmap:port') {
      return { ...NO_ELEMENT, port: { protocol: 0, first: value, last: null } };
    }
    const mac =
      this.macState[row] === Mac.SET ? ([this.macs[row * 2]!, this.macs[row * 2 + 1]!] as const) : null;
    const first = new Int32Array(4);
    first[0] = value | 0;
    return { ...NO_ELEMENT, addresses: [{ first, last: null, prefix: 32 }], mac };
  }
}
