/**
 * Sets of sets, in an order of their own: asking one asks its members one after another. Linux: ip_set_list_set.c. A member
 * is a slot of the collection and not a set, since `swap` puts another set into the slot.
 */
import type { Clock } from '../../base/clock.ts';
import type { HookState } from '../hook-state.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { SetSlot } from './ip-sets.ts';
import { NO_ELEMENT, type ElementSpec, type MemberSpec } from './element.ts';
import { elementSize, ExtensionColumns } from './extension-columns.ts';
import { Found, type IpSet, type ListedElement } from './ip-set.ts';
import { askSet } from './ask-set.ts';
import { refuse } from './set-error.ts';
import type { SetQuery } from './set-query.ts';
import type { SetType } from './set-types.ts';
import type { ElementExtras, SetSettings } from './settings.ts';

/** Finds a slot by name. */
export type FindSlot = (name: string) => SetSlot | undefined;

interface Member {
  readonly slot: SetSlot;
  /** Of its extensions. */
  readonly row: number;
}

export class ListSet implements IpSet {
  readonly type: SetType;
  readonly settings: SetSettings;
  readonly hashsize = 0;
  private readonly find: FindSlot;
  private readonly columns: ExtensionColumns;
  private members: Member[] = [];
  private free: number[] = [];

  constructor(type: SetType, settings: SetSettings, clock: Clock, find: FindSlot) {
    this.type = type;
    this.settings = settings;
    this.find = find;
    this.columns = new ExtensionColumns(settings, clock);
  }

  /** The slots that it names. */
  get slots(): readonly SetSlot[] {
    return this.members.map(({ slot }) => slot);
  }

  add(spec: ElementSpec, extras: ElementExtras, exist: boolean): void {
    this.purge();
    const { slot, beside } = this.resolve(spec.member!);
    if (slot.set.type.method === 'list') throw refuse('MEMBER_IS_LIST');
    const known = this.members.find((member) => member.slot === slot);
    if (known !== undefined) {
      if (!exist) throw refuse('ADDED');
      this.columns.set(known.row, extras, false);
      return;
    }
    let at = this.members.length;
    if (beside !== null) {
      const reference = this.members.findIndex((member) => member.slot === beside.slot);
      if (reference < 0) throw refuse('REFERENCE_NOT_ADDED');
      at = beside.where === 'before' ? reference : reference + 1;
    }
    const row = this.free.pop() ?? this.members.length;
    this.columns.reach(row);
    this.columns.set(row, extras, true);
    this.members.splice(at, 0, { slot, row });
  }

  remove(spec: ElementSpec, exist: boolean): void {
    const at = this.position(spec.member!);
    if (at >= 0) this.drop(this.members[at]!);
    else if (!exist) throw refuse(spec.member!.beside === null ? 'NOT_ADDED' : 'REFERENCE_NOT_ADDED');
  }

  test(spec: ElementSpec): Found {
    return this.position(spec.member!) >= 0 ? Found.YES : Found.NO;
  }

  flush(): void {
    for (const member of this.members) this.columns.forget(member.row);
    this.members = [];
    this.free = [];
  }

  memory(): number {
    this.purge();
    const each = elementSize(this.type.elementBytes[4], 8, this.settings);
    return this.type.baseBytes[4] + each * this.members.length + this.columns.commentBytes;
  }

  *elements(): Generator<ListedElement> {
    this.purge();
    for (const { slot, row } of this.members) {
      const member: MemberSpec = { name: slot.name, beside: null };
      yield { spec: { ...NO_ELEMENT, member }, extras: this.columns.extras(row) };
    }
  }

  /** The first member that holds the packet and whose own counters are as the rule wants them. */
  testPacket(pkt: PacketBuffer, at: HookState, query: SetQuery): Found {
    const { counts, comparesCounters } = query;
    for (let i = 0; i < this.members.length; i++) {
      const { slot, row } = this.members[i]!;
      if (this.columns.isExpired(row)) continue;
      query.comparesCounters = false;
      query.counts = counts && query.countsInMembers;
      const holds = askSet(slot, pkt, at, query);
      query.counts = counts;
      query.comparesCounters = comparesCounters;
      if (holds && this.columns.meet(row, query)) return Found.YES;
    }
    return Found.NO;
  }

  addPacket(pkt: PacketBuffer, at: HookState, query: SetQuery): boolean {
    return this.members.some(
      ({ slot, row }) =>
        !this.columns.isExpired(row) && slot.accepts(pkt, query) && slot.set.addPacket(pkt, at, query),
    );
  }

  removePacket(pkt: PacketBuffer, at: HookState, query: SetQuery): boolean {
    return this.members.some(
      ({ slot, row }) =>
        !this.columns.isExpired(row) && slot.accepts(pkt, query) && slot.set.removePacket(pkt, at, query),
    );
  }

  /** Where the member stands, -1 for nowhere; with a neighbour named, only where it stands beside that. */
  private position(member: MemberSpec): number {
    this.purge();
    const { slot, beside } = this.resolve(member);
    const at = this.members.findIndex((one) => one.slot === slot);
    if (at < 0 || beside === null) return at;
    const neighbour = this.members[beside.where === 'before' ? at + 1 : at - 1];
    return neighbour?.slot === beside.slot ? at : -1;
  }

  private resolve(member: MemberSpec): {
    readonly slot: SetSlot;
    readonly beside: { readonly where: 'before' | 'after'; readonly slot: SetSlot } | null;
  } {
    const slot = this.find(member.name);
    if (slot === undefined) throw refuse('MEMBER_MISSING');
    if (member.beside === null) return { slot, beside: null };
    const beside = this.find(member.beside.name);
    if (beside === undefined) throw refuse('REFERENCE_MISSING');
    return { slot, beside: { where: member.beside.where, slot: beside } };
  }

  private drop(member: Member): void {
    this.members = this.members.filter((one) => one !== member);
    this.columns.forget(member.row);
    this.free.push(member.row);
  }

  private purge(): void {
    for (const member of this.members) if (this.columns.isExpired(member.row)) this.drop(member);
  }
}
