import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hexToBytes } from '../../src/wire/bytes.ts';
import * as ipv6 from '../../src/wire/ipv6.ts';
import * as ext from '../../src/wire/ipv6-ext.ts';
import { WireStatus } from '../../src/wire/wire-status.ts';
import { bothWays, emitted, i32, octetUnits, octets, roundTrip, u16, u8, shape } from './support.ts';

const SRC = 'fd000000000000000000000000000001';
const DST = 'fd000000000000000000000000000002';
const HEADER = `6b412345 0010 11 40 ${SRC} ${DST}`;

describe('wire/ipv6', () => {
  it('parses and emits the same fixed bytes', () => {
    bothWays(ipv6, HEADER, {
      trafficClass: 0xb4,
      flowLabel: 0x12345,
      payloadLength: 16,
      nextHeader: 17,
      hopLimit: 64,
      src: hexToBytes(SRC),
      dst: hexToBytes(DST),
    });
  });

  it('parses what it emits', () => {
    roundTrip(
      ipv6,
      shape({
        trafficClass: u8,
        flowLabel: fc.nat({ max: 0xfffff }),
        payloadLength: u16,
        nextHeader: u8,
        hopLimit: u8,
        src: octets(16),
        dst: octets(16),
      }),
    );
  });

  it('gives words, class and label by accessor', () => {
    const bytes = hexToBytes(HEADER);
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => ipv6.srcWord(bytes, 0, i)),
      [0xfd000000 | 0, 0, 0, 1],
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => ipv6.dstWord(bytes, 0, i)),
      [0xfd000000 | 0, 0, 0, 2],
    );
    assert.equal(ipv6.dscp(bytes, 0), 0x2d);
    assert.equal(ipv6.ecn(bytes, 0), 0);
  });

  it('sets each field and leaves its neighbours alone', () => {
    fc.assert(
      fc.property(octets(40), u8, fc.nat({ max: 0xfffff }), i32, (bytes, tclass, label, word) => {
        bytes[0] = 0x60 | (bytes[0]! & 0xf);
        const before = ipv6.parse(bytes, 0, 1e6) ?? assert.fail();
        ipv6.setTrafficClass(bytes, 0, tclass);
        assert.deepEqual(ipv6.parse(bytes, 0, 1e6), { ...before, trafficClass: tclass });
        ipv6.setFlowLabel(bytes, 0, label);
        assert.deepEqual(ipv6.parse(bytes, 0, 1e6), { ...before, trafficClass: tclass, flowLabel: label });
        ipv6.setDscp(bytes, 0, 10);
        assert.equal(ipv6.trafficClass(bytes, 0), 40 | (tclass & 3));
        ipv6.setHopLimit(bytes, 0, 9);
        ipv6.setNextHeader(bytes, 0, 8);
        ipv6.setPayloadLength(bytes, 0, 7);
        assert.deepEqual([...bytes.subarray(4, 8)], [0, 7, 8, 9]);
        ipv6.writeAddress(bytes, ipv6.SRC_AT, word, 2, 3, 4);
        assert.equal(ipv6.srcWord(bytes, 0, 0), word);
        assert.deepEqual(bytes.subarray(24), before.dst);
      }),
    );
  });

  it('tells which length does not hold', () => {
    const bytes = hexToBytes(HEADER);
    assert.equal(ipv6.check(bytes, 0, 39), WireStatus.SHORT);
    assert.equal(ipv6.check(bytes, 0, 40), WireStatus.CUT);
    assert.equal(ipv6.check(bytes, 0, 56), WireStatus.OK);
    bytes[0] = 0x45;
    assert.equal(ipv6.check(bytes, 0, 56), WireStatus.BAD_VERSION);
  });
});

