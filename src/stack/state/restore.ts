/**
 * Gives a new instance the state of another. The new one is built as the other was (same configuration, same calls), and so
 * has everything that lasts: devices, sockets of services, and the closures that tie them together. Then:
 *
 *   1. whatever stands in the new instance where something of its kind stood in the other is taken for the same;
 *   2. what has come to be since (neighbours, connections, frames under way) is made, without calling a constructor;
 *   3. all fields are set to what they were.
 *
 * A closure cannot be made, so one that the new instance has not at its place is an error; what is to be done later says what
 * it calls instead (base/call.ts).
 */
import { callOf, partsOf } from '../../base/call.ts';
import { SluiceError } from '../../base/errors.ts';
import {
  nameOf,
  isView,
  STATE_VERSION,
  VIEWS,
  type Constructor,
  type SavedObject,
  type SavedState,
  type SavedValue,
  type StateKinds,
  type View,
} from './format.ts';
import { restoreMemory } from './memory.ts';
import { isReference, pathTo } from './path.ts';

/** Throws SluiceError, and then `root` may be changed in part: build another. */
export function restoreState(root: object, state: SavedState, kinds: StateKinds): void {
  if ((state as Partial<SavedState> | null)?.format !== 'sluice-state')
    throw refuse('this is no saved state');
  if (state.version !== STATE_VERSION)
    throw refuse(`the state is of version ${state.version}; this program reads version ${STATE_VERSION}`);
  new Restorer(root, state.objects, kinds).run();
}

function refuse(message: string): SluiceError {
  return new SluiceError('STATE', message);
}

class Restorer {
  private readonly saved: readonly SavedObject[];
  private readonly classes: Readonly<Record<string, Constructor>>;
  private readonly names: ReadonlyMap<unknown, string>;
  /** By number: the object that stands for it in the new instance. */
  private readonly made: (object | undefined)[];
  private readonly taken = new Set<object>();
  /** Numbers that were found a counterpart and whose parts are still to be looked at. */
  private readonly matched: number[] = [];

  constructor(root: object, saved: readonly SavedObject[], { classes }: StateKinds) {
    this.saved = saved;
    this.classes = classes;
    this.names = new Map(Object.entries(classes).map(([name, one]) => [one, name]));
    this.made = new Array<object | undefined>(saved.length).fill(undefined);
    this.match(0, root);
    if (this.made[0] === undefined) throw refuse('the state is of something else');
  }

  run(): void {
    this.matchAll();
    this.saved.forEach((one, number) => {
      if (this.made[number] === undefined && one.kind !== 'view' && one.kind !== 'call')
        this.made[number] = this.make(one, number);
    });
    // Views need their memory, calls their owner and arguments.
    this.saved.forEach((one, number) => {
      if (one.kind === 'view') this.made[number] ??= this.makeView(one);
    });
    this.saved.forEach((one, number) => {
      if (one.kind === 'call') this.made[number] ??= this.makeCall(one);
    });
    this.saved.forEach((one, number) => this.fill(one, this.made[number]!));
  }

  // ── What is there already ───────────────────────────────────────────────────────────────────────────────────

  private matchAll(): void {
    /** Maps and sets whose keys are objects, which may have to be found first. */
    const keyed: number[] = [];
    let at = 0;
    for (let found = -1; found !== this.matched.length;) {
      found = this.matched.length;
      for (; at < this.matched.length; at++) {
        const number = this.matched[at]!;
        if (this.matchParts(number)) keyed.push(number);
      }
      for (const number of keyed) this.matchKeyed(number);
    }
  }

  /** Takes an object of the new instance for one of the state, unless it is of another kind or stands for another. */
  private match(number: number, candidate: unknown): void {
    if (this.made[number] !== undefined || candidate === null) return;
    if (typeof candidate !== 'object' && typeof candidate !== 'function') return;
    if (this.taken.has(candidate) || !this.isAlike(this.saved[number]!, candidate)) return;
    this.made[number] = candidate;
    this.taken.add(candidate);
    this.matched.push(number);
  }

  private isAlike(one: SavedObject, candidate: object): boolean {
    switch (one.kind) {
      case 'object':
        return (
          !isBuiltIn(candidate) &&
          nameOf(candidate, this.names) === one.class &&
          isOfOneName(one.fields, candidate as Record<string, unknown>)
        );
      case 'array':
        return Array.isArray(candidate);
      case 'map':
        return candidate instanceof Map;
      case 'set':
        return candidate instanceof Set;
      case 'weakmap':
        return candidate instanceof WeakMap;
      case 'weakset':
        return candidate instanceof WeakSet;
      case 'memory':
        return candidate instanceof ArrayBuffer && candidate.byteLength === one.length;
      case 'view':
        return (
          isView(candidate) &&
          candidate.constructor.name === one.class &&
          candidate.byteOffset === one.offset &&
          candidate.length === one.length
        );
      case 'call':
        return false;
      case 'fixed':
        return partsOf(candidate) === undefined;
    }
  }

  private matchValue(value: SavedValue | undefined, candidate: unknown): void {
    if (Array.isArray(value) && value[0] === 'ref') this.match(value[1] as number, candidate);
  }

