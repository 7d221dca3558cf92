/**
 * Sets kept as hashes. An element is words (element-layout.ts) in a HashTable; the row of the element is where its
 * extensions, its `nomatch` and its interface stand. Linux: ip_set_hash_gen.h and ip_set_hash_*.c.
 */
import type { Clock } from '../../base/clock.ts';
import type { HookState } from '../hook-state.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { ElementSpec, InterfaceSpec } from './element.ts';
import {
  cutAddress,
  getField,
  layoutOf,
  setField,
  swapPort,
  takeAddress,
  type ElementLayout,
} from './element-layout.ts';
import { ElementWriter } from './element-writer.ts';
import { elementSize, ExtensionColumns } from './extension-columns.ts';
import { HashTable, type IsSame } from './hash-table.ts';
import { Found, type IpSet, type ListedElement } from './ip-set.ts';
import { packetInterface, putPacketAddresses, putPacketMac, putPacketPort } from './packet-element.ts';
import { PrefixCounts } from './prefix-counts.ts';
import { refuse } from './set-error.ts';
import type { SetQuery } from './set-query.ts';
import type { SetType } from './set-types.ts';
import type { ElementExtras, SetSettings } from './settings.ts';

export class HashSet implements IpSet {
  readonly type: SetType;
  readonly settings: SetSettings;
  private readonly layout: ElementLayout;
  private readonly hostPrefix: number;
  private readonly table: HashTable;
  private readonly columns: ExtensionColumns;
  private readonly writer: ElementWriter;
  /** The element in work, and what it was before it was cut to a network. */
  private readonly element: Int32Array;
  private readonly whole: Int32Array;
  /** Its interface, of sets that have them. */
  private iface: string;
  private wildcard: boolean;
  /** By row. */
  private readonly interfaces: InterfaceSpec[] = [];
  private readonly exceptions: boolean[] = [];
  /** Of each address; used of networks alone. */
  private readonly prefixes: readonly PrefixCounts[];
  private readonly scratchPrefixes: number[];
  private readonly isSame: IsSame | null;
  private readonly isExpired: IsSame;
  /** Which parts of an element are addresses. */
  private readonly addressParts: readonly number[];
  private readonly portPart: number;
  private readonly macPart: number;
  private readonly ifacePart: number;
  /** Which addresses are networks, -1 for none. */
  private readonly firstNetwork: number;
  private readonly secondNetwork: number;

  constructor(type: SetType, settings: SetSettings, clock: Clock) {
    this.type = type;
    this.settings = settings;
    this.layout = layoutOf(type, settings.family);
    this.hostPrefix = settings.family === 4 ? 32 : 128;
    const bytes = elementSize(type.elementBytes[settings.family], alignmentOf(type), settings);
    const bits = Math.log2(settings.hashsize);
    this.table = new HashTable(this.layout.words, bits, settings.initval, settings.bucketsize, bytes);
    this.columns = new ExtensionColumns(settings, clock);
    this.writer = new ElementWriter(type, settings, this.layout);
    this.element = this.writer.element;
    this.whole = new Int32Array(this.layout.words);
    this.iface = '';
    this.wildcard = false;
    this.prefixes = this.layout.addresses.map(() => new PrefixCounts());
    this.scratchPrefixes = this.layout.addresses.map(() => this.hostPrefix);
    this.addressParts = type.parts.flatMap((part, i) => (part === 'ip' || part === 'net' ? [i] : []));
    this.portPart = type.parts.indexOf('port');
    this.macPart = type.parts.indexOf('mac');
    this.ifacePart = type.parts.indexOf('iface');
    this.firstNetwork = this.layout.prefixes.findIndex((field) => field !== null);
    this.secondNetwork = this.layout.prefixes.findIndex(
      (field, i) => field !== null && i > this.firstNetwork,
    );
    this.isSame = this.ifacePart < 0 ? null : (row) => this.hasInterface(row);
    this.isExpired = (row) => this.columns.isExpired(row);
  }

  get hashsize(): number {
    return 2 ** this.table.bits;
  }

  // ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

  add(spec: ElementSpec, extras: ElementExtras, exist: boolean): void {
    this.takeInterface(spec);
    this.writer.each(spec, () => {
      if (!this.addElement(extras, exist)) throw refuse('ADDED');
    });
  }

  remove(spec: ElementSpec, exist: boolean): void {
    this.takeInterface(spec);
    this.writer.each(spec, () => {
      const row = this.findLive();
      if (row >= 0) this.drop(row);
      else if (!exist) throw refuse('NOT_ADDED');
    });
  }

