/** Loss, order and jitter of RTP, and headers that lie. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRtcp, isRtp, MediaQuality } from '../../src/alg/media/media-quality.ts';

function rtp(seq: number, timestamp: number, type = 0, first = 0x80): Uint8Array {
  const bytes = new Uint8Array(172);
  const view = new DataView(bytes.buffer);
  bytes[0] = first;
  bytes[1] = type;
  view.setUint16(2, seq & 0xffff);
  view.setUint32(4, timestamp >>> 0);
  view.setUint32(8, 7);
  return bytes;
}

/** A stream of these sequence numbers, 20 ms apart. */
function stream(seqs: readonly number[], delayUs = (_: number) => 0): MediaQuality {
  const quality = new MediaQuality('a', 'b', 7, 0, 'PCMU/8000');
  seqs.forEach((seq, i) => {
    const bytes = rtp(seq, 160 * seq);
    quality.take(bytes, 0, bytes.length, 1_700_000_000_000_000 + 20_000 * i + delayUs(i));
  });
  return quality;
}

describe('media quality', () => {
  it('counts what is missing, out of order and there twice', () => {
    const { packets, lost, outOfOrder, duplicates } = stream([1, 2, 4, 3, 5, 8, 8, 9]);
    assert.deepEqual([packets, lost, outOfOrder, duplicates], [8, 2, 1, 1]);
  });

  it('goes on where sequence numbers run over', () => {
    const quality = stream([65533, 65534, 65535, 0, 1, 2, 3]);
    assert.deepEqual([quality.expected, quality.lost], [7, 0]);
  });

  it('measures jitter as RFC 3550 does: a difference counts a sixteenth', () => {
    assert.equal(stream([1, 2, 3, 4]).jitterMs, 0);
    const { jitterMs } = stream([1, 2], (i) => (i === 1 ? 16_000 : 0));
    assert.ok(Math.abs(jitterMs - 1) < 1e-9, String(jitterMs));
  });

  it('rates what arrives whole as good as its codec, and loss worse', () => {
    const whole = stream([1, 2, 3, 4]).mos;
    const half = stream([1, 3, 5, 7]).mos;
    assert.ok(whole > 4.3 && half < 2, `${whole} ${half}`);
  });

  it('A-13: a header that reaches beyond the packet is none', () => {
    assert.equal(isRtp(rtp(1, 1), 0, 172), true);
    assert.equal(isRtp(rtp(1, 1), 0, 11), false);
    assert.equal(isRtp(rtp(1, 1, 0, 0x8f), 0, 40), false, 'fifteen sources');
    const extended = rtp(1, 1, 0, 0x90);
    extended[14] = 0xff;
    assert.equal(isRtp(extended, 0, 172), false, 'an extension of 255 kB');
    assert.equal(isRtp(rtp(1, 1, 200), 0, 172), false, 'RTCP');
  });

  it('A-13: RTCP is packets whose lengths add up', () => {
    const report = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7);
    assert.equal(isRtcp(report, 0, 8), true);
    assert.equal(isRtcp(Uint8Array.of(...report, ...report), 0, 16), true);
    assert.equal(isRtcp(Uint8Array.of(0x80, 201, 0, 9, 0, 0, 0, 7), 0, 8), false);
    assert.equal(isRtcp(new Uint8Array(0), 0, 0), false);
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 }), (packets) => {
        const quality = new MediaQuality('a', 'b', 7, 0, 'PCMU/8000');
        packets.forEach((bytes, i) => {
          isRtcp(bytes, 0, bytes.length);
          if (isRtp(bytes, 0, bytes.length)) quality.take(bytes, 0, bytes.length, i * 20_000);
        });
        assert.ok(quality.lost >= 0 && quality.mos >= 1 && quality.mos <= 4.5);
      }),
    );
  });
});
