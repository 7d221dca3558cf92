import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as arp from '../../src/wire/arp.ts';
import { bytesToHex, hexToBytes } from '../../src/wire/bytes.ts';
import * as ethernet from '../../src/wire/ethernet.ts';
import * as vlan from '../../src/wire/vlan.ts';
import { WireStatus } from '../../src/wire/wire-status.ts';
import { bothWays, i32, octets, roundTrip, u1, u16, shape } from './support.ts';

describe('wire/ethernet', () => {
  const HEADER = '0180c2000001 020000000001 0800';

  it('parses and emits the same fixed bytes', () => {
    bothWays(ethernet, HEADER, {
      dst: hexToBytes('0180c2000001'),
      src: hexToBytes('020000000001'),
      type: 0x0800,
    });
  });

  it('parses what it emits', () => {
    roundTrip(ethernet, shape({ dst: octets(6), src: octets(6), type: u16 }));
  });

  it('refuses a header of 13 bytes', () => {
    assert.equal(ethernet.parse(hexToBytes(HEADER), 0, 13), undefined);
    assert.equal(ethernet.fits(0, 13), false);
    assert.equal(ethernet.fits(0, 14), true);
  });

  it('gives addresses as two integers, and tells group, broadcast and zero addresses', () => {
    const bytes = hexToBytes(HEADER);
    assert.equal(ethernet.dstHigh(bytes, 0), 0x0180);
    assert.equal(ethernet.dstLow(bytes, 0), 0xc2000001 | 0);
    assert.equal(ethernet.srcHigh(bytes, 0), 0x0200);
    assert.equal(ethernet.srcLow(bytes, 0), 1);
    assert.equal(ethernet.isMulticast(bytes, 0), true);
    assert.equal(ethernet.isMulticast(bytes, 6), false);
    assert.equal(ethernet.isBroadcast(bytes, 0), false);
    assert.equal(ethernet.isBroadcast(new Uint8Array(6).fill(0xff), 0), true);
    assert.equal(ethernet.isZero(new Uint8Array(6), 0), true);
    assert.equal(ethernet.sameAddress(bytes, 6, hexToBytes('ff020000000001'), 1), true);
    assert.equal(ethernet.sameAddress(bytes, 6, bytes, 0), false);
  });

  it('reads LLC and SNAP headers of 802.3 frames, only whole ones', () => {
    const bytes = hexToBytes('aaaa03 00000c 2000');
    assert.equal(ethernet.isLength(0x05ff), true);
    assert.equal(ethernet.isLength(0x0600), false);
    assert.equal(ethernet.isSnap(bytes, 0, 8), true);
    assert.equal(ethernet.isSnap(bytes, 0, 7), false);
    assert.equal(ethernet.snapOui(bytes, 0), 0x0c);
    assert.equal(ethernet.snapType(bytes, 0), 0x2000);
    const stp = hexToBytes('4243 03');
    assert.deepEqual(
      [ethernet.llcDsap(stp, 0), ethernet.llcSsap(stp, 0), ethernet.llcControl(stp, 0)],
      [0x42, 0x43, 3],
    );
    assert.equal(ethernet.isSnap(stp, 0, 3), false);
  });
});

describe('wire/vlan', () => {
  it('parses and emits the same fixed bytes', () => {
    bothWays(vlan, 'b123 86dd', { pcp: 5, dei: 1, vid: 0x123, type: 0x86dd });
  });

  it('parses what it emits', () => {
    const field = shape({ pcp: fc.nat({ max: 7 }), dei: u1, vid: fc.nat({ max: 4095 }), type: u16 });
    roundTrip(vlan, field);
  });

  it('refuses a cut tag', () => {
    assert.equal(vlan.parse(hexToBytes('b12386dd'), 0, 3), undefined);
  });

  it('takes as tags what Linux takes: 0x8100 and 0x88a8', () => {
    const tags = [0x8100, 0x88a8, 0x9100, 0x9200, 0x0800].filter((type) => vlan.isTag(type));
    assert.deepEqual(tags, [0x8100, 0x88a8]);
  });

  it('pushes a tag into the head room and pops it off again', () => {
    const bytes = hexToBytes('a5a5a5a5 020000000002 020000000001 0800 4500');
    const plain = bytesToHex(bytes, 4);
    const start = vlan.push(bytes, 4, 0x88a8, vlan.makeTci(7, 3, 0));
    assert.equal(start, 0);
    assert.equal(bytesToHex(bytes), '02000000000202000000000188a8600708004500');
    assert.equal(vlan.pop(bytes, start), 4);
    assert.equal(bytesToHex(bytes, 4), plain);
  });
});

describe('wire/arp', () => {
  const REQUEST = '0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002';

  it('parses and emits the same fixed bytes', () => {
    bothWays(arp, REQUEST, {
      operation: arp.REQUEST,
      senderMac: hexToBytes('020000000001'),
      senderIp: 0x0a000001,
      targetMac: new Uint8Array(6),
      targetIp: 0x0a000002,
    });
  });

  it('parses what it emits', () => {
    roundTrip(
      arp,
      shape({ operation: u16, senderMac: octets(6), senderIp: i32, targetMac: octets(6), targetIp: i32 }),
    );
  });

  it('refuses packets cut short, and wrong hardware, protocol and lengths', () => {
    const whole = hexToBytes(REQUEST);
    for (const end of [0, 7]) assert.equal(arp.check(whole, 0, end), WireStatus.SHORT);
    assert.equal(arp.check(whole, 0, 27), WireStatus.SHORT);
    assert.equal(arp.check(whole, 0, 28), WireStatus.OK);
    const broken = (at: number, value: number): WireStatus => {
      const bytes = whole.slice();
      bytes[at] = value;
      return arp.check(bytes, 0, bytes.length);
    };
    assert.equal(broken(1, 6), WireStatus.BAD_VERSION);
    assert.equal(broken(2, 6), WireStatus.BAD_VERSION);
    for (const length of [0, 5, 7, 255]) assert.equal(broken(4, length), WireStatus.BAD_LENGTH);
    for (const length of [0, 3, 16, 255]) assert.equal(broken(5, length), WireStatus.BAD_LENGTH);
  });

  it('takes a packet that is padded to the smallest frame', () => {
    const bytes = new Uint8Array(46);
    bytes.set(hexToBytes(REQUEST));
    assert.equal(arp.check(bytes, 0, 46), WireStatus.OK);
  });
});
