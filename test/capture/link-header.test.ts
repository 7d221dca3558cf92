import assert from 'node:assert/strict';
import {
  CaptureReader,
  decodeLinkHeader,
  encapsulate,
  isSupportedLinkType,
  LinkHeader,
  linkTypeName,
  MemorySource,
} from '../../src/capture/index.ts';
import { Blocks, concat, pcap } from './builders.ts';

const IPV4 = '4500001c00000000400166de0a0000010a000002' + '0800f7ff00000000';
const IPV6 = '6000000000003b40' + 'fd'.repeat(32);
const header = new LinkHeader();

function first(linkWord: number, hex: string, littleEndian = true, original?: number): CaptureReader {
  const data = Uint8Array.from(Buffer.from(hex.replace(/ /g, ''), 'hex'));
  const record =
    original === undefined ? { seconds: 1, fraction: 0, data } : { seconds: 1, fraction: 0, data, original };
  const reader = CaptureReader.from(
    new MemorySource(pcap({ linkWord, littleEndian, records: [record] }), 'x'),
  );
  assert.ok(reader.next());
  return reader;
}

function decode(linkWord: number, hex: string, littleEndian = true): string | null {
  const { record } = first(linkWord, hex, littleEndian);
  if (!decodeLinkHeader(record, header)) return null;
  const type = header.etherType.toString(16).padStart(4, '0');
  return `${type} ${Buffer.from(record.bytes.subarray(header.l3, record.end)).toString('hex')}`;
}

function sourceAddress(): string {
  return Buffer.from(header.sourceAddress.subarray(0, header.sourceLength)).toString('hex');
}

