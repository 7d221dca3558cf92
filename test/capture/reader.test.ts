import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import {
  type ByteSource,
  CaptureError,
  CaptureReader,
  FileSink,
  MemorySource,
  openCapture,
  PcapWriter,
} from '../../src/capture/index.ts';
import { Blocks, concat, payload, pcap, readAll, readSource } from './builders.ts';

const le = new Blocks(true);
const records = [40, 60, 1500].map((length, i) => ({ seconds: i, fraction: i, data: payload(length) }));
const classic = pcap({ records });
const modern = concat(
  le.section(),
  le.interface(),
  ...records.map((r) => le.enhanced(0, BigInt(r.seconds * 1_000_000 + r.fraction), r.data)),
);

describe('capture reader', () => {
  describe('tells what a file is by its first bytes', () => {
    for (const [what, bytes, message] of [
      ['nothing', [], 'not a capture: it is empty'],
      ['text', [...Buffer.from('*filter\n:INPUT')], 'not a capture: it is text'],
      ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 0, 0], /compressed with zstd \(decompress it first\)$/],
      ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0], /compressed with xz/],
      [
        'snoop',
        [...Buffer.from('snoop\0\0\0\0\0\0\x02')],
        /it is a snoop capture \(convert it with editcap\)$/,
      ],
      [
        'a modified pcap',
        [0x34, 0xcd, 0xb2, 0xa1, 2, 0],
        /it is a modified pcap \(Alexey Kuznetzov's format\)$/,
      ],
      [
        'a damaged pcapng',
        [0x0d, 0x0a, 0x0d, 0x0d, 0x0a, 0],
        /a pcapng whose line ends were changed in transfer/,
      ],
      [
        'anything else',
        [0, 1, 2, 3, 4],
        'not a capture: it begins with 00010203, which is no magic number of pcap or pcapng',
      ],
      ['gzip of text', [...gzipSync('hello')], 'not a capture: it is text'],
      ['gzip of gzip', [...gzipSync(gzipSync('hello'))], /it is gzip within gzip$/],
      ['gzip of nothing', [...gzipSync('')], 'not a capture: it is empty'],
    ] as const) {
      it(what, () => {
        const { error } = readAll(Uint8Array.from(bytes));
        assert.equal(error?.code, 'CAPTURE_FORMAT');
        assert.match(
          error.message,
          typeof message === 'string' ? new RegExp(`^${message.replaceAll('*', '\\*')}$`) : message,
        );
        assert.match(error.describe(), /^test\.pcap: byte 0: /);
      });
    }
  });

  it('gives the same records from pcap, pcapng and both gzipped, in pieces of any size', () => {
    const wanted = readAll(classic).records.map((r) => [r.number, r.timeUs, r.data]);
    assert.equal(wanted.length, 3);
    for (const file of [classic, modern]) {
      for (const bytes of [file, Uint8Array.from(gzipSync(file))]) {
        for (const piece of [1, 2, 3, 7, 64, 1000, 100_000]) {
          const source = new MemorySource(bytes, 'x');
          const read = source.read.bind(source);
          source.read = (into, at, length) => read(into, at, Math.min(length, piece));
          const result = readSource(() => CaptureReader.from(source));
          assert.equal(result.error, null);
          assert.equal(result.truncated, null);
          assert.deepEqual(
            result.records.map((r) => [r.number, r.timeUs, r.data]),
            wanted,
          );
        }
      }
    }
  });

  it('lets a record be changed in place without harm to the ones behind it', () => {
    for (const file of [classic, modern]) {
      const reader = CaptureReader.from(new MemorySource(file, 'x'));
      let index = 0;
      while (reader.next()) {
        const { bytes, start, end } = reader.record;
        assert.deepEqual(bytes.slice(start, end), records[index++]!.data);
        bytes.fill(0xff, start, end);
      }
      assert.equal(index, 3);
    }
  });

  it('hands out one record object and no new memory, however long the capture', () => {
    // 400 MB of capture that never exist at once.
    const body = pcap({ records: Array.from({ length: 1000 }, () => records[1]!) }).subarray(24);
    const source = new EndlessSource(pcap({ records: [] }), body, 5000);
    const reader = CaptureReader.from(source);
    const { record } = reader;
    let peak = 0;
    let count = 0;
    while (reader.next()) {
      if (++count % 500_000 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    }
    assert.equal(count, 5_000_000);
    assert.equal(reader.record, record);
    assert.equal(record.number, count);
    assert.ok(record.offset > 3.7e8);
    assert.ok(peak < 100 * 1024 * 1024, `${peak} bytes of buffers`);
  }).timeout(60_000);

  describe('files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-reader-'));
    after(() => rmSync(folder, { recursive: true }));
    const put = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };

    it('opens a file whatever its name says, and tells progress', () => {
      for (const path of [put('a.txt', classic), put('b.pcap', Uint8Array.from(gzipSync(modern)))]) {
        const reader = openCapture(path);
        assert.equal(reader.gzip, path.endsWith('b.pcap'));
        while (reader.next());
        assert.equal(reader.record.number, 3);
        assert.equal(reader.consumed, reader.size);
        assert.equal(reader.name, path);
        reader.close();
        reader.close();
      }
    });

    it('says why a file cannot be opened', () => {
      for (const [path, why] of [
        [join(folder, 'absent.pcap'), 'no such file or directory'],
        [folder, 'is a directory'],
        [join(put('file', classic), 'x'), 'a part of its path is not a directory'],
      ] as const) {
        assert.throws(
          () => openCapture(path),
          (error) =>
            error instanceof CaptureError &&
            error.code === 'CAPTURE_OPEN' &&
            error.describe() === `${path}: ${why}`,
        );
      }
    });

    it('says why a file cannot be written', () => {
      assert.throws(
        () => FileSink.create(join(folder, 'absent', 'x.pcap')),
        (error) => error instanceof CaptureError && error.code === 'CAPTURE_WRITE',
      );
    });

    it('reads what it wrote', () => {
      const path = join(folder, 'written.pcap');
      const writer = new PcapWriter(FileSink.create(path));
      for (const { data } of records) writer.write(1, data, 0, data.length, data.length);
      writer.close();
      const read = readSource(() => openCapture(path));
      assert.deepEqual(
        read.records.map((r) => r.data),
        records.map((r) => r.data),
      );
    });
  });

  describe('standard input', () => {
    const index = fileURLToPath(new URL('../../src/capture/index.ts', import.meta.url));
    const script = `
      import { openCapture } from ${JSON.stringify(index)};
      const reader = openCapture('-');
      while (reader.next());
      console.log(reader.record.number, reader.name, reader.size, reader.truncated?.describe() ?? '');
      reader.close();`;
    const program = ['--import', 'tsx', '--input-type=module', '-e', script];

    it('is read from a pipe, compressed or not, cut or not', () => {
      for (const [input, output] of [
        [classic, '3 standard input -1 \n'],
        [gzipSync(modern), '3 standard input -1 \n'],
        [
          classic.subarray(0, 200),
          '2 standard input -1 standard input: byte 156: the capture is cut short: it ends 44 bytes into record 3, which has 1516\n',
        ],
      ] as const) {
        const result = spawnSync(process.execPath, program, { input });
        assert.equal(result.stderr.toString(), '');
        assert.equal(result.stdout.toString(), output);
      }
    });

    it('is waited for when a writer pauses within a record', async () => {
      const child = spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (data: Buffer) => (output += data.toString()));
      for (const [from, end] of [
        [0, 2],
        [2, 30],
        [30, 700],
        [700, classic.length],
      ]) {
        child.stdin.write(classic.subarray(from, end));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      child.stdin.end();
      await new Promise((resolve) => child.on('close', resolve));
      assert.equal(output, '3 standard input -1 \n');
    });
  });
});

/** A head once, then the same bytes again and again. */
class EndlessSource implements ByteSource {
  readonly name = 'endless';
  readonly size = -1;
  readonly cut = null;
  consumed = 0;
  private readonly parts: Uint8Array[];
  private left: number;
  private at = 0;

  constructor(head: Uint8Array, body: Uint8Array, times: number) {
    this.parts = [head, body];
    this.left = times + 1;
  }

  read(into: Uint8Array, at: number, length: number): number {
    if (this.left === 0) return 0;
    const part = this.parts[0]!;
    const count = Math.min(length, part.length - this.at);
    into.set(part.subarray(this.at, this.at + count), at);
    this.at += count;
    this.consumed += count;
    if (this.at === part.length) {
      this.at = 0;
      this.left--;
      if (this.parts.length > 1) this.parts.shift();
    }
    return count;
  }

  close(): void {}
}
