/**
 * A state written down: every object that can be reached from one, as plain data that survives JSON. Objects are numbered;
 * a reference is a number. Written by save.ts, read by restore.ts.
 *
 * It is not a format to exchange: its names are those of classes and fields, so only the version of the program that wrote
 * it reads it, and only from somebody who is trusted (a state can say anything).
 */

import type { SavedMemory } from './memory.ts';

/** Grows whenever classes or fields that are saved change their meaning. */
export const STATE_VERSION = 2;

export interface SavedState {
  readonly format: 'sluice-state';
  readonly version: number;
  /** By number; the root is number 0. */
  readonly objects: readonly SavedObject[];
}

/** What JSON has is itself; the rest says what it is. */
export type SavedValue = string | number | boolean | null | SavedSpecial;
export type SavedSpecial =
  /** An object, by its number. */
  | readonly ['ref', number]
  | readonly ['undefined']
  /** NaN, the infinities, minus zero. */
  | readonly ['number', string]
  | readonly ['bigint', string];

export type SavedObject =
  /** Fields in their order: name, value, name, value … `class` is empty for a plain object. */
  | { readonly kind: 'object'; readonly class: string; readonly fields: readonly SavedValue[] }
  | { readonly kind: 'array'; readonly items: readonly SavedValue[] }
  /** Key, value, key, value …; of a Set the values. */
  | { readonly kind: 'map' | 'set'; readonly items: readonly SavedValue[] }
  /** The same, as far as their keys are part of the state otherwise. */
  | { readonly kind: 'weakmap' | 'weakset'; readonly items: readonly SavedValue[] }
  | ({ readonly kind: 'memory' } & SavedMemory)
  /** A typed array over memory. */
  | {
      readonly kind: 'view';
      readonly class: string;
      readonly memory: number;
      readonly offset: number;
      readonly length: number;
    }
  /** A function that says what it calls (base/call.ts). */
  | {
      readonly kind: 'call';
      readonly owner: number;
      readonly method: string;
      readonly args: readonly SavedValue[];
    }
  /** What only the instance itself has: a closure, or what the caller says is not part of the state. */
  | { readonly kind: 'fixed'; readonly name: string };

/** What states are made of, besides the objects that every new instance has from its beginning. */
export interface StateKinds {
  /** Classes of what comes to be while an instance lives, by the names under which they are saved. */
  readonly classes: Readonly<Record<string, Constructor>>;
  /** Objects that an instance has and that are not part of its state, such as its configuration. */
  readonly fixed?: readonly object[];
}

// A class whose constructor may want anything; none is ever called.
export type Constructor = abstract new (...args: never[]) => object;

export const VIEWS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
} as const;
export type View = InstanceType<(typeof VIEWS)[keyof typeof VIEWS]>;

export function isView(value: object): value is View {
  return ArrayBuffer.isView(value) && Object.hasOwn(VIEWS, value.constructor.name);
}

/** The name that its class is known by; `~` before the name of one that is not. */
export function nameOf(value: object, names: ReadonlyMap<unknown, string>): string {
  const name = classNameOf(value);
  return name === '' ? '' : (names.get(value.constructor) ?? `~${name}`);
}

/** `''` for a plain object. */
export function classNameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype) return '';
  return prototype.constructor.name;
}
