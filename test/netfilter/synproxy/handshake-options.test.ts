import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HandshakeOptions, Offer } from '../../../src/netfilter/synproxy/handshake-options.ts';
import { tcp } from '../../../src/conform/frames.ts';
import { dissectNetwork } from '../../../src/wire/dissect.ts';
import { ETH_P_IP } from '../../../src/wire/ether-type.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';

function segment(options: readonly number[] | Uint8Array): PacketBuffer {
  const ends = { from: '10.0.0.1', to: '10.0.0.2' };
  const pkt = new PacketBuffer(
    Uint8Array.from(tcp(ends, { sport: 1, dport: 2, seq: 0, flags: 'S', options })),
  );
  dissectNetwork(pkt, ETH_P_IP);
  return pkt;
}

const numbers = fc.record({
  has: fc.integer({ min: 0, max: 15 }),
  mss: fc.integer({ min: 0, max: 0xffff }),
  windowScale: fc.integer({ min: 0, max: 14 }),
  tsval: fc.integer(),
  tsecr: fc.integer(),
});

describe('the options of a handshake behind SYNPROXY', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(numbers, (said) => {
        const written = Object.assign(new HandshakeOptions(), said);
        const bytes = new Uint8Array(40).fill(0xa5);
        written.write(bytes, 0);
        const length = written.byteLength;
        assert.ok(bytes.subarray(length).every((byte) => byte === 0xa5));
        const read = new HandshakeOptions();
        assert.equal(read.read(segment(bytes.subarray(0, length))), true);
        assert.equal(read.has, said.has);
        if (said.has & Offer.MSS) assert.equal(read.mss, said.mss);
        if (said.has & Offer.WINDOW_SCALE) assert.equal(read.windowScale, said.windowScale);
        if (said.has & Offer.TIMESTAMP) assert.deepEqual([read.tsval, read.tsecr], [said.tsval, said.tsecr]);
      }),
    );
  });

  it('come back out of the timestamp that hid them', () => {
    const offers = fc.integer({ min: 0, max: 31 }).map((has) => has | Offer.TIMESTAMP);
    fc.assert(
      fc.property(offers, fc.integer({ min: 0, max: 14 }), fc.nat(), (has, windowScale, nowMs) => {
        const syn = Object.assign(new HandshakeOptions(), { has, windowScale, tsval: 7 });
        syn.hideInTimestamp(nowMs * 1000, 3);
        assert.equal(syn.tsecr, 7);
        assert.equal(syn.windowScale, has & Offer.WINDOW_SCALE ? 3 : windowScale);
        const ack = Object.assign(new HandshakeOptions(), { has: Offer.TIMESTAMP, tsecr: syn.tsval });
        ack.findInTimestamp();
        assert.equal(ack.has, has & ~Offer.MSS);
        if (has & Offer.WINDOW_SCALE) assert.equal(ack.windowScale, windowScale);
      }),
    );
  });

  it('never run past a header that is cut short or lies', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 40 }),
        fc.nat(255),
        fc.nat(60),
        (junk, offset, cut) => {
          const pkt = segment(junk);
          pkt.bytes[pkt.l4 + 12] = offset;
          pkt.l3End = Math.max(pkt.l4 + 20, pkt.l3End - cut);
          const header = (offset >>> 4) * 4;
          const isWhole = header >= 20 && pkt.l4 + header <= pkt.l3End;
          assert.equal(new HandshakeOptions().read(pkt), isWhole);
        },
      ),
    );
  });
});