  test(spec: ElementSpec): Found {
    this.takeInterface(spec);
    this.writer.first(spec);
    if (this.firstNetwork < 0 || !this.isAllHosts()) return this.answer(this.findLive());
    return this.searchNetworks(null);
  }

  flush(): void {
    for (const row of this.table.listed()) this.columns.forget(row);
    this.table.clear();
    for (const counts of this.prefixes) counts.clear();
  }

  memory(): number {
    this.purge();
    return this.type.baseBytes[this.settings.family] + this.table.memory + this.columns.commentBytes;
  }

  *elements(): Generator<ListedElement> {
    this.purge();
    for (const row of this.table.listed()) {
      const extras = { ...this.columns.extras(row), nomatch: this.exceptions[row] === true };
      yield { spec: this.specOf(row), extras };
    }
  }

  // ── Packets ──────────────────────────────────────────────────────────────────────────────────────────────────────

  testPacket(pkt: PacketBuffer, at: HookState, query: SetQuery): Found {
    const prefixes = this.scratchPrefixes;
    for (let i = 0; i < prefixes.length; i++) prefixes[i] = this.hostPrefix;
    if (!this.take(pkt, at, query)) return Found.NO;
    if (this.firstNetwork >= 0) return this.searchNetworks(query);
    const row = this.findLive();
    return row >= 0 && this.columns.meet(row, query) ? Found.YES : Found.NO;
  }

  addPacket(pkt: PacketBuffer, at: HookState, query: SetQuery): boolean {
    this.longestPrefixes();
    if (!this.take(pkt, at, query)) return false;
    const known = this.findLive();
    if (known >= 0) {
      if (!query.exist) return false;
      this.columns.setByPacket(known, query);
      this.exceptions[known] = false;
      return true;
    }
    // A packet never makes the table grow: what finds its bucket full is not added (Linux: resizing is left to ipset).
    const row = this.newRow(false);
    if (row < 0) return false;
    this.columns.setByPacket(row, query);
    this.exceptions[row] = false;
    return true;
  }

  removePacket(pkt: PacketBuffer, at: HookState, query: SetQuery): boolean {
    this.longestPrefixes();
    if (!this.take(pkt, at, query)) return false;
    const row = this.findLive();
    if (row >= 0) this.drop(row);
    return row >= 0;
  }

  /** Makes the element of a packet; false where the packet has none that could be in the set. */
  private take(pkt: PacketBuffer, at: HookState, query: SetQuery): boolean {
    const { element, layout } = this;
    element.fill(0);
    if (layout.constant !== null) setField(element, layout.constant, 1);
    putPacketAddresses(element, layout, this.addressParts, this.scratchPrefixes, pkt, query);
    this.writer.applyMasks();
    if (this.portPart >= 0 && !putPacketPort(element, layout, pkt, query.isSource(this.portPart)))
      return false;
    if (layout.mark !== null) setField(element, layout.mark, (pkt.mark & this.settings.markmask) >>> 0);
    if (layout.mac !== null && !putPacketMac(element, layout.mac, pkt, query.isSource(this.macPart)))
      return false;
    if (this.ifacePart >= 0) {
      this.iface = query.host.interfaceName(packetInterface(at, query.isSource(this.ifacePart)));
      this.wildcard = false;
      if (this.iface === '') return false;
    }
    return !this.writer.isForbidden();
  }

  /** What packets add to or remove from a set of networks has the longest prefixes that are in it. */
  private longestPrefixes(): void {
    const prefixes = this.scratchPrefixes;
    for (let i = 0; i < prefixes.length; i++) {
      const isNetwork = this.layout.prefixes[i] !== null;
      prefixes[i] = isNetwork ? (this.prefixes[i]!.lengths[0] ?? this.hostPrefix) : this.hostPrefix;
    }
  }

  // ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Tries every prefix length of the networks in the set, the longest first; with a query, what is found counts. */
  private searchNetworks(query: SetQuery | null): Found {
    const { element, layout, firstNetwork, secondNetwork } = this;
    this.whole.set(element);
    const firsts = this.prefixes[firstNetwork]!.lengths;
    for (let i = 0; i < firsts.length; i++) {
      const seconds = secondNetwork < 0 ? firsts : this.prefixes[secondNetwork]!.lengths;
      const count = secondNetwork < 0 ? 1 : seconds.length;
      for (let j = 0; j < count; j++) {
        element.set(this.whole);
        cutAddress(element, layout, firstNetwork, firsts[i]!);
        setField(element, layout.prefixes[firstNetwork]!, firsts[i]!);
        if (secondNetwork >= 0) {
          cutAddress(element, layout, secondNetwork, seconds[j]!);
          setField(element, layout.prefixes[secondNetwork]!, seconds[j]!);
        }
        const row = this.findLive();
        if (row >= 0 && (query === null || this.columns.meet(row, query))) return this.answer(row);
        // The longest network that is there with any interface decides.
        if (this.ifacePart >= 0 && this.table.find(element, null) >= 0) return Found.NO;
      }
    }
    return Found.NO;
  }

