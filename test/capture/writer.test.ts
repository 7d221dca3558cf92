import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  CaptureDirection,
  CaptureError,
  CaptureVerdict,
  MemorySink,
  PacketNote,
  PcapngWriter,
  PcapWriter,
} from '../../src/capture/index.ts';
import { requireOrSkip } from '../support/require.ts';
import { payload, readAll } from './builders.ts';

const NOW_US = 1_700_000_000_123_456;

describe('pcap writer', () => {
  it('writes a fixed file byte for byte', () => {
    const sink = new MemorySink();
    const writer = new PcapWriter(sink);
    writer.write(NOW_US, Uint8Array.of(0, 0xde, 0xad, 0xbe, 0xef, 0), 1, 5, 5);
    writer.close();
    assert.equal(
      Buffer.from(sink.bytes()).toString('hex'),
      'd4c3b2a102000400000000000000000000000400' +
        '01000000' +
        '00f1536540e20100' +
        '0400000005000000' +
        'deadbeef',
    );
  });

  for (const resolution of ['microseconds', 'nanoseconds'] as const) {
    it(`is read back as it was written, in ${resolution}`, () => {
      const packet = fc.record({
        // Whole eighths of a microsecond are exact in a double up to 2^50.
        time: fc.nat(2 ** 30).map((n) => (n * 1021) / (resolution === 'nanoseconds' ? 8 : 1)),
        data: fc.uint8Array({ maxLength: 100 }),
        original: fc.nat(0xffff_ffff),
      });
      fc.assert(
        fc.property(
          fc.array(packet, { maxLength: 10 }),
          fc.constantFrom(1, 101, 276),
          (packets, linkType) => {
            const sink = new MemorySink();
            const writer = new PcapWriter(sink, { resolution, linkType });
            for (const { time, data, original } of packets)
              writer.write(time, data, 0, data.length, original);
            writer.close();
            const { records, error } = readAll(sink.bytes());
            assert.equal(error, null);
            assert.deepEqual(
              records.map((r) => [r.timeUs, r.data, r.originalLength, r.linkType]),
              packets.map((p) => [p.time, p.data, p.original, linkType]),
            );
          },
        ),
      );
    });
  }

  it('rounds to the next second where the fraction would reach one', () => {
    const sink = new MemorySink();
    const writer = new PcapWriter(sink);
    writer.write(1_999_999.75, payload(4), 0, 4, 4);
    writer.close();
    assert.equal(readAll(sink.bytes()).records[0]!.timeUs, 2_000_000);
  });
});

