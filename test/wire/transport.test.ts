import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as ah from '../../src/wire/ah.ts';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import { fold, sum } from '../../src/wire/checksum.ts';
import * as dccp from '../../src/wire/dccp.ts';
import * as esp from '../../src/wire/esp.ts';
import * as gre from '../../src/wire/gre.ts';
import * as sctp from '../../src/wire/sctp.ts';
import * as udp from '../../src/wire/udp.ts';
import * as udplite from '../../src/wire/udplite.ts';
import { WireStatus } from '../../src/wire/wire-status.ts';
import { bothWays, i32, octetUnits, octets, roundTrip, shape, u16, u8 } from './support.ts';

describe('wire/udp', () => {
  it('parses and emits the same fixed bytes', () => {
    bothWays(udp, '9c40 0035 000c beef', { srcPort: 40000, dstPort: 53, length: 12, checksum: 0xbeef });
  });

  it('parses what it emits', () => {
    roundTrip(udp, shape({ srcPort: u16, dstPort: u16, length: u16, checksum: u16 }));
  });

  it('tells a length below 8 from one past the end and from a cut header', () => {
    const bytes = hexToBytes('9c40 0035 000c 0000 61626364');
    assert.equal(udp.check(bytes, 0, 7), WireStatus.SHORT);
    assert.equal(udp.check(bytes, 0, 11), WireStatus.CUT);
    assert.equal(udp.check(bytes, 0, 12), WireStatus.OK);
    bytes[5] = 7;
    assert.equal(udp.check(bytes, 0, 12), WireStatus.BAD_LENGTH);
  });

  it('keeps the checksum right through every setter, and never ends in zero', () => {
    fc.assert(
      fc.property(
        octets(8, 41),
        fc.nat({ max: 0xffff }),
        fc.nat({ max: 2 }),
        u16,
        (bytes, pseudo, which, value) => {
          // The stated length counts twice: it stands in the pseudo header, too.
          const total = (): number => sum(bytes, 0, bytes.length, pseudo + udp.length(bytes, 0));
          udp.setChecksum(bytes, 0, 0);
          udp.setChecksum(bytes, 0, udp.mangleZero(~fold(total()) & 0xffff));
          [udp.setSrcPort, udp.setDstPort, udp.setLength][which]!(bytes, 0, value);
          assert.equal(fold(total()), 0xffff);
          assert.notEqual(udp.headerChecksum(bytes, 0), 0);
        },
      ),
    );
  });

  it('leaves "no checksum" alone', () => {
    const bytes = hexToBytes('9c40 0035 0008 0000');
    udp.setSrcPort(bytes, 0, 1);
    udp.setDstPort(bytes, 0, 2);
    udp.setLength(bytes, 0, 9);
    assert.deepEqual(bytes, hexToBytes('0001 0002 0009 0000'));
  });

  it('writes an update that ends in zero as 0xffff', () => {
    // Sum of all but the source port is 0xfffe: port 1 makes it 0xffff, whose complement is 0.
    const bytes = hexToBytes('0000 0000 0008 0000');
    udp.setChecksum(bytes, 0, 1);
    udp.setSrcPort(bytes, 0, 1);
    assert.equal(udp.headerChecksum(bytes, 0), 0xffff);
  });
});

describe('wire/udplite', () => {
  it('takes coverage 0 and 8 up to the whole datagram', () => {
    const bytes = hexToBytes('9c40 0035 0000 0001 61626364');
    const status = (coverage: number): WireStatus => {
      bytes[5] = coverage;
      return udplite.check(bytes, 0, bytes.length);
    };
    assert.equal(status(0), WireStatus.OK);
    for (const coverage of [1, 7, 13, 255])
      assert.equal(status(coverage), WireStatus.BAD_LENGTH, String(coverage));
    for (const coverage of [8, 9, 12]) assert.equal(status(coverage), WireStatus.OK, String(coverage));
    assert.equal(udplite.check(bytes, 0, 7), WireStatus.SHORT);
  });

  it('covers only what the coverage says', () => {
    fc.assert(
      fc.property(octets(8, 60), fc.nat(), u16, (bytes, place, pseudo) => {
        const coverage = 8 + (place % (bytes.length - 7));
        bytes[4] = 0;
        bytes[5] = coverage;
        udplite.fillChecksum(bytes, 0, bytes.length, pseudo);
        assert.equal(fold(sum(bytes, 0, coverage, pseudo)), 0xffff);
        assert.equal(udplite.coveredEnd(bytes, 0, bytes.length), coverage);
      }),
    );
  });
});

