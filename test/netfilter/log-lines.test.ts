/** LOG lines about packets that somebody made to be logged. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { packetText } from '../../src/netfilter/log-format.ts';
import { dissectEthernet } from '../../src/wire/dissect.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';

const NAMES = { interfaceName: (index: number) => `eth${index}` };

describe('LOG lines', () => {
  it('S-8: are one line of plain text, whatever the packet holds', () => {
    const ports = Uint8Array.of(0x45, 0, 0, 60, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2);
    const v6 = Uint8Array.of(0x60, 0, 0, 0, 0, 20, 0, 64, ...new Uint8Array(32));
    const noise = fc.uint8Array({ minLength: 0, maxLength: 120 });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        fc.constantFrom([0x08, 0x00, ports] as const, [0x86, 0xdd, v6] as const),
        noise,
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
        fc.nat(63),
        (macs, [high, low, ip], payload, changes, flags) => {
          const bytes = Uint8Array.of(...macs, high, low, ...ip, ...payload);
          for (const [at, value] of changes) bytes[14 + (at % (bytes.length - 14))] = value;
          const pkt = new PacketBuffer(bytes);
          dissectEthernet(pkt);
          if (pkt.family === 0) return;
          assert.match(packetText(pkt, 1, 2, flags, NAMES), /^IN=eth1 OUT=eth2 [\x20-\x7e]*$/);
        },
      ),
    );
  });
});