describe('pcapng writer', () => {
  it('writes fixed blocks byte for byte', () => {
    const sink = new MemorySink();
    const writer = new PcapngWriter(sink, { application: 'sluice' });
    const id = writer.addInterface({ name: 'eth0', mac: Uint8Array.of(2, 0, 0, 0, 0, 1) });
    const note = new PacketNote();
    note.direction = CaptureDirection.Outbound;
    note.verdict = CaptureVerdict.Drop;
    note.packetId = 7;
    note.comments.push('why');
    writer.write(id, 1, Uint8Array.of(1, 2, 3, 4, 5), 0, 5, 60, note);
    writer.close();
    const expected = [
      '0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff', // section
      '0400 0600 736c756963650000 0000 0000 2c000000', // shb_userappl, end
      '01000000 34000000 0100 0000 00000400', // interface
      '0200 0400 65746830 0600 0600 0200000000010000', // if_name, if_MACaddr
      '0900 0100 09000000 0000 0000 34000000', // if_tsresol, end
      '06000000 58000000 00000000 00000000 e8030000', // packet: interface, 1000 ns
      '05000000 3c000000 0102030405000000', // lengths, data
      '0200 0400 02000000 0500 0800 0700000000000000', // epb_flags, epb_packetid
      '0700 0900 010200000000000000000000', // epb_verdict
      '0100 0300 77687900 0000 0000 58000000', // comment, end
    ];
    assert.equal(Buffer.from(sink.bytes()).toString('hex'), expected.join('').replaceAll(' ', ''));
  });

  for (const resolution of ['microseconds', 'nanoseconds'] as const) {
    it(`is read back as it was written, in ${resolution}`, () => {
      const packet = fc.record({
        time: fc.nat(2 ** 30).map((n) => (n * 1_000_003) / (resolution === 'nanoseconds' ? 8 : 1)),
        device: fc.nat(2),
        data: fc.uint8Array({ maxLength: 100 }),
        original: fc.nat(0xffff_ffff),
        direction: fc.constantFrom(...Object.values(CaptureDirection)),
        verdict: fc.constantFrom(null, ...Object.values(CaptureVerdict)),
        comments: fc.array(
          fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !s.includes('\0')),
          { maxLength: 3 },
        ),
      });
      fc.assert(
        fc.property(fc.array(packet, { maxLength: 10 }), (packets) => {
          const sink = new MemorySink();
          const writer = new PcapngWriter(sink, { application: 'test', resolution });
          for (const name of ['eth0', 'größer', 'tun'])
            writer.addInterface({ name, linkType: name === 'tun' ? 101 : 1 });
          const note = new PacketNote();
          for (const { time, device, data, original, direction, verdict, comments } of packets) {
            note.reset();
            note.direction = direction;
            note.verdict = verdict;
            note.comments.push(...comments);
            writer.write(device, time, data, 0, data.length, original, note);
          }
          writer.close();
          const { records, interfaces, error } = readAll(sink.bytes());
          assert.equal(error, null);
          if (packets.length > 0) assert.deepEqual(interfaces, ['eth0', 'größer', 'tun']);
          assert.deepEqual(
            records.map((r) => [
              r.timeUs,
              r.interfaceId,
              r.linkType,
              r.data,
              r.originalLength,
              r.flags,
              r.comment,
            ]),
            packets.map((p) => [
              ...[p.time, p.device, p.device === 2 ? 101 : 1, p.data, p.original, p.direction],
              p.comments.length === 0
                ? null
                : p.comments.map((c) => new TextDecoder().decode(new TextEncoder().encode(c))).join('\n'),
            ]),
          );
        }),
      );
    });
  }

  it('writes more than its buffer holds, and packets of the greatest length', () => {
    const sink = new MemorySink();
    const writer = new PcapngWriter(sink, { application: 'test' });
    writer.addInterface({ name: 'eth0' });
    const large = payload(256 * 1024);
    for (let i = 0; i < 10; i++) writer.write(0, i, large, i, large.length, large.length, null);
    assert.throws(
      () => writer.write(0, 0, new Uint8Array(256 * 1024 + 1), 0, 256 * 1024 + 1, 0, null),
      (error) => error instanceof CaptureError && error.code === 'CAPTURE_LENGTH',
    );
    assert.throws(
      () => writer.write(1, 0, large, 0, 4, 4, null),
      (error) => error instanceof CaptureError && error.code === 'CAPTURE_INTERFACE',
    );
    writer.close();
    const { records, error } = readAll(sink.bytes());
    assert.equal(error, null);
    assert.equal(records.length, 10);
    for (const [i, record] of records.entries())
      assert.ok(Buffer.from(record.data).equals(large.subarray(i)));
  });

  it('cuts a comment that does not fit an option at a whole character', () => {
    const sink = new MemorySink();
    const writer = new PcapngWriter(sink, { application: 'test' });
    writer.addInterface({ name: 'eth0' });
    const note = new PacketNote();
    note.comments.push('ü'.repeat(40_000));
    writer.write(0, 1, payload(4), 0, 4, 4, note);
    writer.close();
    assert.equal(readAll(sink.bytes()).records[0]!.comment, 'ü'.repeat(32_767));
  });

  describe('shown by Wireshark', () => {
    let folder = '';
    before(function () {
      requireOrSkip(this, 'needs tshark', spawnSync('tshark', ['--version']).status === 0);
      folder = mkdtempSync(join(tmpdir(), 'sluice-writer-'));
    });
    after(() => {
      if (folder !== '') rmSync(folder, { recursive: true });
    });

    it('device, direction, verdict, packet id, comments and time', () => {
      const sink = new MemorySink();
      const writer = new PcapngWriter(sink, { application: 'sluice 1.2.3' });
      writer.addInterface({ name: 'lan0', description: 'inside', mac: Uint8Array.of(2, 0, 0, 0, 0, 1) });
      writer.addInterface({ name: 'wan0' });
      const note = new PacketNote();
      for (const [i, verdict] of Object.values(CaptureVerdict).entries()) {
        note.reset();
        note.direction = i % 2 === 0 ? CaptureDirection.Inbound : CaptureDirection.Outbound;
        note.verdict = verdict;
        note.packetId = 2 ** 32 + i;
        note.comments.push(`filter:FORWARD:${i}`, 'second');
        writer.write(i % 2, NOW_US + 0.5 + i, payload(60, i), 0, 60, 1000, note);
      }
      writer.close();
      const path = join(folder, 'verdicts.pcapng');
      writeFileSync(path, sink.bytes());
      const fields = [
        ...[
          'frame.time_epoch',
          'frame.interface_name',
          'frame.packet_flags_direction',
          'frame.verdict.ebpf_tc',
        ],
        ...['frame.comment', 'frame.len', 'frame.cap_len'],
      ].flatMap((name) => ['-e', name]);
      const shown = execFileSync('tshark', ['-r', path, '-T', 'fields', ...fields], {
        stdio: 'pipe',
      }).toString();
      assert.deepEqual(shown.trimEnd().split('\n'), [
        '1700000000.123456500\tlan0\t0x00000001\t0\tfilter:FORWARD:0,second\t1000\t60',
        '1700000000.123457500\twan0\t0x00000002\t2\tfilter:FORWARD:1,second\t1000\t60',
        '1700000000.123458500\tlan0\t0x00000001\t4\tfilter:FORWARD:2,second\t1000\t60',
        '1700000000.123459500\twan0\t0x00000002\t5\tfilter:FORWARD:3,second\t1000\t60',
      ]);
      const text = execFileSync('tshark', ['-r', path, '-V'], { stdio: 'pipe' }).toString();
      for (const name of ['TC_ACT_OK', 'TC_ACT_SHOT', 'TC_ACT_STOLEN', 'TC_ACT_QUEUED'])
        assert.ok(text.includes(name), name);
      assert.match(
        execFileSync('capinfos', [path], { stdio: 'pipe' }).toString(),
        /Capture application: +sluice 1\.2\.3/,
      );
    });
  });
});