describe('wire/sctp', () => {
  const COOKIE_ACK = '03e8 07d0 00000007 0d0c0b0a 0b00 0004';

  it('parses and emits the same fixed bytes', () => {
    bothWays(sctp, COOKIE_ACK, {
      srcPort: 1000,
      dstPort: 2000,
      verificationTag: 7,
      checksum: 0x0a0b0c0d,
      chunks: [{ type: sctp.COOKIE_ACK, flags: 0, value: new Uint8Array(0) }],
    });
  });

  it('parses what it emits, chunks of every length padded to four bytes', () => {
    const chunk = shape({ type: u8, flags: u8, value: octets(0, 20) });
    const chunks = fc.array(chunk, { maxLength: 5 });
    roundTrip(sctp, shape({ srcPort: u16, dstPort: u16, verificationTag: i32, checksum: i32, chunks }));
  });

  it('fills in the CRC that a bit-by-bit computation gives, and notices one flipped bit', () => {
    const bytes = hexToBytes(
      '0b590b59 00000e50 00000000 04000018 00010014 40e44b92 0a1c062c 1b66af7e 00000000',
    );
    sctp.fillChecksum(bytes, 0, bytes.length);
    assert.equal(bytesToHex(bytes, 8, 12), 'c4c60011');
    assert.ok(sctp.checksumOk(bytes, 0, bytes.length));
    bytes[20] = bytes[20]! ^ 1;
    assert.equal(sctp.checksumOk(bytes, 0, bytes.length), false);
  });

  it('refuses a chunk shorter than its header or longer than the packet, and walks on without the last padding', () => {
    const bytes = hexToBytes(`${COOKIE_ACK} 0000 0005 61`);
    assert.equal(sctp.chunkStride(bytes, 12, bytes.length), 4);
    assert.equal(sctp.chunkStride(bytes, 16, bytes.length), 5);
    assert.equal(sctp.chunkStride(bytes, bytes.length, bytes.length), 0);
    for (const length of [0, 3, 6]) {
      bytes[19] = length;
      assert.equal(sctp.chunkStride(bytes, 16, bytes.length), -1, `length ${length}`);
      assert.equal(sctp.parse(bytes, 0, bytes.length), undefined);
    }
    assert.equal(sctp.chunkStride(bytes, 16, 19), -1);
  });

  it('ends the walk over chunks for any bytes', () => {
    fc.assert(
      fc.property(octets(12, 200), (bytes) => {
        let steps = 0;
        for (let at = 12, n = 0; (n = sctp.chunkStride(bytes, at, bytes.length)) > 0; at += n) {
          assert.ok(at + n <= bytes.length);
          steps++;
        }
        assert.ok(steps <= bytes.length / 4);
      }),
    );
  });
});