describe('wire/ipv6-ext', () => {
  it('parses and emits the same fixed bytes', () => {
    bothWays(ext, '3a00 050200000100', { nextHeader: 58, data: hexToBytes('050200000100') });
  });

  it('parses what it emits', () => {
    roundTrip(ext, shape({ nextHeader: u8, data: octetUnits(8, 8, 6) }));
  });

  it('pads a body with Pad1 options', () => {
    assert.deepEqual(
      emitted(ext, { nextHeader: 6, data: hexToBytes('c20400') }),
      hexToBytes('0600c20400000000'),
    );
  });

  it('parses what it emits, for the fragment header', () => {
    const room = { parse: ext.parseFragment, byteLength: () => 8, emit: ext.emitFragment };
    bothWays(room, '1100 04d1 89abcdef', {
      nextHeader: 17,
      fragOffset: 1232,
      moreFragments: true,
      id: 0x89abcdef | 0,
    });
    const offset = fc.nat({ max: 0x1fff }).map((units) => units << 3);
    roundTrip(room, shape({ nextHeader: u8, fragOffset: offset, moreFragments: fc.boolean(), id: i32 }));
  });

  const chain = (next: string, rest: string): Uint8Array =>
    hexToBytes(`60000000 0000 ${next} 40 ${SRC} ${DST} ${rest}`);

  it('finds a header behind others, and the transport header by its number', () => {
    const bytes = chain('00', '3c00050200000100 2b00010400000000 0600000000000000 0102');
    assert.equal(ext.findHeader(bytes, 0, bytes.length, 0), 40);
    assert.equal(ext.findHeader(bytes, 0, bytes.length, 60), 48);
    assert.equal(ext.findHeader(bytes, 0, bytes.length, 43), 56);
    assert.equal(ext.findHeader(bytes, 0, bytes.length, 6), 64);
    assert.equal(ext.findHeader(bytes, 0, bytes.length, 44), -1);
  });

  it('finds nothing behind a later fragment or "no next header", and tells where the chain is cut', () => {
    const later = chain('2c', '06000010 00000001');
    assert.equal(ext.findHeader(later, 0, later.length, 44), 40);
    assert.equal(ext.findHeader(later, 0, later.length, 6), -1);
    const none = chain('3b', '0600000000000000');
    assert.equal(ext.findHeader(none, 0, none.length, 6), -1);
    const long = chain('3c', '06ff000000000000');
    assert.equal(ext.findHeader(long, 0, long.length, 6), ext.BROKEN);
    assert.equal(ext.findHeader(long, 0, 44, 6), ext.BROKEN);
    assert.equal(ext.findHeader(long, 0, 41, 6), ext.BROKEN);
  });

  it('walks options, and stops at one that runs past the header', () => {
    const bytes = hexToBytes('0601 00 0100 0502 0000 c204 00010000 05');
    assert.equal(ext.findOption(bytes, 0, 16, ext.OPTION_ROUTER_ALERT), 5);
    assert.equal(ext.findOption(bytes, 0, 16, ext.OPTION_JUMBO), 9);
    assert.equal(ext.jumboLength(bytes, 0, 16), 0x10000);
    assert.equal(ext.jumboLength(bytes, 0, 12), 0, 'cut');
    assert.equal(ext.findOption(hexToBytes('0600 01ff c2040000'), 0, 8, ext.OPTION_JUMBO), -1);
    assert.equal(ext.findOption(bytes, 0, 7, ext.OPTION_PAD1), -1);
  });

  it('takes a jumbo length up to 65535 for none', () => {
    assert.equal(ext.jumboLength(hexToBytes('0600 c204 0000ffff'), 0, 8), 0);
    assert.equal(ext.jumboLength(hexToBytes('0600 c204 ffffffff'), 0, 8), 0xffffffff);
    assert.equal(ext.jumboLength(hexToBytes('0600 c203 ffffff00'), 0, 8), 0);
  });

  it('ends every walk for any bytes', () => {
    fc.assert(
      fc.property(octets(40, 200), fc.constantFrom(0, 43, 44, 51, 60, 6), u8, (bytes, first, kind) => {
        bytes[6] = first;
        const at = ext.findHeader(bytes, 0, bytes.length, kind);
        assert.ok(at === ext.NOT_FOUND || at === ext.BROKEN || (at >= 40 && at <= bytes.length));
        ext.findOption(bytes, 40, bytes.length, kind);
      }),
    );
  });
});
