import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as b from '../../src/wire/bytes.ts';
import { dirty, octets } from './support.ts';

describe('wire/bytes', () => {
  it('reads and writes numbers with the most significant byte first', () => {
    const bytes = dirty(12);
    b.writeU8(bytes, 0, 0x01);
    b.writeU16(bytes, 1, 0xfffe);
    b.writeU24(bytes, 3, 0x123456);
    b.writeU32(bytes, 6, -2);
    assert.equal(b.bytesToHex(bytes), '01fffe123456fffffffea5a5');
    assert.equal(b.readU8(bytes, 0), 1);
    assert.equal(b.readU16(bytes, 1), 0xfffe);
    assert.equal(b.readU24(bytes, 3), 0x123456);
    assert.equal(b.readI32(bytes, 6), -2);
    assert.equal(b.readU32(bytes, 6), 0xfffffffe);
  });

  it('agrees with DataView on every value and offset', () => {
    fc.assert(
      fc.property(octets(12), fc.integer({ min: 0, max: 8 }), fc.integer(), (bytes, at, value) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        assert.equal(b.readU16(bytes, at), view.getUint16(at));
        assert.equal(b.readI32(bytes, at), view.getInt32(at));
        b.writeU32(bytes, at, value);
        assert.equal(view.getInt32(at), value);
        b.writeU16(bytes, at, value);
        assert.equal(view.getUint16(at), value & 0xffff);
      }),
    );
  });

  it('copies overlapping runs as copyWithin does, in both directions', () => {
    const place = fc.integer({ min: 0, max: 10 });
    fc.assert(
      fc.property(octets(20), place, place, fc.integer({ min: 0, max: 10 }), (bytes, from, to, length) => {
        const expected = bytes.slice().copyWithin(to, from, from + length);
        b.copyBytes(bytes, from, bytes, to, length);
        assert.deepEqual(bytes, expected);
      }),
    );
  });

  it('compares runs of bytes', () => {
    const bytes = b.hexToBytes('01020301 0204');
    assert.equal(b.equalBytes(bytes, 0, bytes, 3, 2), true);
    assert.equal(b.equalBytes(bytes, 0, bytes, 3, 3), false);
    assert.equal(b.equalBytes(bytes, 0, bytes, 5, 0), true);
  });

  it('writes bytes as hexadecimal text and reads them back, separators skipped', () => {
    fc.assert(
      fc.property(octets(0, 40), (bytes) => assert.deepEqual(b.hexToBytes(b.bytesToHex(bytes)), bytes)),
    );
    assert.deepEqual(b.hexToBytes('02:00 5e.FF\n'), Uint8Array.of(2, 0, 0x5e, 0xff));
    assert.equal(b.bytesToHex(Uint8Array.of(1, 2, 3), 1, 2), '02');
  });

  it('refuses hexadecimal text with a stray letter or half a byte', () => {
    for (const text of ['0', '0g', '0x00', '123']) assert.throws(() => b.hexToBytes(text), RangeError);
  });
});
