import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Rig } from './support.ts';

const SACK_PERMITTED = [4, 2];
const scale = (shift: number): number[] => [3, 3, shift];
const be32 = (value: number): number[] => [24, 16, 8, 0].map((bits) => (value >>> bits) & 0xff);

describe('conntrack: TCP window', () => {
  it('refuses data past the window, and acknowledgements of what was never sent', () => {
    const rig = new Rig({ sysctls: { log_invalid: 6 } });
    rig.establish({ win: 1000 });
    assert.equal(rig.tcp('>', 'A', { seq: 1001 + 3000, ack: 5001, len: 10, win: 1000 }), 'INVALID');
    assert.match(rig.log.at(-1)!, /SEQ is over upper bound 2002 \(over the window of the receiver\)/);
    assert.equal(rig.tcp('>', 'A', { seq: 1001, ack: 9999, win: 1000 }), 'INVALID');
    assert.match(rig.log.at(-1)!, /ACK is over upper bound 5002 \(ACKed data not seen yet\)/);
  });

  it('lets old duplicates pass without belief', () => {
    const rig = new Rig({ sysctls: { log_invalid: 6 } });
    rig.establish();
    assert.match(rig.tcp('>', 'A', { seq: 1001 - 70000, ack: 5001 }), /^ESTABLISHED/);
    assert.match(rig.log.at(-1)!, /SEQ is under lower bound/);
    assert.match(rig.tcp('>', 'A', { seq: 1001, ack: 5001 - 70000 }), /^ESTABLISHED/);
    assert.match(rig.log.at(-1)!, /ignored ACK under lower bound/);
  });

  it('counts windows by the scale that both ends announced, and not when only one did', () => {
    const scaled = new Rig();
    scaled.establish({ win: 1000, options: scale(7) });
    assert.match(scaled.tcp('<', 'A', { seq: 5001, ack: 1001, win: 1000 }), /^ESTABLISHED/);
    assert.match(
      scaled.tcp('>', 'A', { seq: 1001 + 100_000, ack: 5001, len: 10, win: 1000 }),
      /^ESTABLISHED/,
    );
    const oneSided = new Rig();
    oneSided.tcp('>', 'S', { seq: 1000, win: 1000, options: scale(7) });
    oneSided.tcp('<', 'SA', { seq: 5000, ack: 1001, win: 1000 });
    oneSided.tcp('>', 'A', { seq: 1001, ack: 5001, win: 1000 });
    assert.equal(oneSided.tcp('>', 'A', { seq: 1001 + 100_000, ack: 5001, len: 10, win: 1000 }), 'INVALID');
  });

  it('is liberal when told so: only resets out of the window stay INVALID', () => {
    const rig = new Rig({ sysctls: { tcp_be_liberal: 1 } });
    rig.establish({ win: 1000 });
    assert.match(rig.tcp('>', 'A', { seq: 900_000, ack: 5001, len: 10 }), /^ESTABLISHED/);
    assert.equal(rig.tcp('<', 'R', { seq: 100 }), 'INVALID');
  });

  it('L4-9: a receiver that shrinks its window does not make data already allowed INVALID', () => {
    const rig = new Rig();
    rig.establish({ win: 8000 });
    rig.tcp('<', 'A', { seq: 5001, ack: 1001, win: 100 });
    assert.match(rig.tcp('>', 'A', { seq: 1001 + 7000, ack: 5001, len: 500 }), /^ESTABLISHED/);
  });

  it('L4-9: data a little past the window pass unbelieved, and their ACK is not INVALID afterwards', () => {
    const rig = new Rig({ sysctls: { log_invalid: 6 } });
    rig.establish({ win: 1000 });
    assert.match(rig.tcp('>', 'A', { seq: 1001 + 1001, ack: 5001, len: 500, win: 1000 }), /^ESTABLISHED/);
    assert.match(rig.log.at(-1)!, /502 bytes more than expected/);
    assert.match(rig.tcp('<', 'A', { seq: 5001, ack: 1001 + 1501, win: 1000 }), /^ESTABLISHED/);
  });

  it('L4-9: reversed, wrapping and cut SACK blocks are read without fault', () => {
    const blocks = [
      [5, 10, ...be32(6000), ...be32(5500)],
      [5, 10, ...be32(0xfffffff0), ...be32(0x10)],
      [5, 10, ...be32(1)],
      [5, 18, ...be32(5100), ...be32(5200)],
      [5, 0],
      [5, 1],
      [5],
    ];
    for (const options of blocks) {
      const rig = new Rig();
      rig.establish({ options: SACK_PERMITTED });
      assert.match(rig.tcp('>', 'A', { seq: 1001, ack: 5001, options }), /^(ESTABLISHED|INVALID)/);
    }
  });

  it('L4-12: the urgent pointer plays no part, wherever it points', () => {
    const rig = new Rig();
    rig.establish();
    for (const urgent of [0, 1, 5, 65535]) {
      assert.match(rig.tcp('>', 'AU', { seq: 1001, ack: 5001, len: 5, urgent }), /^ESTABLISHED \[ASSURED\]/);
    }
    assert.match(rig.tcp('<', 'A', { seq: 5001, ack: 1006 }), /ESTABLISHED 432000$/);
  });

  it('S-9: accepts a whole transfer at any place of the sequence space, wrapping included', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.integer({ min: 0, max: 0xffffffff }),
        (client, server) => {
          const rig = new Rig();
          rig.tcp('>', 'S', { seq: client });
          rig.tcp('<', 'SA', { seq: server, ack: client + 1 });
          rig.tcp('>', 'A', { seq: client + 1, ack: server + 1 });
          for (let sent = 0; sent < 20_000; sent += 1000) {
            assert.match(
              rig.tcp('>', 'A', { seq: client + 1 + sent, ack: server + 1, len: 1000 }),
              /^ESTABLISHED/,
            );
            assert.match(rig.tcp('<', 'A', { seq: server + 1, ack: client + 1001 + sent }), /^ESTABLISHED/);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
