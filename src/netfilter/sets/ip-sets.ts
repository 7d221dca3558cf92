/**
 * The sets of one network namespace, by name and in order. Rules and lists hold slots: `swap` exchanges the sets of two
 * slots and leaves the names where they are. Linux: ip_set_core.c.
 */
import type { Clock } from '../../base/clock.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { BitmapSet } from './bitmap-set.ts';
import { HashSet } from './hash-set.ts';
import type { Family } from '../hook.ts';
import type { IpSet } from './ip-set.ts';
import { ListSet } from './list-set.ts';
import { refuse } from './set-error.ts';
import type { SetQuery } from './set-query.ts';
import { holdsNetworks, type SetType } from './set-types.ts';
import type { SetSettings } from './settings.ts';

/** Linux lets a namespace have 65534. */
const MOST_SETS = 65534;

export class SetSlot {
  name: string;
  private held: IpSet;
  /** Of addresses in the set; null where any will do. */
  family: Family | null = null;
  private dimensions = 0;
  holdsNetworks = false;

  constructor(name: string, set: IpSet) {
    this.name = name;
    this.held = set;
    this.set = set;
  }

  get set(): IpSet {
    return this.held;
  }

  set set(set: IpSet) {
    this.held = set;
    this.family = set.type.families === null ? null : set.settings.family;
    this.dimensions = set.type.parts.length;
    this.holdsNetworks = holdsNetworks(set.type);
  }

  /** May the packet's element be in the set at all? The rule must name as many sides as an element has parts. */
  accepts(pkt: PacketBuffer, query: SetQuery): boolean {
    return query.dimensions >= this.dimensions && (this.family === null || this.family === pkt.family);
  }
}

export class IpSets {
  private readonly clock: Clock;
  /** By index, null where a set was destroyed: the next one made takes the first such place. */
  private readonly places: (SetSlot | null)[] = [];
  private readonly byName = new Map<string, SetSlot>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get(name: string): SetSlot | undefined {
    return this.byName.get(name);
  }

  /** In the order in which they are listed. */
  slots(): readonly SetSlot[] {
    return this.places.filter((slot) => slot !== null);
  }

  create(name: string, type: SetType, settings: SetSettings): SetSlot {
    if (this.byName.has(name)) throw refuse('SET_EXISTS');
    if (this.byName.size >= MOST_SETS) throw refuse('TOO_MANY_SETS');
    const slot = new SetSlot(name, this.make(type, settings));
    const free = this.places.indexOf(null);
    if (free < 0) this.places.push(slot);
    else this.places[free] = slot;
    this.byName.set(name, slot);
    return slot;
  }

  /** `isUsed`: by rules. */
  destroy(name: string, isUsed: (name: string) => boolean): void {
    const slot = this.known(name);
    if (isUsed(name) || this.listsNaming(slot) > 0) throw refuse('IN_USE');
    this.byName.delete(name);
    this.places[this.places.indexOf(slot)] = null;
  }

  /** All or none. */
  destroyAll(isUsed: (name: string) => boolean): void {
    const inUse = (slot: SetSlot) => isUsed(slot.name) || this.listsNaming(slot) > 0;
    if ([...this.byName.values()].some(inUse)) throw refuse('IN_USE');
    this.byName.clear();
    this.places.length = 0;
  }

  rename(from: string, to: string, isUsed: (name: string) => boolean): void {
    const slot = this.known(from);
    if (isUsed(from) || this.listsNaming(slot) > 0) throw refuse('RENAME_IN_USE');
    if (this.byName.has(to)) throw refuse('RENAME_EXISTS');
    this.byName.delete(from);
    slot.name = to;
    this.byName.set(to, slot);
  }

  swap(from: string, to: string): void {
    const one = this.known(from);
    const other = this.byName.get(to);
    if (other === undefined) throw refuse('SWAP_NO_SECOND');
    const kind = (set: IpSet) => `${set.settings.family} ${kindOf(set.type)}`;
    if (kind(one.set) !== kind(other.set)) throw refuse('SWAP_TYPES');
    const { set } = one;
    one.set = other.set;
    other.set = set;
  }

  known(name: string): SetSlot {
    const slot = this.byName.get(name);
    if (slot === undefined) throw refuse('NO_SET');
    return slot;
  }

  /** How many lists have the set as a member. */
  listsNaming(slot: SetSlot): number {
    return this.slots().filter(({ set }) => set instanceof ListSet && set.slots.includes(slot)).length;
  }

  private make(type: SetType, settings: SetSettings): IpSet {
    switch (type.method) {
      case 'bitmap':
        return new BitmapSet(type, settings, this.clock);
      case 'hash':
        return new HashSet(type, settings, this.clock);
      case 'list':
        return new ListSet(type, settings, this.clock, (name) => this.byName.get(name));
    }
  }
}

/** What elements are made of, be the set a bitmap or a hash: sets of one kind may be swapped. */
function kindOf({ parts, method }: SetType): string {
  const texts = parts.map((part) => (part === 'net' ? 'ip' : part));
  return `${texts.join(',')}${parts.includes('net') ? ' nomatch' : ''}${method === 'list' ? ' list' : ''}`;
}
