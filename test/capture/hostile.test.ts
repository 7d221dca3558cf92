/** Cut, damaged and random input: a typed error or a named end, never anything else, and no record lost in front. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Blocks, concat, payload, pcap, readAll, textOption } from './builders.ts';

const le = new Blocks(true);
const be = new Blocks(false);

/** Files whose parts are known: the offsets at which a record is complete. */
function samples(): [name: string, file: Uint8Array, complete: number[], boundaries: number[]][] {
  const classic = pcap({
    records: [10, 0, 61].map((length) => ({ seconds: 1, fraction: 2, data: payload(length) })),
  });
  const parts = [
    le.section([textOption(4, 'sluice')]),
    le.interface(1, [textOption(2, 'eth0')]),
    le.enhanced(0, 5n, payload(19), [textOption(1, 'why')]),
    le.block(4, payload(16)),
    le.simple(payload(9)),
    be.section(),
    be.interface(101),
    be.obsolete(0, 7n, payload(20)),
    be.enhanced(0, 8n, payload(1)),
  ];
  const ends: number[] = [];
  let end = 0;
  for (const part of parts) ends.push((end += part.length));
  return [
    ['pcap', classic, [50, 66, 143], [24, 50, 66, 143]],
    ['pcapng', concat(...parts), [ends[2]!, ends[4]!, ends[7]!, ends[8]!], ends],
  ];
}

describe('S-5: cut and damaged captures', () => {
  for (const [name, file, complete, boundaries] of samples()) {
    it(`${name} cut at every byte: all whole records come, and the cut is told`, () => {
      const whole = readAll(file);
      assert.equal(whole.records.length, complete.length);
      for (let length = 1; length < file.length; length++) {
        const read = readAll(file.slice(0, length));
        assert.equal(read.error, null, `cut at ${length}`);
        assert.deepEqual(
          read.records,
          whole.records.slice(0, complete.filter((end) => end <= length).length),
        );
        if (boundaries.includes(length)) assert.equal(read.truncated, null, `cut between parts at ${length}`);
        else
          assert.match(
            read.truncated ?? 'nothing',
            /^test\.pcap: byte \d+: the capture is cut short: it ends \d+ bytes into /,
          );
      }
    });

    it(`${name}.gz cut at every byte: records of the whole data in front come, and the cut is told`, () => {
      const whole = readAll(file);
      const compressed = Uint8Array.from(gzipSync(file));
      let most = 0;
      for (let length = 2; length < compressed.length; length++) {
        const read = readAll(compressed.slice(0, length));
        assert.equal(read.error, null, `cut at ${length}`);
        assert.deepEqual(read.records, whole.records.slice(0, read.records.length));
        assert.match(read.truncated ?? 'nothing', /the gzip data are cut short/);
        assert.ok(read.records.length >= most);
        most = read.records.length;
      }
      assert.equal(most, complete.length, 'only the check sum is missing in the end');
    });

    it(`${name} with every byte changed: a CaptureError at most`, () => {
      for (let at = 0; at < file.length; at++) {
        for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
          const damaged = file.slice();
          damaged[at] = value;
          const { error, records } = readAll(damaged);
          if (error !== null) {
            assert.match(error.code, /^CAPTURE_/);
            assert.notEqual(error.place.offset, undefined);
            assert.ok(error.place.offset! <= file.length + 8);
          }
          // What stands in front of the damage is not touched by it.
          assert.ok(records.length >= complete.filter((end) => end <= at).length);
        }
      }
    });

    it(`${name}.gz with every byte changed: a CaptureError at most`, () => {
      const compressed = Uint8Array.from(gzipSync(file));
      for (let at = 2; at < compressed.length; at++) {
        for (const value of [0, 0x55, 0xff]) {
          const damaged = compressed.slice();
          damaged[at] = value;
          readAll(damaged);
        }
      }
    });
  }

  it('random bytes behind any beginning: a CaptureError at most, and offsets within the input', () => {
    const heads = samples().flatMap(([, file]) => [0, 4, 24, 28, 60].map((length) => file.slice(0, length)));
    const heads2 = [
      ...heads,
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3),
      pcap({ littleEndian: false, records: [] }),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...heads2), fc.uint8Array({ maxLength: 400 }), (head, tail) => {
        const { error } = readAll(concat(head, tail));
        if (error !== null) assert.match(error.describe(), /^test\.pcap: byte \d+: \S/);
      }),
      { numRuns: 3000 },
    );
  });

  it('random blocks with honest lengths: a CaptureError at most', () => {
    const block = fc.record({
      type: fc.constantFrom(1, 2, 3, 6, 4, 99),
      body: fc.uint8Array({ maxLength: 80 }),
    });
    fc.assert(
      fc.property(fc.boolean(), fc.array(block, { maxLength: 8 }), (littleEndian, list) => {
        const blocks = littleEndian ? le : be;
        readAll(
          concat(
            blocks.section(),
            blocks.interface(),
            ...list.map((one) => blocks.block(one.type, one.body)),
          ),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps its memory however much a file claims', () => {
    const bytes = pcap({ records: [{ seconds: 1, fraction: 0, data: payload(4) }] });
    new DataView(bytes.buffer).setUint32(24 + 8, 0xffff_fff0, true);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 20; i++) assert.equal(readAll(bytes).error?.code, 'CAPTURE_LENGTH');
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
  });
});