describe('wire/gre', () => {
  it('parses and emits the same fixed bytes, for both versions', () => {
    bothWays(gre, 'b000 0800 1234 0000 00000005 00000009', {
      version: 0,
      protocol: 0x0800,
      checksum: 0x1234,
      key: 5,
      sequence: 9,
      acknowledgment: undefined,
    });
    bothWays(gre, '3081 880b 0004 0007 00000003 00000002', {
      version: 1,
      protocol: gre.PROTOCOL_PPP,
      checksum: undefined,
      key: 0x00040007,
      sequence: 3,
      acknowledgment: 2,
    });
  });

  it('parses what it emits', () => {
    const maybe = (value: fc.Arbitrary<number>): fc.Arbitrary<number | undefined> =>
      fc.option(value, { nil: undefined });
    roundTrip(
      gre,
      shape<gre.GreRecord>({
        version: fc.constant(0),
        protocol: u16,
        checksum: maybe(u16),
        key: maybe(i32),
        sequence: maybe(i32),
        acknowledgment: fc.constant(undefined),
      }),
    );
    roundTrip(
      gre,
      shape<gre.GreRecord>({
        version: fc.constant(1),
        protocol: fc.constant(gre.PROTOCOL_PPP),
        checksum: fc.constant(undefined),
        key: i32,
        sequence: maybe(i32),
        acknowledgment: maybe(i32),
      }),
    );
  });

  it('gives and sets the call id of PPTP', () => {
    const bytes = hexToBytes('3001 880b 0004 0007 00000003');
    assert.equal(gre.callId(bytes, 0), 7);
    assert.equal(gre.payloadLength(bytes, 0), 4);
    gre.setCallId(bytes, 0, 0xfffe);
    assert.deepEqual(bytes, hexToBytes('3001 880b 0004 fffe 00000003'));
  });

  it('refuses unknown versions, routing, version 1 without key or PPP, and cut headers', () => {
    const status = (hex: string): WireStatus => gre.check(hexToBytes(hex), 0, hex.length / 2);
    assert.equal(status('00020800'), WireStatus.BAD_VERSION);
    assert.equal(status('40000800'), WireStatus.BAD_VERSION);
    assert.equal(status('0001880b'), WireStatus.BAD_VERSION);
    assert.equal(status('2001080000000000'), WireStatus.BAD_VERSION);
    assert.equal(status('200008000000'), WireStatus.SHORT);
    assert.equal(status('000008'), WireStatus.SHORT);
    assert.equal(status('00000800'), WireStatus.OK);
  });

  it('verifies the checksum where there is one', () => {
    const bytes = hexToBytes('8000 0800 0000 0000 616263');
    assert.equal(gre.checksumOk(bytes, 0, bytes.length), false);
    const right = ~fold(sum(bytes, 0, bytes.length, 0)) & 0xffff;
    bytes[4] = right >>> 8;
    bytes[5] = right;
    assert.equal(gre.checksumOk(bytes, 0, bytes.length), true);
    assert.equal(gre.checksumOk(hexToBytes('00000800'), 0, 4), true);
  });
});

describe('wire/ah, esp, dccp', () => {
  it('parses and emits the same fixed bytes of AH', () => {
    bothWays(ah, '0604 0000 000000ff 80000007 aabbccdd aabbccdd aabbccdd', {
      nextHeader: 6,
      spi: 255,
      sequence: 0x80000007 | 0,
      icv: hexToBytes('aabbccddaabbccddaabbccdd'),
    });
  });

  it('parses the AH and ESP headers that it emits', () => {
    roundTrip(ah, shape({ nextHeader: u8, spi: i32, sequence: i32, icv: octetUnits(4, 12) }));
    roundTrip(esp, shape({ spi: i32, sequence: i32 }));
  });

  it('refuses an AH that is shorter than its fixed part or longer than the packet', () => {
    const bytes = hexToBytes('0604 0000 000000ff 00000007 aabbccdd aabbccdd aabbccdd');
    assert.equal(ah.check(bytes, 0, 11), WireStatus.SHORT);
    assert.equal(ah.check(bytes, 0, 23), WireStatus.BAD_LENGTH);
    assert.equal(ah.check(bytes, 0, 24), WireStatus.OK);
    bytes[1] = 0;
    assert.equal(ah.check(bytes, 0, 24), WireStatus.BAD_LENGTH);
  });

  it('gives SPI and sequence number of ESP', () => {
    bothWays(esp, '80000001 00000002', { spi: 0x80000001 | 0, sequence: 2 });
    assert.equal(esp.check(0, 7), WireStatus.SHORT);
  });

  it('gives ports, type and header length of DCCP', () => {
    const bytes = hexToBytes('03e8 07d0 04 00 0000 0d 000001 00000000');
    assert.deepEqual([dccp.srcPort(bytes, 0), dccp.dstPort(bytes, 0)], [1000, 2000]);
    assert.equal(dccp.type(bytes, 0), dccp.CLOSE);
    assert.equal(dccp.extendedSequence(bytes, 0), true);
    assert.equal(dccp.headerLength(bytes, 0), 16);
    assert.equal(dccp.check(bytes, 0, 16), WireStatus.OK);
    assert.equal(dccp.check(bytes, 0, 15), WireStatus.BAD_LENGTH);
    assert.equal(dccp.check(bytes, 0, 11), WireStatus.SHORT);
    bytes[4] = 2;
    assert.equal(dccp.check(bytes, 0, 16), WireStatus.BAD_LENGTH);
  });
});
