import assert from 'node:assert/strict';
import { constants, crc32 as nodeCrc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Crc32 } from '../../src/capture/crc32.ts';
import { GunzipSource } from '../../src/capture/gzip.ts';
import { CaptureError, MemorySource } from '../../src/capture/index.ts';
import { concat, payload, pcap, readAll } from './builders.ts';

/** Decompresses through reads of `step` bytes from a source that gives `give` bytes at a time. */
function gunzip(compressed: Uint8Array, step = 70_000, give = 1 << 20): { data: Buffer; cut: string | null } {
  const inner = new MemorySource(compressed, 'x.gz');
  const read = inner.read.bind(inner);
  inner.read = (into, at, length) => read(into, at, Math.min(length, give));
  const source = new GunzipSource(inner, new Uint8Array(0));
  const parts: Buffer[] = [];
  const into = new Uint8Array(step);
  for (let count = source.read(into, 0, step); count > 0; count = source.read(into, 0, step)) {
    parts.push(Buffer.from(into.subarray(0, count)));
  }
  return { data: Buffer.concat(parts), cut: source.cut };
}

/** Data with repetitions near and far, as packets have, of a length that crosses windows and buffers. */
function compressible(length: number, seed: number): Buffer {
  const data = Buffer.alloc(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    const back = ((state >>> 8) % 40_000) + 1;
    data[i] = i > back && state >>> 28 < 12 ? data[i - back]! : (state >>> 20) & 0x3f;
    if ((state & 0xff00) === 0)
      for (let run = 0; run < 300 && i + 1 < length; run++, i++) data[i + 1] = data[i]!;
  }
  return data;
}

describe('gzip', () => {
  const strategies = [
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
    constants.Z_FILTERED,
  ];

  it('agrees with zlib at every level and strategy, across windows and buffers', () => {
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of strategies) {
        const data = compressible(700_001, level * 8 + strategy);
        const { data: got, cut } = gunzip(gzipSync(data, { level, strategy }));
        assert.equal(cut, null);
        assert.ok(got.equals(data), `level ${level}, strategy ${strategy}`);
      }
    }
  });

  it('agrees with zlib on anything, in pieces of any size, for any memory level and window', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 9, max: 15 }),
        (data, step, give, memLevel, windowBits) => {
          const { data: got, cut } = gunzip(
            Uint8Array.from(gzipSync(data, { memLevel, windowBits })),
            step,
            give,
          );
          assert.equal(cut, null);
          assert.deepEqual([...got], [...data]);
        },
      ),
    );
  });

  it('reads members in a row with zeros behind, and header fields of every kind', () => {
    const fancy = gzipSync('second');
    const header = Buffer.from([...fancy.subarray(0, 3), 0x1e, ...fancy.subarray(4, 10)]);
    const fields = Buffer.concat([
      Buffer.from([3, 0, 1, 2, 3]),
      Buffer.from('name\0comment\0'),
      Buffer.from([1, 2]),
    ]);
    const members = Buffer.concat([
      gzipSync('first '),
      header,
      fields,
      fancy.subarray(10),
      Buffer.alloc(512),
    ]);
    assert.equal(gunzip(members).data.toString(), 'first second');
  });

  it('refuses a wrong check sum, a wrong length and what follows the data, after the data', () => {
    const good = Uint8Array.from(
      gzipSync(pcap({ records: [{ seconds: 1, fraction: 0, data: payload(60) }] })),
    );
    const edit = (at: number) => good.map((byte, i) => (i === good.length + at ? byte ^ 1 : byte));
    for (const [bytes, problem] of [
      [edit(-8), 'the check sum does not match'],
      [edit(-4), 'the length does not match'],
      [concat(good, payload(4)), 'bytes that are not gzip follow the compressed data'],
    ] as const) {
      const { records, error } = readAll(bytes);
      assert.equal(records.length, 1);
      assert.equal(error?.code, 'CAPTURE_GZIP');
      assert.equal(error.describe(), `test.pcap: byte 100: the gzip data are damaged: ${problem}`);
    }
  });

  it('ends every damaged stream in a CaptureError or a cut', () => {
    const good = gzipSync(compressible(5000, 3));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, length) => {
        const bytes = Uint8Array.from(good);
        bytes[at] = value;
        try {
          gunzip(bytes.subarray(0, length));
        } catch (error) {
          assert.ok(error instanceof CaptureError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('sums as zlib does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), (data, split) => {
        const crc = new Crc32();
        crc.update(data, 0, Math.min(split, data.length));
        crc.update(data, Math.min(split, data.length), data.length);
        assert.equal(crc.value, nodeCrc32(data));
      }),
    );
  });
});