describe('link headers', () => {
  it('Ethernet: type, sender, and what the destination tells', () => {
    assert.equal(decode(1, '020000000001 020000000002 0800' + IPV4), `0800 ${IPV4}`);
    assert.equal(header.packetType, -1);
    assert.equal(sourceAddress(), '020000000002');
    assert.equal(decode(1, 'ffffffffffff 020000000002 86dd' + IPV6), `86dd ${IPV6}`);
    assert.equal(header.packetType, 1);
    assert.equal(decode(1, '01005e000001 020000000002 0800' + IPV4), `0800 ${IPV4}`);
    assert.equal(header.packetType, 2);
    assert.equal(decode(1, '020000000001 020000000002 8100 0005 0800'), '8100 00050800');
    assert.equal(decode(1, '020000000001 020000000002 08'), null);
  });

  it('raw IP of all four numbers, by the version or by the link type', () => {
    for (const linkType of [101, 12, 14]) {
      assert.equal(decode(linkType, IPV4), `0800 ${IPV4}`);
      assert.equal(decode(linkType, IPV6), `86dd ${IPV6}`);
      assert.equal(decode(linkType, '50'), null);
      assert.equal(decode(linkType, ''), null);
    }
    assert.equal(decode(228, IPV4), `0800 ${IPV4}`);
    assert.equal(decode(229, IPV6), `86dd ${IPV6}`);
    assert.equal(header.sourceLength, 0);
  });

  it('Linux cooked: packet type, device type, sender', () => {
    assert.equal(decode(113, '0004 0001 0006 020000000001 0000 0800' + IPV4), `0800 ${IPV4}`);
    assert.equal(header.packetType, 4);
    assert.equal(header.deviceType, 1);
    assert.equal(header.interfaceIndex, 0);
    assert.equal(sourceAddress(), '020000000001');
    assert.equal(decode(113, '0000 fffe 0000 0000000000000000 86dd' + IPV6), `86dd ${IPV6}`);
    assert.equal(header.packetType, 0);
    assert.equal(header.deviceType, 0xfffe);
    assert.equal(header.sourceLength, 0);
    // An address longer than the field is cut to the field.
    assert.equal(decode(113, '0003 0020 0014 0102030405060708 0800' + IPV4), `0800 ${IPV4}`);
    assert.equal(sourceAddress(), '0102030405060708');
    assert.equal(decode(113, '0004 0001 0006 020000000001 0000 08'), null);
  });

  it('Linux cooked 2: the interface number too', () => {
    assert.equal(decode(276, '86dd 0000 80000007 0001 02 06 020000000001 0000' + IPV6), `86dd ${IPV6}`);
    assert.equal(header.packetType, 2);
    assert.equal(header.interfaceIndex, 0x80000007);
    assert.equal(header.deviceType, 1);
    assert.equal(sourceAddress(), '020000000001');
    assert.equal(decode(276, '86dd 0000 80000007 0001 02 06 020000000001 00'), null);
  });

  it('BSD loopback: every IPv6 family, either byte order, whatever the file says', () => {
    for (const linkType of [0, 108]) {
      for (const littleEndian of [true, false]) {
        assert.equal(decode(linkType, '02000000' + IPV4, littleEndian), `0800 ${IPV4}`);
        assert.equal(decode(linkType, '00000002' + IPV4, littleEndian), `0800 ${IPV4}`);
        for (const family of ['0a', '17', '18', '1c', '1e']) {
          assert.equal(decode(linkType, `${family}000000${IPV6}`, littleEndian), `86dd ${IPV6}`);
          assert.equal(decode(linkType, `000000${family}${IPV6}`, littleEndian), `86dd ${IPV6}`);
        }
      }
      for (const bad of ['00000000', '02000002', '00020000', '07000000', '020000'])
        assert.equal(decode(linkType, bad), null);
    }
  });

  it('makes an Ethernet frame of any of them', () => {
    const destination = Uint8Array.of(2, 0, 0, 0, 0, 0xaa);
    const source = Uint8Array.of(2, 0, 0, 0, 0, 0xbb);
    const frame = new Uint8Array(2000).fill(0xa5);
    for (const [linkType, front] of [
      [1, '020000000001 020000000002 0800'],
      [101, ''],
      [113, '0004 0001 0006 020000000001 0000 0800'],
      [276, '0800 0000 00000007 0001 02 06 020000000001 0000'],
      [0, '02000000'],
    ] as const) {
      const { record } = first(linkType, front + IPV4);
      assert.ok(decodeLinkHeader(record, header));
      const length = encapsulate(record, header, frame, destination, source);
      assert.equal(
        Buffer.from(frame.subarray(0, length)).toString('hex'),
        `0200000000aa0200000000bb0800${IPV4}`,
      );
      assert.equal(frame[length], 0xa5);
      assert.equal(encapsulate(record, header, frame.subarray(0, length - 1), destination, source), 0);
    }
  });

  it('gives LLC of a cooked capture the length that its frame had', () => {
    const { record } = first(113, '0002 0001 0006 020000000001 0000 0004 424203', true, 16 + 38);
    assert.ok(decodeLinkHeader(record, header));
    assert.equal(header.etherType, 38);
  });

  it('works on every interface of a pcapng', () => {
    const be = new Blocks(false);
    const ip = Uint8Array.from(Buffer.from(IPV4, 'hex'));
    const family = Uint8Array.from(Buffer.from('00000002' + IPV4, 'hex'));
    const file = concat(
      be.section(),
      be.interface(0),
      be.interface(101),
      be.enhanced(0, 1n, family),
      be.enhanced(1, 1n, ip),
    );
    const reader = CaptureReader.from(new MemorySource(file, 'x'));
    while (reader.next()) {
      assert.ok(decodeLinkHeader(reader.record, header));
      assert.deepEqual(reader.record.bytes.slice(header.l3, reader.record.end), ip);
    }
    assert.equal(reader.record.number, 2);
  });

  it('knows the names of link types', () => {
    assert.equal(linkTypeName(1), 'ETHERNET');
    assert.equal(linkTypeName(147), 'USER0');
    assert.equal(linkTypeName(162), 'USER15');
    assert.equal(linkTypeName(40_000), undefined);
    for (const number of [0, 1, 12, 14, 101, 108, 113, 228, 229, 276]) assert.ok(isSupportedLinkType(number));
    for (const number of [105, 127, 147, 220]) assert.ok(!isSupportedLinkType(number));
  });
});
