/**
 * Writes down a state: everything that can be reached from one object, field by field. No list says what belongs to it, so
 * nothing that is added to a class can be forgotten; what a state is not made of (the configuration that every new
 * instance is built from) is named by the caller, and closures are taken for the instance's own (restore.ts).
 */
import { partsOf } from '../../base/call.ts';
import {
  classNameOf,
  nameOf,
  isView,
  STATE_VERSION,
  type SavedObject,
  type SavedState,
  type SavedValue,
  type StateKinds,
} from './format.ts';
import { saveMemory } from './memory.ts';

export function saveState(root: object, kinds: StateKinds): SavedState {
  return { format: 'sluice-state', version: STATE_VERSION, objects: new Saver(root, kinds).objects };
}

interface Weak {
  readonly of: WeakMap<object, unknown> | WeakSet<object>;
  readonly items: SavedValue[];
  /** How many of those that were reached it was asked for. */
  asked: number;
}

class Saver {
  readonly objects: SavedObject[] = [];
  private readonly numbers = new Map<object, number>();
  private readonly reached: object[] = [];
  private readonly weak: Weak[] = [];
  private readonly names: ReadonlyMap<unknown, string>;
  private readonly fixed: ReadonlySet<object>;

  constructor(root: object, { classes, fixed = [] }: StateKinds) {
    this.names = new Map(Object.entries(classes).map(([name, one]) => [one, name]));
    this.fixed = new Set(fixed);
    this.numberOf(root);
    // Whatever is found is put behind; deep structures need no deep stack.
    for (let at = 0; at < this.reached.length;) {
      for (; at < this.reached.length; at++) this.objects.push(this.save(this.reached[at]!));
      for (const one of this.weak) this.saveKnown(one);
    }
  }

  /** Nobody can see what is in a weak map; but whether what was reached is. */
  private saveKnown(one: Weak): void {
    for (; one.asked < this.reached.length; one.asked++) {
      const key = this.reached[one.asked]!;
      if (!one.of.has(key)) continue;
      one.items.push(this.value(key));
      if (one.of instanceof WeakMap) one.items.push(this.value(one.of.get(key)));
    }
  }

  private numberOf(value: object): number {
    const known = this.numbers.get(value);
    if (known !== undefined) return known;
    const number = this.reached.push(value) - 1;
    this.numbers.set(value, number);
    return number;
  }

  private value(value: unknown): SavedValue {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : ['number', printed(value)];
      case 'undefined':
        return ['undefined'];
      case 'bigint':
        return ['bigint', value.toString()];
      case 'symbol':
        throw new TypeError('a symbol is no part of a state');
      default:
        return value === null ? null : ['ref', this.numberOf(value as object)];
    }
  }

  private values(values: Iterable<unknown>): SavedValue[] {
    return Array.from(values, (value) => this.value(value));
  }

  private save(value: object): SavedObject {
    if (typeof value === 'function') return this.saveFunction(value);
    if (this.fixed.has(value)) return { kind: 'fixed', name: classNameOf(value) };
    if (Array.isArray(value)) return { kind: 'array', items: this.values(value) };
    if (value instanceof Map) return { kind: 'map', items: this.values([...value].flat()) };
    if (value instanceof Set) return { kind: 'set', items: this.values(value) };
    if (value instanceof ArrayBuffer) return { kind: 'memory', ...saveMemory(value) };
    if (isView(value)) {
      const { buffer, byteOffset, length } = value;
      const memory = this.numberOf(buffer);
      return { kind: 'view', class: value.constructor.name, memory, offset: byteOffset, length };
    }
    if (value instanceof WeakMap || value instanceof WeakSet) {
      const items: SavedValue[] = [];
      this.weak.push({ of: value, items, asked: 0 });
      return { kind: value instanceof WeakMap ? 'weakmap' : 'weakset', items };
    }
    return this.saveFields(value);
  }

  private saveFunction(value: object): SavedObject {
    const parts = partsOf(value);
    if (parts === undefined) return { kind: 'fixed', name: `function ${(value as { name: string }).name}` };
    const { owner, method, args } = parts;
    return { kind: 'call', owner: this.numberOf(owner), method, args: this.values(args) };
  }

  private saveFields(value: object): SavedObject {
    const fields: SavedValue[] = [];
    for (const [name, field] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      // What is computed is not kept; of errors the message is, where they came from is not.
      if (!('value' in field) || (name === 'stack' && value instanceof Error)) continue;
      fields.push(name, this.value(field.value));
    }
    return { kind: 'object', class: nameOf(value, this.names), fields };
  }
}

function printed(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
