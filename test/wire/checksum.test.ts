import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hexToBytes, readI32, readU16, writeU16, writeU32 } from '../../src/wire/bytes.ts';
import * as c from '../../src/wire/checksum.ts';
import { crc32c, crc32cUpdate } from '../../src/wire/crc32c.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import { i32, octets, u16 } from './support.ts';

/** RFC 1071 as it reads: one word after the other. */
function plainSum(bytes: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let at = start; at < end; at += 2) {
    total += (bytes[at]! << 8) | (at + 1 < end ? bytes[at + 1]! : 0);
    if (total > 0xffff) total -= 0xffff;
  }
  return total;
}

describe('wire/checksum: whole', () => {
  it('sums the example of RFC 1071 section 3', () => {
    const bytes = hexToBytes('0001 f203 f4f5 f6f7');
    assert.equal(c.fold(c.sum(bytes, 0, 8, 0)), 0xddf2);
    assert.equal(c.checksum(bytes, 0, 8, 0), 0x220d);
  });

  it('equals the plain sum for every length and alignment, short and long', () => {
    fc.assert(
      fc.property(octets(0, 700), fc.integer({ min: 0, max: 9 }), fc.boolean(), (bytes, start, ones) => {
        if (ones) bytes.fill(0xff);
        const from = Math.min(start, bytes.length);
        for (const end of [bytes.length, Math.max(from, bytes.length - 1)]) {
          assert.equal(c.fold(c.sum(bytes, from, end, 0)) % 0xffff, plainSum(bytes, from, end) % 0xffff);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('holds for 64 KiB and more of 0xff, where 32-bit sums would overflow', () => {
    const bytes = new Uint8Array(300_001).fill(0xff);
    assert.equal(c.fold(c.sum(bytes, 0, 65535, 0)) % 0xffff, 0xff00);
    assert.equal(c.fold(c.sum(bytes, 1, 300_001, 0xffff)), 0xffff);
  });

  it('can be carried on from piece to piece, cut at even places', () => {
    fc.assert(
      fc.property(octets(0, 400), fc.integer({ min: 0, max: 200 }), (bytes, half) => {
        const cut = Math.min(2 * half, bytes.length & ~1);
        const pieces = c.sum(bytes, cut, bytes.length, c.sum(bytes, 0, cut, 0));
        assert.equal(c.fold(pieces) % 0xffff, plainSum(bytes, 0, bytes.length) % 0xffff);
      }),
    );
  });

  it('sums views of several buffers in turn, at their own offsets', () => {
    const one = new Uint8Array(new ArrayBuffer(1000), 3, 500).fill(1);
    const two = new Uint8Array(600).fill(2);
    for (let i = 0; i < 3; i++) {
      assert.equal(c.fold(c.sum(one, 0, 500, 0)), plainSum(one, 0, 500));
      assert.equal(c.fold(c.sum(two, 1, 600, 0)), plainSum(two, 1, 600));
    }
  });
});

describe('wire/checksum: pseudo headers', () => {
  it('equals the sum over the pseudo header written out, for both families', () => {
    fc.assert(
      fc.property(octets(32), u16, (addresses, length) => {
        const word = (i: number): number => readI32(addresses, 4 * i);
        const four = hexToBytes(`00000000 00000000 0006 0000`);
        four.set(addresses.subarray(0, 8));
        writeU16(four, 10, length);
        assert.equal(c.fold(c.pseudo4(word(0), word(1), 6, length)), c.fold(c.sum(four, 0, 12, 0)));

        const six = new Uint8Array(40);
        six.set(addresses);
        writeU32(six, 32, length + 0x10000);
        six[39] = 17;
        const pkt = new PacketBuffer(six);
        pkt.family = 6;
        pkt.proto = 17;
        [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = [word(0), word(1), word(2), word(3)];
        [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = [word(4), word(5), word(6), word(7)];
        assert.equal(c.fold(c.pseudoOf(pkt, length + 0x10000)), c.fold(c.sum(six, 0, 40, 0)));
      }),
    );
  });
});

describe('wire/checksum: updates', () => {
  const corner = fc.constantFrom(0, 1, 0xfffe, 0xffff, 0x8000);
  const word = fc.oneof(u16, corner);

  it('equals recomputation after an edit of any 16-bit word', () => {
    fc.assert(
      fc.property(octets(2, 61), fc.nat(), word, (bytes, place, value) => {
        const at = 2 * (place % (bytes.length >> 1));
        const before = c.checksum(bytes, 0, bytes.length, 0);
        const updated = c.updateWord16(before, readU16(bytes, at), value);
        writeU16(bytes, at, value);
        assert.equal(updated % 0xffff, c.checksum(bytes, 0, bytes.length, 0) % 0xffff);
      }),
    );
  });

  it('equals recomputation after an edit of any 32-bit word', () => {
    fc.assert(
      fc.property(octets(4, 61), fc.nat(), fc.oneof(i32, fc.constantFrom(0, -1)), (bytes, place, value) => {
        const at = 2 * (place % ((bytes.length >> 1) - 1));
        const before = c.checksum(bytes, 0, bytes.length, 0);
        const updated = c.updateWord32(before, readI32(bytes, at), value);
        writeU32(bytes, at, value);
        assert.equal(updated % 0xffff, c.checksum(bytes, 0, bytes.length, 0) % 0xffff);
      }),
    );
  });

  it('equals recomputation after a run of bytes is exchanged for one of another length', () => {
    fc.assert(
      fc.property(octets(10), octets(0, 40), octets(0, 41), (head, one, other) => {
        const join = (tail: Uint8Array): Uint8Array => Uint8Array.from([...head, ...tail]);
        const before = c.checksum(join(one), 0, 10 + one.length, 0);
        const updated = c.updateSum(before, c.sum(one, 0, one.length, 0), c.sum(other, 0, other.length, 0));
        assert.equal(updated % 0xffff, c.checksum(join(other), 0, 10 + other.length, 0) % 0xffff);
      }),
    );
  });

  it('never turns a right checksum into its other zero by an edit that changes nothing', () => {
    fc.assert(
      fc.property(word, word, (check, value) => {
        if (check !== 0xffff) assert.equal(c.updateWord16(check, value, value), check);
        if (check !== 0xffff) assert.equal(c.updateWord32(check, value, value), check);
      }),
    );
  });

  // csum_replace2 adds (~check), (~old), (new) with end-around carry as 16 bits; csum_replace4 starts from the
  // checksum complemented as 32 bits. What follows is that arithmetic, step by step.
  const add32 = (a: number, b: number): number => {
    const total = a + b;
    return total > 0xffffffff ? total - 0xffffffff : total;
  };
  const fold32 = (total: number): number => {
    let folded = total;
    while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
    return ~folded & 0xffff;
  };

  it('gives the zero that csum_replace4 gives, for every corner', () => {
    const long = fc.oneof(i32, fc.constantFrom(0, -1, 0xffff, 0x10000, -65536, 0xffff0000 | 0));
    fc.assert(
      fc.property(word, long, long, (check, from, to) => {
        const kernel = fold32(add32(add32(~check >>> 0, ~from >>> 0), to >>> 0));
        assert.equal(c.updateWord32(check, from, to), kernel);
      }),
      { numRuns: 2000 },
    );
    assert.equal(c.updateWord32(0xffff, -1, 0), 0);
  });

  it('gives the zero that csum_replace2 gives, for every corner', () => {
    const add16 = (a: number, b: number): number => {
      const total = a + b;
      return total > 0xffff ? total - 0xffff : total;
    };
    fc.assert(
      fc.property(word, word, word, (check, from, to) => {
        const kernel = ~add16(add16(~check & 0xffff, ~from & 0xffff), to) & 0xffff;
        assert.equal(c.updateWord16(check, from, to), kernel);
      }),
      { numRuns: 2000 },
    );
    assert.equal(c.updateWord16(0xffff, 0xffff, 0), 0xffff);
  });
});

describe('wire/crc32c', () => {
  it('gives the check value of the CRC catalogue and the vectors of RFC 3720 B.4', () => {
    const ascii = Uint8Array.from('123456789', (char) => char.charCodeAt(0));
    assert.equal(crc32c(ascii, 0, 9) >>> 0, 0xe3069283);
    assert.equal(crc32c(new Uint8Array(32), 0, 32) >>> 0, 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff), 0, 32) >>> 0, 0x62a8ab43);
    assert.equal(
      crc32c(
        Uint8Array.from({ length: 32 }, (_, i) => i),
        0,
        32,
      ) >>> 0,
      0x46dd794e,
    );
  });

  it('can be carried on over pieces cut anywhere', () => {
    fc.assert(
      fc.property(octets(0, 60), fc.nat(), (bytes, place) => {
        const cut = place % (bytes.length + 1);
        const pieces = ~crc32cUpdate(crc32cUpdate(-1, bytes, 0, cut), bytes, cut, bytes.length);
        assert.equal(pieces, crc32c(bytes, 0, bytes.length));
      }),
    );
  });
});
