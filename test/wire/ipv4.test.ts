import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hexToBytes } from '../../src/wire/bytes.ts';
import * as ipv4 from '../../src/wire/ipv4.ts';
import { WireStatus } from '../../src/wire/wire-status.ts';
import { bothWays, emitted, i32, octetUnits, octets, roundTrip, u16, u8, shape } from './support.ts';

// The header of RFC 1071's many worked examples, with its right checksum b861.
const PLAIN = '4500 0073 0000 4000 40 11 b861 c0a80001 c0a800c7';
const WITH_OPTION = '4605 0018 1234 2001 01 06 0000 0a000001 0a000002 94040000';

const records: fc.Arbitrary<ipv4.Ipv4Record> = octetUnits(4, 10).chain((options) =>
  shape({
    tos: u8,
    totalLength: fc.integer({ min: 20 + options.length, max: 0xffff }),
    id: u16,
    flags: fc.nat({ max: 7 }).map((bits) => bits << 13),
    fragOffset: fc.nat({ max: 0x1fff }).map((units) => units << 3),
    ttl: u8,
    protocol: u8,
    checksum: u16,
    src: i32,
    dst: i32,
    options: fc.constant(options),
  }),
);

describe('wire/ipv4', () => {
  it('parses and emits the same fixed bytes, without and with options', () => {
    bothWays(ipv4, PLAIN, {
      tos: 0,
      totalLength: 115,
      id: 0,
      flags: ipv4.FLAG_DF,
      fragOffset: 0,
      ttl: 64,
      protocol: 17,
      checksum: 0xb861,
      src: 0xc0a80001 | 0,
      dst: 0xc0a800c7 | 0,
      options: new Uint8Array(0),
    });
    bothWays(ipv4, WITH_OPTION, {
      tos: 5,
      totalLength: 24,
      id: 0x1234,
      flags: ipv4.FLAG_MF,
      fragOffset: 8,
      ttl: 1,
      protocol: 6,
      checksum: 0,
      src: 0x0a000001,
      dst: 0x0a000002,
      options: hexToBytes('94040000'),
    });
  });

  it('parses what it emits, for every header length', () => roundTrip(ipv4, records));

  it('pads options that do not fill a word with zeros', () => {
    const record = ipv4.parse(hexToBytes(WITH_OPTION), 0, 24)!;
    const bytes = emitted(ipv4, { ...record, options: hexToBytes('0101011f03') });
    assert.deepEqual(bytes.subarray(20), hexToBytes('0101011f03000000'));
  });

  it('gives every field by accessor', () => {
    const bytes = hexToBytes(WITH_OPTION);
    assert.equal(ipv4.version(bytes, 0), 4);
    assert.equal(ipv4.headerLength(bytes, 0), 24);
    assert.equal(ipv4.dscp(bytes, 0), 1);
    assert.equal(ipv4.ecn(bytes, 0), 1);
    assert.equal(ipv4.dontFragment(bytes, 0), false);
    assert.equal(ipv4.moreFragments(bytes, 0), true);
    assert.equal(ipv4.isFragment(bytes, 0), true);
    assert.equal(ipv4.isFragment(hexToBytes(PLAIN), 0), false);
  });

  it('tells which length does not hold', () => {
    const status = (hex: string, end: number): WireStatus => ipv4.check(hexToBytes(hex), 0, end);
    assert.equal(status(PLAIN, 19), WireStatus.SHORT);
    assert.equal(status(PLAIN, 20), WireStatus.CUT);
    assert.equal(status(WITH_OPTION, 24), WireStatus.OK);
    assert.equal(status(WITH_OPTION, 23), WireStatus.BAD_IHL);
    assert.equal(status(`44${PLAIN.slice(2)}`, 20), WireStatus.BAD_IHL);
    assert.equal(status(`4f${PLAIN.slice(2)}`, 20), WireStatus.BAD_IHL);
    assert.equal(status(`65${PLAIN.slice(2)}`, 20), WireStatus.BAD_VERSION);
    assert.equal(status(`4600 0014${WITH_OPTION.slice(9)}`, 24), WireStatus.BAD_LENGTH);
    assert.equal(status(`4500 0000${PLAIN.slice(9)}`, 20), WireStatus.BAD_LENGTH);
  });

  it('verifies and fills in the header checksum', () => {
    const bytes = hexToBytes(PLAIN);
    assert.equal(ipv4.checksumOk(bytes, 0), true);
    bytes[8] = 63;
    assert.equal(ipv4.checksumOk(bytes, 0), false);
    ipv4.fillChecksum(bytes, 0);
    assert.equal(ipv4.checksumOk(bytes, 0), true);
  });

  it('keeps the checksum right through every setter', () => {
    const setters: readonly (readonly [string, (bytes: Uint8Array, value: number) => void])[] = [
      ['tos', (b, v) => ipv4.setTos(b, 0, v & 0xff)],
      ['dscp', (b, v) => ipv4.setDscp(b, 0, v & 0x3f)],
      ['total length', (b, v) => ipv4.setTotalLength(b, 0, v & 0xffff)],
      ['id', (b, v) => ipv4.setId(b, 0, v & 0xffff)],
      ['flags', (b, v) => ipv4.setFragWord(b, 0, v & 0xffff)],
      ['ttl', (b, v) => ipv4.setTtl(b, 0, v & 0xff)],
      ['source', (b, v) => ipv4.setSrc(b, 0, v)],
      ['destination', (b, v) => ipv4.setDst(b, 0, v)],
    ];
    fc.assert(
      fc.property(records, fc.array(fc.tuple(fc.nat({ max: setters.length - 1 }), i32)), (record, edits) => {
        const bytes = emitted(ipv4, record);
        ipv4.fillChecksum(bytes, 0);
        for (const [which, value] of edits) {
          setters[which]![1](bytes, value);
          assert.ok(ipv4.checksumOk(bytes, 0), setters[which]![0]);
        }
      }),
    );
  });

  it('sets DSCP and leaves ECN alone', () => {
    const bytes = hexToBytes(WITH_OPTION);
    ipv4.setDscp(bytes, 0, 46);
    assert.equal(ipv4.dscp(bytes, 0), 46);
    assert.equal(ipv4.ecn(bytes, 0), 1);
  });

  it('finds options, and stops at one that is broken', () => {
    const find = (hex: string, kind: number): number =>
      ipv4.findOption(hexToBytes(hex), 0, hex.length / 2, kind);
    assert.equal(find('0101940400008307', 148), 2);
    assert.equal(find('01019404000083', 131), -1);
    assert.equal(find('00940400', 148), -1);
    assert.equal(find('0700940400', 148), -1, 'length 0');
    assert.equal(find('0701940400', 148), -1, 'length 1');
    assert.equal(find('07099404', 148), -1, 'past the end');
    assert.equal(find('07', 7), -1, 'no length byte');
  });

  it('ends the walk over options for any bytes', () => {
    fc.assert(
      fc.property(octets(0, 44), (bytes) => {
        let steps = 0;
        for (let at = 0, n = 0; (n = ipv4.optionLength(bytes, at, bytes.length)) > 0; at += n) {
          assert.ok(at + n <= bytes.length);
          steps++;
        }
        assert.ok(steps <= bytes.length);
      }),
    );
  });
});