  /** True when it has to be looked at again, since its keys are objects. */
  private matchParts(number: number): boolean {
    const one = this.saved[number]!;
    const here = this.made[number]!;
    switch (one.kind) {
      case 'object':
        for (let i = 0; i < one.fields.length; i += 2) {
          const field = Object.getOwnPropertyDescriptor(here, one.fields[i] as string);
          if (field !== undefined && 'value' in field) this.matchValue(one.fields[i + 1], field.value);
        }
        return false;
      case 'array':
        one.items.forEach((item, i) => this.matchValue(item, (here as unknown[])[i]));
        return false;
      case 'map':
        return true;
      case 'view':
        this.match(one.memory, (here as View).buffer);
        return false;
      default:
        return false;
    }
  }

  private matchKeyed(number: number): void {
    const one = this.saved[number]!;
    if (one.kind !== 'map') return;
    const here = this.made[number] as Map<unknown, unknown>;
    for (let i = 0; i < one.items.length; i += 2) {
      const key = one.items[i]!;
      const isFound = !isReference(key) || this.made[key[1]] !== undefined;
      if (isFound) this.matchValue(one.items[i + 1], here.get(this.value(key)));
    }
  }

  // ── What is made ────────────────────────────────────────────────────────────────────────────────────────────

  private make(one: Exclude<SavedObject, { kind: 'view' | 'call' }>, number: number): object {
    switch (one.kind) {
      case 'object': {
        if (one.class === '') return {};
        const known = this.classes[one.class];
        if (known === undefined)
          throw refuse(`${pathTo(number, this.saved)}: a ${one.class} cannot be restored`);
        return Object.create(known.prototype as object) as object;
      }
      case 'array':
        return [];
      case 'map':
        return new Map();
      case 'set':
        return new Set();
      case 'weakmap':
        return new WeakMap();
      case 'weakset':
        return new WeakSet();
      case 'memory':
        return new ArrayBuffer(one.length);
      case 'fixed':
        throw refuse(
          `${pathTo(number, this.saved)}: a ${one.name} cannot be restored; it has to be there already`,
        );
    }
  }

  private makeView({ class: name, memory, offset, length }: SavedObject & { kind: 'view' }): object {
    const View = VIEWS[name as keyof typeof VIEWS];
    return new View(this.made[memory] as ArrayBuffer, offset, length);
  }

  private makeCall({ owner, method, args }: SavedObject & { kind: 'call' }): object {
    return callOf({ owner: this.made[owner]!, method, args: args.map((arg) => this.value(arg)) });
  }

  private value(value: SavedValue): unknown {
    if (!Array.isArray(value)) return value;
    const [what, content] = value as readonly [string, (string | number)?];
    switch (what) {
      case 'ref':
        return this.made[content as number];
      case 'number':
        return Number(content);
      case 'bigint':
        return BigInt(content!);
      default:
        return undefined;
    }
  }

  // ── What they hold ──────────────────────────────────────────────────────────────────────────────────────────

  private fill(one: SavedObject, here: object): void {
    switch (one.kind) {
      case 'object':
        return this.fillFields(one.fields, here);
      case 'array': {
        if (Object.isFrozen(here)) return;
        const items = here as unknown[];
        items.length = 0;
        for (const item of one.items) items.push(this.value(item));
        return;
      }
      case 'map': {
        const map = here as Map<unknown, unknown>;
        map.clear();
        for (let i = 0; i < one.items.length; i += 2)
          map.set(this.value(one.items[i]!), this.value(one.items[i + 1]!));
        return;
      }
      case 'set': {
        const set = here as Set<unknown>;
        set.clear();
        for (const item of one.items) set.add(this.value(item));
        return;
      }
      case 'weakmap': {
        const map = here as WeakMap<object, unknown>;
        for (const made of this.made) map.delete(made!);
        for (let i = 0; i < one.items.length; i += 2)
          map.set(this.value(one.items[i]!) as object, this.value(one.items[i + 1]!));
        return;
      }
      case 'weakset': {
        const set = here as WeakSet<object>;
        for (const made of this.made) set.delete(made!);
        for (const item of one.items) set.add(this.value(item) as object);
        return;
      }
      case 'memory':
        return restoreMemory(here as ArrayBuffer, one);
      default:
    }
  }

  private fillFields(fields: readonly SavedValue[], here: object): void {
    if (Object.isFrozen(here)) return;
    const names = new Set<string>();
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string;
      names.add(name);
      const value = this.value(fields[i + 1]!);
      const known = Object.getOwnPropertyDescriptor(here, name);
      // Names may be any words of a user's, also those that mean something to objects.
      if (known === undefined && name in here)
        Object.defineProperty(here, name, { value, writable: true, enumerable: true, configurable: true });
      else if (known?.writable !== false) (here as Record<string, unknown>)[name] = value;
    }
    for (const name of Object.keys(here)) {
      if (!names.has(name)) delete (here as Record<string, unknown>)[name];
    }
  }
}

/**
 * What has a number or a name of its own stands for nothing else: a field may point at one device in the one instance and at
 * another in the other.
 */
function isOfOneName(fields: readonly SavedValue[], candidate: Record<string, unknown>): boolean {
  for (const own of ['index', 'name', 'id']) {
    const value = candidate[own];
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === own) return fields[i + 1] === value;
  }
  return true;
}

function isBuiltIn(value: object): boolean {
  return (
    typeof value === 'function' ||
    Array.isArray(value) ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
}