  private answer(row: number): Found {
    if (row < 0) return Found.NO;
    return this.exceptions[row] === true ? Found.NOMATCH : Found.YES;
  }

  /** The element in work names addresses only, no network. */
  private isAllHosts(): boolean {
    return this.layout.prefixes.every(
      (field) => field === null || getField(this.element, 0, field) === this.hostPrefix,
    );
  }

  private addElement(extras: ElementExtras, exist: boolean): boolean {
    const known = this.findLive();
    if (known >= 0 && !exist) return false;
    const row = known >= 0 ? known : this.newRow(true);
    if (row < 0) throw refuse('HASH_FULL');
    this.columns.set(row, extras, known < 0);
    this.exceptions[row] = extras.nomatch;
    return true;
  }

  /** A row for the element in work, -1 where there is no room. */
  private newRow(mayGrow: boolean): number {
    const { table, settings } = this;
    const full = () => table.count >= settings.maxelem;
    if (full() && settings.timeout !== null) this.purge();
    if (full() && !settings.forceadd) return -1;
    const old = table.findReplaceable(this.element, this.isExpired, full());
    if (old >= 0) this.drop(old);
    else if (full()) return -1;
    const row = table.add(this.element, mayGrow);
    if (row < 0) return row;
    this.columns.reach(row);
    this.countPrefixes(row, true);
    if (this.ifacePart >= 0)
      this.interfaces[row] = { name: this.iface, physdev: false, wildcard: this.wildcard };
    return row;
  }

  private drop(row: number): void {
    this.countPrefixes(row, false);
    this.columns.forget(row);
    this.table.remove(row);
  }

  private countPrefixes(row: number, more: boolean): void {
    const { allWords } = this.table;
    this.layout.prefixes.forEach((field, i) => {
      if (field === null) return;
      const prefix = getField(allWords, row * this.layout.words, field);
      if (more) this.prefixes[i]!.add(prefix);
      else this.prefixes[i]!.remove(prefix);
    });
  }

  /** The row of the element in work; -1 when it is not there. One whose time is over goes when it is found. */
  private findLive(): number {
    const row = this.table.find(this.element, this.isSame);
    if (row < 0 || !this.columns.isExpired(row)) return row;
    this.drop(row);
    return -1;
  }

  private purge(): void {
    if (this.settings.timeout === null) return;
    for (const row of [...this.table.listed()]) if (this.columns.isExpired(row)) this.drop(row);
  }

  private hasInterface(row: number): boolean {
    const { name, wildcard } = this.interfaces[row]!;
    return wildcard ? this.iface.startsWith(name) : this.iface === name;
  }

  private takeInterface({ iface }: ElementSpec): void {
    this.iface = iface?.name ?? '';
    this.wildcard = iface?.wildcard ?? false;
  }

  private specOf(row: number): ElementSpec {
    const { layout, hostPrefix } = this;
    const words = this.table.allWords;
    const from = row * layout.words;
    const of = (field: ElementLayout['port']) => (field === null ? 0 : getField(words, from, field));
    const { port, mac, mark, physdev } = layout;
    return {
      addresses: layout.addresses.map((_, i) => {
        const field = layout.prefixes[i]!;
        const prefix = field === null ? hostPrefix : getField(words, from, field);
        return { first: takeAddress(words, from, layout, i), last: null, prefix };
      }),
      port: port === null ? null : { protocol: of(layout.protocol), first: swapPort(of(port)), last: null },
      mac: mac === null ? null : [words[from + mac]!, words[from + mac + 1]!],
      mark: mark === null ? null : of(mark),
      iface: this.ifacePart < 0 ? null : { ...this.interfaces[row]!, physdev: of(physdev) === 1 },
      member: null,
    };
  }
}

/** Of an element without extensions: that of its widest field in Linux's memory. */
function alignmentOf(type: SetType): number {
  return type.name === 'hash:mac'
    ? 2
    : type.name === 'hash:net,net' || type.name === 'hash:net,port,net'
      ? 8
      : 4;
}
