import assert from 'node:assert/strict';
import fc from 'fast-check';
import { payload, pcap, PCAP_HEADER_BYTES, PCAP_RECORD_BYTES, readAll } from './builders.ts';

const MICRO = 0xa1b2c3d4;
const NANO = 0xa1b23c4d;
const one = (data = payload(60)) => [{ seconds: 1_700_000_000, fraction: 123_456, data }];

describe('classic pcap', () => {
  it('reads a fixed file byte for byte', () => {
    const hex = 'd4c3b2a1020004000000000000000000ffff00000100000000f1536540e201000400000005000000deadbeef';
    const { records, truncated, error } = readAll(Uint8Array.from(Buffer.from(hex, 'hex')));
    assert.equal(error, null);
    assert.equal(truncated, null);
    assert.deepEqual(records, [
      {
        ...{
          number: 1,
          offset: 24,
          seconds: 1_700_000_000,
          nanoseconds: 123_456_000,
          timeUs: 1_700_000_000_123_456,
        },
        ...{ hasTime: true, data: Uint8Array.of(0xde, 0xad, 0xbe, 0xef), originalLength: 5 },
        ...{ linkType: 1, interfaceId: 0, flags: 0, comment: null },
      },
    ]);
  });

  for (const littleEndian of [true, false]) {
    for (const magic of [MICRO, NANO]) {
      const order = littleEndian ? 'little' : 'big';
      it(`reads ${magic === NANO ? 'nano' : 'micro'}seconds in ${order} endian, whatever the records`, () => {
        const record = fc.record({
          seconds: fc.nat(0xffff_ffff),
          fraction: fc.nat(magic === NANO ? 999_999_999 : 999_999),
          data: fc.uint8Array({ maxLength: 200 }),
          original: fc.nat(0xffff_ffff),
        });
        fc.assert(
          fc.property(fc.array(record, { maxLength: 12 }), (records) => {
            const read = readAll(pcap({ littleEndian, magic, records }));
            assert.equal(read.error, null);
            assert.equal(read.truncated, null);
            assert.equal(read.records.length, records.length);
            let offset = PCAP_HEADER_BYTES;
            for (const [i, wanted] of records.entries()) {
              const got = read.records[i]!;
              assert.equal(got.number, i + 1);
              assert.equal(got.offset, offset);
              assert.equal(got.seconds, wanted.seconds);
              assert.equal(got.nanoseconds, wanted.fraction * (magic === NANO ? 1 : 1000));
              assert.equal(got.originalLength, wanted.original);
              assert.deepEqual(got.data, wanted.data);
              offset += PCAP_RECORD_BYTES + wanted.data.length;
            }
          }),
        );
      });
    }
  }

  it('swaps the two lengths in versions before 2.3, and in 2.3 only where they are the wrong way round', () => {
    const data = payload(60);
    for (const [version, captured, original] of [
      [[2, 2], 100, 60],
      [[2, 3], 100, 60],
      [[2, 3], 60, 100],
    ] as const) {
      const bytes = pcap({ version, records: [{ seconds: 1, fraction: 2, data, original }] });
      new DataView(bytes.buffer).setUint32(PCAP_HEADER_BYTES + 8, captured, true);
      const { records, error } = readAll(bytes);
      assert.equal(error, null);
      assert.equal(records[0]!.data.length, 60);
      assert.equal(records[0]!.originalLength, 100);
    }
  });

  it('takes off the frame check sequence that the link type word declares, and no more than was captured of it', () => {
    const linkWord = (0x2400_0000 | 1) >>> 0;
    const read = readAll(
      pcap({
        linkWord,
        records: [
          { seconds: 1, fraction: 0, data: payload(64) },
          { seconds: 1, fraction: 0, data: payload(62), original: 64 },
          { seconds: 1, fraction: 0, data: payload(40), original: 64 },
        ],
      }),
    );
    assert.deepEqual(
      read.records.map((record) => [record.data.length, record.originalLength]),
      [
        [60, 60],
        [60, 60],
        [40, 60],
      ],
    );
  });

  it('reads a record longer than the declared snap length, with a warning that has its offset', () => {
    const { records, warning } = readAll(pcap({ snapLength: 50, records: one() }));
    assert.equal(records[0]!.data.length, 60);
    assert.equal(warning, 'test.pcap: byte 24: record 1 holds 60 bytes, more than the snap length 50');
  });

  it('names number and name of a link type that it does not read', () => {
    const { error } = readAll(pcap({ linkWord: 105, records: one() }));
    assert.equal(error?.code, 'CAPTURE_LINK_TYPE');
    assert.match(error.describe(), /^test\.pcap: byte 20: link type 105 \(IEEE802_11\) is not supported; /);
    assert.match(
      readAll(pcap({ linkWord: 9999, records: [] })).error!.message,
      /^link type 9999 is not supported/,
    );
  });

  for (const claimed of [262_145, 0x7fff_ffff, 0xffff_ffff]) {
    it(`refuses a record that claims ${claimed} bytes, after the records in front of it`, () => {
      const bytes = pcap({ records: [...one(), ...one()] });
      new DataView(bytes.buffer).setUint32(24 + 16 + 60 + 8, claimed, true);
      const { records, error } = readAll(bytes);
      assert.equal(records.length, 1);
      assert.equal(
        error?.describe(),
        `test.pcap: byte 100: record 2 claims ${claimed} captured bytes, more than the limit of 262144`,
      );
    });
  }

  it('calls a record that claims a few bytes more than the file has a cut', () => {
    const bytes = pcap({ records: one() });
    new DataView(bytes.buffer).setUint32(24 + 8, 61, true);
    const { records, truncated } = readAll(bytes);
    assert.equal(records.length, 0);
    assert.equal(
      truncated,
      'test.pcap: byte 24: the capture is cut short: it ends 76 bytes into record 1, which has 77',
    );
  });

  it('refuses a fraction of a second or more', () => {
    const { error } = readAll(pcap({ records: [{ seconds: 1, fraction: 1_000_000, data: payload(4) }] }));
    assert.equal(error?.code, 'CAPTURE_TIME');
    assert.match(
      error.describe(),
      /^test\.pcap: byte 24: the time stamp of record 1 has 1000000 microseconds/,
    );
  });

  it('refuses a version that it does not know', () => {
    const { error } = readAll(pcap({ version: [3, 1], records: [] }));
    assert.equal(error?.describe(), 'test.pcap: byte 4: pcap version 3.1 is not known; 2.x is read');
  });
});
