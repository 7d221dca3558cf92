import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as b from '../../src/wire/build.ts';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import { fold, transportSum } from '../../src/wire/checksum.ts';
import { dissectEthernet } from '../../src/wire/dissect.ts';
import * as gre from '../../src/wire/gre.ts';
import * as icmp from '../../src/wire/icmp.ts';
import * as ipv4 from '../../src/wire/ipv4.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import * as sctp from '../../src/wire/sctp.ts';
import * as tcp from '../../src/wire/tcp.ts';
import * as options from '../../src/wire/tcp-options.ts';
import * as udp from '../../src/wire/udp.ts';
import * as udplite from '../../src/wire/udplite.ts';
import { octets, octetUnits } from './support.ts';

const ip4 = b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2' });
const ip6 = b.ipv6({ src: 'fd00::1', dst: 'fd00::2' });

function parsed(frame: Uint8Array): PacketBuffer {
  const pkt = new PacketBuffer(frame);
  dissectEthernet(pkt);
  return pkt;
}

describe('wire/build', () => {
  it('makes a SYN with the usual options, byte for byte', () => {
    const list = [
      options.mssOption(1460),
      options.sackPermittedOption,
      options.timestampsOption(4000000000, 0),
      options.nop,
      options.windowScaleOption(7),
    ];
    const ip = b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', id: 1, flags: ipv4.FLAG_DF });
    assert.equal(
      bytesToHex(b.frame(b.ethernet(), ip, b.tcp({ options: list }))),
      '0200000000020200000000010800' +
        '4500003c00014000400626b90a0000010a000002' +
        '9c4000500000000100000000a002faf0860f0000020405b40402080aee6b28000000000001030307',
    );
  });

  it('fills in lengths, protocols and checksums, odd payloads and options included', () => {
    const any = fc.tuple(
      octets(0, 61),
      octetUnits(4, 10),
      fc.constantFrom(4, 6),
      fc.constantFrom('tcp', 'udp', 'icmp'),
    );
    fc.assert(
      fc.property(any, ([payload, area, family, kind]) => {
        const network = family === 4 ? b.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', options: area }) : ip6;
        const echo = family === 4 ? b.icmp({ type: 8 }) : b.icmpv6({ type: 128 });
        const transport = kind === 'tcp' ? b.tcp({ options: area }) : kind === 'udp' ? b.udp() : echo;
        const pkt = parsed(b.frame(b.ethernet(), network, transport, payload));
        assert.equal(pkt.family, family);
        assert.equal(pkt.l3End, pkt.end);
        assert.equal(pkt.l4Ok, 1);
        if (family === 4) assert.ok(ipv4.checksumOk(pkt.bytes, pkt.l3));
        if (family === 4 && kind === 'icmp') assert.ok(icmp.checksumOk(pkt.bytes, pkt.l4, pkt.end));
        else assert.equal(fold(transportSum(pkt)), 0xffff);
        if (kind === 'udp') assert.equal(udp.length(pkt.bytes, pkt.l4), 8 + payload.length);
      }),
    );
  });

  it('writes what is given, however wrong', () => {
    const ip = b.ipv4({ src: 1, dst: -1, totalLength: 9, checksum: 0xbad, protocol: 200, ttl: 0 });
    const pkt = parsed(b.frame(b.ethernet(), ip, b.udp({ length: 3, checksum: 0 }), 'abc'));
    assert.equal(ipv4.totalLength(pkt.bytes, 14), 9);
    assert.equal(ipv4.headerChecksum(pkt.bytes, 14), 0xbad);
    assert.equal(ipv4.protocol(pkt.bytes, 14), 200);
    assert.deepEqual([udp.length(pkt.bytes, 34), udp.headerChecksum(pkt.bytes, 34)], [3, 0]);
    assert.deepEqual([ipv4.src(pkt.bytes, 14), ipv4.dst(pkt.bytes, 14)], [1, -1]);
  });

  it('completes an ICMP error around a whole packet, inner checksums first', () => {
    const frame = b.frame(b.ethernet(), ip4, b.icmp({ type: 3, code: 3 }), ip4, b.udp(), 'abc');
    const pkt = parsed(frame);
    assert.ok(icmp.checksumOk(frame, pkt.l4, pkt.end));
    assert.ok(ipv4.checksumOk(frame, icmp.innerAt(pkt.l4)));
  });

  it('completes checksums inside GRE and the one of GRE itself', () => {
    const frame = b.frame(b.ethernet(), ip4, b.gre({ checksum: 0, key: 7 }), ip6, b.tcp(), 'x');
    assert.ok(gre.checksumOk(frame, 34, frame.length));
    assert.equal(gre.protocol(frame, 34), 0x86dd);
    const inner = parsed(Uint8Array.from([...frame.subarray(0, 12), 0x86, 0xdd, ...frame.subarray(34 + 12)]));
    assert.equal(fold(transportSum(inner)), 0xffff);
  });

  it('takes the pseudo header from the IP layer in front of extension headers', () => {
    const pkt = parsed(b.frame(b.ethernet(), ip6, b.extension(0), b.fragment({ id: 1 }), b.tcp(), 'odd'));
    assert.equal(pkt.proto, 6);
    assert.equal(fold(transportSum(pkt)), 0xffff);
  });

  it('completes SCTP and UDP-Lite', () => {
    const pkt = parsed(
      b.frame(b.ethernet(), ip4, b.sctp({ chunks: [{ type: 10, flags: 0, value: octet(5) }] })),
    );
    assert.ok(sctp.checksumOk(pkt.bytes, pkt.l4, pkt.end));
    const lite = parsed(b.frame(b.ethernet(), ip4, b.udplite({ coverage: 8 }), 'data'));
    const before = udplite.headerChecksum(lite.bytes, lite.l4);
    lite.bytes[lite.end - 1] = 0;
    udplite.fillChecksum(lite.bytes, lite.l4, lite.end, pseudoLength(lite));
    assert.equal(udplite.headerChecksum(lite.bytes, lite.l4), before);
  });

  it('makes a neighbour solicitation with a right checksum', () => {
    const pkt = parsed(
      b.frame(b.ethernet(), ip6, ...b.neighbour({ target: 'fd00::2', mac: '02:00:00:00:00:01' })),
    );
    assert.equal(pkt.proto, 58);
    assert.equal(fold(transportSum(pkt)), 0xffff);
  });

  it('gives 802.3 frames their length as type, and pads frames to sixty bytes', () => {
    assert.equal(bytesToHex(b.frame(b.ethernet(), hexToBytes('424203')), 12), '0003424203');
    assert.equal(b.padded(b.frame(b.ethernet())).length, 60);
    assert.equal(b.padded(new Uint8Array(61)).length, 61);
  });

  it('refuses text that is no address', () => {
    assert.throws(() => b.ipv4({ src: '10.0.0', dst: '10.0.0.2' }), RangeError);
    assert.throws(() => b.ipv6({ src: '10.0.0.1', dst: '::1' }), RangeError);
    assert.throws(() => b.ethernet({ src: '02' }), RangeError);
  });

  it('keeps seq, ack and flags of a TCP segment as given', () => {
    const pkt = parsed(b.frame(b.ethernet(), ip4, b.tcp({ seq: -5, ack: 7, flags: tcp.ACK | tcp.AE })));
    assert.deepEqual(
      [tcp.seq(pkt.bytes, 34), tcp.ack(pkt.bytes, 34), tcp.flags12(pkt.bytes, 34)],
      [-5, 7, 0x110],
    );
  });
});

function octet(count: number): Uint8Array {
  return new Uint8Array(count).fill(0x61);
}

function pseudoLength(pkt: PacketBuffer): number {
  return 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 136 + (pkt.end - pkt.l4);
}
