/** What the tests of the wire rooms share: emit into dirty memory, round trips, arbitrary values. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hexToBytes } from '../../src/wire/bytes.ts';

/** Memory that shows a forgotten byte. */
export function dirty(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xa5);
}

interface Room<R> {
  parse(bytes: Uint8Array, offset: number, end: number): R | undefined;
  byteLength(record: NoInfer<R>): number;
  emit(record: R, bytes: Uint8Array, offset: number): void;
}

/** Emits into dirty memory at an offset, and looks that nothing around it was touched. */
export function emitted<R>(room: Room<R>, record: R): Uint8Array {
  const length = room.byteLength(record);
  const memory = dirty(length + 12);
  room.emit(record, memory, 7);
  assert.ok(
    memory.subarray(0, 7).every((byte) => byte === 0xa5),
    'wrote in front of the header',
  );
  assert.ok(
    memory.subarray(7 + length).every((byte) => byte === 0xa5),
    'wrote behind the header',
  );
  return memory.slice(7, 7 + length);
}

/** `emit` then `parse` gives the same record, for every record of the arbitrary. */
export function roundTrip<R>(room: Room<R>, records: fc.Arbitrary<R>): void {
  fc.assert(
    fc.property(records, (record) => {
      const bytes = emitted(room, record);
      assert.deepEqual(room.parse(bytes, 0, bytes.length), record);
    }),
  );
}

/** Fixed bytes both ways. */
export function bothWays<R>(room: Room<R>, hex: string, record: R): void {
  const bytes = hexToBytes(hex);
  assert.deepEqual(room.parse(bytes, 0, bytes.length), record);
  assert.deepEqual(emitted(room, record), bytes);
}

export const u1 = fc.integer({ min: 0, max: 1 });
export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const i32 = fc.integer();

export function octets(minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

/** Bytes whose number is a multiple of `unit`, plus `rest`. */
export function octetUnits(unit: number, max: number, rest = 0): fc.Arbitrary<Uint8Array> {
  return fc.integer({ min: 0, max }).chain((count) => octets(unit * count + rest));
}

/** A record of fast-check with the prototype of ordinary objects, so that strict comparison takes it for one. */
export function shape<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}
