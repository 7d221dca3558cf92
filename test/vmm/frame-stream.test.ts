import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameReader, FrameWriter, MAX_FRAME_BYTES } from '../../src/vmm/nics/frame-stream.ts';

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });

function written(list: readonly Uint8Array[]): Uint8Array {
  const batches: Uint8Array[] = [];
  const writer = new FrameWriter((batch, length) => batches.push(batch.slice(0, length)));
  for (const frame of list) writer.add(frame, 0, frame.length);
  writer.flush();
  return Buffer.concat(batches);
}

describe('frames on a byte stream', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(400)), (list, cuts) => {
        const stream = written(list);
        const came: Uint8Array[] = [];
        const reader = new FrameReader((bytes, start, end) => came.push(bytes.slice(start, end)));
        let at = 0;
        for (const cut of cuts) {
          reader.push(stream.subarray(at, at + cut));
          at += cut;
        }
        reader.push(stream.subarray(at));
        assert.deepEqual(
          came.map((frame) => Buffer.from(frame).toString('hex')),
          list.map((frame) => Buffer.from(frame).toString('hex')),
        );
      }),
    );
  });

  it('carry the largest frame there is, beside others', () => {
    const large = new Uint8Array(MAX_FRAME_BYTES).fill(7);
    const lengths: number[] = [];
    const reader = new FrameReader((_bytes, start, end) => lengths.push(end - start));
    const stream = written([Uint8Array.of(1), large, large, Uint8Array.of(2)]);
    for (let at = 0; at < stream.length; at += 5000) reader.push(stream.subarray(at, at + 5000));
    assert.deepEqual(lengths, [1, MAX_FRAME_BYTES, MAX_FRAME_BYTES, 1]);
  });

  for (const length of [0, MAX_FRAME_BYTES + 1, 0xffffffff]) {
    it(`are refused when one of ${length} bytes is announced, also byte by byte`, () => {
      const announced = Buffer.alloc(4);
      announced.writeUInt32BE(length);
      const reader = () => new FrameReader(() => assert.fail('no frame came'));
      const refused = { code: 'NIC_STREAM', message: new RegExp(`a frame of ${length} bytes`) };
      assert.throws(() => reader().push(announced), refused);
      const slow = reader();
      assert.throws(() => [...announced].forEach((byte) => slow.push(Uint8Array.of(byte))), refused);
    });
  }
});
