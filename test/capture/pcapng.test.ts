import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CaptureReader, MemorySource } from '../../src/capture/index.ts';
import { Blocks, concat, payload, readAll, textOption } from './builders.ts';

const le = new Blocks(true);
const be = new Blocks(false);
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_FCSLEN = 13;
const IF_TSOFFSET = 14;
const COMMENT = 1;
const EPB_FLAGS = 2;
const NOW_US = 1_700_000_000_123_456n;

describe('pcapng', () => {
  for (const blocks of [le, be]) {
    const order = blocks.littleEndian ? 'little' : 'big';

    it(`reads enhanced, simple and obsolete packet blocks in ${order} endian`, () => {
      const file = concat(
        blocks.section([textOption(4, 'a test')]),
        blocks.interface(1, [textOption(IF_NAME, 'eth0')]),
        blocks.enhanced(0, NOW_US, payload(61), [], 100),
        blocks.simple(payload(33)),
        blocks.obsolete(0, NOW_US + 1n, payload(14)),
      );
      const { records, interfaces, error, truncated } = readAll(file);
      assert.equal(error, null);
      assert.equal(truncated, null);
      assert.deepEqual(interfaces, ['eth0']);
      assert.deepEqual(
        records.map((r) => [r.number, r.timeUs, r.hasTime, r.data.length, r.originalLength]),
        [
          [1, Number(NOW_US), true, 61, 100],
          [2, Number(NOW_US), false, 33, 33],
          [3, Number(NOW_US) + 1, true, 14, 14],
        ],
      );
      assert.deepEqual(records[0]!.data, payload(61));
      assert.deepEqual(records[1]!.data, payload(33));
    });

    it(`passes over blocks that it does not know, and over names, secrets and statistics, in ${order} endian`, () => {
      const others = [4, 5, 9, 10, 0xbad, 0x4000_0bad, 0x8000_0001, 0x1234].map((type) =>
        blocks.block(type, payload(8 + (type % 5) * 4)),
      );
      const file = concat(
        blocks.section(),
        ...others,
        blocks.interface(),
        ...others,
        blocks.enhanced(0, NOW_US, payload(20)),
        ...others,
      );
      const { records, error, truncated } = readAll(file);
      assert.equal(error, null);
      assert.equal(truncated, null);
      assert.equal(records.length, 1);
    });

    it(`joins several comments and reads the direction in ${order} endian`, () => {
      const options = [
        textOption(COMMENT, 'первый'),
        blocks.u32Option(EPB_FLAGS, 2),
        textOption(COMMENT, 'second'),
      ];
      const file = concat(
        blocks.section(),
        blocks.interface(),
        blocks.enhanced(0, NOW_US, payload(21), options),
        blocks.enhanced(0, NOW_US, payload(21)),
      );
      const reader = CaptureReader.from(new MemorySource(file, 'x'));
      assert.ok(reader.next());
      assert.equal(reader.record.comment, 'первый\nsecond');
      assert.equal(reader.record.direction, 2);
      assert.ok(reader.next());
      assert.equal(reader.record.comment, null);
      assert.equal(reader.record.direction, 0);
    });
  }

  it('passes over an unknown block that is larger than the window', () => {
    const file = new Uint8Array(
      Buffer.concat([
        concat(le.section(), le.interface()),
        Buffer.from(Uint32Array.of(10, 3_000_012).buffer),
        Buffer.alloc(3_000_000),
        Buffer.from(Uint32Array.of(3_000_012).buffer),
        le.enhanced(0, NOW_US, payload(20)),
      ]),
    );
    const { records, error } = readAll(file);
    assert.equal(error, null);
    assert.equal(records[0]!.offset, 28 + 20 + 3_000_012);
    assert.deepEqual(records[0]!.data, payload(20));
    const cut = readAll(file.subarray(0, 2_000_000));
    assert.equal(
      cut.truncated,
      'test.pcap: byte 48: the capture is cut short: it ends 1999952 bytes into a Decryption Secrets Block, which has 3000012',
    );
  });

  it('numbers interfaces through sections of different byte order', () => {
    const file = concat(
      le.section(),
      le.interface(1, [textOption(IF_NAME, 'a')]),
      le.interface(101, [textOption(IF_NAME, 'b')]),
      le.enhanced(1, NOW_US, payload(20)),
      be.section(),
      be.interface(113, [textOption(IF_NAME, 'c')]),
      be.enhanced(0, NOW_US, payload(20)),
      be.simple(payload(20)),
    );
    const { records, interfaces, error } = readAll(file);
    assert.equal(error, null);
    assert.deepEqual(interfaces, ['a', 'b', 'c']);
    assert.deepEqual(
      records.map((r) => [r.interfaceId, r.linkType]),
      [
        [1, 101],
        [2, 113],
        [2, 113],
      ],
    );
  });

  it('knows the interfaces in front of the first packet when the file is open', () => {
    const file = concat(le.section(), le.interface(1, [textOption(IF_NAME, 'eth0')]), le.interface(1));
    const reader = CaptureReader.from(new MemorySource(file, 'x'));
    assert.deepEqual(
      reader.interfaces.map((one) => one.name),
      ['eth0', ''],
    );
    assert.equal(reader.format, 'pcapng');
  });

  it('reads every resolution of time exactly, forwards and backwards, at any offset', () => {
    const resolutions = [
      ...Array.from({ length: 20 }, (_, i) => i),
      ...Array.from({ length: 63 }, (_, i) => 0x80 | i),
    ];
    const times = fc.array(
      fc.record({ seconds: fc.nat(2 ** 31), fraction: fc.double({ min: 0, max: 0.999999, noNaN: true }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...resolutions),
        fc.integer({ min: -1000, max: 1000 }),
        times,
        (resolution, offset, list) => {
          const exponent = BigInt(resolution & 0x7f);
          const unit = resolution >= 0x80 ? 2n ** exponent : 10n ** exponent;
          const ticks = list
            // Two near each other, so that the remembered second is met as well.
            .flatMap(({ seconds, fraction }) => [fraction, fraction / 2].map((f) => [seconds, f] as const))
            .map(
              ([seconds, f]) => (BigInt(seconds) * unit + BigInt(Math.floor(f * Number(unit)))) % 2n ** 64n,
            )
            .filter((t) => Number(t / unit) + offset >= 0);
          const options = [le.u8Option(IF_TSRESOL, resolution), le.i64Option(IF_TSOFFSET, BigInt(offset))];
          const packets = ticks.map((t) => le.enhanced(0, t, payload(4)));
          const { records, error } = readAll(concat(le.section(), le.interface(1, options), ...packets));
          assert.equal(error, null);
          for (const [i, t] of ticks.entries()) {
            assert.equal(BigInt(records[i]!.seconds), t / unit + BigInt(offset));
            assert.equal(BigInt(records[i]!.nanoseconds), ((t % unit) * 1_000_000_000n) / unit);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('takes off the frame check sequence that the interface or the packet declares', () => {
    const flags = le.u32Option(EPB_FLAGS, 2 << 5);
    for (const [declared, expected] of [
      [4, 60],
      [32, 60],
      [16, 62],
      [0, 64],
      [99, 64],
    ] as const) {
      const file = concat(
        le.section(),
        le.interface(1, [le.u8Option(IF_FCSLEN, declared)]),
        le.enhanced(0, NOW_US, payload(64)),
        le.enhanced(0, NOW_US, payload(64), [flags]),
      );
      assert.deepEqual(
        readAll(file).records.map((r) => r.data.length),
        [expected, 62],
      );
    }
  });

  it('cuts a simple packet at the snap length of its interface', () => {
    const { records } = readAll(concat(le.section(), le.interface(1, [], 20), le.simple(payload(20), 1500)));
    assert.equal(records[0]!.data.length, 20);
    assert.equal(records[0]!.originalLength, 1500);
  });

  it('reads options without an end of options, and ignores what stands behind one', () => {
    const comment = le.bytes().u16(COMMENT).u16(2).raw([0x68, 0x69]).pad4().done();
    const noEnd = new Blocks(true);
    const body = (tail: Uint8Array) =>
      noEnd.block(6, noEnd.bytes().u32(0).u32(0).u32(5).u32(4).u32(4).raw(payload(4)).raw(tail).done());
    const ended = concat(comment, le.bytes().u16(0).u16(0).done(), le.bytes().u16(9).u16(0xffff).done());
    const { records, error } = readAll(concat(le.section(), le.interface(), body(comment), body(ended)));
    assert.equal(error, null);
    assert.deepEqual(
      records.map((r) => r.comment),
      ['hi', 'hi'],
    );
  });

  describe('errors, each with its offset', () => {
    const start = concat(le.section(), le.interface(1, [textOption(IF_NAME, 'eth0')]));
    const packet = le.enhanced(0, NOW_US, payload(20));
    const at = start.length + packet.length;

    function afterOnePacket(bad: Uint8Array): string {
      const { records, error, truncated } = readAll(concat(start, packet, bad));
      assert.equal(records.length, 1, 'the record in front of the broken place');
      assert.equal(truncated, null);
      return error === null ? '' : `${error.code} ${error.describe()}`;
    }
    function edited(bytes: Uint8Array, offset: number, value: number): Uint8Array {
      const copy = bytes.slice();
      new DataView(copy.buffer).setUint32(offset, value, true);
      return copy;
    }

    for (const type of [1, 3, 6, 0x1234, 0x0a0d0d0a]) {
      for (const length of [0, 1, 4, 8, 13, 0x7fff_fffc, 0xffff_ffff, 0xffff_fffc]) {
        it(`block of type 0x${type.toString(16)} with length ${length}`, () => {
          const block = type === 0x0a0d0d0a ? le.section() : le.block(type, payload(40));
          assert.match(
            afterOnePacket(edited(block, 4, length)),
            new RegExp(`^CAPTURE_BLOCK test\\.pcap: byte ${at}: an? .* claims a length of ${length} bytes, `),
          );
        });
      }
    }

    it('trailer that differs', () => {
      const bad = edited(packet, packet.length - 4, 60);
      assert.equal(
        afterOnePacket(bad),
        `CAPTURE_BLOCK test.pcap: byte ${at + packet.length - 4}: an Enhanced Packet Block has the length 52 in front and 60 behind`,
      );
      const skipped = le.block(0x77, payload(16));
      assert.match(
        afterOnePacket(edited(skipped, 24, 0)),
        /a block of type 0x00000077 has the length 28 in front and 0 behind/,
      );
    });

    it('option that runs past its block', () => {
      const bad = le.enhanced(0, NOW_US, payload(20), [textOption(COMMENT, 'abcd')]);
      new DataView(bad.buffer).setUint16(28 + 20 + 2, 5000, true);
      assert.equal(
        afterOnePacket(bad),
        `CAPTURE_OPTION test.pcap: byte ${at + 48}: option 1 claims 5000 bytes, but its block has 8 left`,
      );
    });

    it('option of a length that it cannot have', () => {
      assert.match(
        afterOnePacket(le.interface(1, [{ code: IF_TSRESOL, value: payload(2) }])),
        /^CAPTURE_OPTION .*: if_tsresol has 2 bytes instead of 1$/,
      );
      assert.match(
        afterOnePacket(le.enhanced(0, NOW_US, payload(4), [{ code: EPB_FLAGS, value: payload(3) }])),
        /^CAPTURE_OPTION .*: epb_flags has 3 bytes instead of 4$/,
      );
    });

    it('interface without a block', () => {
      assert.equal(
        afterOnePacket(le.enhanced(1, NOW_US, payload(20))),
        `CAPTURE_INTERFACE test.pcap: byte ${at}: record 2 is of interface 1, but the section describes 1`,
      );
      const { error } = readAll(concat(le.section(), le.simple(payload(20))));
      assert.equal(error?.message, 'record 1 is of interface 0, but the section describes 0');
      // A new section forgets the interfaces of the one before.
      assert.match(
        afterOnePacket(concat(le.section(), packet)),
        /is of interface 0, but the section describes 0$/,
      );
    });

    it('captured length beyond the block, and beyond every limit', () => {
      assert.match(
        afterOnePacket(edited(packet, 20, 24)),
        /^CAPTURE_LENGTH .*record 2 claims 24 captured bytes, but its block has room for 20$/,
      );
      assert.match(
        afterOnePacket(edited(packet, 20, 0xffff_ffff)),
        /record 2 claims 4294967295 captured bytes, more than/,
      );
      assert.match(
        afterOnePacket(edited(le.simple(payload(20)), 8, 24)),
        /record 2 claims 24 captured bytes, but its block/,
      );
    });

    it('link type that is not read, with the interface, once a packet is of it', () => {
      const odd = le.interface(220, [textOption(IF_NAME, 'usbmon1')]);
      assert.equal(afterOnePacket(odd), '');
      assert.match(
        afterOnePacket(concat(odd, le.enhanced(1, NOW_US, payload(20)))),
        /^CAPTURE_LINK_TYPE .*: record 2 is of interface 1 \(usbmon1\): link type 220 \(USB_LINUX_MMAPPED\) is not supported/,
      );
    });

    it('time stamps out of range', () => {
      assert.match(
        afterOnePacket(le.enhanced(0, 0xffff_ffff_ffff_ffffn, payload(20))),
        /^CAPTURE_TIME .*the time stamp of record 2 \(18446744073709551615 ticks\) is out of range$/,
      );
      const early = le.interface(1, [le.i64Option(IF_TSOFFSET, -1_700_000_001n)]);
      assert.match(afterOnePacket(concat(early, le.enhanced(1, NOW_US, payload(20)))), /^CAPTURE_TIME/);
      assert.match(
        afterOnePacket(le.interface(1, [le.i64Option(IF_TSOFFSET, 2n ** 62n)])),
        /^CAPTURE_TIME .*if_tsoffset of 4611686018427387904 seconds is out of range$/,
      );
    });

    it('byte-order magic and version that are none', () => {
      assert.match(
        afterOnePacket(edited(le.section(), 8, 0x12345678)),
        /the byte-order magic of the section is 0x12345678$/,
      );
      assert.match(
        afterOnePacket(edited(le.section(), 12, 2)),
        /^CAPTURE_FORMAT .*pcapng version 2\.0 is not known/,
      );
    });
  });
});
