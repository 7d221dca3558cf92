import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hexToBytes, readU16 } from '../../src/wire/bytes.ts';
import { fold, sum } from '../../src/wire/checksum.ts';
import * as tcp from '../../src/wire/tcp.ts';
import * as options from '../../src/wire/tcp-options.ts';
import { WireStatus } from '../../src/wire/wire-status.ts';
import { bothWays, emitted, i32, octetUnits, octets, roundTrip, u16, shape } from './support.ts';

// A real SYN: mss 1460, sackOK, TS, nop, wscale 7.
const SYN = '9c40 0050 00000001 00000000 a002 faf0 1234 0000 020405b4 0402 080a ee6b2800 00000000 01 030307';

const records: fc.Arbitrary<tcp.TcpRecord> = shape({
  srcPort: u16,
  dstPort: u16,
  seq: i32,
  ack: i32,
  flags: fc.nat({ max: 0xfff }),
  window: u16,
  checksum: u16,
  urgentPointer: u16,
  options: octetUnits(4, 10),
});

describe('wire/tcp', () => {
  it('parses and emits the same fixed bytes', () => {
    bothWays(tcp, SYN, {
      srcPort: 40000,
      dstPort: 80,
      seq: 1,
      ack: 0,
      flags: tcp.SYN,
      window: 64240,
      checksum: 0x1234,
      urgentPointer: 0,
      options: hexToBytes('020405b40402080aee6b28000000000001030307'),
    });
  });

  it('parses what it emits, for every header length and all twelve flag bits', () => roundTrip(tcp, records));

  it('refuses a data offset below 5 and one past the end', () => {
    const bytes = hexToBytes(SYN);
    assert.equal(tcp.check(bytes, 0, 19), WireStatus.SHORT);
    assert.equal(tcp.check(bytes, 0, 39), WireStatus.BAD_LENGTH);
    assert.equal(tcp.check(bytes, 0, 40), WireStatus.OK);
    for (let offset = 0; offset < 16; offset++) {
      bytes[12] = offset << 4;
      const expected = offset >= 5 && offset <= 10 ? WireStatus.OK : WireStatus.BAD_LENGTH;
      assert.equal(tcp.check(bytes, 0, 40), expected, `data offset ${offset}`);
    }
  });

  it('keeps the checksum right through every setter, odd offsets included', () => {
    const setters: readonly (readonly [string, (bytes: Uint8Array, value: number) => void])[] = [
      ['source port', (b, v) => tcp.setSrcPort(b, 0, v & 0xffff)],
      ['destination port', (b, v) => tcp.setDstPort(b, 0, v & 0xffff)],
      ['seq', (b, v) => tcp.setSeq(b, 0, v)],
      ['ack', (b, v) => tcp.setAck(b, 0, v)],
      ['flags', (b, v) => tcp.setFlags(b, 0, v & 0xff)],
      ['window', (b, v) => tcp.setWindow(b, 0, v & 0xffff)],
      ['urgent', (b, v) => tcp.setUrgentPointer(b, 0, v & 0xffff)],
      [
        '16 bits anywhere',
        (b, v) => tcp.replaceU16(b, 0, 20 + (((v >>> 16) & 0xff) % (b.length - 21)), v & 0xffff),
      ],
      ['32 bits anywhere', (b, v) => tcp.replaceU32(b, 0, 20 + (((v >>> 3) & 0xff) % (b.length - 23)), v)],
    ];
    fc.assert(
      fc.property(
        records,
        octets(4, 33),
        fc.array(fc.tuple(fc.nat({ max: setters.length - 1 }), i32)),
        (record, data, edits) => {
          const bytes = Uint8Array.from([...emitted(tcp, record), ...data]);
          tcp.setChecksum(bytes, 0, 0);
          tcp.setChecksum(bytes, 0, ~fold(sum(bytes, 0, bytes.length, 0)) & 0xffff);
          for (const [which, value] of edits) {
            setters[which]![1](bytes, value);
            assert.equal(fold(sum(bytes, 0, bytes.length, 0)), 0xffff, setters[which]![0]);
          }
        },
      ),
    );
  });

  it('compares sequence numbers in the half circle', () => {
    assert.equal(tcp.seqBefore(1, 2), true);
    assert.equal(tcp.seqBefore(2, 1), false);
    assert.equal(tcp.seqBefore(-1, 0), true);
    assert.equal(tcp.seqBefore(0x7fffffff, 0x80000000 | 0), true);
    assert.equal(tcp.seqBefore(5, 5), false);
  });

  it('counts data, SYN and FIN as sequence numbers', () => {
    const bytes = hexToBytes(`${SYN} 616263`);
    assert.equal(tcp.sequenceLength(bytes, 0, bytes.length), 4);
    tcp.setFlags(bytes, 0, tcp.FIN | tcp.ACK);
    assert.equal(tcp.sequenceLength(bytes, 0, bytes.length - 3), 1);
  });
});

