import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hexToBytes } from '../../src/wire/bytes.ts';
import { checksum } from '../../src/wire/checksum.ts';
import * as icmp from '../../src/wire/icmp.ts';
import * as icmpv6 from '../../src/wire/icmpv6.ts';
import * as nd from '../../src/wire/nd.ts';
import { WireStatus } from '../../src/wire/wire-status.ts';
import { bothWays, dirty, i32, octetUnits, octets, roundTrip, shape, u16, u8 } from './support.ts';

describe('wire/icmp', () => {
  const ECHO = '0800 f7f6 0007 0001';

  it('parses and emits the same fixed bytes', () => {
    bothWays(icmp, ECHO, { type: 8, code: 0, checksum: 0xf7f6, rest: 0x00070001 });
  });

  it('parses what it emits', () => {
    roundTrip(icmp, shape({ type: u8, code: u8, checksum: u16, rest: i32 }));
  });

  it('gives identifier, sequence, MTU, gateway and pointer from the same four bytes', () => {
    const bytes = hexToBytes('0304 0000 0a0b 05dc');
    assert.equal(icmp.id(bytes, 0), 0x0a0b);
    assert.equal(icmp.sequence(bytes, 0), 1500);
    assert.equal(icmp.nextHopMtu(bytes, 0), 1500);
    assert.equal(icmp.gateway(bytes, 0), 0x0a0b05dc);
    assert.equal(icmp.pointer(bytes, 0), 10);
    assert.equal(icmp.innerAt(3), 11);
  });

  it('keeps the checksum right when identifier or type change', () => {
    fc.assert(
      fc.property(octets(8, 31), u16, u8, (bytes, id, type) => {
        icmp.fillChecksum(bytes, 0, bytes.length);
        assert.ok(icmp.checksumOk(bytes, 0, bytes.length));
        icmp.setId(bytes, 0, id);
        assert.equal(icmp.id(bytes, 0), id);
        assert.ok(icmp.checksumOk(bytes, 0, bytes.length));
        icmp.setType(bytes, 0, type);
        assert.equal(icmp.type(bytes, 0), type);
        assert.ok(icmp.checksumOk(bytes, 0, bytes.length));
      }),
    );
  });

  it('calls five types errors', () => {
    const errors = Array.from({ length: 256 }, (_, type) => type).filter((type) => icmp.isError(type));
    assert.deepEqual(errors, [3, 4, 5, 11, 12]);
  });

  it('refuses a header of seven bytes', () => {
    assert.equal(icmp.parse(hexToBytes(ECHO), 0, 7), undefined);
  });
});

describe('wire/icmpv6', () => {
  it('parses and emits the same fixed bytes', () => {
    bothWays(icmpv6, '0200 1234 00000500', { type: 2, code: 0, checksum: 0x1234, rest: 1280 });
  });

  it('parses what it emits', () => {
    roundTrip(icmpv6, shape({ type: u8, code: u8, checksum: u16, rest: i32 }));
  });

  it('gives MTU and pointer unsigned', () => {
    const bytes = hexToBytes('0200 0000 ffffffff');
    assert.equal(icmpv6.mtu(bytes, 0), 0xffffffff);
    assert.equal(icmpv6.pointer(bytes, 0), 0xffffffff);
  });

  it('updates the checksum when the identifier changes', () => {
    fc.assert(
      fc.property(octets(8, 31), u16, (bytes, id) => {
        icmpv6.setChecksum(bytes, 0, 0);
        icmpv6.setChecksum(bytes, 0, checksum(bytes, 0, bytes.length, 12345));
        icmpv6.setId(bytes, 0, id);
        assert.equal(checksum(bytes, 0, bytes.length, 12345), 0);
      }),
    );
  });

  it('calls all types below 128 errors', () => {
    assert.deepEqual(
      [0, 1, 127, 128, 255].map((type) => icmpv6.isError(type)),
      [true, true, true, false, false],
    );
  });
});

