/** Our reader beside readers that others wrote: pcap-parser (classic pcap, microseconds) and tshark (everything). */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCapture } from '../../src/capture/index.ts';
import { requireOrSkip } from '../support/require.ts';
import { readSource } from './builders.ts';

interface ParsedPacket {
  header: {
    timestampSeconds: number;
    timestampMicroseconds: number;
    capturedLength: number;
    originalLength: number;
  };
  data: Buffer;
}
/** The package has no types; this is what its README describes. */
const pcapParser = createRequire(import.meta.url)('pcap-parser') as {
  parse(stream: NodeJS.ReadableStream): EventEmitter;
};

const folder = fileURLToPath(new URL('../../pcaps', import.meta.url));
const captures = readdirSync(folder).filter((name) => /\.(pcap|pcapng)(\.gz)?$/.test(name));

/** What pcap-parser can read. */
function isPlainMicrosecondPcap(path: string): boolean {
  return ['d4c3b2a1', 'a1b2c3d4'].includes(readFileSync(path).toString('hex', 0, 4));
}

function parseWithPcapParser(path: string): Promise<ParsedPacket[]> {
  return new Promise((resolve, reject) => {
    const packets: ParsedPacket[] = [];
    const parser = pcapParser.parse(createReadStream(path));
    parser.on('packet', (packet: ParsedPacket) => packets.push(packet));
    parser.on('error', reject);
    parser.on('end', () => resolve(packets));
  });
}

describe('captures beside other readers', () => {
  it('there are captures to compare', () => {
    assert.ok(captures.length > 0);
  });

  for (const name of captures) {
    const path = join(folder, name);

    it(`${name}: as tshark reads it`, function () {
      requireOrSkip(this, 'needs tshark', spawnSync('tshark', ['--version']).status === 0);
      const fields = ['frame.number', 'frame.time_epoch', 'frame.cap_len', 'frame.len', 'frame.interface_id'];
      const list = fields.flatMap((field) => ['-e', field]);
      const shown = execFileSync('tshark', ['-n', '-r', path, '-T', 'fields', ...list], { stdio: 'pipe' });
      const { records, truncated, error } = readSource(() => openCapture(path));
      assert.equal(error, null);
      assert.equal(truncated, null);
      const ours = records.map((r) => {
        const time = `${r.seconds}.${String(r.nanoseconds).padStart(9, '0')}`;
        return [r.number, time, r.data.length, r.originalLength, r.interfaceId].join('\t');
      });
      // tshark leaves the interface out where the format has none.
      const theirs = shown.toString().replace(/\n$/, '').split('\n');
      assert.deepEqual(
        ours,
        theirs.map((line) => (line.endsWith('\t') ? `${line}0` : line)),
      );
    });

    if (!isPlainMicrosecondPcap(path)) continue;
    it(`${name}: as pcap-parser reads it, byte for byte`, async () => {
      const theirs = await parseWithPcapParser(path);
      const { records } = readSource(() => openCapture(path));
      assert.equal(records.length, theirs.length);
      for (const [i, { header, data }] of theirs.entries()) {
        const ours = records[i]!;
        assert.equal(ours.seconds, header.timestampSeconds);
        assert.equal(ours.nanoseconds, header.timestampMicroseconds * 1000);
        assert.equal(ours.originalLength, header.originalLength);
        assert.ok(data.equals(ours.data), `packet ${i + 1}`);
      }
    });
  }
});