describe('wire/tcp-options', () => {
  it('reads the options of a SYN', () => {
    const bytes = hexToBytes(SYN);
    assert.equal(options.mss(bytes, 0, 40), 1460);
    assert.equal(options.sackPermitted(bytes, 0, 40), true);
    assert.equal(options.windowScale(bytes, 0, 40), 7);
    const at = options.timestampsAt(bytes, 0, 40);
    assert.equal(options.timestampValue(bytes, at) >>> 0, 0xee6b2800);
    assert.equal(options.timestampEcho(bytes, at), 0);
  });

  it('reads SACK blocks', () => {
    const bytes = header([options.nop, options.nop, options.sackOption([10, 20], [30, -1])]);
    const at = options.find(bytes, 0, bytes.length, options.SACK);
    assert.equal(options.sackBlocks(bytes, at), 2);
    assert.deepEqual([options.sackLeft(bytes, at, 0), options.sackRight(bytes, at, 0)], [10, 20]);
    assert.deepEqual([options.sackLeft(bytes, at, 1), options.sackRight(bytes, at, 1)], [30, -1]);
  });

  it('encodes what it parses', () => {
    const list = [
      options.mssOption(1400),
      options.nop,
      options.windowScaleOption(14),
      options.sackPermittedOption,
      options.timestampsOption(-1, 5),
      { kind: 253, data: hexToBytes('f989') },
    ];
    const bytes = header(list);
    assert.deepEqual(options.parse(bytes, 0, bytes.length), list);
  });

  it('stops at length 0, length 1, an option past the end and a kind without length', () => {
    for (const hex of ['0400 020405b4', '0401 020405b4', '04ff 020405b4', '01010101 01010102']) {
      const bytes = header(hexToBytes(hex));
      assert.equal(options.mss(bytes, 0, bytes.length), -1, hex);
    }
  });

  it('ignores an option whose length is not what its kind asks for', () => {
    const bytes = header(hexToBytes('020305 0304 0e00 0403 00 0809 00000000000000'));
    assert.equal(options.mss(bytes, 0, bytes.length), -1);
    assert.equal(options.windowScale(bytes, 0, bytes.length), -1);
    assert.equal(options.sackPermitted(bytes, 0, bytes.length), false);
    assert.equal(options.timestampsAt(bytes, 0, bytes.length), -1);
  });

  it('reads an MSS at an odd offset, and replaceU16 keeps the checksum right there', () => {
    const bytes = header([options.nop, options.mssOption(1460)]);
    tcp.setChecksum(bytes, 0, ~fold(sum(bytes, 0, bytes.length, 0)) & 0xffff);
    const at = options.find(bytes, 0, bytes.length, options.MSS);
    assert.equal(at % 2, 1);
    tcp.replaceU16(bytes, 0, at + 2, 1200);
    assert.equal(options.mss(bytes, 0, bytes.length), 1200);
    assert.equal(fold(sum(bytes, 0, bytes.length, 0)), 0xffff);
  });

  it('stays inside the segment and ends for any bytes, whatever the data offset says', () => {
    fc.assert(
      fc.property(octets(20, 64), (bytes) => {
        const end = options.end(bytes, 0, bytes.length);
        assert.ok(end <= bytes.length);
        let steps = 0;
        for (let at = options.start(0), n = 0; (n = options.optionLength(bytes, at, end)) > 0; at += n) {
          assert.ok(at + n <= end);
          steps++;
        }
        assert.ok(steps <= 40);
        for (const kind of [2, 3, 4, 5, 8])
          assert.ok(options.find(bytes, 0, bytes.length, kind) < bytes.length);
        assert.ok(options.parse(bytes, 0, bytes.length).length <= 40);
      }),
    );
  });

  function header(list: Parameters<typeof options.encode>[0] | Uint8Array): Uint8Array {
    const area = list instanceof Uint8Array ? list : options.encode(list);
    const record = tcp.parse(hexToBytes(SYN), 0, 40)!;
    const bytes = emitted(tcp, { ...record, checksum: 0, options: area });
    assert.equal(readU16(bytes, tcp.CHECKSUM_AT), 0);
    return bytes;
  }
});
