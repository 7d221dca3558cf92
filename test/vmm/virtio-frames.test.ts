import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VIRTIO_HEADER, VirtioFrames } from '../../src/vmm/nics/virtio-frames.ts';
import { data, ethernet, frame, ipv4, udp } from '../../src/wire/build.ts';
import { cutByCard } from './cut-by-card.ts';
import { MAC_A, MAC_B, train, TIMESTAMPS } from './segment-train.ts';

const MAX_FRAME_BYTES = 70_000;

interface Written {
  readonly bytes: Uint8Array;
  readonly frames: number;
}

/** What leaves when these are sent in one go, each out of the middle of somebody's memory. */
function joined(sent: readonly Uint8Array[]): Written[] {
  const written: Written[] = [];
  const frames = new VirtioFrames(MAX_FRAME_BYTES, (bytes, start, end, count) =>
    written.push({ bytes: bytes.slice(start, end), frames: count }),
  );
  for (const bytes of sent) {
    const lent = new Uint8Array(bytes.length + 40).fill(0xa5);
    lent.set(bytes, 20);
    const before = lent.slice();
    frames.add(lent, 20, 20 + bytes.length);
    assert.deepEqual(lent, before, 'memory that is lent is left as it was');
  }
  frames.flush();
  assert.equal(frames.isWaiting, false);
  return written;
}

const hex = (frames: readonly Uint8Array[]) => frames.map((bytes) => Buffer.from(bytes).toString('hex'));
const cut = (written: readonly Written[]) => hex(written.flatMap(({ bytes }) => cutByCard(bytes)));

describe('frames for a device that cuts TCP segments', () => {
  it('are few where segments follow one another, and cut into exactly those that were sent', () => {
    for (const family of [4, 6] as const) {
      const sent = train({ family, sizes: [1448, 1448, 1448, 700], flags: 0x18 });
      const written = joined(sent);
      assert.deepEqual(
        written.map(({ frames }) => frames),
        [4],
      );
      assert.deepEqual(cut(written), hex(sent));
    }
  });

  it('are cut into what was sent, whatever that is', () => {
    const trains = fc.record({
      family: fc.constantFrom(4 as const, 6 as const),
      sizes: fc.array(fc.oneof(fc.constant(500), fc.nat(600)), { minLength: 1, maxLength: 8 }),
      seq: fc.constantFrom(1000, 2000, 0xfffffe00),
      id: fc.constantFrom(7, 0xfffe),
      flags: fc.constantFrom(0x10, 0x18, 0x11, 0x90, 0x50, 0x14, 0x02),
      window: fc.constantFrom(500, 501),
      ttl: fc.constantFrom(64, 63),
      srcPort: fc.constantFrom(80, 81),
      options: fc.constantFrom(new Uint8Array(0), TIMESTAMPS),
    });
    fc.assert(
      fc.property(fc.array(trains, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 2 }), (list, bad) => {
        const sent = list.flatMap((one) => train(one));
        for (const where of bad) {
          const spoilt = sent[where % Math.max(sent.length, 1)];
          if (spoilt !== undefined) spoilt[where % spoilt.length]! ^= 1;
        }
        assert.deepEqual(cut(joined(sent)), hex(sent));
      }),
    );
  });

  it('end at the largest datagram there is', () => {
    const sent = train({ family: 4, sizes: new Array<number>(50).fill(1448) });
    const written = joined(sent);
    assert.deepEqual(
      written.map(({ frames }) => frames),
      [45, 5],
    );
    assert.deepEqual(cut(written), hex(sent));
  });

  it('are not joined where a header tells them apart, a checksum is wrong, or one is no data of TCP', () => {
    const [first, second] = train({ family: 4, sizes: [500, 500] }) as [Uint8Array, Uint8Array];
    const changed = (at: number) => {
      const bytes = second.slice();
      bytes[at]! ^= 1;
      return bytes;
    };
    const CASES: Readonly<Record<string, Uint8Array>> = {
      'another hardware address': changed(0),
      'a wrong checksum of IP': changed(24),
      'a wrong checksum of TCP': changed(50),
      'wrong data': changed(second.length - 1),
      'one byte more than its length': Uint8Array.of(...second, 0),
      'a window of its own': train({ family: 4, sizes: [500], seq: 1500, id: 8, window: 9 })[0]!,
      'a time to live of its own': train({ family: 4, sizes: [500], seq: 1500, id: 8, ttl: 9 })[0]!,
      'a gap in the numbers': train({ family: 4, sizes: [500], seq: 1501, id: 8 })[0]!,
      'a gap in the identifications': train({ family: 4, sizes: [500], seq: 1500, id: 9 })[0]!,
      'no data': train({ family: 4, sizes: [0], seq: 1500, id: 8 })[0]!,
      'more data than the first': train({ family: 4, sizes: [501], seq: 1500, id: 8 })[0]!,
      'a reset': train({ family: 4, sizes: [500], seq: 1500, id: 8, flags: 0x14 })[0]!,
      'a datagram': frame(
        ethernet({ src: MAC_A, dst: MAC_B }),
        ipv4({ src: '192.0.2.1', dst: '192.0.2.2' }),
        udp({ srcPort: 80, dstPort: 4000 }),
        data(new Uint8Array(500)),
      ),
      'half a header': second.subarray(0, 40),
      nothing: new Uint8Array(1),
    };
    for (const [what, other] of Object.entries(CASES)) {
      const written = joined([first, other]);
      assert.deepEqual(
        hex(written.map(({ bytes }) => bytes.subarray(VIRTIO_HEADER))),
        hex([first, other]),
        what,
      );
      assert.ok(
        written.every(({ bytes }) => bytes.subarray(0, VIRTIO_HEADER).every((byte) => byte === 0)),
        what,
      );
    }
  });
});