describe('wire/nd', () => {
  const TARGET = 'fd000000000000000000000000000002';
  const NS = `8700 0000 00000000 ${TARGET} 0101 020000000001`;

  it('writes a solicitation and an advertisement with the link address as option', () => {
    const mac = hexToBytes('020000000001');
    const target = hexToBytes(TARGET);
    const bytes = dirty(nd.NEIGHBOUR_WITH_ADDRESS_LENGTH + 1);
    nd.writeNeighbour(bytes, 0, icmpv6.NEIGHBOUR_SOLICITATION, 0, target, 0, mac, 0);
    assert.deepEqual(bytes, hexToBytes(`${NS} a5`));
    nd.writeNeighbour(
      bytes,
      0,
      icmpv6.NEIGHBOUR_ADVERTISEMENT,
      nd.NA_SOLICITED | nd.NA_OVERRIDE,
      target,
      0,
      mac,
      0,
    );
    assert.deepEqual(bytes, hexToBytes(`8800 0000 60000000 ${TARGET} 0201 020000000001 a5`));
    assert.equal(nd.check(bytes, 0, 32), WireStatus.OK);
    assert.equal(nd.naFlags(bytes, 0), 0x60000000);
  });

  it('gives target and link address by accessor', () => {
    const bytes = hexToBytes(NS);
    assert.equal(nd.targetWord(bytes, 0, 0), 0xfd000000 | 0);
    assert.equal(nd.targetWord(bytes, 0, 3), 2);
    assert.equal(nd.linkAddressAt(bytes, 0, 32, nd.OPTION_SOURCE_LINK_ADDRESS), 26);
    assert.equal(nd.linkAddressAt(bytes, 0, 32, nd.OPTION_TARGET_LINK_ADDRESS), -1);
  });

  it('gives the fields of a router advertisement and a redirect', () => {
    const ra = hexToBytes('8600 0000 40 c0 0708 00000001 ffffffff 0501 0000 000005dc');
    assert.equal(nd.check(ra, 0, 24), WireStatus.OK);
    assert.deepEqual([nd.raHopLimit(ra, 0), nd.raFlags(ra, 0), nd.raLifetime(ra, 0)], [64, 0xc0, 1800]);
    assert.deepEqual([nd.raReachableTime(ra, 0), nd.raRetransmitTimer(ra, 0)], [1, 0xffffffff]);
    assert.equal(nd.findOption(ra, 0, 24, nd.OPTION_MTU), 16);
    const redirect = hexToBytes(`8900 0000 00000000 ${TARGET} fd000000000000000000000000000009`);
    assert.equal(nd.check(redirect, 0, 40), WireStatus.OK);
    assert.equal(nd.redirectWord(redirect, 0, 3), 9);
  });

  it('refuses an option of length 0, one past the end, half an option and a short message', () => {
    const bytes = hexToBytes(NS);
    assert.equal(nd.check(bytes, 0, 23), WireStatus.SHORT);
    assert.equal(nd.check(bytes, 0, 24), WireStatus.OK);
    assert.equal(nd.check(bytes, 0, 25), WireStatus.BAD_LENGTH);
    assert.equal(nd.check(bytes, 0, 31), WireStatus.BAD_LENGTH);
    bytes[25] = 0;
    assert.equal(nd.check(bytes, 0, 32), WireStatus.BAD_LENGTH);
    assert.equal(nd.findOption(bytes, 0, 32, 1), -1);
    bytes[0] = 128;
    assert.equal(nd.check(bytes, 0, 32), WireStatus.BAD_VERSION);
  });

  it('parses what it emits, behind the ICMPv6 header of each type', () => {
    const options = fc.array(shape({ type: u8, data: octetUnits(8, 3, 6) }), { maxLength: 4 });
    for (const type of [133, 134, 135, 136, 137]) {
      const body = octets(nd.fixedLength(type) - 8);
      fc.assert(
        fc.property(shape({ body, options }), (record) => {
          const bytes = dirty(8 + nd.byteLength(record));
          icmpv6.emit({ type, code: 0, checksum: 0, rest: 0 }, bytes, 0);
          nd.emit(record, bytes, 0);
          assert.deepEqual(nd.parse(bytes, 0, bytes.length), record);
        }),
      );
    }
  });

  it('ends the walk over options for any bytes', () => {
    fc.assert(
      fc.property(octets(8, 120), fc.integer({ min: 133, max: 138 }), (bytes, type) => {
        bytes[0] = type;
        const status = nd.check(bytes, 0, bytes.length);
        assert.equal(nd.parse(bytes, 0, bytes.length) !== undefined, status === WireStatus.OK);
        assert.ok(nd.findOption(bytes, 0, bytes.length, 1) < bytes.length);
      }),
    );
  });
});
