import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Tuple } from '../../../src/netfilter/conntrack/tuple.ts';
import { rewriteHeaders } from '../../../src/netfilter/nat/manip.ts';
import { Manip } from '../../../src/netfilter/nat/view.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import * as build from '../../../src/wire/build.ts';
import { checksum, pseudoOf } from '../../../src/wire/checksum.ts';
import { dissectEthernet } from '../../../src/wire/dissect.ts';
import * as ipv4 from '../../../src/wire/ipv4.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import * as sctp from '../../../src/wire/sctp.ts';
import * as udpHeader from '../../../src/wire/udp.ts';

const { data, ethernet, frame, icmp, ipv4: ip4, ipv6: ip6, tcp, udp } = build;

function packet(bytes: Uint8Array): PacketBuffer {
  const pkt = new PacketBuffer(bytes);
  dissectEthernet(pkt);
  return pkt;
}

function target(family: 4 | 6, word: number, id: number): Tuple {
  const tuple = new Tuple();
  tuple.family = family;
  tuple.src0 = tuple.dst0 = word;
  tuple.src3 = tuple.dst3 = family === 6 ? word ^ 0x55aa : 0;
  tuple.srcId = tuple.dstId = id;
  return tuple;
}

function transportRight(pkt: PacketBuffer): boolean {
  const pseudo = pkt.family === 4 && pkt.proto === 1 ? 0 : pseudoOf(pkt, pkt.l3End - pkt.l4);
  return checksum(pkt.bytes, pkt.l4, pkt.l3End, pseudo) === 0;
}

const payloads = fc.uint8Array({ maxLength: 65 });
const words = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const ports = fc.integer({ min: 0, max: 65535 });

describe('NAT: rewriting a packet', () => {
  for (const family of [4, 6] as const) {
    for (const proto of ['tcp', 'udp'] as const) {
      it(`keeps the checksums of ${proto} over IPv${family} right, whatever address and port come in`, () => {
        fc.assert(
          fc.property(
            payloads,
            words,
            ports,
            fc.constantFrom(Manip.SRC, Manip.DST),
            (payload, word, id, manip) => {
              const transport =
                proto === 'tcp' ? tcp({ srcPort: 1000, dstPort: 80 }) : udp({ srcPort: 1000, dstPort: 53 });
              const network =
                family === 4
                  ? ip4({ src: '10.0.0.1', dst: '192.0.2.9' })
                  : ip6({ src: 'fd00::1', dst: '2001:db8::9' });
              const pkt = packet(frame(ethernet({}), network, transport, data(payload)));
              assert.equal(rewriteHeaders(pkt, target(family, word, id), manip), Verdict.ACCEPT);
              assert.ok(transportRight(pkt), 'transport checksum');
              if (family === 4) assert.ok(ipv4.checksumOk(pkt.bytes, pkt.l3), 'header checksum');
              const fields = [pkt.src0, pkt.src3, pkt.dst0, pkt.dst3, pkt.sport, pkt.dport];
              dissectEthernet(pkt);
              assert.deepEqual(
                [pkt.src0, pkt.src3, pkt.dst0, pkt.dst3, pkt.sport, pkt.dport],
                fields,
                'fields say what bytes say',
              );
            },
          ),
        );
      });
    }
  }

  it('is undone by rewriting back: the frame is the same, byte for byte', () => {
    fc.assert(
      fc.property(payloads, words, ports, (payload, word, id) => {
        const before = frame(
          ethernet({}),
          ip4({ src: '10.0.0.1', dst: '192.0.2.9' }),
          tcp({ srcPort: 1000, dstPort: 80 }),
          data(payload),
        );
        const pkt = packet(before.slice());
        const old = target(4, pkt.src0, pkt.sport);
        rewriteHeaders(pkt, target(4, word, id), Manip.SRC);
        rewriteHeaders(pkt, old, Manip.SRC);
        assert.deepEqual(pkt.bytes, before);
      }),
    );
  });

  it('changes the identifier of an echo request and leaves that of an error alone', () => {
    const echo = packet(
      frame(
        ethernet({}),
        ip4({ src: '10.0.0.1', dst: '192.0.2.9' }),
        icmp({ type: 8, id: 7 }),
        data(new Uint8Array(9)),
      ),
    );
    rewriteHeaders(echo, target(4, 0x01020304, 4711), Manip.SRC);
    assert.equal((echo.bytes[echo.l4 + 4]! << 8) | echo.bytes[echo.l4 + 5]!, 4711);
    assert.ok(transportRight(echo));
    const error = packet(
      frame(
        ethernet({}),
        ip4({ src: '10.0.0.1', dst: '192.0.2.9' }),
        icmp({ type: 3, code: 3 }),
        data(new Uint8Array(28)),
      ),
    );
    const rest = error.bytes.slice(error.l4);
    rewriteHeaders(error, target(4, 0x01020304, 4711), Manip.SRC);
    assert.deepEqual(error.bytes.slice(error.l4), rest);
  });

  it('leaves a UDP checksum of zero at zero, and never makes one', () => {
    const none = packet(
      frame(
        ethernet({}),
        ip4({ src: '10.0.0.1', dst: '192.0.2.9' }),
        udp({ srcPort: 5, dstPort: 6, checksum: 0 }),
      ),
    );
    rewriteHeaders(none, target(4, 0x01020304, 4711), Manip.SRC);
    assert.equal((none.bytes[none.l4 + 6]! << 8) | none.bytes[none.l4 + 7]!, 0);
    const pkt = packet(
      frame(ethernet({}), ip4({ src: '10.0.0.1', dst: '192.0.2.9' }), udp({ srcPort: 5, dstPort: 6 })),
    );
    rewriteHeaders(pkt, target(4, 0x01020304, 0), Manip.SRC);
    // A port equal to the checksum that port 0 has brings the sum to all ones: the checksum to zero.
    const withPortZero = udpHeader.headerChecksum(pkt.bytes, pkt.l4);
    rewriteHeaders(pkt, target(4, 0x01020304, withPortZero), Manip.SRC);
    assert.equal(udpHeader.headerChecksum(pkt.bytes, pkt.l4), 0xffff);
    assert.ok(transportRight(pkt));
  });

  it('computes the CRC of SCTP anew', () => {
    const pkt = packet(
      frame(
        ethernet({}),
        ip4({ src: '10.0.0.1', dst: '192.0.2.9' }),
        build.sctp({ srcPort: 1, dstPort: 2, chunks: [] }),
        data(Uint8Array.of(1, 0, 0, 4)),
      ),
    );
    rewriteHeaders(pkt, target(4, 0x01020304, 4711), Manip.DST);
    assert.ok(sctp.checksumOk(pkt.bytes, pkt.l4, pkt.l3End));
  });

  it('refuses a TCP header of fewer than eight bytes', () => {
    const pkt = packet(
      frame(ethernet({}), ip4({ src: '10.0.0.1', dst: '192.0.2.9', protocol: 6 }), data(new Uint8Array(7))),
    );
    assert.equal(rewriteHeaders(pkt, target(4, 1, 2), Manip.SRC), Verdict.DROP);
  });
});
